#include "gateway/admin/admin_answer.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/core/types.hpp"

namespace millrace::gateway {

namespace {

using json = nlohmann::ordered_json;

json time_or_null(std::int64_t utc_ns) {
    return utc_ns == 0 ? json(nullptr) : json(engine::to_string(engine::timestamp{utc_ns}));
}

json numbers_of(const session_view& view) {
    return {{"generation", view.generation},
            {"next_sender", view.next_sender.value},
            {"next_target", view.next_target.value}};
}

json logon_of(const logon_numbers& logon) {
    return logon.time_ns == 0 ? json(nullptr)
                              : json{{"time", time_or_null(logon.time_ns)},
                                     {"ours", logon.ours.value},
                                     {"theirs", logon.theirs.value},
                                     {"expected", logon.expected.value}};
}

json to_json(const answered_session& one) {
    const session_view& view = one.after;
    json made;
    made["name"] = one.name;
    made["gateway"] = one.gateway;
    made["outcome"] = to_text(one.outcome);
    made["text"] = one.text;
    made["state"] = view.state_text();
    made["is_logged_on"] = view.is_logged_on;
    made["is_connected"] = view.is_connected;
    made["is_enabled"] = view.is_enabled;
    made["is_logged_out"] = view.is_logged_out;
    made["is_killed"] = view.is_killed;
    made["has_waiting_resend"] = view.has_waiting_resend;
    made.update(numbers_of(view));
    made["before"] = numbers_of(one.before);
    made["before"]["state"] = one.before.state_text();
    made["peer"] = view.peer.size != 0 ? json(to_string(view.peer)) : json(nullptr);
    made["endpoint"] = view.endpoint_count == 0 ? json(nullptr) : json(view.endpoint);
    made["endpoints"] = view.endpoint_count;
    made["connected_since"] = time_or_null(view.connected_ns);
    made["logged_on_since"] = time_or_null(view.logged_on_ns);
    made["last_logon"] = logon_of(view.logon);
    made["messages_in"] = view.messages_in;
    made["fast_in"] = view.fast_in;
    made["messages_out"] = view.messages_out;
    made["fast_out"] = view.fast_out;
    made["pending_bytes"] = view.pending_bytes;
    made["gated_bytes"] = view.gated_bytes;
    made["held_frames"] = view.held_frames;
    return made;
}

std::string dump(const json& made) {
    return made.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace

void summarize(admin_answer& answer) {
    answer.outcome = audit_outcome::done;
    for (const answered_session& one : answer.sessions) {
        answer.outcome = std::max(answer.outcome, one.outcome);
    }
    answer.text = answer.sessions.size() == 1
                      ? answer.sessions.front().text
                      : std::to_string(answer.sessions.size()) + " sessions";
}

void note_outcome(audit_entry& entry, const answered_session& session) {
    entry.outcome = session.outcome;
    entry.before = to_text(session.before);
    entry.after = to_text(session.after);
    entry.text = session.text;
}

std::string to_line(const admin_answer& answer) {
    json made;
    made["outcome"] = to_text(answer.outcome);
    made["text"] = answer.text;
    if (answer.latency_ns) {
        made["latency_ns"] = *answer.latency_ns;
    }
    made["sessions"] = json::array();
    for (const answered_session& one : answer.sessions) {
        made["sessions"].push_back(to_json(one));
    }
    return dump(made);
}

std::string unserved_line(std::string_view outcome, std::string_view reason) {
    return dump({{"outcome", outcome}, {"text", reason}, {"sessions", json::array()}});
}

}  // namespace millrace::gateway
