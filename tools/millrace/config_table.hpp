// Finds a table of a configuration by name: one of its own, or GATEWAY.FIX_IN and GATEWAY.FIX_OUT.
//
// Errors  config_error naming the nearest table
#pragma once

#include <string_view>

#include "gateway/pipeline/config.hpp"

namespace millrace::tools {

[[nodiscard]] const gateway::table_config& table_of(const gateway::pipeline_config& config,
                                                    std::string_view name);
// Where the table's log lies; FIX tables of gateways included.
[[nodiscard]] std::filesystem::path directory_of(const gateway::pipeline_config& config,
                                                 std::string_view name);

}  // namespace millrace::tools
