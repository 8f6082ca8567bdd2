// The numbers of one session, moved only by records: QuickFIX's message store on FIX_OUT and
// FIX_IN.
//
// QuickFIX asks for a number to move; the ledger appends the record that moves it, and refuses a
// move that no frame of that number stands behind. Frames that came too early are held with their
// bytes, taken from the library's own queue, and shown to it again when it is their turn.
//
// Threading  the session thread
// Invariant  next_sender is the last numbered message of FIX_OUT + 1; next_target is what FIX_IN's
//            last record says
// Invariant  what lies below proven_below has reached the peer
// Errors     false: the log refused, or damage; QuickFIX then stops and the session disconnects
// Source     the library increments the expected number also for frames it should not
//            (docs/gateway.md, The guard)
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "engine/counters/counter.hpp"
#include "gateway/quickfix/port.hpp"
#include "gateway/session/event_ring.hpp"
#include "gateway/session/fix_log.hpp"
#include "gateway/session/gate.hpp"
#include "gateway/session/recent_messages.hpp"

namespace millrace::gateway {

struct ledger_options {
    std::size_t held_frames_max = 10'000;
    std::size_t held_bytes_max = std::size_t{16} << 20;
    std::uint32_t inbound_routing_tag = 57;
    // So many of the last messages with a ClOrdID of their own are known again when they come with
    // 97=Y; 0: none.
    std::size_t poss_resend_window = poss_resend_window_default;
};

struct ledger_counters {
    engine::counter ignored_increments;  // asked for by the library, with no frame of that number
    engine::counter duplicates;
    engine::counter repeated;  // with 97=Y, and known: not handed on
    engine::counter held_frames;
    engine::counter held_bytes;
    engine::counter refused_appends;  // a log had no space
    engine::counter resets;           // a new generation began
    engine::counter unproven_resets;  // of these: with messages the peer may not have
};

// A frame that came before its turn.
struct held_frame {
    std::string bytes;
    screened_frame screened;  // refers to bytes
    std::int64_t received_ns = 0;
};

class session_ledger final : public session_store {
public:
    session_ledger(std::string_view session, fix_out_log& out, fix_in_log& in,
                   correlation_table& correlations, const ledger_options& options);

