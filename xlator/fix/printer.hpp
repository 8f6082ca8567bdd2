// A message as one line for people: "8=FIX.4.4|35=D|..." or with names and meanings.
//
// Threading  a function of its arguments; any thread
// Progress   allocates: for tools and cold logs, not for the message path
#pragma once

#include <string>
#include <string_view>

#include "xlator/fix/dictionary.hpp"

namespace millrace::xlator {

struct print_options {
    char separator = '|';
    bool with_names = false;  // Side(54)=1(buy); needs a dictionary
};

// Prints any bytes: what is no field is printed as it is, control characters as \xNN. dict may be
// null.
[[nodiscard]] std::string print(std::string_view bytes, const dictionary* dict = nullptr,
                                const print_options& options = {});

}  // namespace millrace::xlator
