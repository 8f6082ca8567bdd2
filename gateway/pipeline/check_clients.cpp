#include <algorithm>
#include <map>
#include <memory>
#include <optional>

#include "engine/core/error.hpp"
#include "engine/log/format.hpp"
#include "engine/table/nearest.hpp"
#include "engine/table/predicate.hpp"
#include "gateway/pipeline/check_report.hpp"
#include "gateway/pipeline/fix_fields.hpp"
#include "gateway/pipeline/map_build.hpp"
#include "gateway/pipeline/session_dictionary.hpp"
#include "gateway/session/fix_tables.hpp"

namespace millrace::gateway::detail {

namespace {

// The standard header and trailer around a body, at their longest.
constexpr std::size_t envelope_bytes_max = 512;
constexpr std::string_view built_in_handler = "ack";

class client_check {
public:
    client_check(check_report& report, const client_config& client)
        : report_(report), client_(client) {}

    void run() {
        stream_ = report_.config.find_stream(client_.stream);
        if (stream_ == nullptr) {
            report_.error(
                client_.lines.of("stream"),
                "unknown stream" + named(client_.stream, names_of(report_.config.streams)));
        } else {
            schema_ = find_schema(report_.config, stream_->table);
            dictionary_ = dictionary_of(report_.config, report_.settings, *stream_);
        }
        if (schema_ != nullptr) {
            std::string ignored;  // the stream's own error
            fields_ = fields_of(*schema_, dictionary_, report_.dictionaries, ignored);
        }
        check_condition(client_.lines.of("where"), "client '" + client_.name + "'", client_.where);
        for (const route_config& route : client_.routes) {
            check_condition(route.lines.of("where"), what(route), route.where);
            if (route.session.empty()) {
                check_local_route(route);
            } else {
                check_session_route(route);
            }
        }
    }

private:
    [[nodiscard]] static std::string what(const route_config& route) {
        return "route '" + route.name + "'";
    }

    [[nodiscard]] bool is_visible(const std::string& column) const {
        return stream_->columns.empty() ||
               std::any_of(stream_->columns.begin(), stream_->columns.end(),
                           [&](const std::string& listed) {
                               return engine::equal_ignoring_case(listed, column);
                           });
    }

    // The schema of what the stream carries, where that is less than its table has.
    [[nodiscard]] std::optional<engine::row_schema> carried() const {
        std::vector<engine::schema_column> columns;
        for (const engine::schema_column& column : schema_->columns()) {
            if (is_visible(column.name)) {
                columns.push_back(column);
            }
        }
        if (columns.empty() || columns.size() == schema_->column_count()) {
            return std::nullopt;  // none: the stream's own error
        }
        return engine::row_schema(schema_->table_name(), std::move(columns));
    }

    void check_condition(long line, const std::string& who, const std::string& where) {
        if (where.empty() || schema_ == nullptr) {
            return;
        }
        if (!check_where(report_, line, who, where, *schema_, fields_.get())) {
            return;
        }
        if (const auto schema = carried()) {
            try {
                // What it does not carry of a message nobody may ask for either.
                std::optional<listed_fields> listed;
                if (fields_ != nullptr) {
                    listed.emplace(*fields_, stream_->columns);
                }
                const engine::row_fields* const carried_fields = listed ? &*listed : nullptr;
                static_cast<void>(engine::predicate(
                    where, *schema, schema->has_trailing() ? fields_.get() : carried_fields));
            } catch (const engine::config_error&) {
                report_.error(line, who + ": 'where' asks for a column that stream '" +
                                        stream_->name +
                                        "' does not carry; add it to its 'columns'");
            }
        }
    }

