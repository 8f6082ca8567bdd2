// The names of a log's files, and which of them lie in a directory.
//
// Threading  any thread or process
// Errors     throws io_error; a directory that is not there holds none
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace millrace::engine {

[[nodiscard]] std::string segment_file_name(std::uint64_t index);   // NNNNNNNNNNNN.alog
[[nodiscard]] std::string archived_file_name(std::uint64_t index);  // NNNNNNNNNNNN.alog.zst

// Indexes, ascending, of files by their names alone: those not begun too.
struct segment_names {
    std::vector<std::uint64_t> plain;
    std::vector<std::uint64_t> archived;
};
[[nodiscard]] segment_names list_names(const std::filesystem::path& directory);
// list_names().plain
[[nodiscard]] std::vector<std::uint64_t> list_segment_names(const std::filesystem::path& directory);

}  // namespace millrace::engine
