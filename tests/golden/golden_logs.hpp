// The golden logs of format version 1: how each was made, and what a reader of it must answer.
//
//   closed    a table's log: snapshot, rows with payloads of every padding, close; index, seals,
//             durable.mark
//   torn      a writer died while it wrote a record
//   changed   a table's log whose second segment has one more column
//   rolled    three segments, two of them left by an end record; index, seals, durable.mark
//   archive   the two oldest segments of `archived`, compressed, with their manifest
//   archived  `rolled` without them; archive.at says where they are
//   salvaged  what was whole of a `rolled` that had lost a record and a segment: gap records
//   clocked   the clock was set back and forward, was slewed, and stood behind the log when that
//             was opened again: a clock record for each; index, seals
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace millrace::golden {

inline constexpr std::string_view golden_names[] = {"closed",  "torn",     "changed",  "rolled",
                                                    "archive", "archived", "salvaged", "clocked"};

// All of them, below `directory`, by today's writers with fixed inputs.
void make_golden_logs(const std::filesystem::path& directory);

// What today's reader, verification and recovery say of a log: text, a line for each answer.
[[nodiscard]] std::string answers_of(const std::filesystem::path& log);

}  // namespace millrace::golden
