// A file that only grows, by one write() per append.
//
// Invariant  what append() accepted survives kill -9 of the process; nothing here is synced, so a
//            power cut may take the end
// Errors     set-up throws; append() returns false, leaves the file at its old size and refuses
//            from then on
#pragma once

#include <cstdint>
#include <string>

namespace millrace {
namespace tools {

class append_file {
public:
    append_file() = default;
    explicit append_file(const std::string& path);  // creates it if need be
    append_file(append_file&& other) noexcept;
    append_file& operator=(append_file&& other) noexcept;
    append_file(const append_file&) = delete;
    append_file& operator=(const append_file&) = delete;
    ~append_file();

    bool append(const char* bytes, std::size_t size);
    bool append(const std::string& bytes) { return append(bytes.data(), bytes.size()); }
    // Exactly size bytes from offset; false if they are not there.
    bool read(std::uint64_t offset, char* bytes, std::size_t size) const;
    std::string read_all() const;  // throws
    void cut(std::uint64_t size);  // throws
    std::uint64_t size() const { return size_; }
    const std::string& path() const { return path_; }
    const std::string& error() const { return error_; }  // why the last append failed

private:
    std::string path_;
    std::string error_;
    std::uint64_t size_ = 0;
    int fd_ = -1;
};

}  // namespace tools
}  // namespace millrace
