// What Millrace does for a session besides what its settings say.
#include "gateway/pipeline/config_parts.hpp"
#include "gateway/session/outbound.hpp"

namespace millrace::gateway::detail {

namespace {

constexpr std::int64_t ns_per_ms = 1'000'000;
constexpr std::int64_t age_ms_max = std::int64_t{7} * 24 * 3'600'000;
constexpr std::int64_t repeats_most = 1'000'000;
constexpr std::int64_t window_ms_max = 3'600'000;
constexpr std::int64_t window_most = 1'000'000;
constexpr std::int64_t throttle_most = 10'000'000;

// {D = 5000, "*" = 60000}: by MsgType.
void read_ages(const config_section& section, resend_rules& rules) {
    constexpr std::string_view key = "resend_max_age_ms";
    if (!section.has(key)) {
        return;
    }
    const config_node& table = section.require(key);
    if (table.kind != node_kind::table) {
        section.fail(key,
                     "'resend_max_age_ms' must say an age for each MsgType: {D = 5000, "
                     "\"*\" = 60000}");
    }
    for (const config_node::member& member : table.members) {
        const std::string& type = member.name;
        const long line = member.node.line;
        if (is_admin_type(type)) {
            section.file().fail(line, "'resend_max_age_ms' names " + type +
                                          ", a message of the session's own, which is never sent "
                                          "again");
        }
        if (type.empty() || type.size() > sizeof(outbound_header::msg_type)) {
            section.file().fail(line, "'resend_max_age_ms' names '" + type +
                                          "'; expected a MsgType, or * for every other");
        }
        if (member.node.kind != node_kind::integer || member.node.integer < 0 ||
            member.node.integer > age_ms_max) {
            section.file().fail(line, "'resend_max_age_ms' of " + type +
                                          " must be a number of milliseconds from 0 to " +
                                          std::to_string(age_ms_max));
        }
        rules.ages.push_back({type, member.node.integer * ns_per_ms});
    }
}

throttle_rule read_throttle(const config_section& section) {
    throttle_rule rule;
    for (const std::string_view key : {"throttle_burst", "on_throttle"}) {
        if (section.has(key) && !section.has("throttle_per_second")) {
            section.fail(key, "'" + std::string(key) +
                                  "' is about 'throttle_per_second', which is not there");
        }
    }
    rule.per_second =
        static_cast<std::uint32_t>(section.integer_or("throttle_per_second", 0, 1, throttle_most));
    rule.burst = static_cast<std::uint32_t>(
        section.integer_or("throttle_burst", rule.burst, 1, throttle_most));
    rule.policy = static_cast<throttle_policy>(
        section.choice("on_throttle", 0, {"wait", "reject", "disconnect"}));
    return rule;
}

}  // namespace

session_config read_session(const config_file& file, const config_node& node) {
    const config_section section(
        file, node, "[[gateway.session]]",
        {"name", "lane", "enabled", "resend_max_age_ms", "resend_repeats_max",
         "resend_request_chunk", "resend_repeats_window_ms", "throttle_per_second",
         "throttle_burst", "on_throttle", "poss_resend_window"});
    session_config session;
    session.line = section.line();
    session.lines = section.lines();
    session.name = section.text("name");
    session.lane = static_cast<session_lane>(section.choice("lane", 0, {"fast", "slow"}));
    session.is_enabled = section.boolean_or("enabled", session.is_enabled);
    read_ages(section, session.resends);
    session.resends.repeats_max = static_cast<std::uint32_t>(
        section.integer_or("resend_repeats_max", session.resends.repeats_max, 1, repeats_most));
    session.resends.request_chunk =
        static_cast<std::uint32_t>(section.integer_or("resend_request_chunk", 0, 1, repeats_most));
    session.resends.window_ns =
        section.integer_or("resend_repeats_window_ms", session.resends.window_ns / ns_per_ms, 1,
                           window_ms_max) *
        ns_per_ms;
    session.throttling = read_throttle(section);
    session.poss_resend_window = static_cast<std::size_t>(
        section.integer_or("poss_resend_window",
                           static_cast<std::int64_t>(session.poss_resend_window), 0, window_most));
    return session;
}

}  // namespace millrace::gateway::detail
