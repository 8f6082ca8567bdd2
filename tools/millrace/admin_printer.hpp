// What an engine answers an operator, as people read it.
//
// Errors  engine::error for a line that is no answer
#pragma once

#include <string>

namespace millrace::tools {

enum class admin_view {
    list,    // a line for each session
    detail,  // everything of each
    done     // what was done
};

// Prints it, as it is for "json", and returns the exit code that goes with it. What was refused, or
// failed, is said on standard error.
[[nodiscard]] int print_admin_answer(const std::string& line, admin_view view, bool is_json);

}  // namespace millrace::tools
