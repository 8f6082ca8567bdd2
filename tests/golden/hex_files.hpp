// Files of bytes as text that a person can read, review and compare, and back.
//
//   size 65536
//   00000000  41 4c 4f 47 1a 0d 0a 00 01 00 20 00 00 10 00 00    sixteen bytes behind their offset
//   *                                                            lines that are zeros
//
// Errors  unpacking throws std::runtime_error for a text that is none of these
#pragma once

#include <filesystem>
#include <string>

namespace millrace::golden {

[[nodiscard]] std::string to_hex(const std::string& bytes);
[[nodiscard]] std::string from_hex(const std::string& text);

// Every file below `from`: as FILE.hex below `to`; manifest.txt and archive.at, which are text, as
// they are. Lock files are left out.
void pack(const std::filesystem::path& from, const std::filesystem::path& to);
void unpack(const std::filesystem::path& from, const std::filesystem::path& to);

[[nodiscard]] std::string read_file(const std::filesystem::path& path);
void write_file(const std::filesystem::path& path, const std::string& bytes);

}  // namespace millrace::golden