    void check_session_route(const route_config& route) {
        check_session(route);
        if (route.start.what == start_kind::unset) {
            report_.error(route.line,
                          what(route) +
                              " goes to a FIX session and must say where it begins: "
                              "start = \"first\", \"tail\", {sequence = 1}, {offset = 4096} or "
                              "{time = \"2026-03-01T09:30:00Z\"}");
        }
        const std::size_t row_bytes =
            engine::record_header_bytes +
            fix_out_schema().payload_size(route.max_message_bytes + envelope_bytes_max);
        if (row_bytes > engine::record_bytes_limit(report_.config.segment_bytes)) {
            report_.error(route.lines.of("max_message_bytes"),
                          what(route) + ": a message of max_message_bytes = " +
                              std::to_string(route.max_message_bytes) +
                              " does not fit an eighth of segment_bytes = " +
                              std::to_string(report_.config.segment_bytes));
        }
        if (route.map.empty()) {
            report_.error(route.line, what(route) + " goes to a FIX session and needs a 'map'");
            return;
        }
        const map_config* map = find_map(route);
        if (map == nullptr) {
            return;
        }
        if (map->kind != map_kind::to_message && map->kind != map_kind::pass_through) {
            report_.error(route.lines.of("map"),
                          what(route) + " goes to a FIX session, and map '" + map->name +
                              "' makes rows; it needs one with [map.fields] or 'pass_through'");
            return;
        }
        if (schema_ == nullptr) {
            return;
        }
        check_carried(*map);
        const session_spec* const session = find_session(report_.config, report_.settings, route);
        if (map->kind == map_kind::to_message) {
            const std::string its = session == nullptr ? std::string() : dictionary_of(*session);
            take_errors(try_build_outbound_map(*map, its, *schema_, report_.dictionaries).errors);
        } else if (session != nullptr) {
            take_errors(
                try_build_message_pass(*map, *session, *schema_, report_.dictionaries).errors);
        }
        if (session != nullptr) {
            check_version(route, *map, *session);
        }
    }

    // A body made of another version's fields would be refused by the peer, one by one.
    void check_version(const route_config& route, const map_config& map,
                       const session_spec& session) {
        if (map.dictionary.empty()) {
            return;  // the session's own
        }
        std::string ignored;
        const std::string& name = map.dictionary;
        const xlator::dictionary* const made_of = report_.dictionaries.find(name, ignored);
        if (made_of != nullptr && session.begin_string != made_of->info().begin_string) {
            report_.error(route.lines.of("map"),
                          what(route) + ": map '" + map.name + "' makes messages of " +
                              std::string(made_of->info().begin_string) + " (dictionary = \"" +
                              name + "\"), and session '" + route.session + "' speaks " +
                              session.begin_string);
        }
    }

    void check_session(const route_config& route) {
        const auto& gateways = report_.config.gateways;
        if (!route.gateway.empty() && report_.config.find_gateway(route.gateway) == nullptr) {
            report_.error(route.lines.of("gateway"),
                          "unknown gateway" + named(route.gateway, names_of(gateways)));
            return;
        }
        std::vector<std::string_view> sessions;
        for (std::size_t i = 0; i < gateways.size(); ++i) {
            if (route.gateway.empty() || route.gateway == gateways[i].name) {
                const auto of_gateway = names_of(report_.settings[i].sessions);
                sessions.insert(sessions.end(), of_gateway.begin(), of_gateway.end());
            }
        }
        const bool is_known =
            std::find(sessions.begin(), sessions.end(), route.session) != sessions.end();
        if (!is_known && !report_.has_unread_settings) {
            const std::string where =
                route.gateway.empty() ? "" : " in gateway '" + route.gateway + "'";
            report_.error(route.lines.of("session"),
                          "unknown session" + where + named(route.session, sessions));
        }
    }

