// How the admin socket serves its clients, and what it counts.
//
// Units  sizes in bytes, times in nanoseconds
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/counters/counter.hpp"
#include "gateway/intake/local_socket.hpp"

namespace millrace::gateway {

struct admin_options {
    std::string name = "admin";  // of the agent
    std::filesystem::path path;  // of the socket
    unsigned mode = 0600;        // of its file
    std::optional<gid_t> group;  // owns the file, and its members may come
    std::vector<uid_t> users;    // may come, beside root and whoever runs this
    std::size_t connections_max = 16;
    std::size_t request_bytes_max = 4096;
    std::int64_t request_timeout_ns = 10'000'000'000;  // for a whole request, or the next
    std::int64_t take_timeout_ns = 5'000'000'000;      // for a session thread to take a command
    std::int64_t close_timeout_ns = 2'000'000'000;     // for what is under way when this ends
    peer_credentials (*credentials)(int fd) = &credentials_of;
};

// Writer: the admin thread.
struct admin_counters {
    engine::counter requests;             // that could be read
    engine::counter refused_users;        // connections of who may not come
    engine::counter refused_connections;  // connections_max were open
    engine::counter connections;          // gauge
    engine::counter kill_latency;         // maximum: from the request to the last session, ns
};

}  // namespace millrace::gateway
