// One FIX session on the session thread: its connection, its numbers, and QuickFIX's state machine
// between them.
//
//   wire -> frame -> screen -> ledger.begin_frame -> QuickFIX -> ledger (FIX_IN) -> numbers move
//   outbound rings -> QuickFIX -> ledger (FIX_OUT) -> numbers move -> wire
//
// and for ordinary messages the same without QuickFIX: the fast lane.
//
// Threading  the session thread
// Progress   do_work never waits; it handles a bounded number of frames and messages
// Invariant  nothing is numbered while the session is not logged on: messages wait in their rings
//            and logs
// Invariant  nothing gets connected outside logon time, and nothing in a window before the numbers
//            are that window's
// Units      now_ns: monotonic; utc_ns: UTC
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/clock.hpp"
#include "engine/core/histogram.hpp"
#include "engine/counters/counter.hpp"
#include "gateway/quickfix/port.hpp"
#include "gateway/quickfix/settings.hpp"
#include "gateway/session/doubt.hpp"
#include "gateway/session/event_ring.hpp"
#include "gateway/session/fast_lane.hpp"
#include "gateway/session/outbound.hpp"
#include "gateway/session/resend_rules.hpp"
#include "gateway/session/resend_slices.hpp"
#include "gateway/session/schedule.hpp"
#include "gateway/session/send_batch.hpp"
#include "gateway/session/session_command.hpp"
#include "gateway/session/session_ledger.hpp"
#include "gateway/session/settlement.hpp"
#include "gateway/session/stage_stamps.hpp"
#include "gateway/session/throttle.hpp"
#include "gateway/session/tls_source.hpp"
#include "gateway/session/wire_gate.hpp"
#include "gateway/transport/connection.hpp"
#include "gateway/transport/connector.hpp"
#include "gateway/transport/readiness.hpp"

namespace millrace::gateway {

struct fix_session_options {
    connection_options connection;
    ledger_options ledger;
    std::int64_t reconnect_min_ns = 0;  // 0: ReconnectInterval of the settings, both
    std::int64_t reconnect_max_ns = 0;
    std::int64_t handshake_timeout_ns = 5'000'000'000;  // of TLS
    std::size_t messages_per_turn = 64;
    std::size_t resend_slice_messages = 256;  // at most; fewer where they are large
    resend_rules resends;
    throttle_rule throttling;
    // So long FIX_IN may have no segment ready before a frame that waits for it is given up.
    std::int64_t receive_wait_max_ns = 1'000'000'000;
    // So long after a logon a route in doubt waits for the peer to ask for what it lacks, which it
    // does as soon as it sees our number.
    std::int64_t doubt_wait_ns = 5'000'000'000;
    std::int64_t settlement_patience_ns = settlement::patience_default_ns;
    std::int64_t schedule_look_ns = 250'000'000;  // how often a session looks whether it is time
};

struct fix_session_counters {
    engine::status_text state;
    engine::counter is_logged_on;
    engine::counter is_logon_time;
    engine::counter is_enabled;
    engine::counter is_killed;
    engine::counter next_sender;
    engine::counter next_target;
    engine::counter messages_in;
    engine::counter fast_in;       // of these: application messages that passed beside QuickFIX
    engine::counter messages_out;  // application messages sent first time by a route
    engine::counter fast_out;      // of these: that passed beside QuickFIX
    engine::counter garbled;
    engine::counter refused_before_logon;
    engine::counter connects;
    engine::counter disconnects;
    engine::counter tls_failures;      // connections on which no TLS came about, or it broke
    engine::counter resent;            // application messages sent again
    engine::counter undelivered;       // asked for again, and not sent: their numbers were filled
    engine::counter refused_requests;  // ResendRequests: for nothing there is, or again and again
    engine::counter halted_routes;
    engine::counter duplicate_origins;  // not sent: their origin is in FIX_OUT already
    engine::counter pending_bytes;      // the socket has not taken yet
    engine::counter pending_bytes_high;
    engine::counter gated_bytes;      // that wait for FIX_OUT to be durable
    engine::counter in_doubt_routes;  // that wait for a decision
    engine::counter poss_resent;      // in doubt, sent with 97=Y
    engine::counter withdrawn;        // in doubt, not sent
    engine::counter unsent;           // the session was down, or they had waited too long
    engine::counter throttled;        // messages that the rate made wait, or refused
    engine::counter
        disk_waits;  // times routes waited because FIX_OUT was too far ahead of the disk
};

// One client's way into this session.
struct outbound_route {
    std::string name;
    std::uint64_t id = 0;
    outbound_link* link = nullptr;
    route_doubt* doubt = nullptr;        // null: nothing is in doubt
    route_doubt* ended_doubt = nullptr;  // of this life: the peer may still have to ask about it
    bool is_halted = false;
    bool is_held_in_doubt = false;
    bool is_unsent_said = false;  // of this time without a logon
    std::string routing{};        // the field with its source_id, with its SOH; empty: none
    bool is_routing_in_header = false;
};

enum class acceptance : std::uint8_t {
    taken,
    not_free,            // it has a connection, or is stopping
    not_its_logon_time,  // which the session has said
    switched_off         // by an operator; the same
};

class fix_session final : private session_listener, private wire_sink {
public:
    fix_session(const session_spec& spec, const fix_session_options& options, fix_out_log& out,
                fix_in_log& in, correlation_table& correlations, event_ring& events);
    ~fix_session();

