// What a client asks to read: where it begins, which rows, and where it ends.
//
//   "@read": "first" | "tail" | {"sequence": 5} | {"time": "..."} | {"offset": 4096}
//   "@until": "tail" | {"sequence": 9, "time": "...", "offset": 8192}, one or more of these
//   "@where": "PRICE > 10"
//
// Threading  any
// Errors     fill_read_request() answers a reason fit to follow "file:line: "
#pragma once

#include <string>

#include "engine/log/log_reader.hpp"
#include "gateway/intake/row_json.hpp"

namespace millrace::gateway {

struct read_request {
    engine::read_from from;
    engine::read_until until;
    std::string where;
    bool is_durable_only = false;
};

// REQUIRES: `settings` has some of read, until and where. An empty text, or what is wrong.
[[nodiscard]] std::string fill_read_request(const row_settings& settings, read_request& request);

}  // namespace millrace::gateway
