// The units of the audit log, as types that do not mix.
//
// Units  position: bytes since the start of a log, segment headers included; sequence: ordinal of a
//        record in its log, from 1, without gaps (0 means "none"); timestamp: nanoseconds UTC
// Source Aeron's position; the words are those of docs/glossary.md
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace millrace::engine {

struct position {
    std::uint64_t value = 0;
    friend constexpr auto operator<=>(position, position) = default;
};

struct sequence {
    std::uint64_t value = 0;
    friend constexpr auto operator<=>(sequence, sequence) = default;
    [[nodiscard]] constexpr sequence next() const { return {value + 1}; }
    [[nodiscard]] constexpr bool is_none() const { return value == 0; }
};

struct timestamp {
    std::int64_t ns = 0;
    friend constexpr auto operator<=>(timestamp, timestamp) = default;
};

// Names one log for ever: drawn at random when the log is created, kept in every segment header.
struct log_uuid {
    std::array<std::uint8_t, 16> bytes{};
    friend constexpr auto operator<=>(const log_uuid&, const log_uuid&) = default;
    [[nodiscard]] constexpr bool is_none() const { return *this == log_uuid{}; }
};

[[nodiscard]] std::string to_string(const log_uuid& uuid);        // 8-4-4-4-12 hexadecimal
[[nodiscard]] bool parse(std::string_view text, log_uuid& uuid);  // false: not such a text
[[nodiscard]] log_uuid random_log_uuid();

// 2026-03-01T09:30:00.000000001Z; parsing takes 0 to 9 decimals, or plain nanoseconds.
// Refused are times before 1677-09-21T00:12:43.145224192Z and after 2262-04-11T23:47:16.854775807Z,
// which int64 nanoseconds do not hold. A refused text leaves the second argument as it was.
[[nodiscard]] std::string to_string(timestamp time);
[[nodiscard]] bool parse(std::string_view text, timestamp& time);

inline constexpr std::size_t cache_line_bytes = 64;
// Neighbouring lines are fetched in pairs on current x86 cores, so independent writers keep two
// apart.
inline constexpr std::size_t no_sharing_bytes = 128;

}  // namespace millrace::engine
