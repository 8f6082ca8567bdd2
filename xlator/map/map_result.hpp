// What a translation is told beside the row or message, and how it ended.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "xlator/fix/utc_timestamp.hpp"

namespace millrace::xlator {

struct record_facts {
    utc_timestamp now;           // the time of translation
    std::uint64_t sequence = 0;  // of the record in its log
};

enum class map_status : std::uint8_t {
    ok,
    overflow,        // outbound: the buffer is too small
    required_empty,  // a required field or column has no value
    bad_value,  // a value has no FIX text, or is none the field, the pairs or the column can take
    wrong_message,  // inbound: the message is of another type than the map's
};

struct [[nodiscard]] map_result {
    map_status status = map_status::ok;
    int tag = 0;                 // of the field concerned
    int column = -1;             // index of the column concerned
    std::size_t size = 0;        // outbound: bytes of the body
    std::uint32_t byte_sum = 0;  // outbound: the body's part of CheckSum(10)

    [[nodiscard]] bool is_ok() const noexcept { return status == map_status::ok; }
};

[[nodiscard]] constexpr std::string_view describe(map_status status) noexcept {
    switch (status) {
        case map_status::ok:
            return "translated";
        case map_status::overflow:
            return "the message is larger than the buffer";
        case map_status::required_empty:
            return "a required value is empty";
        case map_status::bad_value:
            return "a value cannot be translated";
        case map_status::wrong_message:
            return "the message is of another type";
    }
    return "unknown status";
}

}  // namespace millrace::xlator
