// The secret that makes seals ones nobody else can make.
//
// Units   16 to 1024 bytes; the file's bytes are the key, all of them, a line's end included
// Errors  load() throws config_error for a file that others may read or that is no key, io_error
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <vector>

namespace millrace::engine {

class seal_key {
public:
    static constexpr std::size_t size_min = 16;
    static constexpr std::size_t size_max = 1024;

    // REQUIRES: size_min to size_max bytes.
    explicit seal_key(std::span<const std::byte> bytes);
    [[nodiscard]] static seal_key load(const std::filesystem::path& path);
    seal_key(seal_key&&) noexcept = default;
    seal_key& operator=(seal_key&&) = delete;
    ~seal_key();  // leaves no copy in memory

    [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }

private:
    std::vector<std::byte> bytes_;
};

}  // namespace millrace::engine
