// What is in doubt after a loss of power, and what an operator decides about it: files of a
// gateway's directory.
//
//   doubt               one block of lines for each route; written by the gateway
//   doubt.1f3c...e2     the decisions about the route with this id, in order, a block each; written
//                       by `millrace session doubt`
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
// those from `after` to `through`, both as sequences of the source log, and of these the first
// `numbers` at most.
struct doubt_entry {
    std::string route;
    std::string session;
    std::uint32_t generation = 0;  // 0: of more than one, so that no request proves anything
    engine::sequence after;        // the last one whose message FIX_OUT holds
    // The last one that was there when the gateway came up again; none: nobody has said yet.
    std::optional<engine::sequence> through;
    msg_seq_num from;  // the number the first of them would have had
    std::uint32_t numbers = 0;
    std::uint32_t passed = 0;  // of them have been dealt with
    // The peer asked for this number first, so it has nothing from there on; 0: it has not asked.
    msg_seq_num asked_from;
};

// So many of the records that have not been dealt with can have reached the peer.
[[nodiscard]] std::uint32_t received_max(const doubt_entry& entry) noexcept;

[[nodiscard]] std::vector<doubt_entry> read_doubts(const std::filesystem::path& directory);
// Without entries the file is removed.
void write_doubts(const std::filesystem::path& directory, const std::vector<doubt_entry>& entries);

// Adds what FIX_OUT, recovered behind a cut, leaves in doubt. A cut in the midst of an earlier
// one's doubt leaves one doubt, the wider one. Decisions of before are removed.
void note_doubts(const std::filesystem::path& directory, const gateway_life& life,
                 const fix_out_log& out);

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
// Each is about the records behind the one before it.
[[nodiscard]] std::vector<doubt_verdict> read_verdicts(const std::filesystem::path& directory,
                                                       std::string_view route);
// REQUIRES: they go further than those before them, one by one.
void write_verdicts(const std::filesystem::path& directory, std::string_view route,
                    const std::vector<doubt_verdict>& verdicts);
void remove_verdicts(const std::filesystem::path& directory, std::string_view route);

}  // namespace millrace::gateway
