// What an operator is answered, as a line of JSON.
//
//   {"outcome":"done","text":"...","latency_ns":5120,"sessions":[{"name":"...","state":"...",...}]}
//
// Threading  any
// Units      latency_ns: from the request to the last session that carried it out
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/admin/audit_log.hpp"
#include "gateway/session/session_command.hpp"

namespace millrace::gateway {

struct answered_session {
    std::string gateway;
    std::string name;
    audit_outcome outcome = audit_outcome::done;
    std::string text;
    session_view before;
    session_view after;
};

struct admin_answer {
    audit_outcome outcome = audit_outcome::done;
    std::string text;
    std::optional<std::int64_t> latency_ns;  // of a kill
    std::vector<answered_session> sessions;
};

// Of all its sessions: the worst outcome, and the text of the one there is.
void summarize(admin_answer& answer);
// What became of the session that an `asked` entry is about.
void note_outcome(audit_entry& entry, const answered_session& session);
// With its end.
[[nodiscard]] std::string to_line(const admin_answer& answer);
// `outcome` "misuse": what was no request, or asked for what is not there; "denied": nobody has
// looked at what it was.
[[nodiscard]] std::string unserved_line(std::string_view outcome, std::string_view reason);

}  // namespace millrace::gateway
