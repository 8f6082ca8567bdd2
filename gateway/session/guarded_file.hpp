// Files that others than their owner and group must not read.
//
// Threading  set-up, and cold threads
// Errors     config_error names the file, and its mode if that is why it is refused
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace millrace::gateway {

// Which bytes a path stands for: another stamp, other bytes.
struct file_stamp {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::uint64_t size = 0;
    std::int64_t modified_ns = 0;
    std::int64_t changed_ns = 0;  // its mode, too

    [[nodiscard]] bool operator==(const file_stamp&) const = default;
};

// All zeros where there is nothing to look at.
[[nodiscard]] file_stamp stamp_of(const std::filesystem::path& path) noexcept;

struct guarded_text {
    std::string text;
    file_stamp stamp;
};

// A regular file of ours or of root's, not beyond bytes_max, that others have no right to and the
// group no right to write. `what` as people call it: "a file of users".
[[nodiscard]] guarded_text read_guarded_file(const std::filesystem::path& path,
                                             const std::string& what, std::size_t bytes_max);

}  // namespace millrace::gateway
