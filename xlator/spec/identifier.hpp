// Names of a dictionary as C++ identifiers.
#pragma once

#include <string>
#include <string_view>

namespace millrace::xlator::spec {

[[nodiscard]] bool is_identifier(std::string_view text);
[[nodiscard]] bool is_number(std::string_view text);  // decimal, optional minus, no leading zero

// "PARTIALLY_FILLED" and "PartiallyFilled" become partially_filled, "NEW" new_, "1ST" value_1st.
[[nodiscard]] std::string enumerator(std::string_view description);
// Without the underscore that an enumerator has where C++ has the word: "new".
[[nodiscard]] std::string_view plain_name(std::string_view enumerator);

}  // namespace millrace::xlator::spec