    void check_local_route(const route_config& route) {
        check_handler(route);
        check_event_name(route);
        const table_config* table = nullptr;
        if (!route.table.empty()) {
            table = report_.config.find_table(route.table);
            if (table == nullptr) {
                report_.error(route.lines.of("table"),
                              "unknown table" +
                                  named(route.table, names_of(report_.config.tables)) +
                                  (find_schema(report_.config, route.table) == nullptr
                                       ? ""
                                       : ": only its gateway writes it"));
                return;
            }
            if (stream_ != nullptr && stream_->table == route.table) {
                report_.error(route.lines.of("table"),
                              what(route) + " writes into table '" + route.table +
                                  "', from which its own records come: they would never end");
                return;
            }
        }
        if (route.map.empty()) {
            check_same_columns(route, table);
        } else {
            check_inbound(route, table);
        }
    }

    void check_handler(const route_config& route) {
        if (route.handler.empty() || !report_.handlers || route.handler == built_in_handler) {
            return;
        }
        std::vector<std::string_view> known(report_.handlers->begin(), report_.handlers->end());
        known.push_back(built_in_handler);
        if (std::find(known.begin(), known.end(), route.handler) == known.end()) {
            report_.error(route.lines.of("handler"),
                          "unknown event handler" + named(route.handler, known) +
                              " (one of a program of yours: check --handler " + route.handler +
                              ")");
        }
    }

    void check_event_name(const route_config& route) {
        const std::string& name = route.handler.empty() ? route.name : route.handler;
        if (!route.table.empty() && name.size() > sizeof(engine::short_name)) {
            report_.warning(route.lines.of(route.handler.empty() ? "name" : "handler"),
                            what(route) + ": record.event holds 16 bytes, so in rows of table '" +
                                route.table + "' it is '" +
                                name.substr(0, sizeof(engine::short_name)) + "'");
        }
    }

    // Without a map rows go on as they are.
    void check_same_columns(const route_config& route, const table_config* table) {
        if (table == nullptr || schema_ == nullptr) {
            return;
        }
        const auto from = schema_->columns();
        const auto to = table->schema.columns();
        if (!std::equal(from.begin(), from.end(), to.begin(), to.end())) {
            report_.error(route.lines.of("table"),
                          what(route) + " has no 'map', so rows of '" + stream_->table +
                              "' go into table '" + table->name +
                              "' as they are; the two must have the same columns");
        }
    }

    void check_inbound(const route_config& route, const table_config* table) {
        const map_config* map = find_map(route);
        if (map == nullptr) {
            return;
        }
        if (map->kind == map_kind::to_message || map->kind == map_kind::pass_through) {
            report_.error(route.lines.of("map"),
                          what(route) + " makes rows, and map '" + map->name +
                              "' makes messages; it needs one with [map.columns]");
            return;
        }
        if (table == nullptr) {
            report_.error(route.lines.of("map"), what(route) + ": map '" + map->name +
                                                     "' makes rows, and there is no 'table' whose "
                                                     "rows they are");
            return;
        }
        if (schema_ == nullptr) {
            return;
        }
        if (map->kind == map_kind::between_rows) {
            check_carried(*map);
            take_errors(try_build_row_map(*map, *schema_, table->schema).errors);
            return;
        }
        if (!schema_->has_trailing()) {
            report_.error(route.lines.of("map"),
                          what(route) + ": map '" + map->name +
                              "' reads FIX messages, and rows of '" + stream_->table +
                              "' carry none: their last column would be bytes or vartext");
            return;
        }
        check_read_version(route, *map);
        check_carried_fields(*map);
        take_errors(try_build_inbound_map(*map, dictionary_.value_or(std::string()), table->schema,
                                          report_.dictionaries)
                        .errors);
    }

    // Messages of another version would be refused one by one.
    void check_read_version(const route_config& route, const map_config& map) {
        if (!dictionary_ || dictionary_->empty()) {
            return;
        }
        std::string ignored;
        const std::string name = map.dictionary.empty() ? *dictionary_ : map.dictionary;
        const xlator::dictionary* const its = report_.dictionaries.find(name, ignored);
        const xlator::dictionary* const sent = report_.dictionaries.find(*dictionary_, ignored);
        if (its != nullptr && sent != nullptr &&
            its->info().begin_string != sent->info().begin_string) {
            report_.error(route.lines.of("map"),
                          what(route) + ": map '" + map.name + "' reads messages of " +
                              std::string(its->info().begin_string) + " (dictionary = \"" + name +
                              "\"), and those of '" + stream_->table + "' are " +
                              std::string(sent->info().begin_string));
        }
    }

