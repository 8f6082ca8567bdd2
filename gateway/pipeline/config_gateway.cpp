// Who may log on to a gateway's sessions, what is kept of it, and how its connections behave.
#include "gateway/pipeline/config_parts.hpp"
#include "gateway/quickfix/secrets.hpp"

namespace millrace::gateway::detail {

namespace {

std::vector<std::uint32_t> read_secret_tags(const config_section& section) {
    std::vector<std::uint32_t> tags;
    if (!section.has("secret_tags")) {
        return tags;
    }
    const config_node& list = section.require("secret_tags");
    if (list.kind != node_kind::array) {
        section.fail("secret_tags", "'secret_tags' must be a list of tags: [5001, 5002]");
    }
    for (const config_node& element : list.elements) {
        const bool is_tag = element.kind == node_kind::integer && element.integer > 0 &&
                            element.integer <= 0x7fffffff;
        if (!is_tag) {
            section.file().fail(element.line, "'secret_tags' must be a list of tags: [5001, 5002]");
        }
        const auto tag = static_cast<std::uint32_t>(element.integer);
        if (!secret_tags::may_add(tag)) {
            section.file().fail(element.line, "'secret_tags' names " + std::to_string(tag) +
                                                  ", without whose value no Logon can be read");
        }
        tags.push_back(tag);
    }
    return tags;
}

std::vector<std::string> read_admin_types(const config_section& section) {
    std::vector<std::string> types = section.texts("admin_types");
    for (const std::string& type : types) {
        if (!is_admin_type(type)) {
            section.fail("admin_types", "'admin_types' names '" + type +
                                            "'; expected 0, 1, 2, 3, 4, 5 and A: Heartbeat, "
                                            "TestRequest, ResendRequest, Reject, SequenceReset, "
                                            "Logout and Logon");
        }
    }
    return types;
}

}  // namespace

std::string default_where(const gateway_config& gateway) {
    std::string where = "KIND = 'application'";
    if (!gateway.admin_types.empty()) {
        where += " or (KIND = 'admin' and MSG_TYPE in (";
        for (const std::string& type : gateway.admin_types) {
            where += (&type == &gateway.admin_types.front() ? "'" : ", '") + type + "'";
        }
        where += "))";
    }
    return where;
}

void read_logon_keys(const config_section& section, gateway_config& gateway) {
    gateway.secret_tags = read_secret_tags(section);
    gateway.admin_types = read_admin_types(section);
    if (section.has("users")) {
        gateway.users = section.file().resolve(section.text("users"));
    }
}

void read_transport_keys(const config_section& section, gateway_config& gateway) {
    constexpr std::int64_t ns_per_ms = 1'000'000;
    constexpr std::int64_t ms_max = 600'000;
    constexpr std::int64_t busy_poll_us_max = 1'000'000;
    // What one turn may send at once has to fit.
    constexpr std::int64_t bytes_min = 256 << 10;
    constexpr std::int64_t bytes_max = 256 << 20;
    gateway.tls_handshake_ns =
        section.integer_or("tls_handshake_ms", gateway.tls_handshake_ns / ns_per_ms, 1, ms_max) *
        ns_per_ms;
    gateway.busy_poll_us = static_cast<std::uint32_t>(
        section.integer_or("busy_poll_us", gateway.busy_poll_us, 0, busy_poll_us_max));
    gateway.slow_consumer_bytes = static_cast<std::size_t>(section.integer_or(
        "slow_consumer_bytes", static_cast<std::int64_t>(gateway.slow_consumer_bytes), bytes_min,
        bytes_max));
    gateway.slow_consumer_ns =
        section.integer_or("slow_consumer_ms", gateway.slow_consumer_ns / ns_per_ms, 1, ms_max) *
        ns_per_ms;
}

}  // namespace millrace::gateway::detail