    // Set-up.
    void add_route(std::string_view name, outbound_link& link);
    // Nothing if the route is not this session's.
    void set_doubt(std::string_view route, route_doubt& doubt) noexcept;
    void set_stamps(stamp_ring& stamps) noexcept { stamps_ = &stamps; }
    // From here on the socket is read only when `sockets` says so. REQUIRES: it outlives this.
    void watch_socket(readiness& sockets, std::size_t slot) noexcept {
        sockets_ = &sockets;
        socket_slot_ = slot;
    }
    // As an operator left it, in this life or an earlier one.
    void set_switches(bool is_enabled, bool is_killed) noexcept;
    // From here on ordinary messages pass beside QuickFIX. `dict` is what the session validates
    // with. REQUIRES: it outlives this.
    void open_fast_lane(const xlator::dictionary& dict);

    // Resets the numbers if they are of an older window than now's; an initiator begins to connect.
    void start(std::int64_t now_ns) noexcept;
    int do_work(std::int64_t now_ns) noexcept;
    // Acceptor: whether accept() would take a connection now.
    [[nodiscard]] acceptance can_accept(std::int64_t now_ns) noexcept;
    // Acceptor: takes the link and its first frame, if it can have them now.
    [[nodiscard]] acceptance accept(connection& link, std::string_view first_frame,
                                    std::int64_t now_ns) noexcept;
    // For a cold thread: reads an initiator's certificates again if they have changed. Says why
    // they are not taken; empty: they are, or nothing has changed.
    [[nodiscard]] std::string look_at_tls() noexcept {
        return tls_ == nullptr ? std::string() : tls_->look();
    }
    // Logs out; do_work goes on until is_stopped().
    void begin_stop(std::int64_t now_ns) noexcept;
    [[nodiscard]] bool is_stopped() const noexcept;
    void close() noexcept;
    // Carries out what an operator wants, between two turns.
    void execute(const session_command& command, std::int64_t now_ns,
                 session_outcome& outcome) noexcept;
    [[nodiscard]] session_view view() const noexcept;

