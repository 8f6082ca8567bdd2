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
run("${CMAKE_COMMAND}" -S "${SOURCE_DIR}/tests/install/stranger" -B "${build}" -G "${GENERATOR}"
    ${options} "-DFIRST_PROGRAM=${SOURCE_DIR}/tests/docs/first_program.cpp")
run("${CMAKE_COMMAND}" --build "${build}")

run("${build}/first_program" "${SCRATCH_DIR}/orders")
if(NOT run_output STREQUAL "A2\n")
    message(FATAL_ERROR "the first program printed: ${run_output}")
endif()
run("${build}/own_dialect")
run("${build}/all_parts")