    // False: FIX_IN has no segment ready for a frame of so many bytes; it is to wait.
    [[nodiscard]] bool has_room_for(std::size_t frame_bytes) noexcept {
        return in_->has_room(frame_bytes);
    }
    // Around each frame that is shown to the session. end_frame() says whether the frame could be
    // kept.
    void begin_frame(const screened_frame& frame, std::int64_t received_ns) noexcept;
    [[nodiscard]] bool end_frame() noexcept;
    // The number of the frame that is shown; none: it has none, or none is shown.
    [[nodiscard]] msg_seq_num shown_number() const noexcept {
        return frame_ != nullptr ? frame_->facts().number : msg_seq_num{};
    }
    // What the session called the message it is about to number.
    void note_incoming(msg_seq_num number, bool is_application) noexcept;
    // The held frame whose turn it is, or null; it has left the ledger, and is valid until the next
    // call. Between frames only.
    [[nodiscard]] const held_frame* take_held() noexcept;
    // Takes a held Logon's number in its turn: it was answered when it came, and is not shown
    // again. False: FIX_IN refused.
    [[nodiscard]] bool use_number_of(const held_frame& logon) noexcept;
    // A frame no session may see: kept for the audit.
    void keep_garbled(const screened_frame& frame, std::int64_t received_ns) noexcept;
    // Around a send that came by a route. `made`: where the frame is not the library's.
    void begin_send(const outbound_header& cause, gate_level gate,
                    const fix_out_log::made_frame* made = nullptr) noexcept {
        cause_ = &cause;
        cause_gate_ = gate;
        made_ = made;
    }
    void end_send() noexcept {
        cause_ = nullptr;
        made_ = nullptr;
    }
    // Notes that a record is not sent. False: FIX_OUT refused.
    [[nodiscard]] bool keep_unsent(const outbound_header& cause,
                                   const fix_out_log::unsent& said) noexcept {
        return out_->append_unsent(*numbers_, cause, said) == engine::append_status::ok;
    }
    // What becomes of an application message that the peer asked for again, while get() has come by
    // it last. False: FIX_OUT refused.
    [[nodiscard]] bool keep_resent(msg_seq_num number, std::string_view frame) noexcept {
        return keep_again({number, kind::resent, {}, frame});
    }
    [[nodiscard]] bool keep_undelivered(msg_seq_num number, std::string_view reason) noexcept {
        return keep_again({number, kind::undelivered, reason, {}});
    }
    // When it was numbered; 0: get() did not come by it.
    [[nodiscard]] engine::timestamp time_of_resend(msg_seq_num number) noexcept {
        return out_->time_of_read(number);
    }
    // No byte may leave before FIX_OUT is durable up to here: a message of a route that wants it
    // so, or a move of the numbers that a loss of power must not take back.
    [[nodiscard]] engine::position send_after() const noexcept { return send_after_; }
    // Nor before FIX_IN has all that was received under old numbers: nobody sends it again.
    [[nodiscard]] bool is_received_durable() noexcept {
        return in_->is_durable(send_after_received_);
    }
    [[nodiscard]] bool may_send() noexcept {
        return out_->is_durable(send_after_) && is_received_durable();
    }
    void request_sync() noexcept;
    // The connection is gone: the peer is asked again for what was held, and for proof.
    void connection_ended() noexcept;
    // The id of the TestRequest to send next: the Heartbeat that answers it on this connection
    // proves that the peer has everything numbered so far. Valid until the next call.
    [[nodiscard]] const char* await_proof() noexcept;
    void forget_question() noexcept { proof_below_ = {}; }
    // An application message of this generation may not have reached the peer. Proof is an awaited
    // Heartbeat, or the peer's Logout in answer to ours.
    [[nodiscard]] bool has_unproven() const noexcept {
        return numbers_->last_application >= proven_below_;
    }
    [[nodiscard]] msg_seq_num proven_below() const noexcept { return proven_below_; }
    [[nodiscard]] bool knows_recent() const noexcept { return recent_.capacity() > 0; }
    // What has been received, and may come with 97=Y: also of an earlier life.
    void note_received(std::string_view msg_type, std::string_view cl_ord_id) noexcept {
        if (has_own_id(msg_type)) {
            recent_.put(msg_type, cl_ord_id);
        }
    }
    // Where a reset is said; null: nowhere.
    void set_events(event_ring* events) noexcept { events_ = events; }
    // Before the first frame. The port's queue is cleared when a reset makes it meaningless.
    void set_port(session_port* port) noexcept { port_ = port; }

    bool set(msg_seq_num number, const char* frame, std::size_t size) noexcept override;
    bool get(msg_seq_num begin, msg_seq_num end, resend_sink& sink) const noexcept override;
    msg_seq_num next_sender() const noexcept override { return numbers_->next_sender; }
    msg_seq_num next_target() const noexcept override { return numbers_->next_target; }
    bool set_next_sender(msg_seq_num number) noexcept override;
    bool set_next_target(msg_seq_num number) noexcept override;
    bool incr_next_sender() noexcept override;
    bool incr_next_target() noexcept override;
    bool reset() noexcept override;
    bool refresh() noexcept override {
        return true;
    }  // the logs are ours alone: nothing to read again