    [[nodiscard]] const session_spec& spec() const noexcept { return spec_; }
    [[nodiscard]] const std::string& name() const noexcept { return spec_.name; }
    [[nodiscard]] bool is_logged_on() const noexcept { return is_logged_on_; }
    [[nodiscard]] bool has_waiting_messages() const noexcept;
    [[nodiscard]] session_port& port() noexcept { return *port_; }
    [[nodiscard]] session_ledger& ledger() noexcept { return ledger_; }
    // From the planned time (else the commit) of the source record to the return of send(); of this
    // thread. Of records from before this session was made there is nothing: they waited for a
    // process, not in one.
    [[nodiscard]] const engine::histogram& record_to_wire() const noexcept {
        return record_to_wire_;
    }
    fix_session_counters counters;

private:
    void on_logon() noexcept override;
    void on_logout() noexcept override;
    std::uint32_t on_admin_in(const session_message& message) noexcept override;
    void on_app_in(const session_message& message) noexcept override;
    void on_admin_out(const session_message& message) noexcept override;
    msg_seq_num on_resend_request(msg_seq_num begin) noexcept override;
    app_out_decision on_app_out(const session_message& message) noexcept override;
    void on_event(const char* text, std::size_t size) noexcept override;
    bool send(const char* frame, std::size_t size) noexcept override;
    void disconnect() noexcept override;

