#include <algorithm>
#include <bit>

#include "engine/core/file.hpp"
#include "engine/table/row_text.hpp"
#include "gateway/pipeline/config_parts.hpp"
#include "gateway/pipeline/plan.hpp"

namespace millrace::gateway::detail {

namespace {

constexpr std::int64_t ring_slots_min = 2;
constexpr std::int64_t ring_slots_max = std::int64_t{1} << 20;
constexpr std::size_t ring_bytes_min = std::size_t{4} << 10;
constexpr std::size_t ring_bytes_max = std::size_t{1} << 30;
constexpr std::size_t message_bytes_min = 256;
constexpr std::size_t message_bytes_max = std::size_t{16} << 20;
constexpr std::size_t messages_per_ring_min = 4;
constexpr std::int64_t hold_age_ms_max = std::int64_t{7} * 24 * 3'600'000;
constexpr std::int64_t ns_per_ms = 1'000'000;

start_config read_start(const config_file& file, const config_node& node) {
    start_config start;
    const std::string expected = R"(expected "first", "tail", {sequence = 1}, {offset = 4096} or )"
                                 R"({time = "2026-03-01T09:30:00Z"})";
    if (node.kind == node_kind::text) {
        if (node.text != "first" && node.text != "tail") {
            file.fail(node.line, "'start' is '" + node.text + "'; " + expected);
        }
        start.what = node.text == "first" ? start_kind::first : start_kind::tail;
        return start;
    }
    if (node.kind != node_kind::table) {
        file.fail(node.line, "'start' is " + std::string(to_phrase(node.kind)) + "; " + expected);
    }
    const config_section section(file, node, "start", {"sequence", "time", "offset"});
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    const int count =
        int{section.has("sequence")} + int{section.has("time")} + int{section.has("offset")};
    if (count != 1) {
        section.fail("sequence", "'start' names " +
                                     std::string(count == 0 ? "no place" : "two places") + "; " +
                                     expected);
    }
    if (section.has("sequence")) {
        start.what = start_kind::sequence;
        start.seq.value = static_cast<std::uint64_t>(section.integer_or("sequence", 1, 1, most));
        return start;
    }
    if (section.has("offset")) {
        start.what = start_kind::offset;
        start.at.value = static_cast<std::uint64_t>(section.integer_or("offset", 0, 0, most));
        return start;
    }
    start.what = start_kind::time;
    const std::string time = section.text("time");
    if (!engine::parse(time, start.time)) {
        section.fail("time", "'time' is '" + time + "'; expected UTC: 2026-03-01T09:30:00Z");
    }
    return start;
}

operation_set read_operations(const config_section& section, bool is_for_session) {
    operation_set set;
    if (!section.has("operations")) {
        set.modifies = set.deletes = !is_for_session;
        return set;
    }
    set.inserts = set.modifies = set.deletes = false;
    const std::vector<std::string> names = section.texts("operations");
    for (const std::string& name : names) {
        bool* const wanted = name == "insert"   ? &set.inserts
                             : name == "modify" ? &set.modifies
                             : name == "delete" ? &set.deletes
                                                : nullptr;
        if (wanted == nullptr) {
            section.fail("operations", "unknown operation '" + name +
                                           "'; expected \"insert\", \"modify\" or \"delete\"");
        }
        *wanted = true;
    }
    if (names.empty()) {
        section.fail("operations",
                     "a route without operations takes nothing; expected some of "
                     "\"insert\", \"modify\" and \"delete\"");
    }
    return set;
}

void check_destination(const config_section& section, const route_config& route) {
    if (!route.session.empty() && !route.table.empty()) {
        section.fail("table", "a route has a 'session' or a 'table', not both; write two routes");
    }
    if (!route.session.empty() && !route.handler.empty()) {
        section.fail("handler",
                     "a route has a 'session' or a 'handler', not both; write two routes");
    }
    if (route.session.empty() && route.table.empty() && route.handler.empty()) {
        section.fail("name", "a route goes somewhere: to a 'session', a 'handler' or a 'table'");
    }
    if (!route.gateway.empty() && route.session.empty()) {
        section.fail("gateway",
                     "'gateway' says whose session a route goes to; there is no 'session'");
    }
    if (section.has("on_nack") && route.handler.empty()) {
        section.fail("on_nack", "'on_nack' is about a handler's answer; there is no 'handler'");
    }
    if (section.has("source_id") && route.session.empty()) {
        section.fail("source_id", "'source_id' is said to a session; there is no 'session'");
    }
    for (const std::string_view key :
         {"ring_bytes", "max_message_bytes", "when_down", "hold_max_age_ms"}) {
        if (section.has(key) && route.session.empty()) {
            section.fail(key, "'" + std::string(key) +
                                  "' is about messages to a session; there is no 'session'");
        }
    }
}

std::string read_source_id(const config_section& section) {
    constexpr std::size_t bytes_max = 64;
    std::string id = section.has("source_id") ? section.text("source_id") : std::string();
    const bool is_printable = std::all_of(
        id.begin(), id.end(), [](char byte) { return static_cast<unsigned char>(byte) >= ' '; });
    if (id.size() > bytes_max || !is_printable) {
        section.fail("source_id", "'source_id' has at most 64 bytes, and no control characters");
    }
    return id;
}

void read_ring(const config_section& section, route_config& route) {
    route.max_message_bytes = section.bytes_or("max_message_bytes", route.max_message_bytes,
                                               message_bytes_min, message_bytes_max);
    route.ring_bytes =
        section.bytes_or("ring_bytes", route.ring_bytes, ring_bytes_min, ring_bytes_max);
    if (!std::has_single_bit(route.ring_bytes)) {
        section.fail("ring_bytes", "'ring_bytes' is " + std::to_string(route.ring_bytes) +
                                       "; expected a power of two");
    }
    if (route.ring_bytes / messages_per_ring_min < route.max_message_bytes) {
        section.fail(section.has("ring_bytes") ? "ring_bytes" : "max_message_bytes",
                     "'ring_bytes' is " + size_text(route.ring_bytes) +
                         "; expected at least 4 times 'max_message_bytes', " +
                         size_text(messages_per_ring_min * route.max_message_bytes));
    }
}

route_config read_route(const config_file& file, const config_node& node,
                        const std::string& default_name) {
    const config_section section(
        file, node, "[[client.route]]",
        {"name", "session", "gateway", "table", "handler", "map", "where", "operations", "start",
         "on_parsing_error", "on_nack", "gate", "ring_bytes", "max_message_bytes", "source_id",
         "when_down", "hold_max_age_ms"});
    route_config route;
    route.line = section.line();
    route.lines = section.lines();
    route.name = section.has("name") ? section.name("name") : default_name;
    route.session = section.text_or("session", "");
    route.gateway = section.text_or("gateway", "");
    route.table = section.text_or("table", "");
    route.handler = section.text_or("handler", "");
    route.map = section.text_or("map", "");
    route.where = section.text_or("where", "");
    route.operations = read_operations(section, !route.session.empty());
    if (const config_node* start = section.find("start")) {
        route.start = read_start(file, *start);
    }
    const auto policy = [&](std::string_view key, failure_policy otherwise) {
        return static_cast<failure_policy>(
            section.choice(key, static_cast<std::size_t>(otherwise), {"halt", "park", "continue"}));
    };
    route.on_parsing_error = policy("on_parsing_error", route.on_parsing_error);
    route.on_nack = policy("on_nack", route.on_nack);
    route.gate = static_cast<gate_level>(section.choice("gate", 0, {"committed", "durable"}));
    check_destination(section, route);
    route.source_id = read_source_id(section);
    route.when_down =
        static_cast<down_policy>(section.choice("when_down", 0, {"hold", "park", "reject"}));
    route.hold_max_ns = section.integer_or("hold_max_age_ms", 0, 1, hold_age_ms_max) * ns_per_ms;
    read_ring(section, route);
    return route;
}

}  // namespace

client_config read_client(const config_file& file, const config_node& node,
                          const pipeline_config& config) {
    const config_section section(
        file, node, "[[client]]",
        {"name", "stream", "where", "ring_slots", "reject_directory", "route"});
    client_config client;
    client.line = section.line();
    client.lines = section.lines();
    client.name = section.name("name");
    // First, so that what is wrong with the client hides nothing that is wrong with a route.
    file.collect([&] {
        file.each(section.tables("route", "[[client.route]]"), [&](const config_node* route) {
            // A route's name is its identity in every log it wrote to: a second route must not
            // rename the first.
            const std::string default_name =
                client.routes.empty()
                    ? client.name
                    : client.name + "-" + std::to_string(client.routes.size() + 1);
            client.routes.push_back(read_route(file, *route, default_name));
        });
    });
    client.stream = section.text("stream");
    client.where = section.text_or("where", "");
    client.ring_slots = static_cast<std::size_t>(
        section.integer_or("ring_slots", static_cast<std::int64_t>(client.ring_slots),
                           ring_slots_min, ring_slots_max));
    if (!std::has_single_bit(client.ring_slots)) {
        section.fail("ring_slots", "'ring_slots' is " + std::to_string(client.ring_slots) +
                                       "; expected a power of two");
    }
    client.reject_directory = section.has("reject_directory")
                                  ? file.resolve(section.text("reject_directory"))
                                  : config.directory / rejects_name(client);
    if (section.tables("route", "[[client.route]]").empty()) {
        section.fail("name", "client '" + client.name + "' has no [[client.route]]");
    }
    return client;
}

}  // namespace millrace::gateway::detail
