// How a listener serves its clients, and what it counts.
//
// Units  sizes in bytes, times in nanoseconds
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

#include "engine/counters/counter.hpp"
#include "engine/ingest/ingest.hpp"

namespace millrace::gateway {

struct intake_options {
    std::string name = "listener";     // of the agent
    std::filesystem::path path;        // of the socket
    unsigned mode = 0660;              // of its file
    std::size_t connections_max = 32;  // further ones are told so, and closed
    std::size_t line_bytes_max = std::size_t{64} << 10;
    std::size_t in_flight_max = 256;  // lines of one client that are not answered
    // That wait for a client to take them, rows that it reads included; and one row more.
    std::size_t answer_bytes_max = std::size_t{64} << 10;
    engine::ack_level level = engine::ack_level::committed;
    std::int64_t close_timeout_ns = 2'000'000'000;  // for the last answers
};

// Writer: the listener's thread.
struct intake_counters {
    engine::counter accepted;
    engine::counter refused_connections;  // connections_max were open
    engine::counter connections;          // gauge
    engine::counter rows;                 // handed to the ingest
    engine::counter refused_lines;        // answered with an error
    engine::counter back_pressured;       // turns in which a client's row had to wait
    engine::counter readers;              // gauge: clients that read the table
    engine::counter rows_read;            // handed to them
};

}  // namespace millrace::gateway