    void follow_schedule(std::int64_t now_ns) noexcept;
    [[nodiscard]] bool begin_window(const schedule_state& window, std::int64_t utc_ns) noexcept;
    void set_logon_time(bool is_logon_time, std::int64_t now_ns) noexcept;
    void leave(std::int64_t now_ns) noexcept;
    void begin_logout(const char* text, std::int64_t now_ns) noexcept;
    [[nodiscard]] bool is_down() const noexcept { return !is_enabled_ || is_logged_out_; }
    void bring_up(std::int64_t now_ns) noexcept;
    void take_down(const char* text, std::int64_t now_ns) noexcept;
    void carry_out(const session_command& command, std::int64_t now_ns,
                   session_outcome& outcome) noexcept;
    void log_on(std::int64_t now_ns, session_outcome& outcome) noexcept;
    void log_out(const session_command& command, std::int64_t now_ns,
                 session_outcome& outcome) noexcept;
    void change_numbers(const session_command& command, session_outcome& outcome) noexcept;
    void ask_peer(const session_command& command, std::int64_t now_ns,
                  session_outcome& outcome) noexcept;
    void switch_endpoint(std::int64_t now_ns, session_outcome& outcome) noexcept;
    void kill(std::int64_t now_ns, session_outcome& outcome) noexcept;
    void release(session_outcome& outcome) noexcept;
    [[nodiscard]] receive_result hold_request(const screened_frame& frame) noexcept;
    [[nodiscard]] const char* state_text() const noexcept;
    void say_refused(std::int64_t utc_ns) noexcept;
    int poll_connector(std::int64_t now_ns) noexcept;
    int poll_frames(std::int64_t now_ns) noexcept;
    [[nodiscard]] bool may_take(std::string_view frame, std::int64_t now_ns) noexcept;
    int poll_routes(std::int64_t now_ns) noexcept;
    void numbers_disagree(std::string_view reason) noexcept;
    [[nodiscard]] bool are_peer_numbers_too_low(const screened_frame& frame) const noexcept;
    void handle_frame(std::string_view bytes, std::int64_t now_ns) noexcept;
    [[nodiscard]] bool take_fast(const screened_frame& frame, std::int64_t now_ns,
                                 std::int64_t utc_ns) noexcept;
    void show_frame(const screened_frame& frame, std::int64_t received_ns,
                    std::int64_t utc_ns) noexcept;
    [[nodiscard]] receive_result pass_on(const screened_frame& frame, std::int64_t utc_ns) noexcept;
    [[nodiscard]] std::uint32_t wrong_tag_of(const screened_frame& request) const noexcept;
    void say_repeated(const screened_frame& request) noexcept;
    [[nodiscard]] receive_result use_number_of(const screened_frame& request,
                                               std::int64_t utc_ns) noexcept;
    [[nodiscard]] std::string_view reason_to_fill(const session_message& message) noexcept;
    [[nodiscard]] app_out_decision fill(const session_message& message,
                                        std::string_view reason) noexcept;
    [[nodiscard]] receive_result answer_next_slice(std::int64_t utc_ns) noexcept;
    [[nodiscard]] std::uint32_t slice_messages() const noexcept;
    [[nodiscard]] bool has_room_for_slice() noexcept;
    void judge(const receive_result& result) noexcept;
    void poll_resend(std::int64_t now_ns) noexcept;
    void resend_not_kept() noexcept;
    void ask_for_next_chunk() noexcept;
    void frame_not_kept() noexcept;
    void prepare_logon(std::int64_t now_ns) noexcept;
    void settle(std::int64_t now_ns) noexcept;
    void say_given_up(std::string_view reason) noexcept;
    [[nodiscard]] engine::poll_action send_one(outbound_route& route,
                                               std::span<const std::byte> payload) noexcept;
    [[nodiscard]] route_doubt::answer judge_doubt(outbound_route& route,
                                                  const outbound_header& header) noexcept;
    [[nodiscard]] bool withdraw(outbound_route& route, const outbound_header& header) noexcept;
    // The record's place in its route when the session does not send it. False: not now.
    [[nodiscard]] bool leave_unsent(outbound_route& route, const outbound_header& header,
                                    const fix_out_log::unsent& said) noexcept;
    [[nodiscard]] bool is_held_too_long(const outbound_route& route,
                                        const outbound_header& header) const noexcept;
    [[nodiscard]] bool is_new(const outbound_route& route, const outbound_header& header) noexcept;
    int poll_down_routes() noexcept;
    [[nodiscard]] engine::poll_action drop_one(outbound_route& route,
                                               std::span<const std::byte> payload) noexcept;
    [[nodiscard]] engine::poll_action be_throttled(outbound_route& route,
                                                   const outbound_header& header,
                                                   std::string_view body) noexcept;
    void say_held(const outbound_route& route, const outbound_header& header) noexcept;
    void note_asked(msg_seq_num from) noexcept;
    void say_lost(msg_seq_num asked_from) noexcept;
    [[nodiscard]] std::string_view with_marks(const outbound_route& route, std::string_view body,
                                              bool is_poss_resend);
    [[nodiscard]] send_status send_body(const outbound_route& route, const outbound_header& header,
                                        std::string_view body, bool is_poss_resend) noexcept;
    // What a session or a route adds to messages, QuickFIX puts in.
    [[nodiscard]] bool sends_fast(const outbound_route& route) const noexcept {
        return lane_ != nullptr && spec_.outbound_fields.empty() && route.routing.empty();
    }
    [[nodiscard]] std::optional<send_status> send_fast(const outbound_route& route,
                                                       const outbound_header& header,
                                                       std::string_view body) noexcept;
    void send_batched() noexcept;
    [[nodiscard]] engine::poll_action conclude_send(outbound_route& route,
                                                    const outbound_header& header,
                                                    send_status status,
                                                    bool is_poss_resend) noexcept;
    void measure(const outbound_header& header) noexcept;
    [[nodiscard]] bool is_measured(std::int64_t begin_ns) const noexcept {
        return stamps_ != nullptr || begin_ns != 0;  // else the clock is not free
    }
    void note_sent(engine::sequence record, std::int64_t begin_ns, std::int64_t sent_ns) noexcept;
    void release_gated(std::int64_t now_ns) noexcept;
    [[nodiscard]] bool is_disk_behind() noexcept;
    void request_sync(std::int64_t now_ns) noexcept;
    void halt_route(outbound_route& route, const outbound_header& header) noexcept;
    [[nodiscard]] int poll_handshake(std::int64_t now_ns) noexcept;
    void handshake_failed(std::int64_t now_ns) noexcept;
    void say_end() noexcept;
    void warn_of_certificate() noexcept;
    void link_is_up(std::int64_t now_ns) noexcept;
    void end_link(close_reason reason, std::int64_t now_ns) noexcept;
    void tick_if_due(std::int64_t now_ns) noexcept;
    void tick(std::int64_t now_ns, std::int64_t utc_ns) noexcept;
    void publish_state() noexcept;

