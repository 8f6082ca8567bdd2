// Where connections wait whose Logon names a user, until that is checked.
//
// Threading  the session thread
// Progress   never waits; as many connections as logon_check has places
// Invariant  the session, and QuickFIX behind it, sees no byte of a connection that waits here
// Units      now_ns: monotonic
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/session/fix_session.hpp"
#include "gateway/session/logon_check.hpp"

namespace millrace::gateway {

class logon_door {
public:
    struct caller {
        explicit caller(const connection_options& options) : link(options) {}

        connection link;
        std::string_view logon;  // in the link's buffer
        fix_session* session = nullptr;
        std::string user;  // as people may see it
        std::size_t place = 0;
        std::int64_t deadline_ns = 0;
        bool is_waiting = false;
    };

    // REQUIRES: check outlives this.
    logon_door(logon_check& check, const connection_options& options);

    // Takes the link and holds it. Empty if so, else why it is refused. `index` of the session as
    // the check counts them.
    [[nodiscard]] std::string_view hold(connection& link, const screened_frame& logon,
                                        fix_session& session, std::size_t index,
                                        std::int64_t now_ns) noexcept;
    // Calls answered(caller, answer) for each that is answered, or late(caller), and closes what
    // that leaves open.
    template <class Answered, class Late>
    int poll(std::int64_t now_ns, Answered answered, Late late) noexcept;
    void close() noexcept;
    [[nodiscard]] std::size_t waiting_count() const noexcept;

private:
    void end(caller& one) noexcept {
        one.link.close(close_reason::refused);
        one.is_waiting = false;
    }

    logon_check* check_;
    std::array<std::unique_ptr<caller>, logon_check::places_max> callers_;
    logon_answer answer_;
};

template <class Answered, class Late>
int logon_door::poll(std::int64_t now_ns, Answered answered, Late late) noexcept {
    int work = 0;
    for (const auto& one : callers_) {
        if (!one->is_waiting) {
            continue;
        }
        if (check_->take(one->place, answer_)) {
            answered(*one, answer_);
        } else if (now_ns >= one->deadline_ns) {
            check_->abandon(one->place);
            late(*one);
        } else {
            continue;
        }
        end(*one);
        ++work;
    }
    return work;
}

}  // namespace millrace::gateway
