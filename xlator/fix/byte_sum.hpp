// Sum and delimiter count of a run of bytes, in one pass.
//
// Units   sum: of unsigned bytes, modulo 2^32; CheckSum(10) is the sum of a frame modulo 256
// Source  SSE2's psadbw adds sixteen bytes at a time; other hosts take the portable form
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace millrace::xlator {

inline constexpr char field_delimiter = '\x01';  // SOH ends every field

struct byte_totals {
    std::uint32_t sum = 0;
    std::uint32_t delimiters = 0;
};

namespace detail {

inline byte_totals count_bytes_portable(std::string_view bytes, byte_totals totals = {}) noexcept {
    for (const char c : bytes) {
        totals.sum += static_cast<unsigned char>(c);
        totals.delimiters += c == field_delimiter ? 1U : 0U;
    }
    return totals;
}

}  // namespace detail

[[nodiscard]] inline byte_totals count_bytes(std::string_view bytes) noexcept {
#if defined(__SSE2__)
    const char* at = bytes.data();
    std::size_t left = bytes.size();
    const __m128i zero = _mm_setzero_si128();
    const __m128i ones = _mm_set1_epi8(1);
    __m128i sums = zero;
    __m128i marks = zero;
    while (left >= 16) {
        const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
        sums = _mm_add_epi64(sums, _mm_sad_epu8(block, zero));
        const __m128i hits = _mm_and_si128(_mm_cmpeq_epi8(block, ones), ones);
        marks = _mm_add_epi64(marks, _mm_sad_epu8(hits, zero));
        at += 16;
        left -= 16;
    }
    sums = _mm_add_epi64(sums, _mm_unpackhi_epi64(sums, sums));
    marks = _mm_add_epi64(marks, _mm_unpackhi_epi64(marks, marks));
    const byte_totals totals{static_cast<std::uint32_t>(_mm_cvtsi128_si32(sums)),
                             static_cast<std::uint32_t>(_mm_cvtsi128_si32(marks))};
    return detail::count_bytes_portable({at, left}, totals);
#else
    return detail::count_bytes_portable(bytes);
#endif
}

[[nodiscard]] inline std::uint32_t byte_sum(std::string_view bytes) noexcept {
    return count_bytes(bytes).sum;
}

// The first delimiter in [at, end), or end.
[[nodiscard]] inline const char* find_delimiter(const char* at, const char* end) noexcept {
#if defined(__SSE2__)
    const __m128i ones = _mm_set1_epi8(field_delimiter);
    while (end - at >= 16) {
        const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
        const auto hits = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(block, ones)));
        if (hits != 0) {
            return at + std::countr_zero(hits);
        }
        at += 16;
    }
#endif
    while (at != end && *at != field_delimiter) {
        ++at;
    }
    return at;
}

}  // namespace millrace::xlator
