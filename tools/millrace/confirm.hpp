// Asks before something that cannot be taken back.
//
// Errors  config_error where nobody can be asked and nobody said yes; engine::error, with the text
//         `refused`, for another answer
#pragma once

#include <string>

namespace millrace::tools {

void confirm(const std::string& what, bool is_sure, const char* refused);

}  // namespace millrace::tools
