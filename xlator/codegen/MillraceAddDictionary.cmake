# millrace_add_dictionary(target XML FILE [TRANSPORT FILE] NAMESPACE ns::dialect
#     [MESSAGES name... DEPENDS target...])
#
# Makes an INTERFACE library whose headers are generated from a dictionary in QuickFIX's XML format at build
# time. They are included under the last part of the namespace: "dialect/NewOrderSingle.hpp", one a message, and
# "dialect/dictionary.hpp" for all of it as reflection tables. TRANSPORT completes a dictionary of FIX 5.0 or
# later, as FIXT11.xml does. MESSAGES and DEPENDS are for dictionaries that are themselves made at build time: the
# names of their messages, and what makes them.
function(millrace_add_dictionary target)
    cmake_parse_arguments(arg "" "XML;TRANSPORT;NAMESPACE" "MESSAGES;DEPENDS" ${ARGN})
    if(NOT arg_XML OR NOT arg_NAMESPACE)
        message(FATAL_ERROR "millrace_add_dictionary(${target}): XML and NAMESPACE are needed")
    endif()
    get_filename_component(xml "${arg_XML}" ABSOLUTE)
    set(files "${xml}")
    set(transport)
    if(arg_TRANSPORT)
        get_filename_component(transport "${arg_TRANSPORT}" ABSOLUTE)
        list(APPEND files "${transport}")
        list(PREPEND transport --transport)
    endif()
    string(REGEX REPLACE "^.*::" "" dialect "${arg_NAMESPACE}")
    set(base "${CMAKE_CURRENT_BINARY_DIR}/${target}_include")
    set(out "${base}/${dialect}")

    # The names of the outputs must be known now; a changed dictionary configures anew.
    set(messages ${arg_MESSAGES})
    if(NOT messages)
        set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${files})
        foreach(file IN LISTS files)
            file(READ "${file}" text)
            string(REGEX MATCHALL "<message[ \t\r\n][^>]*>" tags "${text}")
            foreach(tag IN LISTS tags)
                if(tag MATCHES "[ \t\r\n]name=[\"']([A-Za-z0-9_]+)[\"']")
                    list(APPEND messages "${CMAKE_MATCH_1}")
                endif()
            endforeach()
        endforeach()
    endif()
    set(headers "${out}/fields.hpp" "${out}/components.hpp" "${out}/dictionary.hpp")
    foreach(message IN LISTS messages)
        list(APPEND headers "${out}/${message}.hpp")
    endforeach()

    if(TARGET millrace-codegen)
        set(codegen millrace-codegen)
    else()
        set(codegen millrace::millrace-codegen)
    endif()
    # The stamp stands for all headers: the program leaves unchanged ones untouched.
    set(stamp "${base}/${dialect}.stamp")
    add_custom_command(OUTPUT "${stamp}" BYPRODUCTS ${headers}
        COMMAND ${codegen} "${xml}" ${transport} --namespace "${arg_NAMESPACE}" --out "${out}"
        COMMAND "${CMAKE_COMMAND}" -E touch "${stamp}"
        DEPENDS ${files} ${arg_DEPENDS} ${codegen}
        COMMENT "Generating ${arg_NAMESPACE} from ${arg_XML}"
        VERBATIM)
    add_custom_target(${target}_generate ALL DEPENDS "${stamp}")

    add_library(${target} INTERFACE)
    target_compile_features(${target} INTERFACE cxx_std_20)
    target_sources(${target} INTERFACE FILE_SET HEADERS BASE_DIRS "${base}" FILES ${headers})
    if(TARGET millrace_xlator_fix)
        target_link_libraries(${target} INTERFACE millrace_xlator_fix)
    else()
        target_link_libraries(${target} INTERFACE millrace::xlator_fix)
    endif()
    add_dependencies(${target} ${target}_generate)
endfunction()
