# Run by ctest; see CMakeLists.txt.
cmake_minimum_required(VERSION 3.25)

function(run)
    execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
    if(NOT result EQUAL 0)
        string(REPLACE ";" " " command "${ARGN}")
        message(FATAL_ERROR "${command}\nended with ${result}:\n${output}")
    endif()
    set(run_output "${output}" PARENT_SCOPE)
endfunction()

set(prefix "${SCRATCH_DIR}/prefix")
set(build "${SCRATCH_DIR}/build")
file(REMOVE_RECURSE "${SCRATCH_DIR}")
run("${CMAKE_COMMAND}" --install "${BUILD_DIR}" --prefix "${prefix}")

# What is installed speaks neither of the source tree nor of how the tree itself is compiled.
file(GLOB_RECURSE package_files "${prefix}/*.cmake")
if(NOT package_files)
    message(FATAL_ERROR "no package files below ${prefix}")
endif()
foreach(file IN LISTS package_files)
    file(READ "${file}" text)
    foreach(leak IN ITEMS "${SOURCE_DIR}" "${BUILD_DIR}" "-Wall" "millrace_warnings" "millrace_sanitizers")
        string(FIND "${text}" "${leak}" at)
        if(NOT at EQUAL -1)
            message(FATAL_ERROR "${file} mentions ${leak}")
        endif()
    endforeach()
endforeach()

set(options "-DCMAKE_PREFIX_PATH=${prefix}" "-DCMAKE_CXX_COMPILER=${COMPILER}")
if(LAUNCHER)
    list(APPEND options "-DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER}")
endif()
if(SANITIZE)  # the installed libraries carry the sanitizer, so the whole program must
    list(APPEND options "-DCMAKE_CXX_FLAGS=-fsanitize=${SANITIZE}")
endif()
list(APPEND options "-DFIRST_PROGRAM=${SOURCE_DIR}/tests/docs/first_program.cpp"
    "-DHEADERS=${prefix}/include/millrace")
# What only Millrace's own programs, generator and benchmarks are made with, its users do not need.
foreach(absent IN ITEMS concurrentqueue nlohmann_json CLI11 benchmark GTest)
    list(APPEND options "-DCMAKE_DISABLE_FIND_PACKAGE_${absent}=ON")
endforeach()
run("${CMAKE_COMMAND}" -S "${SOURCE_DIR}/tests/install/stranger" -B "${build}" -G "${GENERATOR}" ${options})
run("${CMAKE_COMMAND}" --build "${build}")

run("${build}/first_program" "${SCRATCH_DIR}/orders")
if(NOT run_output STREQUAL "A2\n")
    message(FATAL_ERROR "the first program printed: ${run_output}")
endif()
run("${build}/own_dialect")
run("${build}/all_parts")
file(MAKE_DIRECTORY "${SCRATCH_DIR}/pipeline")
run("${build}/own_pipeline" "${SCRATCH_DIR}/pipeline")
if(NOT run_output MATCHES "(^|\n)3\n$")
    message(FATAL_ERROR "the pipeline ended with: ${run_output}")
endif()

run("${build}/own_venue_test")
string(FIND "${run_output}" "|35=1|34=2|49=VENUE|" at)
if(at EQUAL -1)
    message(FATAL_ERROR "the stranger's own test printed: ${run_output}")
endif()

# Who asks for less needs less: the gateway's libraries are not looked for.
foreach(absent IN ITEMS QuickFIX absl crypt spdlog tomlplusplus)
    list(APPEND without "-DCMAKE_DISABLE_FIND_PACKAGE_${absent}=ON")
endforeach()
run("${CMAKE_COMMAND}" -S "${SOURCE_DIR}/tests/install/stranger" -B "${build}_less" -G "${GENERATOR}"
    ${options} ${without} "-DPARTS=engine\\;xlator")
run("${CMAKE_COMMAND}" --build "${build}_less")
run("${build}_less/all_parts")

# The command line finds what it needs beside itself.
run("${prefix}/bin/millrace" check "${SOURCE_DIR}/docs/examples/orders.toml")
run("${prefix}/bin/millrace" demo --count 20 --rate max --json --dir "${SCRATCH_DIR}/demo")
string(JSON reconciled GET "${run_output}" reconciled)
if(NOT reconciled)
    message(FATAL_ERROR "the installed demo printed: ${run_output}")
endif()
