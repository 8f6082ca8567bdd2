// Files, mappings and the one-writer lock. Everything here may throw io_error; nothing is on the
// message path.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace millrace::engine {

class unique_fd {
public:
    unique_fd() = default;
    explicit unique_fd(int fd) : fd_(fd) {}
    unique_fd(unique_fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    unique_fd& operator=(unique_fd&& other) noexcept {
        reset(std::exchange(other.fd_, -1));
        return *this;
    }
    unique_fd(const unique_fd&) = delete;
    unique_fd& operator=(const unique_fd&) = delete;
    ~unique_fd() { reset(); }

    [[nodiscard]] int get() const { return fd_; }
    [[nodiscard]] bool is_open() const { return fd_ >= 0; }
    void reset(int fd = -1) noexcept;

private:
    int fd_ = -1;
};

enum class access { read_only, read_write };

// A shared mapping of a whole file, or a part of it, from offset 0.
class mapping {
public:
    mapping() = default;
    mapping(int fd, std::size_t size, access mode, std::string_view path_for_errors);
    // Private zeros, backed by no file and by no memory until they are touched.
    [[nodiscard]] static mapping anonymous(std::size_t size);
    mapping(mapping&& other) noexcept;
    mapping& operator=(mapping&& other) noexcept;
    mapping(const mapping&) = delete;
    mapping& operator=(const mapping&) = delete;
    ~mapping();

    [[nodiscard]] std::byte* data() const { return data_; }
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] bool is_mapped() const { return data_ != nullptr; }
    // Puts the bytes of another file at the same address, read only. Pointers into the mapping stay
    // valid; whoever reads meanwhile sees the old bytes or the new. REQUIRES a file of this size.
    void replace_in_place(int fd, std::string_view path_for_errors);

private:
    std::byte* data_ = nullptr;
    std::size_t size_ = 0;
};

[[nodiscard]] unique_fd open_file(const std::filesystem::path& path, int flags,
                                  unsigned mode = 0640);
[[nodiscard]] std::size_t file_size(int fd, std::string_view path_for_errors);
// Reserves real blocks, so that a full disk is an error here and never a SIGBUS later.
void allocate_file(int fd, std::size_t size, std::string_view path_for_errors);
// All of the bytes at `offset`. False: the file ends before, or cannot be read.
[[nodiscard]] bool try_read_at(int fd, void* bytes, std::size_t size, std::size_t offset) noexcept;
// Writes all of the bytes at `offset`, however often the system takes only a part. Returns 0, or
// the errno.
[[nodiscard]] int try_write_at(int fd, const void* bytes, std::size_t size,
                               std::size_t offset) noexcept;
// The same, or throws.
void write_at(int fd, std::span<const std::byte> bytes, std::uint64_t offset,
              std::string_view path_for_errors);
void sync_file(int fd, std::string_view path_for_errors);        // fdatasync
void sync_file_whole(int fd, std::string_view path_for_errors);  // fsync: size and times too
// What an ordinary user may still write on the file system that holds `path`.
[[nodiscard]] std::uint64_t free_bytes(const std::filesystem::path& path);
void rename_file(const std::filesystem::path& from, const std::filesystem::path& to);
void sync_directory(const std::filesystem::path& directory);  // makes a rename durable
[[nodiscard]] std::string read_whole_file(const std::filesystem::path& path);
// Writes beside the target and renames over it: readers see the old bytes or the new, never a
// mixture.
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes);
// Makes it and what it lies in; a name it makes is durable. Empty is the current directory.
void ensure_directory(const std::filesystem::path& directory);

// Held by the one writer of a directory's data for as long as it lives; released by the kernel when
// it dies. Throws locked_error at once, naming the holder, if another process or another file_lock
// of this one holds it.
class file_lock {
public:
    file_lock() = default;
    file_lock(const std::filesystem::path& path, std::string_view purpose);
    // Of one who copies the data and needs that nobody writes meanwhile: beside others who do, and
    // the file's line stays what it was. Where there is no file it is made; where it may not be,
    // nothing is held. Throws locked_error, naming the writer, if there is one.
    [[nodiscard]] static file_lock against_writer(const std::filesystem::path& path);
    [[nodiscard]] bool is_held() const { return fd_.is_open(); }
    void release() { fd_.reset(); }

private:
    unique_fd fd_;
};

// Whether somebody writes under it now; false where there is no file, io_error where it cannot be
// told.
[[nodiscard]] bool is_lock_held(const std::filesystem::path& path);
// "pid 4711, host a, since 2026-03-01T09:30:00Z (millrace run)" from the lock file, or an empty
// string.
[[nodiscard]] std::string lock_holder(const std::filesystem::path& path);

}  // namespace millrace::engine
