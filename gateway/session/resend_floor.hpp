// What of FIX_OUT a session may still be asked to send again: everything since its current
// generation began.
//
// Threading  any process, beside the gateway that writes the log
// Progress   reads the newest segment's records, and of each older one the snapshot it opens with
// Errors     throws error, io_error, damage_error
#pragma once

#include <filesystem>
#include <vector>

#include "engine/stream/retention.hpp"

namespace millrace::gateway {

// One floor for each session that has numbered a message in its generation.
[[nodiscard]] std::vector<engine::retention_floor> find_resend_floors(
    const std::filesystem::path& fix_out);

}  // namespace millrace::gateway
