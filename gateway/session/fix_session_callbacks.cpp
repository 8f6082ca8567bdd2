// What QuickFIX tells a session, and where it sends bytes.
#include <charconv>
#include <cstdio>
#include <string_view>
#include <utility>

#include "engine/core/clock.hpp"
#include "gateway/session/fix_session.hpp"
#include "gateway/session/frame_text.hpp"

namespace millrace::gateway {

namespace {

// The frame is the library's: its header says 34 before the body could.
bool has_number(std::string_view frame, msg_seq_num number) noexcept {
    constexpr std::uint32_t msg_seq_num_tag = 34;
    char digits[16];
    const auto end = std::to_chars(digits, digits + sizeof digits, number.value).ptr;
    return find_field(frame, msg_seq_num_tag) ==
           std::string_view(digits, static_cast<std::size_t>(end - digits));
}

}  // namespace

void fix_session::on_logon() noexcept {
    is_logged_on_ = true;
    was_logged_on_ = true;
    logged_on_ns_ = now_ns_;
    for (outbound_route& route : routes_) {
        route.is_unsent_said = false;
    }
    logged_on_utc_ns_ = engine::utc_now().ns;
    logon_.time_ns = logged_on_utc_ns_;
    logon_.ours = ledger_.last_logon();
    char text[160];
    std::snprintf(text, sizeof text,
                  "logged on: our Logon has number %u, the peer's has %u, and %u was expected%s",
                  logon_.ours.value, logon_.theirs.value, logon_.expected.value,
                  logon_.theirs > logon_.expected ? "; what is between is asked for" : "");
    events_->say(event_level::info, name(), text);
    publish_state();
}

void fix_session::on_logout() noexcept {
    is_logged_on_ = false;
    events_->say(event_level::info, name(), "logged out");
}

std::uint32_t fix_session::on_admin_in(const session_message& message) noexcept {
    if (wrong_tag_ != 0) {
        return std::exchange(wrong_tag_, 0);
    }
    if (message.msg_type_size == 1 && message.msg_type[0] == 'A') {
        logon_.theirs = message.number;
        logon_.expected = ledger_.next_target();
    }
    ledger_.note_incoming(message.number, false);
    return 0;
}

void fix_session::on_app_in(const session_message& message) noexcept {
    ledger_.note_incoming(message.number, true);
}

void fix_session::on_admin_out(const session_message&) noexcept {}

app_out_decision fix_session::on_app_out(const session_message& message) noexcept {
    if (is_killed_) {
        if (message.poss_dup) {
            // Nor may its number be filled: the peer would never ask for it again.
            is_resend_broken_ = true;
            wants_disconnect_ = true;
        }
        return app_out_decision::withhold;
    }
    if (!message.poss_dup) {
        return app_out_decision::send;
    }
    const std::string_view reason = reason_to_fill(message);
    if (!reason.empty()) {
        return fill(message, reason);
    }
    resending_ = message.number;
    counters.resent.add(1);
    return app_out_decision::send;
}

void fix_session::on_event(const char* text, std::size_t size) noexcept {
    // One line a message or a slice would push out the lines that matter; the counter `resent` has
    // them.
    const std::string_view line(text, size);
    if (line.starts_with("Resending Message") ||
        (is_slicing_ && line.starts_with("Received ResendRequest"))) {
        return;
    }
    events_->say(event_level::info, name(), {text, size});
}

bool fix_session::send(const char* frame, std::size_t size) noexcept {
    send_batched();  // what was numbered before
    // Before the message may come a gap fill, which has a number of its own.
    if (!resending_.is_none() && has_number({frame, size}, resending_)) [[unlikely]] {
        const msg_seq_num number = std::exchange(resending_, {});
        is_resend_broken_ = is_resend_broken_ || !ledger_.keep_resent(number, {frame, size});
    }
    if (is_resend_broken_) [[unlikely]] {
        // Behind a message that is neither sent nor said to be missing nothing may follow.
        resend_not_kept();
        return false;
    }
    if (!gate_.is_empty() || !ledger_.may_send()) [[unlikely]] {
        if (!gate_.hold({frame, size}, ledger_.send_after())) {
            events_->say(
                event_level::error, name(),
                "FIX_OUT or FIX_IN has not become durable for so long that no more frames can wait "
                "for it; disconnecting");
            wants_disconnect_ = true;
            return false;
        }
        request_sync(now_ns_);
        return true;
    }
    const send_state state = link_.send(frame, size, now_ns_);
    if (state == send_state::closed) {
        wants_disconnect_ = true;
    }
    return state != send_state::closed;
}

void fix_session::disconnect() noexcept {
    wants_disconnect_ = true;
}

}  // namespace millrace::gateway
