#include "engine/core/crc32c.hpp"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace millrace::engine {

namespace {

constexpr std::uint32_t polynomial = 0x82f63b78;  // reflected Castagnoli polynomial

constexpr std::array<std::array<std::uint32_t, 256>, 8> make_tables() {
    std::array<std::array<std::uint32_t, 256>, 8> tables{};
    for (std::uint32_t i = 0; i < 256; ++i) {
        std::uint32_t crc = i;
        for (int bit = 0; bit < 8; ++bit) {
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? polynomial : 0);
        }
        tables[0][i] = crc;
    }
    for (std::uint32_t i = 0; i < 256; ++i) {
        for (std::size_t t = 1; t < 8; ++t) {
            tables[t][i] = (tables[t - 1][i] >> 8) ^ tables[0][tables[t - 1][i] & 0xff];
        }
    }
    return tables;
}

constexpr auto tables = make_tables();

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t crc32c_sse42(std::uint32_t crc, const void* data,
                                                              std::size_t size) noexcept {
    const auto* bytes = static_cast<const unsigned char*>(data);
    std::uint64_t state = ~crc;
    while (size >= 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes, 8);
        state = _mm_crc32_u64(state, word);
        bytes += 8;
        size -= 8;
    }
    auto tail = static_cast<std::uint32_t>(state);
    while (size > 0) {
        tail = _mm_crc32_u8(tail, *bytes);
        ++bytes;
        --size;
    }
    return ~tail;
}
#endif

}  // namespace

namespace detail {

std::uint32_t crc32c_portable(std::uint32_t crc, const void* data, std::size_t size) noexcept {
    const auto* bytes = static_cast<const unsigned char*>(data);
    crc = ~crc;
    while (size >= 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes, 8);
        word ^= crc;
        crc = 0;
        for (std::size_t t = 0; t < 8; ++t) {
            crc ^= tables[7 - t][(word >> (8 * t)) & 0xff];
        }
        bytes += 8;
        size -= 8;
    }
    while (size > 0) {
        crc = (crc >> 8) ^ tables[0][(crc ^ *bytes) & 0xff];
        ++bytes;
        --size;
    }
    return ~crc;
}

}  // namespace detail

std::uint32_t crc32c(std::uint32_t crc, const void* data, std::size_t size) noexcept {
#if defined(__x86_64__)
    static const bool has_sse42 = __builtin_cpu_supports("sse4.2") != 0;
    if (has_sse42) [[likely]] {
        return crc32c_sse42(crc, data, size);
    }
#endif
    return detail::crc32c_portable(crc, data, size);
}

}  // namespace millrace::engine
