// Per-hop latencies from what production logs hold: FIX_OUT's and FIX_IN's rows, joined with the
// stage stamps of STAMPS by log and sequence.
//
//   committed -> streamed -> translated -> numbered -> sent         FIX_OUT, sent from STAMPS
//   received -> recorded -> handled                                 FIX_IN, handled from STAMPS
//
// Threading  one thread
// Units      ns; 32 bytes of memory for each stamp in the range
// Errors     throws engine::error: a directory that holds no log or another kind of log;
//            damage_error: a log is damaged
#pragma once

#include <array>
#include <filesystem>
#include <string_view>
#include <vector>

#include "engine/core/histogram.hpp"
#include "engine/log/log_reader.hpp"
#include "gateway/session/stage_stamps.hpp"

namespace millrace::tools {

enum class hop : std::uint8_t {
    committed_to_streamed,
    streamed_to_translated,
    translated_to_numbered,
    numbered_to_sent,
    committed_to_sent,
    received_to_recorded,
    recorded_to_handled,
    received_to_handled,
};
inline constexpr std::size_t hop_count = 8;
[[nodiscard]] std::string_view name_of(hop which);

// Of the messages' records: at or after `from`, at or before `until`.
struct latency_range {
    engine::timestamp from{INT64_MIN};
    engine::timestamp until{INT64_MAX};
};

struct latency_report {
    std::array<engine::histogram, hop_count> hops;
    std::uint64_t messages_out = 0;  // that came by a route
    std::uint64_t messages_in = 0;   // application messages
    std::uint64_t stamp_count = 0;
    std::uint64_t unsent_count = 0;  // messages_out without a stamp: not kept, dropped, or not sent
    std::uint64_t backward_count = 0;  // hops whose end is earlier: the clock was set back

    [[nodiscard]] const engine::histogram& of(hop which) const {
        return hops[static_cast<std::size_t>(which)];
    }
};

// The logs a directory stands for: itself, or those up to three levels below it that a latency can
// be had from. Throws engine::error where there is none.
[[nodiscard]] std::vector<std::filesystem::path> find_latency_logs(
    const std::filesystem::path& directory);

// `logs`: each a FIX_OUT, a FIX_IN or a STAMPS, in any order.
[[nodiscard]] latency_report measure_latency(const std::vector<std::filesystem::path>& logs,
                                             const latency_range& range);

}  // namespace millrace::tools
