// The admin socket: operators' requests as lines of JSON, one answer line for each.
//
// Threading  an agent of a runner of its own, since its turn may wait for the sockets and for the
//            disk; it alone has commands for the gateways' sessions
// Progress   a turn waits at most wait_ms, and not while a request is carried out; no client's
//            silence holds up another
// Invariant  nobody is read from who is not root, whoever runs this, or allowed by the options
// Invariant  whoever asks for nothing keeps nobody out: where all places are taken, the one that
//            has been silent longest is given up
// Invariant  what was begun is carried out and audited, whether its client waits or not
// Errors     the constructor throws config_error or io_error naming the path; afterwards answers,
//            counters and lines
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/file.hpp"
#include "gateway/admin/admin_job.hpp"
#include "gateway/admin/admin_options.hpp"
#include "gateway/session/event_ring.hpp"

struct pollfd;

namespace millrace::gateway {

class admin_listener {
public:
    // From here on operators may connect; they are served once the agent runs. REQUIRES: gateways
    // and audit log outlive this, and run as long.
    admin_listener(std::vector<session_agent*> gateways, audit_log& audit, admin_options options);
    admin_listener(const admin_listener&) = delete;
    admin_listener& operator=(const admin_listener&) = delete;
    ~admin_listener();

    [[nodiscard]] const char* name() const noexcept { return options_.name.c_str(); }
    void on_start() { events_.hand_over(); }
    int do_work() noexcept;
    // Ends what is under way, answers it, and removes the socket's file.
    void on_close() noexcept;

    [[nodiscard]] const admin_options& options() const noexcept { return options_; }
    [[nodiscard]] event_ring& events() noexcept { return events_; }

    admin_counters counters;

private:
    static constexpr int wait_ms = 100;
    static constexpr int job_wait_ms = 1;

    struct client {
        engine::unique_fd socket;
        admin_job::operator_name who;
        std::string in;
        std::string out;
        std::size_t sent = 0;  // of out
        std::unique_ptr<admin_job> job;
        std::int64_t deadline_ns = 0;
        bool reads = true;
    };

    [[nodiscard]] int serve();
    [[nodiscard]] int accept_new();
    void admit(engine::unique_fd socket);
    [[nodiscard]] bool make_place();
    [[nodiscard]] bool may_come(const peer_credentials& peer) const noexcept;
    [[nodiscard]] int turn(client& one, bool is_readable);
    void receive(client& one);
    void take_request(client& one);
    void finish(client& one);
    void misuse(client& one, const std::string& reason);
    void send(client& one);
    void say(event_level level, std::string_view text) noexcept {
        events_.say(level, options_.name, text);
    }

    std::vector<session_agent*> gateways_;
    audit_log* audit_;
    admin_options options_;
    event_ring events_;
    engine::unique_fd socket_;
    std::vector<std::unique_ptr<client>> clients_;
    std::vector<pollfd> polled_;
};

}  // namespace millrace::gateway
