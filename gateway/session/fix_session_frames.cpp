// Frames on their way from the wire to QuickFIX, and the numbers two sides may disagree about.
#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

#include "engine/core/clock.hpp"
#include "gateway/session/fix_session.hpp"
#include "gateway/session/session_setup.hpp"

namespace millrace::gateway {

namespace {

constexpr std::int64_t ns_per_s = 1'000'000'000;

}  // namespace

int fix_session::poll_frames(std::int64_t now_ns) noexcept {
    int frames = 0;
    std::string_view frame = std::exchange(waiting_frame_, {});
    // More bytes would end the life of a frame that waits.
    const receive_state state = frame.empty() ? link_.receive() : receive_state::idle;
    // bounded by the receive buffer
    while (link_.is_open() && (!frame.empty() || link_.next_frame(frame))) {
        if (!may_take(frame, now_ns)) [[unlikely]] {
            waiting_frame_ = frame;
            break;
        }
        handle_frame(frame, now_ns);
        frame = {};
        ++frames;
    }
    if (state == receive_state::closed || (!link_.is_open() && port_->is_connected())) {
        end_link(link_.reason(), now_ns);
    }
    return frames;
}

// What FIX_IN cannot keep is not taken off the wire: behind it the peer is slowed down, nothing is
// lost, and the session stays. Only a log that stays so is treated like a full one.
bool fix_session::may_take(std::string_view frame, std::int64_t now_ns) noexcept {
    if (ledger_.has_room_for(frame.size())) [[likely]] {
        waiting_since_ns_ = 0;
        return true;
    }
    if (waiting_since_ns_ == 0) {
        waiting_since_ns_ = now_ns;
    }
    return now_ns - waiting_since_ns_ >= options_.receive_wait_max_ns;
}

void fix_session::handle_frame(std::string_view bytes, std::int64_t now_ns) noexcept {
    const std::int64_t utc_ns = engine::utc_now().ns;
    const screened_frame frame =
        screen_frame(bytes.data(), bytes.size(), port_->data_fields(), port_->screening());
    counters.messages_in.add(1);
    if (!frame.is_passed()) {
        counters.garbled.add(1);
        ledger_.keep_garbled(frame, utc_ns);
        events_->say(event_level::warning, name(), to_text(frame.reason()));
        if (!is_logged_on_) {
            end_link(close_reason::refused, now_ns);
        }
        return;
    }
    settlement_.heard(now_ns);
    if (are_peer_numbers_too_low(frame)) {
        numbers_disagree(
            "the peer's Logon has a lower number than FIX_IN expects: it has lost numbers, or was "
            "reset");
        end_link(close_reason::refused, now_ns);
        return;
    }
    if (is_logged_on_ && utc_ns / ns_per_s != ticked_second_) {
        // The library looks at its timers before the first message of each second.
        tick(now_ns, utc_ns);
        if (!link_.is_open()) {
            return;
        }
    }
    if (lane_ != nullptr && is_logged_on_ && take_fast(frame, now_ns, utc_ns)) [[likely]] {
        return;
    }
    show_frame(frame, utc_ns, utc_ns);
    // What had come too early, now that what was before it is here.
    while (!wants_disconnect_ && port_->is_connected()) {
        const held_frame* const held = ledger_.take_held();
        if (held == nullptr) {
            break;
        }
        if (!held->screened.is_msg_type('A')) {
            show_frame(held->screened, held->received_ns, utc_ns);
        } else if (!ledger_.use_number_of(*held)) {
            frame_not_kept();
        }
    }
    if (!chunk_end_.is_none()) [[unlikely]] {
        ask_for_next_chunk();
    }
    if (wants_disconnect_ || !port_->is_connected()) {
        end_link(close_reason::local, now_ns);
    }
    counters.next_target.set(ledger_.next_target().value);
    counters.next_sender.set(ledger_.next_sender().value);
}

// False: QuickFIX's. Else it is done with, whatever came of it.
bool fix_session::take_fast(const screened_frame& frame, std::int64_t now_ns,
                            std::int64_t utc_ns) noexcept {
    if (ledger_.held_count() != 0 || !port_->is_ordinary() || port_->is_resend_awaited() ||
        !lane_->may_take(frame, ledger_.next_target(), utc_ns)) {
        return false;
    }
    ledger_.begin_frame(frame, utc_ns);
    ledger_.note_incoming(frame.facts().number, true);
    const bool is_taken = ledger_.incr_next_target();
    if (!ledger_.end_frame() || !is_taken) {
        frame_not_kept();
        end_link(close_reason::local, now_ns);
        return true;
    }
    port_->note_received(utc_ns);
    counters.fast_in.add(1);
    counters.next_target.set(ledger_.next_target().value);
    return true;
}

// Lets QuickFIX look at a frame between the two halves of its record in the ledger.
void fix_session::show_frame(const screened_frame& frame, std::int64_t received_ns,
                             std::int64_t utc_ns) noexcept {
    ledger_.begin_frame(frame, received_ns);
    const receive_result result = pass_on(frame, utc_ns);
    const bool is_kept = ledger_.end_frame();
    if (result.status == receive_status::garbled) {
        counters.garbled.add(1);
        ledger_.keep_garbled(frame, utc_ns);
    }
    judge(result);
    if (!is_kept) {
        frame_not_kept();
    }
}

void fix_session::judge(const receive_result& result) noexcept {
    switch (result.status) {
        case receive_status::ok:
        case receive_status::garbled:
            break;
        case receive_status::logon_refused:
            counters.refused_before_logon.add(1);
            wants_disconnect_ = true;
            if (std::string_view(port_->last_text()).find("too low") != std::string_view::npos) {
                numbers_disagree(
                    "the peer says our numbers are too low: it has seen higher ones than FIX_OUT "
                    "holds");
            }
            break;
        case receive_status::not_logged_on:
            counters.refused_before_logon.add(1);
            wants_disconnect_ = true;
            break;
        case receive_status::failed:
            wants_disconnect_ = true;
            break;
    }
    if (result.status != receive_status::ok) {
        events_->say(event_level::warning, name(), port_->last_text());
    }
    wants_disconnect_ = wants_disconnect_ || result.disconnected;
}

void fix_session::frame_not_kept() noexcept {
    events_->say(event_level::error, name(),
                 "a frame could not be kept (log full, or too many frames before their turn); "
                 "disconnecting, the peer will send it again");
    wants_disconnect_ = true;
}

// Each further Logon would use numbers, until the peer takes one and never asks for what it had not
// got.
void fix_session::numbers_disagree(std::string_view reason) noexcept {
    if (connector_ == nullptr) {
        return;  // an acceptor waits for the peer anyway
    }
    if (settlement_.is_running()) {
        settlement_.give_up();  // the reset that follows makes them agree
        say_given_up(reason);
        return;
    }
    is_held_ = true;
    events_->say(event_level::error, name(), reason);
    events_->say(
        event_level::error, name(),
        "the session stays down until an operator has compared both sides; `millrace session "
        "logon` lets it try again");
}

// An answer to our Logon that neither resets nor repeats: the library would answer it with a Logon
// and a Logout, each numbered. Before our Logon went out, numbers may still be about to be reset.
bool fix_session::are_peer_numbers_too_low(const screened_frame& frame) const noexcept {
    const frame_facts& facts = frame.facts();
    return connector_ != nullptr && !is_logged_on_ && frame.is_msg_type('A') && facts.has_number &&
           !facts.reset_seq_num && !facts.poss_dup && facts.number < ledger_.next_target() &&
           port_->state().sent_logon;
}

// An initiator's Logon goes out next: with a reset, or first without one.
void fix_session::prepare_logon(std::int64_t now_ns) noexcept {
    const bool settles = settlement_.begin(ledger_.has_unproven(), now_ns);
    port_->set_reset_on_logon(detail::resets_at_logon(spec_) && !settles);
    if (settles) {
        char text[192];
        std::snprintf(text, sizeof text,
                      "logging on with the old numbers before the reset: nothing proves yet that "
                      "the peer has our messages from %u on",
                      ledger_.proven_below().value);
        events_->say(event_level::info, name(), text);
    }
}

// One step of a settlement, when it is due.
void fix_session::settle(std::int64_t now_ns) noexcept {
    if (is_killed_ && resend_.is_running()) {
        // The peer says what it lacks, and gets it when the kill is taken back. A reset would take
        // it away.
        settlement_.heard(now_ns);
        return;
    }
    if (settlement_.is_to_ask() && is_logged_on_ && !resend_.is_running()) {
        settlement_.ask(now_ns);
        if (port_->send_test_request(ledger_.await_proof()) != call_status::ok) {
            events_->say(event_level::warning, name(), port_->last_text());
            end_link(close_reason::local, now_ns);
        }
        return;
    }
    // What the peer sends again of its own comes first: the reset would cut that off too.
    if (settlement_.step() == settlement_step::asking && !ledger_.has_unproven() &&
        ledger_.held_count() == 0) {
        settlement_.go_on(settlement_step::logging_out, now_ns);
        static_cast<void>(port_->logout("the numbers will be reset"));
        next_tick_ns_ = now_ns;  // the Logout goes out with the next tick
        return;
    }
    if (settlement_.is_overdue(now_ns)) {
        settlement_.give_up();
        say_given_up("the peer does not answer");
        end_link(close_reason::local, now_ns);
    }
}

void fix_session::say_given_up(std::string_view reason) noexcept {
    char text[256];
    std::snprintf(text, sizeof text,
                  "resetting before it is proven that both sides have everything: %.*s",
                  static_cast<int>(reason.size()), reason.data());
    events_->say(event_level::error, name(), text);
}

}  // namespace millrace::gateway
