// The bytes of a counters file, version 1. Little-endian, like every host this runs on.
//
//   0        header                                       128 bytes
//   128      counter descriptors, counter_capacity        128 bytes each
//   ...      status descriptors, status_capacity          128 bytes each
//   ...      counter values, counter_capacity             128 bytes each
//   ...      status texts, status_capacity                256 bytes each
//
// Descriptors and values stand apart, so that labels, which everyone reads, never share a line with
// a value, which one thread writes. A descriptor is valid once its kind is not `none`; the kind is
// stored last. The header's magic is stored last of all.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "engine/core/types.hpp"

namespace millrace::engine {

enum class counter_kind : std::uint32_t {
    none = 0,     // the slot is free
    counter = 1,  // only grows
    gauge = 2,    // goes up and down
    maximum = 3,  // the largest value seen
    status = 4,   // a text
};

enum class counter_unit : std::uint32_t {
    none = 0,
    items = 1,
    bytes = 2,
    nanoseconds = 3,
    position = 4,
    sequence = 5,
};

namespace detail {

inline constexpr std::uint64_t counters_magic = 0x3130'5352'544E'434D;  // "MCNTRS01"
inline constexpr std::uint32_t counters_version = 1;
inline constexpr std::size_t counter_label_bytes = 112;
inline constexpr std::size_t status_text_bytes = 200;
inline constexpr std::size_t status_words = status_text_bytes / sizeof(std::uint64_t);

//   0        8         12       16            24                32                 36
//   | magic  | version | pid    | start, UTC  | counter_cap : 4 | status_cap : 4   | unused
struct counters_header {
    std::atomic<std::uint64_t> magic;
    std::uint32_t version;
    std::int32_t pid;
    std::int64_t start_time_ns;
    std::uint32_t counter_capacity;
    std::uint32_t status_capacity;
    std::byte unused[96];
};
static_assert(sizeof(counters_header) == 128);
static_assert(offsetof(counters_header, version) == 8);
static_assert(offsetof(counters_header, pid) == 12);
static_assert(offsetof(counters_header, start_time_ns) == 16);
static_assert(offsetof(counters_header, counter_capacity) == 24);
static_assert(offsetof(counters_header, status_capacity) == 28);

//   0      4      8          16
//   | kind | unit | unused   | label, ASCII, zero-filled : 112
struct counter_descriptor {
    std::atomic<std::uint32_t> kind;
    std::uint32_t unit;
    std::uint64_t unused;
    char label[counter_label_bytes];
};
static_assert(sizeof(counter_descriptor) == 128);
static_assert(offsetof(counter_descriptor, unit) == 4);
static_assert(offsetof(counter_descriptor, label) == 16);

//   0       8
//   | value | unused : 120
struct counter_value {
    std::atomic<std::uint64_t> value;
    std::byte unused[no_sharing_bytes - sizeof(std::uint64_t)];
};
static_assert(sizeof(counter_value) == no_sharing_bytes);

//   0         8                                    208
//   | version | text, ASCII, zero-filled : 25 x 8  | unused : 48
//
// version is odd while the text is being written.
struct status_value {
    std::atomic<std::uint64_t> version;
    std::atomic<std::uint64_t> words[status_words];
    std::byte unused[48];
};
static_assert(sizeof(status_value) == 256);
static_assert(offsetof(status_value, words) == 8);

static_assert(std::atomic<std::uint64_t>::is_always_lock_free);
static_assert(std::atomic<std::uint32_t>::is_always_lock_free);
static_assert(sizeof(std::atomic<std::uint64_t>) == 8 && sizeof(std::atomic<std::uint32_t>) == 4);
static_assert(std::is_standard_layout_v<counters_header> &&
              std::is_standard_layout_v<counter_descriptor> &&
              std::is_standard_layout_v<counter_value> && std::is_standard_layout_v<status_value>);
static_assert(std::endian::native == std::endian::little, "the file is little-endian");

struct counters_geometry {
    std::size_t counter_capacity = 0;
    std::size_t status_capacity = 0;

    [[nodiscard]] constexpr std::size_t descriptors_offset() const {
        return sizeof(counters_header);
    }
    [[nodiscard]] constexpr std::size_t status_descriptors_offset() const {
        return descriptors_offset() + counter_capacity * sizeof(counter_descriptor);
    }
    [[nodiscard]] constexpr std::size_t values_offset() const {
        return status_descriptors_offset() + status_capacity * sizeof(counter_descriptor);
    }
    [[nodiscard]] constexpr std::size_t statuses_offset() const {
        return values_offset() + counter_capacity * sizeof(counter_value);
    }
    [[nodiscard]] constexpr std::size_t file_bytes() const {
        return statuses_offset() + status_capacity * sizeof(status_value);
    }
};

}  // namespace detail

}  // namespace millrace::engine
