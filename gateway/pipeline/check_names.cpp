// Names that are used twice, and what nobody uses.
#include <algorithm>
#include <map>
#include <string>

#include "engine/table/record.hpp"
#include "gateway/pipeline/check_report.hpp"

namespace millrace::gateway::detail {

void check_route_names(check_report& report) {
    std::map<std::uint64_t, const route_config*> ids;
    std::map<std::pair<std::string, std::string>, const route_config*> ways;
    for (const client_config& client : report.config.clients) {
        const stream_config* stream = report.config.find_stream(client.stream);
        for (const route_config& route : client.routes) {
            const auto [known, is_new] = ids.emplace(engine::route_id(route.name), &route);
            if (!is_new) {
                const bool is_same = known->second->name == route.name;
                report.error(route.lines.of("name"),
                             "route '" + route.name + "' has the " + (is_same ? "name" : "id") +
                                 " of route '" + known->second->name + "' in line " +
                                 std::to_string(known->second->line) +
                                 "; a route is known by its name in every log it writes");
            }
            if (stream == nullptr || route.session.empty()) {
                continue;
            }
            const auto [way, is_first] =
                ways.emplace(std::pair(stream->table, route.session), &route);
            if (!is_first) {
                report.warning(route.line, "routes '" + way->second->name + "' and '" + route.name +
                                               "' lead from '" + stream->table + "' to session " +
                                               route.session + ": between them no order holds");
            }
        }
    }
}

void check_unused(check_report& report) {
    const auto& clients = report.config.clients;
    for (const stream_config& stream : report.config.streams) {
        const bool is_used = std::any_of(clients.begin(), clients.end(), [&](const auto& client) {
            return client.stream == stream.name;
        });
        if (!is_used && !stream.is_default) {
            report.warning(stream.line, "stream '" + stream.name + "' has no client");
        }
    }
    for (const map_config& map : report.config.maps) {
        const bool is_used = std::any_of(clients.begin(), clients.end(), [&](const auto& client) {
            return std::any_of(client.routes.begin(), client.routes.end(),
                               [&](const auto& route) { return route.map == map.name; });
        });
        if (!is_used) {
            report.warning(map.line, "map '" + map.name +
                                         "' is used by no route, so its columns are not checked");
        }
    }
}

}  // namespace millrace::gateway::detail
