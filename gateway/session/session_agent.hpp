// The FIX gateway: one agent that owns its sessions, their sockets, FIX_OUT and FIX_IN; nothing
// else touches them.
//
// Threading  constructed and wired on one thread, then driven by one runner; request_stop() and
//            is_stopped() from any
// Progress   do_work never waits
// Errors     the constructor throws: settings, dictionaries, logs held by another process,
//            addresses in use
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/session/command_slot.hpp"
#include "gateway/session/fix_session.hpp"
#include "gateway/session/life.hpp"
#include "gateway/session/logon_door.hpp"
#include "gateway/session/message_dictionary.hpp"
#include "gateway/session/switch_file.hpp"
#include "gateway/transport/listener.hpp"

namespace millrace::gateway {

struct session_agent_options {
    std::string name;
    std::filesystem::path directory;  // FIX_OUT and FIX_IN lie in it
    fix_log_options logs;
    fix_session_options session;
    std::size_t correlations = std::size_t{1}
                               << 17;            // recent orders whose reports find their beginning
    std::size_t undurable_messages_max = 65536;  // FIX_OUT may be so far ahead of the disk
    in_doubt_policy in_doubt = in_doubt_policy::halt;
    std::vector<std::string> slow_sessions;      // all their messages pass through QuickFIX
    std::vector<std::string> disabled_sessions;  // unless an operator has said otherwise since
    struct session_rules {
        std::string session;
        resend_rules resends;
        throttle_rule throttling;
        std::size_t poss_resend_window = poss_resend_window_default;
    };
    std::vector<session_rules> own_rules;  // of sessions that do not have those of `session`
    std::string boot_id;                   // of the host; empty: ask it
    std::filesystem::path users;  // who may log on to acceptors; empty: whoever reaches them
};

struct session_agent_counters {
    engine::counter refused_connections;  // that never became a session's
    engine::counter waiting_connections;  // for their first frame
    engine::counter refused_addresses;    // connections from where nobody may come
    engine::counter tls_failures;         // of refused_connections: no TLS came about
    engine::counter refused_logons;       // no such user, or a wrong password
    engine::counter waiting_logons;       // for their user to be checked
};

class session_agent {
public:
    // The settings' sessions are all of this gateway's.
    session_agent(session_agent_options options, const settings_file& settings);

    // Set-up: one outbound link per route. Throws config_error for a session that is not here, or a
    // route that has come from another log. REQUIRES: the link outlives this.
    void add_route(std::string_view session, std::string_view route, outbound_link& link,
                   const engine::log_uuid& source, engine::sequence start_after = {},
                   gate_level gate = gate_level::committed);
    // Set-up, where power was lost: the last of the route's source records that were there when
    // this gateway came up again, and so may have been sent before. To be said before open().
    [[nodiscard]] bool has_doubt(std::string_view route) const noexcept;
    void limit_doubt(std::string_view route, engine::sequence through);
    // How far the route has come: its client resumes behind it.
    [[nodiscard]] engine::sequence highest_origin(std::string_view route) const noexcept;
    // The route's source lost its end; durable when open() returns.
    void cut_back(std::string_view route, engine::sequence last) noexcept {
        out_.table().cut_back(route, last);
    }
    // Set-up: from here on the sessions stamp what they send.
    stamp_ring& use_stamps();
    // After the last add_route: the logs' snapshots name all routes from here on.
    void open();

    [[nodiscard]] const std::string& label() const noexcept { return options_.name; }
    [[nodiscard]] const char* name() const noexcept { return agent_name_.c_str(); }
    void on_start();
    int do_work() noexcept;
    void on_close() noexcept;
    // For a cold thread, now and then: takes an operator's decisions on what is in doubt, and notes
    // what has been proved; reads certificates again that have changed. Returns a sentence for
    // people if that failed. REQUIRES: open() is over.
    [[nodiscard]] std::string tend() noexcept;

    // For the one cold thread that has commands for the sessions.
    [[nodiscard]] command_slot& commands() noexcept { return *commands_; }
    // The same thread: notes, durably, what was or will be switched; io_error where it cannot be.
    // `session` as in a command.
    void keep_switch(std::size_t session, session_verb verb);
    // The same thread: what is noted, and notes of `session` what stood `before` its last switch.
    [[nodiscard]] const session_switches& noted_switches() const noexcept { return switches_; }
    void take_back_switch(std::size_t session, session_verb verb, const session_switches& before);

    // Logs every session out; do_work has to go on until is_stopped().
    void request_stop() noexcept { is_stop_requested_.store(true, std::memory_order_relaxed); }
    [[nodiscard]] bool is_stopped() const noexcept {
        return is_stopped_.load(
            std::memory_order_acquire);  // pairs with session_agent.cpp: do_work
    }

