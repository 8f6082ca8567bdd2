# Finds libxcrypt's libcrypt (Debian's package has no CMake config): salted hashes of passwords.
find_path(crypt_INCLUDE_DIR crypt.h)
find_library(crypt_LIBRARY crypt)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(crypt REQUIRED_VARS crypt_LIBRARY crypt_INCLUDE_DIR)
if(crypt_FOUND AND NOT TARGET crypt::crypt)
    add_library(crypt::crypt UNKNOWN IMPORTED)
    set_target_properties(crypt::crypt PROPERTIES
        IMPORTED_LOCATION "${crypt_LIBRARY}"
        INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${crypt_INCLUDE_DIR}")
endif()
