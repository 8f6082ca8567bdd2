// Carries a request to the engine of a configuration, or, where none runs and that is possible, out
// on its files.
//
// Errors  usage_error: no such session; engine::error: nobody serves it, nobody answers, or whoever
//         runs this may not ask; else what opening logs throws
#pragma once

#include <string>

#include "gateway/admin/admin_request.hpp"
#include "gateway/pipeline/config.hpp"

namespace millrace::tools {

// The answer, as gateway/admin/admin_answer.hpp has it, without its end.
[[nodiscard]] std::string carry(const gateway::pipeline_config& config,
                                const gateway::admin_request& request);

}  // namespace millrace::tools
