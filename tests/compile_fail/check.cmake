# cmake -DCOMPILER=... -DINCLUDES=a;b -DSOURCE=... -P check.cmake
#
# Compiles SOURCE as it is, which must work, and with MISUSE, which must fail with the text its first line expects.
foreach(directory IN LISTS INCLUDES)
    list(APPEND flags "-I${directory}")
endforeach()
file(STRINGS "${SOURCE}" first LIMIT_COUNT 1)
if(NOT first MATCHES "^// expect: (.+)$")
    message(FATAL_ERROR "${SOURCE} does not begin with // expect: TEXT")
endif()
set(expected "${CMAKE_MATCH_1}")
execute_process(COMMAND ${COMPILER} -std=c++20 -fsyntax-only ${flags} "${SOURCE}"
    RESULT_VARIABLE code OUTPUT_VARIABLE text ERROR_VARIABLE text)
if(NOT code EQUAL 0)
    message(FATAL_ERROR "${SOURCE} does not compile without MISUSE:\n${text}")
endif()
execute_process(COMMAND ${COMPILER} -std=c++20 -fsyntax-only -DMISUSE ${flags} "${SOURCE}"
    RESULT_VARIABLE code OUTPUT_VARIABLE text ERROR_VARIABLE text)
if(code EQUAL 0)
    message(FATAL_ERROR "${SOURCE} compiles with MISUSE")
endif()
if(NOT text MATCHES "error: [^\n]*(${expected})")
    message(FATAL_ERROR "${SOURCE} fails with another text than \"${expected}\":\n${text}")
endif()
