# cmake -DSOURCE=DIR -DOUTPUT=FILE -P write_commit.cmake
#
# The commit of a working tree as a header, "-dirty" behind it where tracked files differ. For every build, so
# it writes only what has changed.
execute_process(COMMAND git -C "${SOURCE}" describe --always --abbrev=12 --dirty --exclude=*
    OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(NOT commit)
    set(commit "unknown")
endif()
file(CONFIGURE OUTPUT "${OUTPUT}" CONTENT "#define MILLRACE_COMMIT \"${commit}\"\n")
