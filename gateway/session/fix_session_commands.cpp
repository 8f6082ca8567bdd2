// What an operator does with a session, on its own thread, between two turns.
#include <cstdarg>
#include <cstdio>

#include "engine/core/clock.hpp"
#include "gateway/session/fix_session.hpp"

namespace millrace::gateway {

namespace {

[[gnu::format(printf, 3, 4)]] void answer(session_outcome& outcome, bool is_done,
                                          const char* format, ...) noexcept {
    std::va_list values;
    va_start(values, format);
    std::vsnprintf(outcome.text.data(), outcome.text.size(), format, values);
    va_end(values);
    outcome.is_done = is_done;
}

// A gateway that ends does no more of its own accord; what stops messages it still does.
bool is_for_the_living(session_verb verb) noexcept {
    return verb != session_verb::look && verb != session_verb::kill &&
           verb != session_verb::release;
}

}  // namespace

void fix_session::set_switches(bool is_enabled, bool is_killed) noexcept {
    is_enabled_ = is_enabled;
    is_killed_ = is_killed;
    publish_state();
}

session_view fix_session::view() const noexcept {
    session_view made;
    std::snprintf(made.state.data(), made.state.size(), "%s", state_text());
    made.is_connected = link_.is_open();
    made.is_logged_on = is_logged_on_;
    made.is_enabled = is_enabled_;
    made.is_logged_out = is_logged_out_;
    made.is_killed = is_killed_;
    made.has_waiting_resend = is_killed_ && resend_.is_running();
    made.next_sender = ledger_.next_sender();
    made.next_target = ledger_.next_target();
    made.generation = ledger_.generation();
    if (link_.is_open()) {
        made.peer = link_.peer();
        made.connected_ns = connected_utc_ns_;
        made.logged_on_ns = is_logged_on_ ? logged_on_utc_ns_ : 0;
    }
    if (connector_ != nullptr) {
        made.endpoint = connector_->endpoint_index();
        made.endpoint_count = connector_->endpoint_count();
    }
    made.logon = logon_.time_ns != 0 ? logon_ : logon_numbers{};
    made.messages_in = counters.messages_in.value();
    made.fast_in = counters.fast_in.value();
    made.messages_out = counters.messages_out.value();
    made.fast_out = counters.fast_out.value();
    made.pending_bytes = link_.pending_bytes();
    made.gated_bytes = gate_.held_bytes();
    made.held_frames = ledger_.held_count();
    return made;
}

void fix_session::execute(const session_command& command, std::int64_t now_ns,
                          session_outcome& outcome) noexcept {
    now_ns_ = now_ns;
    outcome = {};
    outcome.before = view();
    if (is_stopping_ && is_for_the_living(command.verb)) {
        answer(outcome, false, "the gateway is stopping");
    } else {
        carry_out(command, now_ns, outcome);
        publish_state();
    }
    outcome.after = view();
}

void fix_session::carry_out(const session_command& command, std::int64_t now_ns,
                            session_outcome& outcome) noexcept {
    switch (command.verb) {
        case session_verb::look:
            outcome.is_done = true;
            break;
        case session_verb::enable:
            is_enabled_ = true;
            log_on(now_ns, outcome);
            break;
        case session_verb::logon:
            log_on(now_ns, outcome);
            break;
        case session_verb::logout:
        case session_verb::disable:
            log_out(command, now_ns, outcome);
            break;
        case session_verb::reset:
        case session_verb::set_sequence:
            change_numbers(command, outcome);
            break;
        case session_verb::test_request:
        case session_verb::resend:
            ask_peer(command, now_ns, outcome);
            break;
        case session_verb::switch_endpoint:
            switch_endpoint(now_ns, outcome);
            break;
        case session_verb::kill:
            kill(now_ns, outcome);
            break;
        case session_verb::release:
            release(outcome);
            break;
        case session_verb::import_store:
            answer(outcome, false, "a store is imported while no engine runs the session: stop it");
            break;
    }
}

// At once, and not when the next attempt would be due.
void fix_session::bring_up(std::int64_t now_ns) noexcept {
    if (connector_ != nullptr && !link_.is_open() && is_logon_time_) {
        connector_->stop();
        connector_->start(now_ns);
    }
}

void fix_session::take_down(const char* text, std::int64_t now_ns) noexcept {
    if (!link_.is_open()) {
        if (connector_ != nullptr) {
            connector_->stop();
        }
    } else if (!is_logged_on_) {
        end_link(close_reason::local, now_ns);
    } else if (!is_leaving_) {
        resend_.stop();  // the peer asks again
        begin_logout(text, now_ns);
    }
}

void fix_session::log_on(std::int64_t now_ns, session_outcome& outcome) noexcept {
    if (!is_enabled_) {
        answer(outcome, false, "the session is disabled: enable it");
        return;
    }
    is_logged_out_ = false;
    is_held_ = false;
    if (link_.is_open()) {
        answer(outcome, true, "%s",
               is_leaving_     ? "logs on again when its Logout is answered"
               : is_logged_on_ ? "is logged on"
                               : "is connected, and about to log on");
        return;
    }
    bring_up(now_ns);
    answer(outcome, true, "%s",
           !is_logon_time_         ? "waits for its logon time"
           : connector_ == nullptr ? "waits for the peer's Logon"
                                   : "connects");
}

void fix_session::log_out(const session_command& command, std::int64_t now_ns,
                          session_outcome& outcome) noexcept {
    const bool disables = command.verb == session_verb::disable;
    if (disables) {
        is_enabled_ = false;
    } else {
        is_logged_out_ = true;
    }
    const char* const until = disables ? "it is enabled" : "its logon, or a restart";
    const char* const text = command.text.front() != '\0' ? command.text.data()
                             : disables                   ? "the session is disabled"
                                                          : "logged out by an operator";
    const bool was_logged_on = is_logged_on_;
    take_down(text, now_ns);
    answer(outcome, true, "%s; stays down until %s",
           was_logged_on ? "a Logout goes out" : "is not logged on", until);
}

// Where no connection is: what either side has under way under the old numbers would contradict the
// new ones.
void fix_session::change_numbers(const session_command& command,
                                 session_outcome& outcome) noexcept {
    if (link_.is_open()) {
        answer(outcome, false, "the session has a connection: log it out first");
        return;
    }
    const bool resets = command.verb == session_verb::reset;
    const bool is_done =
        resets ? ledger_.reset() : ledger_.set_numbers(command.next_sender, command.next_target);
    if (!is_done) {
        answer(outcome, false, "%s takes no record (no space?)",
               resets || command.next_target.is_none() ? "FIX_OUT" : "FIX_OUT or FIX_IN");
        return;
    }
    is_held_ = false;
    answer(outcome, true, "next numbers are %u, and %u expected, of generation %u",
           ledger_.next_sender().value, ledger_.next_target().value, ledger_.generation());
}

void fix_session::ask_peer(const session_command& command, std::int64_t now_ns,
                           session_outcome& outcome) noexcept {
    if (!is_logged_on_ || is_leaving_) {
        answer(outcome, false, "the session is not logged on");
        return;
    }
    call_status asked = call_status::ok;
    if (command.verb == session_verb::test_request) {
        char id[32];
        std::snprintf(id, sizeof id, "ADMIN-%u-%u", ledger_.generation(),
                      ledger_.next_sender().value);
        answer(outcome, true, "a TestRequest goes out, 112=%s", id);
        asked = port_->send_test_request(id);
    } else if (command.begin > ledger_.next_target() ||
               (command.begin == ledger_.next_target() && ledger_.held_count() == 0)) {
        answer(outcome, false,
               "nothing from %u on has been sent as far as is known: %u is expected",
               command.begin.value, ledger_.next_target().value);
    } else {
        answer(outcome, true, "a ResendRequest goes out for %u to %u%s", command.begin.value,
               command.end.value, command.end.is_none() ? ", which means all" : "");
        asked = port_->send_resend_request(command.begin, command.end);
    }
    if (asked != call_status::ok) {
        answer(outcome, false, "%s", port_->last_text());
    }
    if (wants_disconnect_) {
        end_link(close_reason::local, now_ns);
    }
}

void fix_session::switch_endpoint(std::int64_t now_ns, session_outcome& outcome) noexcept {
    if (connector_ == nullptr) {
        answer(outcome, false, "an acceptor connects to nobody");
        return;
    }
    if (connector_->endpoint_count() == 1) {
        answer(outcome, false,
               "the session has one endpoint: SocketConnectHost1 and SocketConnectPort1 of its "
               "settings would be another");
        return;
    }
    connector_->prefer_next();
    if (link_.is_open()) {
        is_switching_ = true;
        take_down("going on elsewhere", now_ns);
        answer(outcome, true, "%s, then connects to the next endpoint",
               link_.is_open() ? "a Logout goes out" : "is closed");
        return;
    }
    if (!is_down()) {
        bring_up(now_ns);
    }
    answer(outcome, true, "%s with the next endpoint",
           is_down() || !is_logon_time_ ? "begins" : "goes on");
}

// What the socket has not taken yet holds application messages, or stands behind some, and half a
// frame must not be followed by another: such a connection ends, with its tail.
void fix_session::kill(std::int64_t now_ns, session_outcome& outcome) noexcept {
    is_killed_ = true;
    const bool is_cut = link_.is_open() && (link_.pending_bytes() > 0 || !gate_.is_empty());
    if (is_cut) {
        link_.close(close_reason::local);
        end_link(close_reason::local, now_ns);
    }
    answer(outcome, true, "no application message leaves; %s",
           is_cut          ? "the connection was cut, for bytes waited in it that had not left"
           : is_logged_on_ ? "the session stays logged on"
                           : "the session is not logged on");
}

void fix_session::release(session_outcome& outcome) noexcept {
    const bool was_killed = is_killed_;
    is_killed_ = false;
    answer(outcome, true, "%s",
           was_killed ? "application messages leave again" : "the session was not killed");
}

}  // namespace millrace::gateway
