#include "gateway/session/session_ledger.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "engine/core/assert.hpp"
#include "engine/core/clock.hpp"
#include "engine/core/error.hpp"
#include "gateway/session/frame_text.hpp"

namespace millrace::gateway {

namespace {

// The library queues a message that comes too early unless it is one of these, which act at once or
// not at all.
bool is_queued_when_early(const screened_frame& frame) noexcept {
    if (frame.is_msg_type('4')) {
        return frame.facts().gap_fill;
    }
    return !frame.is_msg_type('2') && !frame.is_msg_type('3') && !frame.is_msg_type('5');
}

constexpr std::string_view reject_type =
    "\x01"
    "35=3\x01";

}  // namespace

session_ledger::session_ledger(std::string_view session, fix_out_log& out, fix_in_log& in,
                               correlation_table& correlations, const ledger_options& options)
    : out_(&out),
      in_(&in),
      correlations_(&correlations),
      options_(options),
      numbers_(&out.open_session(session)),
      recent_(options.poss_resend_window) {
    // FIX_OUT alone commits a reset: what FIX_IN says of an older generation does not count. A
    // later one it can only know of because FIX_OUT has lost its tail.
    const session_numbers& received = in.open_session(session);
    if (received.generation > numbers_->generation &&
        out.append_reset(*numbers_, received.generation, received.creation_time) !=
            engine::append_status::ok) {
        throw engine::error(out.table().log().directory().native() + ": cannot open generation " +
                            std::to_string(received.generation) + " of session " +
                            std::string(session) + ", which FIX_IN has seen");
    }
    numbers_->next_target =
        received.generation == numbers_->generation ? received.next_target : msg_seq_num{1};
    numbers_->is_fresh =
        numbers_->next_sender == msg_seq_num{1} && numbers_->next_target == msg_seq_num{1};
    if (received.generation == numbers_->generation && numbers_->logout_time.ns != 0 &&
        received.logout_time > numbers_->logout_time) {
        proven_below_ = numbers_->next_sender;  // it answered our Logout
    }
    hold_sends();
    hold_sends_for_received();  // a reset that the last process did not come to send
}

// From here on nothing is sent before all that FIX_OUT holds now is durable.
void session_ledger::hold_sends() noexcept {
    if (!out_->table().is_synchronous()) {
        send_after_ = out_->table().log().end();
    }
}

// The same of FIX_IN.
void session_ledger::hold_sends_for_received() noexcept {
    if (!in_->table().is_synchronous()) {
        send_after_received_ = in_->table().log().end();
    }
}

void session_ledger::request_sync() noexcept {
    out_->table().request_sync();
    if (!is_received_durable()) {
        in_->table().request_sync();
    }
}

void session_ledger::begin_frame(const screened_frame& frame, std::int64_t received_ns) noexcept {
    frame_ = &frame;
    received_ns_ = received_ns;
    is_frame_recorded_ = false;
    is_frame_rejected_ = false;
    expected_before_ = numbers_->next_target;
    incoming_number_ = {};
}

bool session_ledger::end_frame() noexcept {
    const screened_frame& frame = *frame_;
    frame_ = nullptr;
    incoming_number_ = {};
    const msg_seq_num number = frame.facts().number;
    if (is_frame_recorded_ || number.is_none()) {
        return true;
    }
    if (number < expected_before_) {
        counters.duplicates.add(1);
        // An audit record: if it cannot be kept, nothing that moves a number is lost.
        return append_in(kind::duplicate, &frame, received_ns_, numbers_->next_target);
    }
    if (number > numbers_->next_target && is_queued_when_early(frame) && !is_frame_rejected_) {
        // The library has queued it without its bytes, and would have it twice.
        static_cast<void>(port_->clear_queue());
        // What it waits for was said on an earlier connection, and may be filled together with it.
        note_answer(frame);
        return hold(frame, received_ns_);
    }
    return true;
}

void session_ledger::note_incoming(msg_seq_num number, bool is_application) noexcept {
    incoming_number_ = number;
    is_incoming_application_ = is_application;
}

void session_ledger::keep_garbled(const screened_frame& frame, std::int64_t received_ns) noexcept {
    static_cast<void>(append_in(kind::garbled, &frame, received_ns, numbers_->next_target));
}

// The newest frame of a number counts, as in the library's queue.
bool session_ledger::hold(const screened_frame& frame, std::int64_t received_ns) noexcept {
    const std::uint32_t number = frame.facts().number.value;
    const auto known = held_.find(number);
    const std::size_t known_bytes = known != held_.end() ? known->second.bytes.size() : 0;
    if ((known == held_.end() && held_.size() >= options_.held_frames_max) ||
        held_bytes_ - known_bytes + frame.size() > options_.held_bytes_max) {
        return false;
    }
    try {
        held_frame& kept = held_[number];
        kept.bytes.assign(frame.data(), frame.size());
        kept.screened = screen_frame(kept.bytes.data(), kept.bytes.size(), port_->data_fields(),
                                     port_->screening());
        kept.received_ns = received_ns;
    } catch (const std::bad_alloc&) {
        held_.erase(number);
        held_bytes_ -= known_bytes;
        return false;
    }
    held_bytes_ += frame.size() - known_bytes;
    counters.held_frames.set(held_.size());
    counters.held_bytes.set(held_bytes_);
    return true;
}

const held_frame* session_ledger::take_held() noexcept {
    const auto it = held_.find(numbers_->next_target.value);
    if (it == held_.end()) {
        return nullptr;
    }
    held_bytes_ -= it->second.bytes.size();
    taken_ = held_.extract(it);
    counters.held_frames.set(held_.size());
    counters.held_bytes.set(held_bytes_);
    return &taken_.mapped();
}

bool session_ledger::use_number_of(const held_frame& logon) noexcept {
    return append_in(kind::admin, &logon.screened, logon.received_ns, numbers_->next_target.next());
}

void session_ledger::drop_held_below(msg_seq_num number) noexcept {
    while (!held_.empty() && held_.begin()->first < number.value) {
        held_bytes_ -= held_.begin()->second.bytes.size();
        held_.erase(held_.begin());
    }
    counters.held_frames.set(held_.size());
    counters.held_bytes.set(held_bytes_);
}

void session_ledger::forget_held() noexcept {
    held_.clear();
    held_bytes_ = 0;
    counters.held_frames.set(0);
    counters.held_bytes.set(0);
}

void session_ledger::connection_ended() noexcept {
    forget_held();
    forget_question();
}

const char* session_ledger::await_proof() noexcept {
    proof_below_ = numbers_->next_sender;
    // With a number of its own an answer that comes late, or again, answers no other question.
    std::snprintf(proof_id_, sizeof proof_id_, "SETTLE-%u", proof_below_.value);
    return proof_id_;
}

void session_ledger::note_answer(const screened_frame& frame) noexcept {
    if (proof_below_.is_none() || !frame.is_msg_type('0')) {
        return;
    }
    constexpr std::uint32_t test_req_id = 112;
    if (find_field({frame.data(), frame.size()}, test_req_id) == proof_id_) {
        proven_below_ = proof_below_;
        proof_below_ = {};
    }
}

// The peer says something it can only say when it has what came before.
void session_ledger::note_proof(const screened_frame& frame, std::int64_t received_ns) noexcept {
    if (frame.is_msg_type('5') && numbers_->logout_time.ns != 0 &&
        numbers_->logout_time.ns < received_ns) {
        proven_below_ = numbers_->next_sender;  // its answer to our Logout
        return;
    }
    note_answer(frame);
}

std::string_view session_ledger::kind_of(msg_seq_num number) const {
    if (incoming_number_ == number) {
        return is_incoming_application_ ? kind_of_application() : kind::admin;
    }
    return kind::rejected;
}

std::string_view session_ledger::kind_of_application() const noexcept {
    const frame_facts& facts = frame_->facts();
    if (!facts.poss_resend) [[likely]] {
        return kind::application;
    }
    return recent_.has(text_of(*frame_, facts.msg_type), text_of(*frame_, facts.cl_ord_id))
               ? kind::repeated
               : kind::application;
}

bool session_ledger::append_in(std::string_view kind, const screened_frame* frame,
                               std::int64_t received_ns, msg_seq_num next_target) noexcept {
    fix_in_log::message message;
    message.kind = kind;
    message.frame = frame;
    message.received_ns = received_ns;
    message.routing_tag = options_.inbound_routing_tag;
    if (frame != nullptr) {
        const frame_facts& facts = frame->facts();
        message.correlation = correlations_->find(text_of(*frame, facts.cl_ord_id));
        if (message.correlation == engine::correlation{}) {
            message.correlation = correlations_->find(text_of(*frame, facts.orig_cl_ord_id));
        }
    }
    if (in_->append(*numbers_, message, next_target) != engine::append_status::ok) {
        counters.refused_appends.add(1);
        return false;
    }
    numbers_->next_target = next_target;
    if (next_target != msg_seq_num{1}) {
        numbers_->is_fresh = false;
    }
    if (kind == kind::application || kind == kind::repeated) {
        const frame_facts& facts = frame->facts();
        note_received(text_of(*frame, facts.msg_type), text_of(*frame, facts.cl_ord_id));
        if (kind == kind::repeated) [[unlikely]] {
            counters.repeated.add(1);
        }
    } else if (kind == kind::admin) {
        note_proof(*frame, received_ns);
    }
    return true;
}

bool session_ledger::set(msg_seq_num number, const char* frame, std::size_t size) noexcept {
    MILLRACE_ASSERT(number == numbers_->next_sender, "the library numbers messages in order");
    const fix_out_log::message message{number, {frame, size}, cause_, made_};
    if (out_->append_message(*numbers_, message, numbers_->next_target) !=
        engine::append_status::ok) {
        counters.refused_appends.add(1);
        return false;
    }
    is_number_used_ = true;
    if (cause_ != nullptr && cause_gate_ == gate_level::durable) {
        hold_sends();
    }
    if (frame_ != nullptr &&
        std::string_view(frame, size).find(reject_type) != std::string_view::npos) {
        is_frame_rejected_ = true;  // by the session, in answer to the frame it looks at
    }
    return true;
}

bool session_ledger::get(msg_seq_num begin, msg_seq_num end, resend_sink& sink) const noexcept {
    const bool is_read = out_->read_messages(*numbers_, begin, end, sink);
    if (out_->removed_count() > 0 && events_ != nullptr) {
        char text[192];
        std::snprintf(
            text, sizeof text,
            "of our messages %u to %u retention has removed %u from FIX_OUT: their numbers "
            "are filled",
            begin.value, end.value, out_->removed_count());
        events_->say(event_level::warning, numbers_->name, text);
    }
    return is_read;
}

bool session_ledger::keep_again(const fix_out_log::again& said) noexcept {
    if (!out_->append_again(*numbers_, said)) {
        counters.refused_appends.add(1);
        return false;
    }
    return true;
}

bool session_ledger::incr_next_sender() noexcept {
    if (std::exchange(is_number_used_, false)) {
        return true;  // set() has moved the number with the bytes
    }
    // PersistMessages=N: the library stores nothing, but the number is used all the same.
    return append_next_sender(numbers_->next_sender.next());
}

bool session_ledger::append_next_sender(msg_seq_num number) noexcept {
    return out_->append_set(*numbers_, number, numbers_->next_target) == engine::append_status::ok;
}

bool session_ledger::set_next_sender(msg_seq_num number) noexcept {
    const bool is_set = append_next_sender(number);
    hold_sends();
    return is_set;
}

bool session_ledger::set_numbers(msg_seq_num sender, msg_seq_num target) noexcept {
    if (!sender.is_none()) {
        if (!set_next_sender(sender)) {
            return false;
        }
        // Of messages whose number is used again nothing is proven.
        proven_below_ = std::min(proven_below_, sender);
    }
    if (!target.is_none()) {
        if (!set_next_target(target)) {
            return false;
        }
        forget_held();
        hold_sends_for_received();
    }
    return true;
}

bool session_ledger::incr_next_target() noexcept {
    const msg_seq_num expected = numbers_->next_target;
    if (frame_ == nullptr || is_frame_recorded_ || frame_->facts().number != expected) {
        counters.ignored_increments.add(1);
        return true;
    }
    is_frame_recorded_ = true;
    if (!append_in(kind_of(expected), frame_, received_ns_, expected.next())) {
        return false;
    }
    drop_held_below(expected.next());
    return true;
}

bool session_ledger::set_next_target(msg_seq_num number) noexcept {
    bool is_appended = false;
    if (frame_ != nullptr && !is_frame_recorded_ && frame_->is_msg_type('4')) {
        is_frame_recorded_ = true;
        is_appended = append_in(kind::admin, frame_, received_ns_, number);
    } else {
        is_appended = append_in(kind::set, nullptr, engine::utc_now().ns, number);
    }
    if (is_appended) {
        drop_held_below(number);
    }
    return is_appended;
}

bool session_ledger::reset() noexcept {
    return reset_at(engine::utc_now());
}

bool session_ledger::reset_at(engine::timestamp began) noexcept {
    if (port_ != nullptr) {
        static_cast<void>(port_->clear_queue());
    }
    forget_held();
    if (numbers_->is_fresh) {
        // Nothing was numbered since the last reset: one record says it all. The next one says when
        // the numbers began for those who ask.
        numbers_->creation_time = began;
        return true;
    }
    const msg_seq_num last_used{numbers_->next_sender.value - 1};
    const std::uint32_t ended = numbers_->generation;
    const bool is_unproven = has_unproven();
    if (out_->append_reset(*numbers_, numbers_->generation + 1, began) !=
        engine::append_status::ok) {
        counters.refused_appends.add(1);
        return false;
    }
    hold_sends();
    hold_sends_for_received();
    counters.resets.add(1);
    counters.unproven_resets.add(is_unproven ? 1 : 0);
    say_reset(ended, last_used, is_unproven);
    proven_below_ = {1};
    forget_question();
    return true;
}

void session_ledger::say_reset(std::uint32_t ended, msg_seq_num last_used,
                               bool is_unproven) noexcept {
    if (events_ == nullptr) {
        return;
    }
    char text[256];
    if (is_unproven) {
        std::snprintf(
            text, sizeof text,
            "numbers were reset: generation %u begins. Of generation %u the peer may lack "
            "messages %u to %u, and they are never sent again: compare the books",
            numbers_->generation, ended, proven_below_.value, last_used.value);
    } else {
        std::snprintf(text, sizeof text,
                      "numbers were reset: generation %u begins; the peer has all application "
                      "messages of generation %u, which ended at %u",
                      numbers_->generation, ended, last_used.value);
    }
    events_->say(is_unproven ? event_level::error : event_level::info, numbers_->name, text);
}

}  // namespace millrace::gateway
