// Standard output, of which nothing may be lost in silence: a full disk is an error, a reader that
// has seen enough is none.
//
// Threading  the main thread
#pragma once

#include <string>

namespace millrace::tools {

// Writes and clears the text. False: nothing more can be written, so a command may as well end;
// finish_output() says whether that is an error.
[[nodiscard]] bool write_output(std::string& text);

// Brings out what is still buffered. Throws io_error if anything written so far was lost, unless
// whoever read it closed the pipe.
void finish_output();

}  // namespace millrace::tools
