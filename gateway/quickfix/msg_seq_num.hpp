// FIX's own message number (34), a type of its own so that it never mixes with a log's sequence.
//
// Units  counts messages of one session and direction since its last reset, from 1; 0 means "none"
#pragma once

#include <cstdint>

namespace millrace {
namespace gateway {

struct msg_seq_num {
    std::uint32_t value = 0;

    constexpr msg_seq_num next() const { return msg_seq_num{value + 1}; }
    constexpr bool is_none() const { return value == 0; }

    friend constexpr bool operator==(msg_seq_num a, msg_seq_num b) { return a.value == b.value; }
    friend constexpr bool operator!=(msg_seq_num a, msg_seq_num b) { return a.value != b.value; }
    friend constexpr bool operator<(msg_seq_num a, msg_seq_num b) { return a.value < b.value; }
    friend constexpr bool operator>(msg_seq_num a, msg_seq_num b) { return a.value > b.value; }
    friend constexpr bool operator<=(msg_seq_num a, msg_seq_num b) { return a.value <= b.value; }
    friend constexpr bool operator>=(msg_seq_num a, msg_seq_num b) { return a.value >= b.value; }
};

// The session library counts in signed 32 bits.
constexpr std::uint32_t msg_seq_num_max = 0x7fffffff;

}  // namespace gateway
}  // namespace millrace
