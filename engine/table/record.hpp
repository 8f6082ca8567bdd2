// What stands in a log for one version of one row: the envelope (what, who, why), then the row.
//
//   payload := envelope  fixed part            trailing bytes
//              96 bytes  schema.fixed_size()   the rest
//
// Units   intended_ns: nanoseconds UTC, an open-loop feeder's planned time; 0 if there was none
// Errors  a name that does not fit is refused by assign(); as a literal it does not compile
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

#include "engine/core/types.hpp"

namespace millrace::engine {

static_assert(std::endian::native == std::endian::little, "logs are little-endian");

enum class operation : std::uint8_t { insert = 1, modify = 2, remove = 3 };

[[nodiscard]] constexpr std::string_view to_string(operation value) noexcept {
    switch (value) {
        case operation::insert:
            return "insert";
        case operation::modify:
            return "modify";
        case operation::remove:
            return "delete";
    }
    return "unknown";
}

// False: not such a text.
[[nodiscard]] constexpr bool parse(std::string_view text, operation& value) noexcept {
    for (const operation one : {operation::insert, operation::modify, operation::remove}) {
        if (text == to_string(one)) {
            value = one;
            return true;
        }
    }
    return false;
}

// At most 16 bytes, padded with zeros: the name of an event or a user.
struct short_name {
    char bytes[16] = {};

    constexpr short_name() = default;
    template <std::size_t LiteralSize>
    consteval short_name(const char (&literal)[LiteralSize]) {
        static_assert(LiteralSize - 1 <= sizeof bytes, "event and user names hold 16 bytes");
        std::copy_n(literal, LiteralSize - 1, bytes);
    }

    [[nodiscard]] constexpr bool assign(std::string_view name) noexcept {
        if (name.size() > sizeof bytes || name.find('\0') != std::string_view::npos) {
            return false;
        }
        std::copy_n(name.data(), name.size(), bytes);
        std::fill(bytes + name.size(), bytes + sizeof bytes, '\0');
        return true;
    }
    [[nodiscard]] constexpr std::string_view view() const noexcept {
        return {bytes,
                static_cast<std::size_t>(std::find(bytes, bytes + sizeof bytes, '\0') - bytes)};
    }
    friend constexpr bool operator==(const short_name&, const short_name&) = default;
};

// The record a whole chain of records began with.
struct correlation {
    std::uint64_t log_id = 0;  // correlation_log_id() of its log
    std::uint64_t sequence = 0;
    friend constexpr bool operator==(const correlation&, const correlation&) = default;
};

// The record this one was written because of, and the route that led here.
struct origin {
    std::uint64_t route = 0;  // route_id() of the route's name
    log_uuid log{};
    std::uint64_t sequence = 0;
    friend constexpr bool operator==(const origin&, const origin&) = default;
};

// FNV-1a, 64 bits: a route's identity is its name.
[[nodiscard]] constexpr std::uint64_t route_id(std::string_view name) noexcept {
    std::uint64_t hash = 14695981039346656037U;
    for (const char c : name) {
        hash = (hash ^ static_cast<std::uint8_t>(c)) * 1099511628211U;
    }
    return hash;
}

[[nodiscard]] inline std::uint64_t correlation_log_id(const log_uuid& log) noexcept {
    std::uint64_t id = 0;
    std::memcpy(&id, log.bytes.data(), sizeof id);
    return id;
}

// The id's digits stand as in the log's uuid, of which they are the first 16; then :SEQUENCE.
[[nodiscard]] std::string log_id_text(std::uint64_t log_id);
[[nodiscard]] std::string to_string(const correlation& value);
// Takes what to_string() writes, and the whole uuid before the colon too. False: not such a text.
[[nodiscard]] bool parse(std::string_view text, correlation& value);

inline constexpr std::uint16_t row_format_version = 1;
// The type field of every log record that holds a row.
inline constexpr std::uint16_t row_record_type = 1;

//   0  operation  flags  version(2)  reserved(4)
//   8  event                                       16 bytes
//  24  user                                        16 bytes
//  40  correlation: log id(8) sequence(8)
//  56  origin: route(8) log uuid(16) sequence(8)
//  88  intended time, ns(8)
struct row_envelope {
    static constexpr std::uint8_t has_origin_flag = 1;
    static constexpr std::uint8_t redelivered_flag = 2;  // may have been delivered before
    static constexpr std::uint8_t retried_flag = 4;      // a parked record's second attempt
    static constexpr std::uint8_t known_flags = 7;

    engine::operation operation = engine::operation::insert;
    std::uint8_t flags = 0;
    std::uint16_t version = row_format_version;
    std::uint32_t reserved = 0;
    short_name event{};
    short_name user{};
    engine::correlation correlation{};
    engine::origin origin{};
    std::int64_t intended_ns = 0;

    [[nodiscard]] constexpr bool has_origin() const noexcept {
        return (flags & has_origin_flag) != 0;
    }
    [[nodiscard]] constexpr bool is_redelivered() const noexcept {
        return (flags & redelivered_flag) != 0;
    }
    [[nodiscard]] constexpr bool is_retried() const noexcept { return (flags & retried_flag) != 0; }
    constexpr void set_origin(const engine::origin& value) noexcept {
        origin = value;
        flags = static_cast<std::uint8_t>(flags | has_origin_flag);
    }
    [[nodiscard]] constexpr bool is_valid() const noexcept {
        return operation >= engine::operation::insert && operation <= engine::operation::remove &&
               (flags & ~known_flags) == 0 && version == row_format_version && reserved == 0;
    }
    friend constexpr bool operator==(const row_envelope&, const row_envelope&) = default;
};

inline constexpr std::size_t row_envelope_size = 96;

static_assert(sizeof(row_envelope) == row_envelope_size && alignof(row_envelope) == 8);
static_assert(offsetof(row_envelope, flags) == 1 && offsetof(row_envelope, version) == 2);
static_assert(offsetof(row_envelope, reserved) == 4 && offsetof(row_envelope, event) == 8);
static_assert(offsetof(row_envelope, user) == 24 && offsetof(row_envelope, correlation) == 40);
static_assert(offsetof(row_envelope, origin) == 56 && offsetof(row_envelope, intended_ns) == 88);
static_assert(offsetof(origin, log) == 8 && offsetof(origin, sequence) == 24);
static_assert(std::is_trivially_copyable_v<row_envelope>);
static_assert(std::is_standard_layout_v<row_envelope>);

}  // namespace millrace::engine
