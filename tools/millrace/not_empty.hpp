// For options that name something: refuses the empty value that a script's unset variable leaves.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace millrace::tools {

[[nodiscard]] inline CLI::Validator not_empty() {
    return {[](const std::string& text) {
                return text.empty() ? std::string("a value is missing") : std::string();
            },
            ""};
}

}  // namespace millrace::tools
