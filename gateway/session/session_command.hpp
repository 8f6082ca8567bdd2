// What an operator wants of a session, and how it stands before and after.
//
// Threading  plain values: a cold thread fills a command in, the session thread an outcome
// Units      time_ns, connected_ns, logged_on_ns: UTC; numbers: none where there is none
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "gateway/quickfix/msg_seq_num.hpp"
#include "gateway/transport/address.hpp"

namespace millrace::gateway {

enum class session_verb : std::uint8_t {
    look,
    logon,
    logout,
    enable,
    disable,
    reset,
    set_sequence,
    test_request,
    resend,           // asks the peer for what it has sent
    switch_endpoint,  // goes on with the next of its addresses
    kill,             // no application message leaves
    release,          // they leave again
    import_store      // takes over from a QuickFIX engine; of a stopped gateway alone
};

[[nodiscard]] constexpr bool changes_numbers(session_verb verb) noexcept {
    return verb == session_verb::reset || verb == session_verb::set_sequence;
}
// What stays so across a restart (switch_file.hpp).
[[nodiscard]] constexpr bool is_switch(session_verb verb) noexcept {
    return verb == session_verb::enable || verb == session_verb::disable ||
           verb == session_verb::kill || verb == session_verb::release;
}

struct session_command {
    static constexpr std::size_t every_session = SIZE_MAX;

    session_verb verb = session_verb::look;
    std::size_t session =
        every_session;        // of the gateway, in its order; every: look, kill, release
    msg_seq_num next_sender;  // set_sequence; none: it stays
    msg_seq_num next_target;
    msg_seq_num begin;            // resend, both included
    msg_seq_num end;              // none: all there is
    std::array<char, 96> text{};  // logout, disable: what our Logout says; ends with a zero
};

// The numbers with which both sides logged on last.
struct logon_numbers {
    std::int64_t time_ns = 0;  // 0: not since the gateway began
    msg_seq_num ours;
    msg_seq_num theirs;
    msg_seq_num expected;  // of theirs
};

struct session_view {
    std::array<char, 64> state{};
    bool is_connected = false;
    bool is_logged_on = false;
    bool is_enabled = true;
    bool is_logged_out = false;  // by an operator, until its logon
    bool is_killed = false;
    bool has_waiting_resend = false;  // a ResendRequest that a kill holds back
    msg_seq_num next_sender;
    msg_seq_num next_target;
    std::uint32_t generation = 0;
    socket_address peer;  // size 0: none
    std::size_t endpoint = 0;
    std::size_t endpoint_count = 0;  // 0: an acceptor
    std::int64_t connected_ns = 0;
    std::int64_t logged_on_ns = 0;
    logon_numbers logon;
    std::uint64_t messages_in = 0;
    std::uint64_t fast_in = 0;
    std::uint64_t messages_out = 0;
    std::uint64_t fast_out = 0;
    std::uint64_t pending_bytes = 0;
    std::uint64_t gated_bytes = 0;
    std::uint64_t held_frames = 0;

    // Nothing connects it.
    [[nodiscard]] bool is_down() const noexcept { return !is_enabled || is_logged_out; }
    [[nodiscard]] std::string_view state_text() const noexcept { return state.data(); }
};

struct session_outcome {
    bool is_done = false;
    std::array<char, 256> text{};  // for people: what was done, or why not
    session_view before;
    session_view after;

    [[nodiscard]] std::string_view said() const noexcept { return text.data(); }
};

}  // namespace millrace::gateway
