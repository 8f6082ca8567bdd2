// A TCP connection of a script's player: whole frames come out of it, and what goes in leaves in
// pieces of any size.
//
// Threading  one thread
// Progress   no call waits, but for a connect to a host that does not answer
// Errors     the listener's constructor and try_connect's address throw the millrace::engine::error
//            family; an end of the connection is a state
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

#include "engine/core/file.hpp"
#include "tools/venue/script_frame.hpp"

namespace millrace::tools {

// What a player that listens listens on.
class script_entrance {
public:
    script_entrance(const std::string& host, std::uint16_t port);
    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] engine::unique_fd accept();  // closed: nobody has come

private:
    engine::unique_fd socket_;
    std::uint16_t port_ = 0;
};

// Closed: nobody listens there (yet). Throws if there is no such address.
[[nodiscard]] engine::unique_fd try_connect(const std::string& host, std::uint16_t port);

class script_link {
public:
    void open(engine::unique_fd socket);
    void close();

    void send(const std::string& bytes) { pending_ += bytes; }
    // Once: writes at most so many bytes of what waits, and reads what has come.
    void exchange(std::size_t bytes_max);

    [[nodiscard]] bool is_open() const { return socket_.is_open(); }
    [[nodiscard]] bool has_pending() const { return !pending_.empty(); }
    // The peer has closed it. What came before may still wait in `frames`.
    [[nodiscard]] bool has_ended() const { return has_ended_; }

    std::deque<taken_frame> frames;  // that came and were not taken yet
    std::uint64_t next = 1;          // the number of what is sent next
    std::uint64_t expected = 1;      // of what comes next

private:
    void write_some(std::size_t bytes_max);
    void read_some();

    engine::unique_fd socket_;
    std::string pending_;
    std::string received_;
    bool has_ended_ = false;
};

}  // namespace millrace::tools
