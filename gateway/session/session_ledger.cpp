#include "gateway/session/session_ledger.hpp"

#include <cstdio>
#include <utility>

#include "engine/core/assert.hpp"
#include "engine/core/clock.hpp"
#include "engine/core/error.hpp"

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

std::string_view text_of(const screened_frame& frame, field_span span) noexcept {
    return span.is_present() ? std::string_view(frame.begin_of(span), span.size)
                             : std::string_view();
}

}  // namespace

session_ledger::session_ledger(std::string_view session, fix_out_log& out, fix_in_log& in,
                               correlation_table& correlations, const ledger_options& options)
    : out_(&out),
      in_(&in),
      correlations_(&correlations),
      options_(options),
      numbers_(&out.open_session(session)) {
    // FIX_OUT alone commits a reset: what FIX_IN says of an older generation does not count. A
    // later one it can only know of because FIX_OUT has lost its tail.
    const session_numbers& received = in.open_session(session);
    if (received.generation > numbers_->generation &&
        out.append_reset(*numbers_, received.generation) != engine::append_status::ok) {
        throw engine::error(out.table().log().directory().native() + ": cannot open generation " +
                            std::to_string(received.generation) + " of session " +
                            std::string(session) + ", which FIX_IN has seen");
    }
    numbers_->next_target =
        received.generation == numbers_->generation ? received.next_target : msg_seq_num{1};
    numbers_->is_fresh =
        numbers_->next_sender == msg_seq_num{1} && numbers_->next_target == msg_seq_num{1};
}

void session_ledger::begin_frame(const screened_frame& frame, std::int64_t received_ns) noexcept {
    frame_ = &frame;
    received_ns_ = received_ns;
    is_frame_recorded_ = false;
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
    if (number > numbers_->next_target && is_queued_when_early(frame)) {
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
    return true;
}

void session_ledger::drop_held_below(msg_seq_num number) noexcept {
    while (!held_.empty() && held_.begin()->first < number.value) {
        held_bytes_ -= held_.begin()->second.bytes.size();
        held_.erase(held_.begin());
    }
    counters.held_frames.set(held_.size());
}

void session_ledger::forget_held() noexcept {
    held_.clear();
    held_bytes_ = 0;
    counters.held_frames.set(0);
}

std::string_view session_ledger::kind_of(msg_seq_num number, const screened_frame& frame) const {
    if (incoming_number_ == number) {
        return is_incoming_application_ ? kind::application : kind::admin;
    }
    // The library consumes a queued Logon or ResendRequest without showing it to anybody.
    return frame.facts().is_admin && frame_ != &frame ? kind::admin : kind::rejected;
}

bool session_ledger::append_in(std::string_view kind, const screened_frame* frame,
                               std::int64_t received_ns, msg_seq_num next_target) noexcept {
    fix_in_log::message message;
    message.kind = kind;
    message.frame = frame;
    message.received_ns = received_ns;
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
    return true;
}

bool session_ledger::set(msg_seq_num number, const char* frame, std::size_t size) noexcept {
    MILLRACE_ASSERT(number == numbers_->next_sender, "the library numbers messages in order");
    const fix_out_log::message message{number, {frame, size}, cause_};
    if (out_->append_message(*numbers_, message, numbers_->next_target) !=
        engine::append_status::ok) {
        counters.refused_appends.add(1);
        return false;
    }
    is_number_used_ = true;
    return true;
}

bool session_ledger::get(msg_seq_num begin, msg_seq_num end, resend_sink& sink) const noexcept {
    return out_->read_messages(*numbers_, begin, end, sink);
}

bool session_ledger::incr_next_sender() noexcept {
    if (std::exchange(is_number_used_, false)) {
        return true;  // set() has moved the number with the bytes
    }
    // PersistMessages=N: the library stores nothing, but the number is used all the same.
    return set_next_sender(numbers_->next_sender.next());
}

std::int64_t session_ledger::creation_time_ns() const noexcept {
    return options_.is_non_stop ? engine::utc_now().ns : numbers_->creation_time.ns;
}

bool session_ledger::set_next_sender(msg_seq_num number) noexcept {
    return out_->append_set(*numbers_, number, numbers_->next_target) == engine::append_status::ok;
}

bool session_ledger::incr_next_target() noexcept {
    const msg_seq_num expected = numbers_->next_target;
    // Once: after a SequenceReset to its own number the held frame of that number is meant.
    if (frame_ != nullptr && !is_frame_recorded_ && frame_->facts().number == expected) {
        is_frame_recorded_ = true;
        if (!append_in(kind_of(expected, *frame_), frame_, received_ns_, expected.next())) {
            return false;
        }
        drop_held_below(expected.next());
        return true;
    }
    const auto it = held_.find(expected.value);
    if (it == held_.end()) {
        counters.ignored_increments.add(1);
        return true;
    }
    const held_frame& held = it->second;
    if (!append_in(kind_of(expected, held.screened), &held.screened, held.received_ns,
                   expected.next())) {
        return false;
    }
    drop_held_below(expected.next());
    return true;
}

bool session_ledger::set_next_target(msg_seq_num number) noexcept {
    const auto held = held_.find(incoming_number_.value);
    bool is_appended = false;
    if (frame_ != nullptr && !is_frame_recorded_ && frame_->is_msg_type('4') &&
        frame_->facts().number == incoming_number_) {
        is_frame_recorded_ = true;
        is_appended = append_in(kind::admin, frame_, received_ns_, number);
    } else if (held != held_.end() && held->second.screened.is_msg_type('4')) {
        // A gap fill that the library had queued.
        is_appended =
            append_in(kind::admin, &held->second.screened, held->second.received_ns, number);
    } else {
        is_appended = append_in(kind::set, nullptr, engine::utc_now().ns, number);
    }
    if (is_appended) {
        drop_held_below(number);
    }
    return is_appended;
}

bool session_ledger::reset() noexcept {
    if (port_ != nullptr) {
        static_cast<void>(port_->clear_queue());
    }
    forget_held();
    if (numbers_->is_fresh) {
        // Nothing was numbered since the last reset: one record says it all. The time moves, for
        // the library resets again and again while the creation lies in another session than now.
        numbers_->creation_time = engine::utc_now();
        return true;
    }
    const msg_seq_num last_used{numbers_->next_sender.value - 1};
    const std::uint32_t ended = numbers_->generation;
    if (out_->append_reset(*numbers_, numbers_->generation + 1) != engine::append_status::ok) {
        counters.refused_appends.add(1);
        return false;
    }
    counters.resets.add(1);
    if (events_ != nullptr) {
        char text[256];
        std::snprintf(
            text, sizeof text,
            "numbers were reset: generation %u begins; what generation %u numbered, up to %u, is "
            "never sent again. If the peer had not answered all of it, compare the books",
            numbers_->generation, ended, last_used.value);
        events_->say(event_level::warning, numbers_->name, text);
    }
    return true;
}

}  // namespace millrace::gateway
