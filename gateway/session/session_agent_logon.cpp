// Who a connection of an acceptor belongs to, and whether its user may have the session.
#include <algorithm>
#include <cstdio>
#include <exception>

#include "engine/core/clock.hpp"
#include "gateway/session/frame_text.hpp"
#include "gateway/session/session_agent.hpp"

namespace millrace::gateway {

namespace {

// A flood of connections must not push out the lines that matter.
constexpr std::int64_t refused_line_interval_ns = 1'000'000'000;
constexpr unsigned failure_lines_max = 16;  // in such an interval

constexpr std::string_view second_connection = "refused a second connection of a session";

}  // namespace

bool session_agent::may_come(const fix_session& session, const connection& link) const noexcept {
    for (std::size_t i = 0; i < sessions_.size(); ++i) {
        if (sessions_[i].get() == &session) {
            return allowed_[i].is_empty() || allowed_[i].is_in(link.peer());
        }
    }
    return false;
}

// Says whose certificate it is, as far as there is one.
bool session_agent::is_named(const fix_session& session, const connection& link) noexcept {
    const tls_channel* const tls = link.tls();
    if (tls == nullptr) {
        return true;
    }
    const std::vector<std::string>& names = session.spec().tls.peer_names;
    const bool is_one = names.empty() || tls->is_peer_named(names);
    events_.say(is_one ? event_level::info : event_level::warning, session.name(), tls->describe());
    return is_one;
}

void session_agent::warn_of_certificate(const tls_context& tls) noexcept {
    const std::string warning = tls.certificate_warning(engine::utc_now().ns);
    if (!warning.empty()) {
        events_.say(event_level::warning, options_.name, warning);
    }
}

void session_agent::renew_tls() noexcept {
    for (const acceptor_port& port : listeners_) {
        if (port.tls != nullptr && port.tls->renew()) {
            port.listening->set_tls(port.tls->current());
            events_.say(event_level::info, options_.name, "TLS: its files were read again");
            warn_of_certificate(port.tls->current());
        }
    }
}

void session_agent::say_failure(std::string_view failure, std::int64_t now_ns) noexcept {
    if (now_ns - failures_counted_from_ns_ >= refused_line_interval_ns) {
        failures_counted_from_ns_ = now_ns;
        failures_said_ = 0;
    }
    if (++failures_said_ <= failure_lines_max) {
        events_.say(event_level::warning, options_.name, failure);
    }
}

void session_agent::say_refused_addresses(std::int64_t now_ns) noexcept {
    if (now_ns < next_refused_line_ns_) {
        return;
    }
    for (acceptor_port& port : listeners_) {
        const std::uint64_t refused = port.listening->counters().refused_address;
        if (refused == port.refused_said) {
            continue;
        }
        next_refused_line_ns_ = now_ns + refused_line_interval_ns;
        char line[192];
        try {
            std::snprintf(line, sizeof line,
                          "refused %llu connections from addresses that no session allows, the "
                          "last from %s",
                          static_cast<unsigned long long>(refused - port.refused_said),
                          to_string(port.listening->refused_address()).c_str());
            events_.say(event_level::warning, options_.name, line);
        } catch (const std::exception&) {
            return;  // no memory for an address: the next look says it
        }
        port.refused_said = refused;
    }
}

void session_agent::open_door(const settings_file& settings) {
    logon_check_ = std::make_unique<logon_check>(options_.users, acceptors_of(settings));
    door_ = std::make_unique<logon_door>(*logon_check_, options_.session.connection);
    if (!logon_check_->is_enabled()) {
        events_.say(event_level::warning, options_.name,
                    options_.users.native() +
                        ": authentication is off; whoever knows the CompIDs "
                        "of a session can log on to it");
        return;
    }
    for (const std::string& session : logon_check_->sessions_without_users()) {
        events_.say(event_level::warning, session,
                    "nobody can log on: " + options_.users.native() + " has no user for it");
    }
}

// Why the connection is refused. Empty: the session has it, or will have it when its user is known,
// or that was said already.
std::string_view session_agent::let_on(connection& link, const screened_frame& logon,
                                       fix_session* session, std::int64_t now_ns) noexcept {
    // Before anybody works for it, where its user is to be checked.
    const acceptance answer = door_ == nullptr
                                  ? session->accept(link, {logon.data(), logon.size()}, now_ns)
                                  : session->can_accept(now_ns);
    if (answer == acceptance::not_free) {
        return second_connection;
    }
    if (answer != acceptance::taken) {  // which the session has said
        link.close(close_reason::refused);
        ++refused_first_frames_;
        return {};
    }
    if (door_ == nullptr) {
        return {};
    }
    std::size_t index = 0;  // among the acceptors, as the check counts
    for (const auto& known : sessions_) {
        if (known.get() == session) {
            break;
        }
        index += known->spec().role == session_role::acceptor ? 1 : 0;
    }
    const std::string_view refused = door_->hold(link, logon, *session, index, now_ns);
    if (!refused.empty()) {
        counters.refused_logons.add(1);
        say_logon(event_level::warning, *session, text_of(logon, logon.facts().user_name), link,
                  refused);
        link.close(close_reason::refused);
        ++refused_first_frames_;
    }
    return {};
}

int session_agent::poll_door(std::int64_t now_ns) noexcept {
    return door_->poll(
        now_ns,
        [&](logon_door::caller& caller, const logon_answer& answer) {
            answered(caller, answer, now_ns);
        },
        [&](logon_door::caller& caller) {
            ++refused_first_frames_;
            say_logon(event_level::warning, *caller.session, caller.user, caller.link,
                      "was not checked in time");
        });
}

void session_agent::answered(logon_door::caller& caller, const logon_answer& answer,
                             std::int64_t now_ns) noexcept {
    if (!answer.note.empty()) {
        events_.say(answer.note_level, options_.name, answer.note);
    }
    const bool is_let_on =
        answer.verdict == logon_verdict::accepted || answer.verdict == logon_verdict::not_checked;
    say_logon(answer.verdict == logon_verdict::accepted ? event_level::info : event_level::warning,
              *caller.session, caller.user, caller.link, to_text(answer.verdict));
    if (!is_let_on) {
        counters.refused_logons.add(1);
        ++refused_first_frames_;
        return;
    }
    const acceptance taken = caller.session->accept(caller.link, caller.logon, now_ns);
    if (taken == acceptance::not_free) {
        events_.say(event_level::warning, options_.name, second_connection);
    }
    if (taken != acceptance::taken) {
        ++refused_first_frames_;
    }
}

void session_agent::say_logon(event_level level, const fix_session& session, std::string_view user,
                              const connection& link, std::string_view text) noexcept {
    char line[256];
    try {
        std::snprintf(line, sizeof line, "user '%.*s' from %s: %.*s",
                      static_cast<int>(std::min<std::size_t>(user.size(), 64)), user.data(),
                      to_string(link.peer()).c_str(), static_cast<int>(text.size()), text.data());
    } catch (const std::exception&) {
        std::snprintf(line, sizeof line, "a user: %.*s", static_cast<int>(text.size()),
                      text.data());
    }
    events_.say(level, session.name(), line);
}

}  // namespace millrace::gateway