    [[nodiscard]] const std::vector<std::unique_ptr<fix_session>>& sessions() const noexcept {
        return sessions_;
    }
    [[nodiscard]] std::filesystem::path out_directory() const {
        return options_.directory / "FIX_OUT";
    }
    [[nodiscard]] std::filesystem::path in_directory() const {
        return options_.directory / "FIX_IN";
    }
    [[nodiscard]] const engine::table_log& out_table() const noexcept { return out_.table(); }
    [[nodiscard]] const engine::table_log& in_table() const noexcept { return in_.table(); }
    // Bound ports of the acceptors, in the order of their first session.
    [[nodiscard]] std::vector<std::uint16_t> listening_ports() const;
    // Somebody waits for his user to be checked.
    [[nodiscard]] bool is_checking() const noexcept {
        return door_ != nullptr && door_->waiting_count() > 0;
    }
    [[nodiscard]] event_ring& events() noexcept { return events_; }

    session_agent_counters counters;

private:
    template <class Change>
    void note_switches(std::size_t session, Change&& change);
    struct acceptor_port {
        host_port endpoint;
        std::unique_ptr<tls_source> tls;  // null: in the clear
        std::unique_ptr<listener> listening;
        std::uint64_t refused_said = 0;
    };

    [[nodiscard]] std::string tend_doubts() noexcept;
    void set_switches();
    void serve_command(std::int64_t now_ns) noexcept;
    int poll_listeners(std::int64_t now_ns) noexcept;
    void place_connection(const listener::first_frame& first, std::int64_t now_ns) noexcept;
    [[nodiscard]] fix_session* find_session(const screened_frame& logon) noexcept;
    void load_recent();
    void open_fast_lane(fix_session& session);
    void open_door(const settings_file& settings);
    [[nodiscard]] std::string_view let_on(connection& link, const screened_frame& logon,
                                          fix_session* session, std::int64_t now_ns) noexcept;
    int poll_door(std::int64_t now_ns) noexcept;
    void answered(logon_door::caller& caller, const logon_answer& answer,
                  std::int64_t now_ns) noexcept;
    void say_logon(event_level level, const fix_session& session, std::string_view user,
                   const connection& link, std::string_view text) noexcept;
    void listen_for(const session_spec& spec, const settings_file& settings);
    [[nodiscard]] bool may_come(const fix_session& session, const connection& link) const noexcept;
    void renew_tls() noexcept;
    void warn_of_certificate(const tls_context& tls) noexcept;
    void say_failure(std::string_view failure, std::int64_t now_ns) noexcept;
    [[nodiscard]] bool is_named(const fix_session& session, const connection& link) noexcept;
    void say_refused_addresses(std::int64_t now_ns) noexcept;
    void count_connections() noexcept;

    session_agent_options options_;
    std::string agent_name_;  // "gateway:NAME", as thread plans call it
    gateway_life life_;       // the last one, then this
    event_ring events_;
    correlation_table correlations_;
    fix_out_log out_;
    fix_in_log in_;
    std::unique_ptr<stamp_ring> stamps_;  // null: nobody stamps
    message_dictionaries dictionaries_;   // of the fast lanes
    std::optional<readiness> sockets_;    // nothing: they are few, and each is read each turn
    std::vector<std::unique_ptr<fix_session>> sessions_;
    std::unique_ptr<command_slot> commands_;
    session_switches switches_;          // set-up, then the thread that has commands
    std::vector<address_list> allowed_;  // of each session, as sessions_
    std::vector<acceptor_port> listeners_;
    std::unique_ptr<logon_check> logon_check_;  // null: nobody is checked
    std::unique_ptr<logon_door> door_;          // the same
    std::vector<gateway_route> committed_routes_;
    std::vector<doubt_entry> doubt_entries_;            // as last written
    std::vector<std::unique_ptr<route_doubt>> doubts_;  // of configured routes
    data_field_table first_frame_fields_ = data_field_table::standard();
    std::atomic<bool> is_stop_requested_{false};  // writer: whoever stops
    std::atomic<bool> is_stopped_{false};         // writer: the session thread
    bool is_stopping_ = false;
    std::int64_t next_count_ns_ = 0;
    std::int64_t next_listen_ns_ = 0;
    bool is_any_logged_on_ = false;
    std::int64_t next_refused_line_ns_ = 0;
    std::int64_t failures_counted_from_ns_ = 0;  // and so many were said since
    unsigned failures_said_ = 0;
    std::uint64_t refused_first_frames_ = 0;  // and the listeners have refusals of their own
};

}  // namespace millrace::gateway
