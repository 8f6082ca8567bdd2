// The time that QuickFIX asks for, as a test sets it.
//
// Threading  the thread that runs the library
#pragma once

#include <cstdint>

namespace millrace::test {

// UTC ns; 0: the host's.
void set_library_time(std::int64_t now_ns);

}  // namespace millrace::test