    // Of a message that the stream does not carry whole.
    void check_carried_fields(const map_config& map) {
        if (is_visible(schema_->columns().back().name)) {
            return;
        }
        for (const map_rule_config& rule : map.rules) {
            std::vector<std::string> names{rule.fallback, rule.group, rule.match.first,
                                           rule.when ? rule.when->column : std::string()};
            if (rule.source == map_source::composed) {
                names = names_in_template(rule.name);
            } else if (rule.source == map_source::column || rule.source == map_source::group) {
                names.push_back(rule.name);
            }
            for (const std::string& name : names) {
                if (!name.empty() && !name.starts_with('@') && !is_visible(name)) {
                    report_.error(rule.line, "map '" + map.name + "' asks for field " + name +
                                                 ", which stream '" + stream_->name +
                                                 "' does not carry; add it to its 'columns'");
                }
            }
        }
    }

    [[nodiscard]] const map_config* find_map(const route_config& route) {
        const map_config* map = report_.config.find_map(route.map);
        if (map == nullptr) {
            report_.error(route.lines.of("map"),
                          "unknown map" + named(route.map, names_of(report_.config.maps)));
        }
        return map;
    }

    void check_carried(const map_config& map) {
        if (!carried()) {
            return;
        }
        const auto check = [&](const std::vector<map_rule_config>& rules) {
            for (const map_rule_config& rule : rules) {
                const bool is_column = rule.source == map_source::column;
                for (const std::string& column :
                     {is_column ? rule.name : std::string(), rule.fallback,
                      rule.when ? rule.when->column : std::string()}) {
                    check_visible(rule.line, map, column);
                }
                if (rule.source == map_source::composed) {
                    for (const std::string& column : names_in_template(rule.name)) {
                        check_visible(rule.line, map, column);
                    }
                }
            }
        };
        check(map.rules);
        check_groups(map.groups, check);
        check_visible(map.line, map, map.pass_through);
    }

    template <class Check>
    static void check_groups(const std::vector<map_group_config>& groups, const Check& check) {
        for (const map_group_config& group : groups) {
            for (const map_entry_config& entry : group.entries) {
                check(entry.rules);
                check_groups(entry.groups, check);
            }
        }
    }

    void check_visible(long line, const map_config& map, const std::string& column) {
        if (schema_->find(column) && !is_visible(column)) {
            report_.error(line, "map '" + map.name + "' asks for column " + column +
                                    ", which stream '" + stream_->name +
                                    "' does not carry; add it to its 'columns'");
        }
    }

    void take_errors(const std::vector<map_error>& errors) {
        for (const map_error& error : errors) {
            report_.error(error.line, error.reason);
        }
    }

    check_report& report_;
    const client_config& client_;
    const stream_config* stream_ = nullptr;
    const engine::row_schema* schema_ = nullptr;
    std::optional<std::string> dictionary_;             // of the messages on the stream
    std::unique_ptr<const engine::row_fields> fields_;  // what a condition may ask for beside it
};

}  // namespace

void check_clients(check_report& report) {
    std::map<std::string, std::size_t> counts;
    for (const client_config& client : report.config.clients) {
        client_check(report, client).run();
        const stream_config* stream = report.config.find_stream(client.stream);
        if (stream != nullptr && ++counts[stream->name] == stream->max_clients + 1) {
            report.error(client.lines.of("stream"),
                         "client '" + client.name + "' is one too many on stream '" + stream->name +
                             "', whose max_clients is " + std::to_string(stream->max_clients));
        }
    }
}

}  // namespace millrace::gateway::detail
