// Segments that were compressed and put elsewhere, read as if they still lay in their log.
//
// An archive is a directory of NNNNNNNNNNNN.alog.zst, one Zstandard frame each, with the indexes
// and seals of the segments beside them, and a manifest. It is read in its own right, as a log that
// goes no further; and, where the log's directory has a file archive.at that names it, as the older
// part of that log.
//
// Threading  any thread or process
// Progress   opening one decompresses a whole segment into memory
// Errors     throws io_error, and damage_error for bytes that do not decompress to a segment
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "engine/log/segment_header.hpp"
#include "engine/log/segment_names.hpp"

namespace millrace::engine {

// A compressed file that does not give back the segment that was put into it.
class unpack_error : public damage_error {
public:
    unpack_error(const std::filesystem::path& path, const std::string& reason);
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    [[nodiscard]] const std::string& reason() const { return reason_; }

private:
    std::filesystem::path path_;
    std::string reason_;
};

inline constexpr std::string_view archive_link_name = "archive.at";

// Local segments, and those archived that continue them backwards without a gap; of an archive, all
// it holds. An archive out of reach holds none; find_archive_gap() tells.
[[nodiscard]] std::vector<std::uint64_t> list_readable_segments(
    const std::filesystem::path& directory);
// No segment lies here uncompressed, and some do compressed.
[[nodiscard]] bool is_archive(const std::filesystem::path& directory);

// Throws error: no segment lies here. If it is an archive that says so, and where to go instead.
[[noreturn]] void refuse_without_segments(const std::filesystem::path& directory);

// The archive a log's directory names; nothing where it names none.
[[nodiscard]] std::optional<std::filesystem::path> read_archive_link(
    const std::filesystem::path& directory);
// Where the segment, its index and its seals lie: the log's directory, or its archive.
[[nodiscard]] std::filesystem::path segment_home(const std::filesystem::path& directory,
                                                 std::uint64_t index);

namespace detail {

// The compressed file of a segment, here or where archive.at says; nothing: there is none.
[[nodiscard]] std::optional<std::filesystem::path> find_archived(
    const std::filesystem::path& directory, std::uint64_t index);
[[nodiscard]] segment_info read_archived_info(const std::filesystem::path& path,
                                              std::uint64_t index);
// All of its bytes. In memory, or, so that many can be open, in a file without a name.
enum class archive_room : std::uint8_t { memory, file };
[[nodiscard]] mapping load_archived(const std::filesystem::path& path,
                                    archive_room room = archive_room::memory);

// Writes the frame, synced, under a name that ends in .tmp; renames nothing. Returns its size.
std::size_t compress_segment(std::span<const std::byte> bytes, const std::filesystem::path& path,
                             int level);

}  // namespace detail

}  // namespace millrace::engine
