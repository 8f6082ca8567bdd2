#include "engine/log/sha256.hpp"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"

namespace millrace::engine {

namespace {

void require(bool is_done) {
    if (!is_done) {
        throw error("libcrypto cannot compute SHA-256; is memory short, or is it disabled here?");
    }
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace

std::string to_string(const digest& value) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string text;
    text.reserve(64);
    for (const std::uint8_t byte : value.bytes) {
        text += digits[byte >> 4];
        text += digits[byte & 15];
    }
    return text;
}

bool parse(std::string_view text, digest& value) {
    digest parsed;
    if (text.size() != 2 * parsed.bytes.size()) {
        return false;
    }
    for (std::size_t i = 0; i < parsed.bytes.size(); ++i) {
        const int high = hex_digit(text[2 * i]);
        const int low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        parsed.bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
    }
    value = parsed;
    return true;
}

void sha256::deleter::operator()(evp_md_ctx_st* context) const noexcept {
    ::EVP_MD_CTX_free(context);
}

sha256::sha256() : context_(::EVP_MD_CTX_new()) {
    require(context_ != nullptr);
    start();
}

void sha256::start() {
    require(::EVP_DigestInit_ex(context_.get(), ::EVP_sha256(), nullptr) == 1);
}

void sha256::update(std::span<const std::byte> bytes) {
    require(::EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
}

digest sha256::finish() {
    digest value;
    require(::EVP_DigestFinal_ex(context_.get(), value.bytes.data(), nullptr) == 1);
    start();
    return value;
}

digest sha256_of(std::span<const std::byte> bytes) {
    sha256 hash;
    hash.update(bytes);
    return hash.finish();
}

hashed_file hash_file(const std::filesystem::path& path) {
    const unique_fd fd = open_file(path, O_RDONLY);
    std::vector<std::byte> chunk(std::size_t{1} << 20);
    sha256 hash;
    hashed_file made;
    while (true) {
        const ssize_t n = ::read(fd.get(), chunk.data(), chunk.size());
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            throw io_error("read", path.native(), errno);
        }
        if (n == 0) {
            made.hash = hash.finish();
            return made;
        }
        hash.update(std::span<const std::byte>(chunk).first(static_cast<std::size_t>(n)));
        made.bytes += static_cast<std::uint64_t>(n);
    }
}

digest hmac_sha256(std::span<const std::byte> key, std::span<const std::byte> bytes) {
    digest value;
    unsigned size = 0;
    require(::HMAC(::EVP_sha256(), key.data(), static_cast<int>(key.size()),
                   reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                   value.bytes.data(), &size) != nullptr &&
            size == value.bytes.size());
    return value;
}

bool is_same_secret(const digest& left, const digest& right) noexcept {
    return ::CRYPTO_memcmp(left.bytes.data(), right.bytes.data(), left.bytes.size()) == 0;
}

}  // namespace millrace::engine
