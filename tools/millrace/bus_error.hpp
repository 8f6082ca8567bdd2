// What the program says and does when a page of a mapped file cannot be had.
//
// A log is read and written in mapped files. Where one is truncated under its reader, or its disk
// fails to give a page, the kernel sends SIGBUS, and there is no going on behind the access.
//
// Threading  installed once, before there are threads; the handler runs on the one that touched
#pragma once

namespace millrace::tools {

// From here on the program then names the file, says what to do, and ends with exit_damaged.
void install_bus_error_handler();

}  // namespace millrace::tools
