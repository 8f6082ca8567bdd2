#include "engine/core/crc32c.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#include <wmmintrin.h>
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

// The top bytes of the first table's numbers are all different: they name the step that was taken.
constexpr std::array<std::uint8_t, 256> make_steps_by_top_byte() {
    std::array<std::uint8_t, 256> steps{};
    for (std::uint32_t i = 0; i < 256; ++i) {
        steps[tables[0][i] >> 24] = static_cast<std::uint8_t>(i);
    }
    return steps;
}

constexpr auto steps_by_top_byte = make_steps_by_top_byte();

#if defined(__x86_64__)

constexpr std::size_t lane_words_max = 64;

// multipliers[m] is x^(64 m - 33) modulo the polynomial, bits reflected: a carry-less product with
// it, put through one more crc32 step, moves a checksum m words on. 33 = the step's 32 and one bit
// that the product of two reflected numbers lies off.
constexpr std::array<std::uint32_t, 2 * lane_words_max + 1> make_multipliers() {
    std::array<std::uint32_t, 2 * lane_words_max + 1> multipliers{};
    std::uint32_t power = 1;  // x^31
    for (std::size_t m = 1; m < multipliers.size(); ++m) {
        multipliers[m] = power;
        for (int bit = 0; bit < 64; ++bit) {
            power = (power >> 1) ^ ((power & 1) != 0 ? polynomial : 0);
        }
    }
    return multipliers;
}

constexpr auto multipliers = make_multipliers();

std::uint64_t load_word(const unsigned char* bytes) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes, 8);
    return word;
}

__attribute__((target("sse4.2,pclmul"))) std::uint64_t moved(std::uint64_t state,
                                                             std::size_t words) noexcept {
    const __m128i product =
        _mm_clmulepi64_si128(_mm_cvtsi64_si128(static_cast<long long>(state)),
                             _mm_cvtsi64_si128(static_cast<long long>(multipliers[words])), 0);
    return static_cast<std::uint64_t>(_mm_cvtsi128_si64(product));
}

// One crc32 step takes three cycles but a new one can start each cycle, so three lanes run side by
// side.
__attribute__((target("sse4.2,pclmul"))) std::uint32_t extend_fast(std::uint32_t start,
                                                                   const unsigned char* bytes,
                                                                   std::size_t size) noexcept {
    std::uint64_t state = start;
    while (size >= 9 * 8) {
        const std::size_t words = std::min(size / 24, lane_words_max);
        const std::size_t lane = words * 8;
        std::uint64_t second = 0;
        std::uint64_t third = 0;
        for (std::size_t at = 0; at + 8 < lane; at += 8) {
            state = _mm_crc32_u64(state, load_word(bytes + at));
            second = _mm_crc32_u64(second, load_word(bytes + lane + at));
            third = _mm_crc32_u64(third, load_word(bytes + 2 * lane + at));
        }
        state = _mm_crc32_u64(state, load_word(bytes + lane - 8));
        second = _mm_crc32_u64(second, load_word(bytes + 2 * lane - 8));
        const std::uint64_t before = moved(state, 2 * words) ^ moved(second, words);
        state = _mm_crc32_u64(third, load_word(bytes + 3 * lane - 8) ^ before);
        bytes += 3 * lane;
        size -= 3 * lane;
    }
    for (; size >= 8; bytes += 8, size -= 8) {
        state = _mm_crc32_u64(state, load_word(bytes));
    }
    auto tail = static_cast<std::uint32_t>(state);
    if ((size & 4) != 0) {
        std::uint32_t word = 0;
        std::memcpy(&word, bytes, 4);
        tail = _mm_crc32_u32(tail, word);
        bytes += 4;
    }
    if ((size & 2) != 0) {
        std::uint16_t word = 0;
        std::memcpy(&word, bytes, 2);
        tail = _mm_crc32_u16(tail, word);
        bytes += 2;
    }
    if ((size & 1) != 0) {
        tail = _mm_crc32_u8(tail, *bytes);
    }
    return tail;
}

__attribute__((target("sse4.2,pclmul"))) std::uint32_t extend_prefixed_fast(
    std::uint32_t start, std::uint32_t prefix, const unsigned char* bytes,
    std::size_t size) noexcept {
    return extend_fast(_mm_crc32_u32(start, prefix), bytes, size);
}

// Zero until initialised, so a call before that takes the portable way and gets the same number.
const bool has_fast_crc = __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul");

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
    if (has_fast_crc) [[likely]] {
        return ~extend_fast(~crc, static_cast<const unsigned char*>(data), size);
    }
#endif
    return detail::crc32c_portable(crc, data, size);
}

std::uint32_t crc32c_undo(std::uint32_t crc, const void* data, std::size_t size) noexcept {
    const auto* bytes = static_cast<const unsigned char*>(data);
    crc = ~crc;
    while (size > 0) {
        --size;
        const std::uint32_t step = steps_by_top_byte[crc >> 24];
        crc = ((crc ^ tables[0][step]) << 8) | (step ^ bytes[size]);
    }
    return ~crc;
}

std::uint32_t crc32c_prefixed(std::uint32_t crc, std::uint32_t prefix, const void* data,
                              std::size_t size) noexcept {
#if defined(__x86_64__)
    if (has_fast_crc) [[likely]] {
        return ~extend_prefixed_fast(~crc, prefix, static_cast<const unsigned char*>(data), size);
    }
#endif
    return detail::crc32c_portable(detail::crc32c_portable(crc, &prefix, sizeof prefix), data,
                                   size);
}

}  // namespace millrace::engine