    session_spec spec_;
    fix_session_options options_;
    fix_out_log* out_;
    event_ring* events_;
    schedule schedule_;
    session_ledger ledger_;
    std::unique_ptr<session_port> port_;
    std::unique_ptr<connector> connector_;  // initiator only
    std::unique_ptr<tls_source> tls_;       // the same; null: in the clear
    connection link_;
    readiness* sockets_ = nullptr;  // null: the socket is read each turn
    std::size_t socket_slot_ = 0;
    wire_gate gate_;
    std::unique_ptr<fast_lane> lane_;  // null: everything passes through QuickFIX
    send_batch batch_;                 // of the fast lane, within a turn
    settlement settlement_;
    resend_slices resend_;
    resend_limit resend_limit_;
    std::uint32_t wrong_tag_ = 0;  // of the ResendRequest that QuickFIX looks at; 0: none
    msg_seq_num chunk_end_;        // what we have asked for reaches so far; none: to the gap's end
    msg_seq_num gap_end_;
    msg_seq_num resending_;          // what goes out next is this message, again
    bool is_fill_said_ = false;      // of the request that is being answered
    bool is_resend_broken_ = false;  // FIX_OUT has refused to say what becomes of a message
    throttle throttle_;
    bool is_throttled_ = false;       // a message waits for the rate, and is counted
    bool has_down_policies_ = false;  // a route does not hold everything for the next logon
    std::vector<outbound_route> routes_;
    std::size_t next_route_ = 0;

    std::int64_t now_ns_ = 0;  // of this turn
    std::int64_t next_tick_ns_ = 0;
    std::int64_t ticked_second_ = 0;  // UTC, of the library's last look at its timers
    std::int64_t next_look_ns_ = 0;   // at the schedule
    std::int64_t window_ns_ = 0;      // UTC; the numbers are of no window that began later
    std::int64_t stop_deadline_ns_ = 0;
    std::int64_t handshake_deadline_ns_ = 0;
    std::int64_t next_sync_request_ns_ = 0;
    std::int64_t logged_on_ns_ = 0;
    std::int64_t connected_utc_ns_ = 0;  // the link; UTC, as the next
    std::int64_t logged_on_utc_ns_ = 0;
    logon_numbers logon_;
    std::int64_t no_send_before_ns_ = 0;  // FIX_OUT refused; 0: it takes messages
    std::string_view waiting_frame_;      // of the link; FIX_IN has no room for it yet
    std::int64_t waiting_since_ns_ = 0;
    bool is_logged_on_ = false;
    bool was_logged_on_ = false;     // on this connection
    bool wants_disconnect_ = false;  // asked for inside a call into the port
    bool is_stopping_ = false;
    bool is_slicing_ = false;        // QuickFIX looks at a slice the peer has not asked for
    bool is_logon_time_ = false;     // as of the last look at the schedule
    bool is_leaving_ = false;        // logs out: logon time is over, or an operator wants it
    bool is_reset_refused_ = false;  // the numbers of a new window could not begin, and it is said
    bool is_held_ = false;           // numbers contradict the peer's: an operator must act
    bool is_enabled_ = true;         // false: an operator, or the configuration, keeps it down
    bool is_logged_out_ = false;     // an operator keeps it down, until its logon or a restart
    bool is_killed_ = false;         // no application message leaves
    bool is_switching_ = false;      // to another endpoint, as soon as the link is down
    bool has_held_doubt_ = false;    // a route waits for a decision
    bool is_busy_poll_said_ = false;
    bool is_disk_behind_ = false;  // FIX_OUT is as far ahead of the disk as it may be
    std::string marked_body_;      // of a message with 97=Y, or with its route's source_id
    // FIX_OUT may have lost messages from here on to a loss of power; 0: no, or it has been said.
    msg_seq_num lost_from_;
    std::uint32_t lost_generation_ = 0;
    stamp_ring* stamps_ = nullptr;
    engine::histogram record_to_wire_;
    std::int64_t measured_from_ns_ = engine::utc_now().ns;
};

}  // namespace millrace::gateway
