// Serves one table on a local socket: processes in any language append its rows as lines of JSON,
// or read them.
//
// Threading  an agent of a runner of its own, since its turn may wait for the sockets
// Progress   a turn waits at most wait_ms, and not while a row is under way or there are rows for a
//            client that takes them; no client's silence or slowness holds up another, and none
//            reaches the thread that writes the log
// Errors     the constructor throws config_error or io_error naming the path; afterwards counters
#pragma once

#include <memory>
#include <vector>

#include "engine/core/file.hpp"
#include "engine/ingest/ingest.hpp"
#include "gateway/intake/intake_connection.hpp"
#include "gateway/intake/intake_options.hpp"

struct pollfd;

namespace millrace::gateway {

class intake_listener {
public:
    // From here on clients may connect; they are served once the agent runs. REQUIRES: the ingest
    // outlives this, has connections_max producers to give, and is closed after this.
    intake_listener(engine::ingest& ingest, intake_options options);
    intake_listener(const intake_listener&) = delete;
    intake_listener& operator=(const intake_listener&) = delete;
    ~intake_listener();

    [[nodiscard]] const char* name() const noexcept { return options_.name.c_str(); }
    void on_start() {}
    int do_work() noexcept;
    // Takes no more lines, answers those it has, and removes the socket's file.
    void on_close() noexcept;

    [[nodiscard]] const intake_options& options() const noexcept { return options_; }

    intake_counters counters;

private:
    static constexpr int wait_ms = 10;
    // Nobody tells of a new row. While some come, who reads them live waits no longer than this.
    static constexpr int look_ms = 1;
    static constexpr std::int64_t quiet_after_ns = 500'000'000;

    [[nodiscard]] int serve(int timeout_ms);
    [[nodiscard]] int timeout_ms() const noexcept;
    void count_readers() noexcept;
    [[nodiscard]] int accept_new() noexcept;
    void admit(engine::unique_fd socket);
    void remove_closed() noexcept;

    engine::ingest* ingest_;
    intake_options options_;
    engine::unique_fd socket_;
    std::vector<std::unique_ptr<intake_connection>> connections_;
    std::vector<pollfd> polled_;
    std::size_t readers_ = 0;       // as of the last turn
    std::uint64_t rows_read_ = 0;   // when they were looked at last
    std::int64_t last_row_ns_ = 0;  // when there was one
    std::size_t first_ = 0;         // where the round starts, so that no client is preferred
};

}  // namespace millrace::gateway
