// Control records for people and programs, among the rows of a dump.
//
// Threading  one thread
#pragma once

#include <string>
#include <string_view>

#include "engine/log/log_reader.hpp"

namespace millrace::tools {

// "end", "snapshot", "close", "clock", "gap", or "control N".
[[nodiscard]] std::string control_name(const engine::record_view& record);

// One line with its end: "-- 2026-03-01T09:30:00.000000001Z @4288 clock: ..." or, as JSON, an
// object that says "control" where a row says its operation.
void append_control(std::string& out, const engine::record_view& record, bool is_json);

}  // namespace millrace::tools
