// One request of an operator, as a line of JSON.
//
//   {"command": "list"}
//   {"command": "kill", "session": "FIX.4.4:OURS->PEER", "reason": "runs wild"}
//   {"command": "set-sequence", "session": "...", "reason": "...", "next_sender": 5}
//
// Threading  any
// Errors     a reason for people, which names the member
#pragma once

#include <string>
#include <string_view>

#include "gateway/quickfix/settings.hpp"
#include "gateway/session/session_command.hpp"

namespace millrace::gateway {

struct admin_request {
    static constexpr std::size_t reason_bytes_max = 254;

    session_verb verb = session_verb::look;
    std::string session;  // empty: all of them, which look, kill and release may be for
    std::string reason;   // needed where is_destructive()
    std::string text;     // logout, disable: what our Logout says; empty: a text of ours
    msg_seq_num next_sender;
    msg_seq_num next_target;
    msg_seq_num begin;
    msg_seq_num end;
    std::string directory;  // import: FileStorePath of the QuickFIX engine
};

// As the command line and the audit log call it; `look` is "list".
[[nodiscard]] std::string_view to_text(session_verb verb) noexcept;
// Breaks a session's work, or cannot be taken back.
[[nodiscard]] bool is_destructive(session_verb verb) noexcept;

// By its whole name, or as SENDER->TARGET.
[[nodiscard]] bool is_named(const session_spec& session, std::string_view name);
// What a session is to do; the caller knows which.
[[nodiscard]] session_command to_command(const admin_request& request) noexcept;
// Empty, and the request filled in; else why the line is none.
[[nodiscard]] std::string parse_request(std::string_view line, admin_request& request);
// The line, without its end.
[[nodiscard]] std::string to_line(const admin_request& request);

}  // namespace millrace::gateway
