// How safe a record must be before a route acts on it, and what becomes of one that a loss of power
// leaves in doubt.
#pragma once

#include <cstdint>

namespace millrace::gateway {

enum class gate_level : std::uint8_t {
    committed,  // visible to readers: survives the death of the writing process
    durable,    // on stable storage too: survives a loss of power
};

// A source record behind the last durable origin of its route, after a loss of power: it may have
// been sent.
enum class in_doubt_policy : std::uint8_t {
    halt,        // the route waits for a decision
    possresend,  // it is sent again, with 97=Y
};

}  // namespace millrace::gateway
