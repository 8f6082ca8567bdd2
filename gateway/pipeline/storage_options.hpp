// How a log that `run` writes is opened, from what its configuration says.
//
// Threading  set-up only
#pragma once

#include <string>

#include "engine/log/log_options.hpp"
#include "gateway/pipeline/config.hpp"
#include "gateway/session/fix_log.hpp"

namespace millrace::gateway {

[[nodiscard]] engine::log_options log_options_of(const pipeline_config& config,
                                                 const storage_config& storage,
                                                 std::string purpose);

// Those of a gateway's FIX_OUT and FIX_IN, with what no Logon in them may show.
[[nodiscard]] fix_log_options fix_log_options_of(const pipeline_config& config,
                                                 const gateway_config& gateway,
                                                 std::string purpose);

}  // namespace millrace::gateway
