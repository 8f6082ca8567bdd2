# The umbrella targets millrace::engine, millrace::xlator and millrace::gateway, and what `cmake --install`
# lays down: libraries, headers under include/millrace with the paths they have here, and a package config,
# so that find_package(millrace) gives the same names outside as inside.

include(CMakePackageConfigHelpers)

get_property(millrace_members GLOBAL PROPERTY MILLRACE_LIBRARIES)
list(FILTER millrace_members INCLUDE REGEX "^millrace_(engine|xlator|gateway)_")

foreach(part engine xlator gateway)
    set(members ${millrace_members})
    list(FILTER members INCLUDE REGEX "^millrace_${part}_")
    add_library(millrace_${part} INTERFACE)
    target_link_libraries(millrace_${part} INTERFACE ${members})
    set_target_properties(millrace_${part} PROPERTIES EXPORT_NAME ${part})
    add_library(millrace::${part} ALIAS millrace_${part})
    list(APPEND millrace_members millrace_${part})
endforeach()

set(millrace_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/millrace")

# The shared library stands beside the umbrella: who links millrace::engine has the static one in it.
install(TARGETS millrace_log EXPORT millrace-targets LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(TARGETS ${millrace_members} EXPORT millrace-targets
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
    FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/millrace")
# The generator, so that a project can make declarations from a dictionary of its own.
install(TARGETS millrace-codegen EXPORT millrace-targets RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
install(EXPORT millrace-targets NAMESPACE millrace:: DESTINATION "${millrace_package_dir}")

configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/millrace-config.cmake.in"
    "${PROJECT_BINARY_DIR}/millrace-config.cmake" INSTALL_DESTINATION "${millrace_package_dir}"
    PATH_VARS CMAKE_INSTALL_DATADIR)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/millrace-config-version.cmake"
    COMPATIBILITY SameMinorVersion)
install(FILES
    "${PROJECT_BINARY_DIR}/millrace-config.cmake"
    "${PROJECT_BINARY_DIR}/millrace-config-version.cmake"
    "${PROJECT_SOURCE_DIR}/cmake/FindQuickFIX.cmake"
    "${PROJECT_SOURCE_DIR}/cmake/Findcrypt.cmake"
    "${PROJECT_SOURCE_DIR}/xlator/codegen/MillraceAddDictionary.cmake"
    DESTINATION "${millrace_package_dir}")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" "${PROJECT_SOURCE_DIR}/NOTICE"
    DESTINATION "${CMAKE_INSTALL_DOCDIR}")
