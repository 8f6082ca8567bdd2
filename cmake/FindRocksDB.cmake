# Finds RocksDB's shared library. Its own CMake config asks for the development packages of every compressor
# it can use, which a user of the shared library does not need.
find_path(RocksDB_INCLUDE_DIR rocksdb/db.h)
find_library(RocksDB_LIBRARY rocksdb)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(RocksDB REQUIRED_VARS RocksDB_LIBRARY RocksDB_INCLUDE_DIR)
if(RocksDB_FOUND AND NOT TARGET RocksDB::RocksDB)
    add_library(RocksDB::RocksDB UNKNOWN IMPORTED)
    set_target_properties(RocksDB::RocksDB PROPERTIES
        IMPORTED_LOCATION "${RocksDB_LIBRARY}"
        INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${RocksDB_INCLUDE_DIR}")
endif()
