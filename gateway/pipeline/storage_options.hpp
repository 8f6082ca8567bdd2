// How a log that `run` writes is opened, from what its configuration says.
//
// Threading  set-up only
#pragma once

#include <string>

#include "engine/log/log_options.hpp"
#include "gateway/pipeline/config.hpp"

namespace millrace::gateway {

[[nodiscard]] engine::log_options log_options_of(const pipeline_config& config,
                                                 const storage_config& storage,
                                                 std::string purpose);

}  // namespace millrace::gateway
