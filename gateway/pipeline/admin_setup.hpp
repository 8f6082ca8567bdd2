// What [admin] of a configuration means on this host.
//
// Threading  set-up only
// Errors     config_error "file:line: reason": a user or a group that the host does not know, a
//            path that no socket can have
#pragma once

#include "gateway/admin/admin_options.hpp"
#include "gateway/pipeline/config.hpp"

namespace millrace::gateway {

[[nodiscard]] admin_options admin_options_of(const pipeline_config& config);
// So much of ADMIN is made ahead.
[[nodiscard]] std::size_t audit_segment_bytes(const pipeline_config& config) noexcept;

}  // namespace millrace::gateway
