// A condition that stands on the command line, so that a wrong one is a wrong command line.
#pragma once

#include <string>

#include "engine/core/error.hpp"
#include "engine/table/predicate.hpp"
#include "tools/millrace/exit_code.hpp"

namespace millrace::tools {

// Throws usage_error.
[[nodiscard]] inline engine::predicate where_option(const std::string& text,
                                                    const engine::row_schema& schema,
                                                    const engine::row_fields* fields = nullptr) {
    try {
        return engine::predicate::of(text, schema, fields);
    } catch (const engine::config_error& failure) {
        throw usage_error("--" + std::string(failure.what()));
    }
}

}  // namespace millrace::tools
