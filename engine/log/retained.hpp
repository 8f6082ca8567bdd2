// Which of a log's oldest segments were removed on purpose. A segment that is missing before the
// first one here and is not named so was lost, or was taken away.
//
//   retained.from   text: "millrace retained 1", "log UUID", "first_segment N"; no file: 0
//
// Threading  written by one retention at a time (its lock), durably, before a segment goes; read by
//            anybody
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>

#include "engine/log/segment_header.hpp"

namespace millrace::engine {

inline constexpr std::string_view retained_name = "retained.from";

struct retained_from {
    log_uuid uuid;
    std::uint64_t first_segment = 0;
};

// Nothing: no file is there. Throws damage_error for one that is not as it was written, io_error.
[[nodiscard]] std::optional<retained_from> read_retained(const std::filesystem::path& directory);
// Durable when it returns. A lower segment than what the file says leaves it as it is.
void write_retained(const std::filesystem::path& directory, const retained_from& kept);
// Whatever the file says.
void replace_retained(const std::filesystem::path& directory, const retained_from& kept);

}  // namespace millrace::engine
