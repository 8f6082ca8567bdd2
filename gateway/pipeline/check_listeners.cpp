#include <algorithm>
#include <map>

#include "engine/core/error.hpp"
#include "gateway/pipeline/admin_setup.hpp"
#include "gateway/pipeline/check_report.hpp"

namespace millrace::gateway::detail {

namespace {

// One log has one writer: a listener's table is written by what its clients send, and nothing else.
void check_routes(check_report& report, const listener_config& listener) {
    for (const client_config& client : report.config.clients) {
        for (const route_config& route : client.routes) {
            if (route.table == listener.table) {
                report.error(listener.lines.of("table"),
                             "listener '" + listener.name + "' and route '" + route.name +
                                 "' both write table '" + listener.table +
                                 "': one log has one writer");
            }
        }
    }
}

void check_admin(check_report& report) {
    const admin_config& admin = report.config.admin;
    if (!report.config.has_admin()) {
        return;
    }
    for (const listener_config& listener : report.config.listeners) {
        if (listener.path.lexically_normal() == admin.path.lexically_normal()) {
            report.error(listener.lines.of("path"), "listener '" + listener.name +
                                                        "' and the admin socket have one path, " +
                                                        admin.path.native());
        }
    }
    try {
        static_cast<void>(admin_options_of(report.config));
    } catch (const engine::config_error& failure) {
        report.foreign_error(admin.lines.section, failure.what());
    }
}

}  // namespace

void check_listeners(check_report& report) {
    check_admin(report);
    const std::vector<std::string_view> known = names_of(report.config.tables);
    std::map<std::string, const listener_config*> tables;
    std::map<std::filesystem::path, const listener_config*> paths;
    for (const listener_config& listener : report.config.listeners) {
        if (report.config.find_table(listener.table) == nullptr) {
            report.error(listener.lines.of("table"),
                         "unknown table" + named(listener.table, known));
            continue;
        }
        const auto [owner, is_first] = tables.emplace(listener.table, &listener);
        if (!is_first) {
            report.error(listener.lines.of("table"),
                         "table '" + listener.table + "' has listener '" + owner->second->name +
                             "' already; one socket serves any number of processes");
        }
        const auto [other, is_own] = paths.emplace(listener.path.lexically_normal(), &listener);
        if (!is_own) {
            report.error(listener.lines.of("path"),
                         "listeners '" + other->second->name + "' and '" + listener.name +
                             "' have one path, " + listener.path.native());
        }
        check_routes(report, listener);
    }
}

}  // namespace millrace::gateway::detail