    // The last number of the gap that begins behind `number`, or `number` if an application message
    // follows; at most `end`.
    [[nodiscard]] msg_seq_num gap_end(msg_seq_num number, msg_seq_num end) const noexcept {
        return out_->gap_end(*numbers_, number, end);
    }
    [[nodiscard]] std::uint32_t generation() const noexcept { return numbers_->generation; }
    // Nothing was numbered since they began.
    [[nodiscard]] bool is_fresh() const noexcept { return numbers_->is_fresh; }
    // When the numbers began, as FIX_OUT has it.
    [[nodiscard]] std::int64_t creation_time_ns() const noexcept {
        return numbers_->creation_time.ns;
    }
    // A reset that says of the numbers that they began then. False: FIX_OUT refused.
    [[nodiscard]] bool reset_at(engine::timestamp began) noexcept;
    // What an operator sets; none stays as it is. Durable before a byte leaves that depends on it.
    // False: a log refused, and what it refused is as it was.
    [[nodiscard]] bool set_numbers(msg_seq_num next_sender, msg_seq_num next_target) noexcept;
    [[nodiscard]] msg_seq_num last_logon() const noexcept { return numbers_->last_logon; }
    // The first of the numbers that were last passed over; 0: none, or not known.
    [[nodiscard]] msg_seq_num passed_over_from() const noexcept {
        return numbers_->passed_over_from;
    }
    // The largest frame this session has ever sent.
    [[nodiscard]] std::uint32_t frame_bytes_high() const noexcept {
        return numbers_->frame_bytes_high;
    }
    [[nodiscard]] std::size_t held_count() const noexcept { return held_.size(); }
    ledger_counters counters;

private:
    [[nodiscard]] bool append_in(std::string_view kind, const screened_frame* frame,
                                 std::int64_t received_ns, msg_seq_num next_target) noexcept;
    [[nodiscard]] std::string_view kind_of(msg_seq_num number) const;
    [[nodiscard]] std::string_view kind_of_application() const noexcept;
    // Of these a ClOrdID is used once; in others it says what they are about.
    [[nodiscard]] static bool has_own_id(std::string_view msg_type) noexcept {
        return msg_type == "D" || msg_type == "F" || msg_type == "G" || msg_type == "AB" ||
               msg_type == "AC" || msg_type == "q";
    }
    [[nodiscard]] bool keep_again(const fix_out_log::again& said) noexcept;
    [[nodiscard]] bool hold(const screened_frame& frame, std::int64_t received_ns) noexcept;
    void drop_held_below(msg_seq_num number) noexcept;
    void forget_held() noexcept;
    void note_answer(const screened_frame& frame) noexcept;
    void note_proof(const screened_frame& frame, std::int64_t received_ns) noexcept;
    void hold_sends() noexcept;
    void hold_sends_for_received() noexcept;
    [[nodiscard]] bool append_next_sender(msg_seq_num number) noexcept;
    void say_reset(std::uint32_t ended, msg_seq_num last_used, bool is_unproven) noexcept;

    fix_out_log* out_;
    fix_in_log* in_;
    correlation_table* correlations_;
    ledger_options options_;
    session_numbers* numbers_;
    session_port* port_ = nullptr;
    event_ring* events_ = nullptr;

    const screened_frame* frame_ = nullptr;  // the current one
    std::int64_t received_ns_ = 0;
    bool is_frame_recorded_ = false;
    bool is_frame_rejected_ = false;  // the session answered it with a Reject
    msg_seq_num expected_before_;
    msg_seq_num incoming_number_;
    bool is_incoming_application_ = false;
    const outbound_header* cause_ = nullptr;
    const fix_out_log::made_frame* made_ = nullptr;
    gate_level cause_gate_ = gate_level::committed;
    engine::position send_after_;
    engine::position send_after_received_;
    bool is_number_used_ = false;  // set() ran, incr_next_sender() follows

    std::map<std::uint32_t, held_frame> held_;  // by number; only filled while the peer resends
    std::map<std::uint32_t, held_frame>::node_type taken_;  // of the last take_held()
    std::size_t held_bytes_ = 0;
    recent_messages recent_;

    msg_seq_num proven_below_{1};
    msg_seq_num proof_below_;  // what the awaited Heartbeat proves; 0: none is awaited
    char proof_id_[24] = {};
};

}  // namespace millrace::gateway
