// What a session does when its peer asks for messages again.
#include <algorithm>
#include <cstdio>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include "engine/core/clock.hpp"
#include "gateway/session/fix_session.hpp"
#include "gateway/session/frame_text.hpp"

namespace millrace::gateway {

namespace {

// To a frame that goes out again; to a frame that becomes a record of FIX_OUT.
constexpr std::size_t added_bytes = 64;
constexpr std::size_t row_bytes = sizeof(engine::row_envelope) + sizeof(fix_out_row) + 128;

}  // namespace

// A request for many messages is answered in slices, of which this is the first.
receive_result fix_session::pass_on(const screened_frame& frame, std::int64_t utc_ns) noexcept {
    if (!is_logged_on_ || !frame.is_msg_type('2')) {
        return port_->receive(frame, utc_ns);
    }
    wrong_tag_ = wrong_tag_of(frame);
    if (wrong_tag_ != 0) {
        counters.refused_requests.add(1);
        const receive_result result = port_->receive(frame, utc_ns);
        wrong_tag_ = 0;
        return result;
    }
    is_fill_said_ = false;
    note_asked({frame.facts().begin_seq_no});
    if (settlement_.peer_has_asked()) {
        ledger_.forget_question();
    }
    const bool is_repeated =
        !resend_limit_.take({frame.facts().begin_seq_no}, frame.facts().end_seq_no, now_ns_);
    if (is_repeated) {
        say_repeated(frame);
    }
    if (is_repeated || is_killed_ || !has_room_for_slice()) {
        // Whatever else is wrong with it the library says.
        if (!is_own_header(spec_, frame, utc_ns) || frame.facts().number < ledger_.next_target()) {
            return port_->receive(frame, utc_ns);
        }
        const receive_result used = use_number_of(frame, utc_ns);
        return is_repeated || used.status != receive_status::ok ? used : hold_request(frame);
    }
    try {
        if (!resend_.begin(frame, ledger_.next_sender(), slice_messages())) {
            return port_->receive(frame, utc_ns);
        }
    } catch (const std::bad_alloc&) {
        return {receive_status::failed, false};
    }
    return answer_next_slice(utc_ns);
}

receive_result fix_session::answer_next_slice(std::int64_t utc_ns) noexcept {
    // Behind a tail that has not left yet there is room for one message, not for a slice.
    const std::uint32_t messages =
        link_.pending_bytes() > 0 || !gate_.is_empty() ? 1 : slice_messages();
    try {
        const msg_seq_num last = ledger_.gap_end(resend_.slice_end(messages), resend_.end());
        const std::string& request = resend_.next(last, utc_ns);
        return port_->receive(
            screen_frame(request.data(), request.size(), port_->data_fields(), port_->screening()),
            utc_ns);
    } catch (const std::bad_alloc&) {
        return {receive_status::failed, false};
    }
}

// So many of our largest frames, sent again with 43 and 122, fit into half of the pending tail, and
// as records into what FIX_OUT can make room for at once.
std::uint32_t fix_session::slice_messages() const noexcept {
    const std::size_t frame_bytes = ledger_.frame_bytes_high() + added_bytes;
    const std::size_t fitting =
        std::min(options_.connection.pending_bytes_max / 2 / frame_bytes,
                 out_->table().log().record_bytes_max() / (frame_bytes + row_bytes));
    return static_cast<std::uint32_t>(
        std::clamp<std::size_t>(fitting, 1, options_.resend_slice_messages));
}

// What goes out again has a record first. Where FIX_OUT has no segment ready for a slice's, the
// slice waits, and not in the midst of it.
bool fix_session::has_room_for_slice() noexcept {
    const std::size_t bytes =
        slice_messages() * (ledger_.frame_bytes_high() + added_bytes + row_bytes);
    return !is_disk_behind() && out_->has_room(bytes - row_bytes);
}

void fix_session::poll_resend(std::int64_t now_ns) noexcept {
    if (is_stopping_ || !is_logged_on_) {
        resend_.stop();
        return;
    }
    if (link_.pending_bytes() == 0 && gate_.is_empty() && has_room_for_slice()) {
        is_slicing_ = true;
        judge(answer_next_slice(engine::utc_now().ns));
        is_slicing_ = false;
        if (wants_disconnect_ || !port_->is_connected()) {
            end_link(close_reason::local, now_ns);
        }
    }
}

// 0: the request is for something that can be there. The library would answer any other with a gap
// fill of its own invention.
std::uint32_t fix_session::wrong_tag_of(const screened_frame& request) const noexcept {
    constexpr std::uint32_t begin_seq_no = 7;
    constexpr std::uint32_t end_seq_no = 16;
    const frame_facts& facts = request.facts();
    if (!find_field({request.data(), request.size()}, begin_seq_no)) {
        return 0;  // the library says what is missing
    }
    if (facts.begin_seq_no == 0 || msg_seq_num{facts.begin_seq_no} >= ledger_.next_sender()) {
        return begin_seq_no;
    }
    return facts.end_seq_no != 0 && facts.end_seq_no < facts.begin_seq_no ? end_seq_no : 0;
}

void fix_session::say_repeated(const screened_frame& request) noexcept {
    counters.refused_requests.add(1);
    if (!resend_limit_.is_first_refused()) {
        return;
    }
    char text[192];
    std::snprintf(text, sizeof text,
                  "the peer has asked %u times within %lld s for messages %u to %u and has got "
                  "them; until then it is not answered",
                  options_.resends.repeats_max,
                  static_cast<long long>(options_.resends.window_ns / 1'000'000'000),
                  request.facts().begin_seq_no, request.facts().end_seq_no);
    events_->say(event_level::warning, name(), text);
}

// A request that is not shown to the library uses its number in its turn, and is answered later or
// not at all.
receive_result fix_session::use_number_of(const screened_frame& request,
                                          std::int64_t utc_ns) noexcept {
    if (port_->is_ordinary()) {
        port_->note_received(utc_ns);
    }
    const msg_seq_num number = request.facts().number;
    if (number > ledger_.next_target()) {
        return {};
    }
    ledger_.note_incoming(number, false);
    return {ledger_.incr_next_target() ? receive_status::ok : receive_status::failed, false};
}

// It is answered when the kill is over, or FIX_OUT has room. QuickFIX would send what is asked for,
// or fill the gap, behind which the peer never asks again.
receive_result fix_session::hold_request(const screened_frame& frame) noexcept {
    constexpr std::uint32_t any_number = 0;
    try {
        const bool is_held = resend_.begin(frame, ledger_.next_sender(), any_number);
        if (is_killed_) {
            events_->say(event_level::warning, name(),
                         is_held ? "a ResendRequest waits until the kill is taken back"
                                 : "a ResendRequest for nothing is not answered, for a kill is on");
        }
    } catch (const std::bad_alloc&) {
        return {receive_status::failed, false};
    }
    return {};
}

// Empty: it is sent again.
std::string_view fix_session::reason_to_fill(const session_message& message) noexcept {
    if (!spec_.persist_messages) {
        return "PersistMessages=N";
    }
    if (options_.resends.ages.empty()) {
        return {};
    }
    const std::int64_t age_ns = engine::utc_now().ns - ledger_.time_of_resend(message.number).ns;
    return options_.resends.is_too_old({message.msg_type, message.msg_type_size}, age_ns)
               ? "too old"
               : std::string_view();
}

app_out_decision fix_session::fill(const session_message& message,
                                   std::string_view reason) noexcept {
    if (!ledger_.keep_undelivered(message.number, reason)) {
        is_resend_broken_ = true;
        resend_not_kept();
    }
    counters.undelivered.add(1);
    if (std::exchange(is_fill_said_, true)) {
        return app_out_decision::withhold;
    }
    char text[256];
    std::snprintf(text, sizeof text,
                  "message %u (35=%.*s) is asked for and not sent again: %.*s. FIX_OUT says so of "
                  "each such message, with the kind undelivered",
                  message.number.value, static_cast<int>(message.msg_type_size), message.msg_type,
                  static_cast<int>(reason.size()), reason.data());
    events_->say(event_level::warning, name(), text);
    return app_out_decision::withhold;
}

// The library asks for all that is missing, and is content when the last of it has come. In between
// the peer is asked for a part at a time.
msg_seq_num fix_session::on_resend_request(msg_seq_num begin) noexcept {
    const std::uint32_t chunk = options_.resends.request_chunk;
    const msg_seq_num shown = ledger_.shown_number();
    if (chunk == 0 || shown <= begin || shown.value - begin.value <= chunk) {
        return {};
    }
    gap_end_ = {shown.value - 1};
    chunk_end_ = {begin.value + chunk - 1};
    return chunk_end_;
}

void fix_session::ask_for_next_chunk() noexcept {
    const msg_seq_num begin = ledger_.next_target();
    if (begin <= chunk_end_) {
        return;
    }
    if (begin > gap_end_ || !port_->is_resend_awaited() || !is_logged_on_) {
        chunk_end_ = {};
        return;
    }
    chunk_end_ = {std::min(begin.value + options_.resends.request_chunk - 1, gap_end_.value)};
    if (port_->send_resend_request(begin, chunk_end_) != call_status::ok) {
        events_->say(event_level::warning, name(), port_->last_text());
        wants_disconnect_ = true;
    }
}

void fix_session::resend_not_kept() noexcept {
    if (!wants_disconnect_) {
        events_->say(event_level::error, name(),
                     "FIX_OUT cannot note what becomes of a message that the peer asked for; "
                     "disconnecting, the peer will ask again");
    }
    wants_disconnect_ = true;
}

}  // namespace millrace::gateway
