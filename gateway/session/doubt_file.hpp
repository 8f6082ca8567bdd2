// What is in doubt after a loss of power, and what an operator decides about it: files of a
// gateway's directory.
//
//   doubt               one block of lines for each route; written by the gateway
//   doubt.1f3c...e2     the decision about the route with this id; written by `millrace session
//                       doubt`
//
// Threading  set-up, the gateway's cold thread, and tools beside it; every file is replaced whole
// Errors     io_error; damage_error for a file that is not of its form
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/types.hpp"
#include "gateway/quickfix/msg_seq_num.hpp"
#include "gateway/session/fix_log.hpp"
#include "gateway/session/life.hpp"

namespace millrace::gateway {

// Source records that FIX_OUT does not know of and that may have reached the peer all the same:
// those behind `after` that were committed before `before`, and of these the first `numbers` at
// most.
struct doubt_entry {
    std::string route;
    std::string session;
    std::uint32_t generation = 0;
    engine::sequence after;    // the last one whose message FIX_OUT holds
    engine::timestamp before;  // the beginning of this boot of the host
    msg_seq_num from;          // the number the first of them would have had
    std::uint32_t numbers = 0;
    // The peer asked for this number first, so it has nothing from there on; 0: it has not asked.
    msg_seq_num asked_from;
};

[[nodiscard]] std::vector<doubt_entry> read_doubts(const std::filesystem::path& directory);
// Without entries the file is removed.
void write_doubts(const std::filesystem::path& directory, const std::vector<doubt_entry>& entries);

// Adds what FIX_OUT, recovered behind a cut, leaves in doubt. A cut in the midst of an earlier
// one's doubt leaves one doubt, the wider one. Decisions of before are removed.
void note_doubts(const std::filesystem::path& directory, const gateway_life& life,
                 const host_boot& host, const fix_out_log& out);

enum class doubt_decision : std::uint8_t {
    none,
    send,        // it was not sent: as if nothing had happened
    possresend,  // it may have been: with 97=Y
    withdraw,    // it is not sent
};
[[nodiscard]] std::string_view to_text(doubt_decision decision);

struct doubt_verdict {
    doubt_decision decision = doubt_decision::none;
    engine::sequence through;  // of the source log: up to this record
    std::string by;
};
[[nodiscard]] std::optional<doubt_verdict> read_verdict(const std::filesystem::path& directory,
                                                        std::string_view route);
void write_verdict(const std::filesystem::path& directory, std::string_view route,
                   const doubt_verdict& verdict);
void remove_verdict(const std::filesystem::path& directory, std::string_view route);

}  // namespace millrace::gateway
