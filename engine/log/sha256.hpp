// SHA-256 and HMAC-SHA-256, for the seals of a log and for evidence.
//
// Threading  an object belongs to one thread
// Errors     throws error where libcrypto refuses, which it does when memory is short
// Source     FIPS 180-4, RFC 2104; computed by OpenSSL's libcrypto
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace millrace::engine {

struct digest {
    std::array<std::uint8_t, 32> bytes{};
    friend constexpr auto operator<=>(const digest&, const digest&) = default;
    [[nodiscard]] constexpr bool is_none() const { return *this == digest{}; }
    [[nodiscard]] std::span<const std::byte> view() const {
        return std::as_bytes(std::span(bytes));
    }
};

[[nodiscard]] std::string to_string(const digest& value);        // 64 hexadecimal digits
[[nodiscard]] bool parse(std::string_view text, digest& value);  // false: not such a text

class sha256 {
public:
    sha256();
    sha256(sha256&&) noexcept = default;
    sha256& operator=(sha256&&) noexcept = default;

    void update(std::span<const std::byte> bytes);
    // What was fed since the construction or the last finish().
    [[nodiscard]] digest finish();

private:
    struct deleter {
        void operator()(evp_md_ctx_st* context) const noexcept;
    };
    void start();

    std::unique_ptr<evp_md_ctx_st, deleter> context_;
};

[[nodiscard]] digest sha256_of(std::span<const std::byte> bytes);
// In chunks: a compressed segment may be as large as the memory that is free. Throws io_error.
struct hashed_file {
    digest hash;
    std::uint64_t bytes = 0;
};
[[nodiscard]] hashed_file hash_file(const std::filesystem::path& path);
[[nodiscard]] digest hmac_sha256(std::span<const std::byte> key, std::span<const std::byte> bytes);
// In a time that does not tell where they differ.
[[nodiscard]] bool is_same_secret(const digest& left, const digest& right) noexcept;

}  // namespace millrace::engine
