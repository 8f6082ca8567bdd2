#include "gateway/pipeline/check.hpp"

#include <algorithm>
#include <map>

#include "engine/core/assert.hpp"
#include "engine/core/clock.hpp"
#include "engine/core/error.hpp"
#include "engine/log/format.hpp"
#include "engine/log/segment.hpp"
#include "engine/table/nearest.hpp"
#include "engine/table/predicate.hpp"
#include "engine/table/schema_change.hpp"
#include "gateway/admin/audit_log.hpp"
#include "gateway/pipeline/check_report.hpp"
#include "gateway/pipeline/fix_fields.hpp"
#include "gateway/pipeline/session_dictionary.hpp"
#include "gateway/session/fix_tables.hpp"
#include "gateway/session/schedule.hpp"
#include "gateway/session/session_setup.hpp"
#include "gateway/session/user_file.hpp"

namespace millrace::gateway {

namespace {

constexpr std::string_view out_table = "FIX_OUT";
constexpr std::string_view in_table = "FIX_IN";
// What a session's frames may take by default, fields around the body included.
constexpr std::size_t frame_bytes_max = std::size_t{65} << 10;

// "GATEWAY.FIX_IN" -> the gateway and "FIX_IN"; null: no such thing.
std::pair<const gateway_config*, std::string_view> split_fix_table(const pipeline_config& config,
                                                                   std::string_view table) {
    const std::size_t dot = table.find('.');
    if (dot == std::string_view::npos) {
        return {nullptr, {}};
    }
    const std::string_view name = table.substr(dot + 1);
    const gateway_config* gateway = config.find_gateway(table.substr(0, dot));
    return {name == out_table || name == in_table ? gateway : nullptr, name};
}

}  // namespace

const engine::row_schema* find_schema(const pipeline_config& config, std::string_view table) {
    if (const table_config* found = config.find_table(table)) {
        return &found->schema;
    }
    const auto [gateway, name] = split_fix_table(config, table);
    if (gateway == nullptr) {
        return nullptr;
    }
    return name == in_table ? &fix_in_schema() : &fix_out_schema();
}

std::filesystem::path log_directory(const pipeline_config& config, std::string_view table) {
    if (const table_config* found = config.find_table(table)) {
        return found->directory;
    }
    const auto [gateway, name] = split_fix_table(config, table);
    MILLRACE_ASSERT(gateway != nullptr, "find_schema() knows the table");
    return gateway->directory / name;
}

std::vector<configured_log> logs_of(const pipeline_config& config) {
    std::vector<configured_log> logs;
    for (const table_config& table : config.tables) {
        logs.push_back({table.directory, table.retention});
    }
    for (const gateway_config& gateway : config.gateways) {
        logs.push_back({gateway.directory / out_table, gateway.retention});
        logs.push_back({gateway.directory / in_table, gateway.retention});
    }
    return logs;
}

namespace detail {

check_result check_report::take() && {
    const auto by_line = [](const finding& a, const finding& b) { return a.first < b.first; };
    const auto place = [&](std::vector<finding>& findings) {
        for (finding& one : findings) {
            const engine::config_error placed(config.path.native(), one.first, one.second);
            one.second = placed.what();
        }
    };
    place(errors_);
    place(warnings_);
    errors_.insert(errors_.end(), foreign_errors_.begin(), foreign_errors_.end());
    std::stable_sort(errors_.begin(), errors_.end(), by_line);
    std::stable_sort(warnings_.begin(), warnings_.end(), by_line);
    check_result result;
    for (finding& one : errors_) {
        // One map on two routes is wrong once.
        if (std::find(result.errors.begin(), result.errors.end(), one.second) ==
            result.errors.end()) {
            result.errors.push_back(std::move(one.second));
        }
    }
    for (finding& one : warnings_) {
        result.warnings.push_back(std::move(one.second));
    }
    result.warnings.insert(result.warnings.end(), foreign_warnings_.begin(),
                           foreign_warnings_.end());
    result.notices = std::move(notices_);
    result.schedules = std::move(schedules);
    result.settings = std::move(settings);
    return result;
}

std::string named(std::string_view name, const std::vector<std::string_view>& known) {
    const std::string_view nearest = engine::nearest_name(name, known);
    return " '" + std::string(name) + "'" +
           (nearest.empty() ? "" : "; did you mean '" + std::string(nearest) + "'?");
}

bool check_where(check_report& report, long line, const std::string& what, const std::string& where,
                 const engine::row_schema& schema, const engine::row_fields* fields) {
    if (where.empty()) {
        return true;
    }
    try {
        static_cast<void>(engine::predicate(where, schema, fields));
        return true;
    } catch (const engine::config_error& failure) {
        report.error(line, what + ": " + failure.what());
        return false;
    }
}

namespace {

void check_schedule(check_report& report, const gateway_config& gateway,
                    const session_spec& session) {
    try {
        report.schedules.push_back(session.name + ": " +
                                   schedule(session).describe(engine::utc_now().ns));
    } catch (const settings_error& failure) {
        report.foreign_error(gateway.lines.of("settings"), failure.what());
    }
}

void check_session_names(check_report& report, const gateway_config& gateway,
                         const settings_file& file) {
    const std::vector<std::string_view> known = names_of(file.sessions);
    std::map<std::string, long> lines;
    for (const session_config& session : gateway.sessions) {
        if (std::find(known.begin(), known.end(), session.name) == known.end()) {
            report.error(session.lines.of("name"), "unknown session in gateway '" + gateway.name +
                                                       "'" + named(session.name, known));
        }
        const auto [first, is_new] = lines.emplace(session.name, session.line);
        if (!is_new) {
            report.error(session.line, "session " + session.name + " is already in line " +
                                           std::to_string(first->second));
        }
    }
}

void check_users(check_report& report, const gateway_config& gateway, const settings_file& file) {
    if (gateway.users.empty()) {
        return;
    }
    try {
        static_cast<void>(load_users(gateway.users, acceptors_of(file)));
    } catch (const engine::config_error& failure) {
        const bool is_there = std::filesystem::exists(gateway.users);
        is_there ? report.foreign_error(gateway.lines.of("users"), failure.what())
                 : report.error(gateway.lines.of("users"), failure.what());
    }
}

void check_tls(check_report& report, const session_spec& session, const settings_file& file) {
    detail::check_port_tls(session, file);
    const std::unique_ptr<tls_context> tls = detail::make_tls(session);
    const std::string warning =
        tls == nullptr ? "" : tls->certificate_warning(engine::utc_now().ns);
    if (!warning.empty()) {
        report.foreign_note(note_level::warning,
                            engine::config_error(file.path, session.line, warning).what());
    }
}

}  // namespace

void check_gateways(check_report& report) {
    std::map<std::string, const gateway_config*> owners;
    for (const gateway_config& gateway : report.config.gateways) {
        report.settings.emplace_back();
        settings_file& file = report.settings.back();
        try {
            settings_options options;
            options.dictionary_directory = report.dictionary_directory.native();
            file = load_settings(gateway.settings.native(), options);
        } catch (const settings_error& failure) {
            const bool is_there = std::filesystem::exists(gateway.settings);
            is_there ? report.foreign_error(gateway.lines.of("settings"), failure.what())
                     : report.error(gateway.lines.of("settings"), failure.what());
            report.has_unread_settings = true;
            continue;
        }
        check_session_names(report, gateway, file);
        for (const settings_note& note : file.notes) {
            const engine::config_error placed(file.path, note.line, note.text);
            report.foreign_note(note.level, placed.what());
        }
        check_users(report, gateway, file);
        for (const session_spec& session : file.sessions) {
            try {
                static_cast<void>(detail::password_of(session));
                static_cast<void>(detail::allowed_of(session));
                check_tls(report, session, file);
                check_outbound_fields(session);
            } catch (const settings_error& failure) {
                report.foreign_error(gateway.lines.of("settings"), failure.what());
            } catch (const engine::config_error& failure) {
                report.foreign_error(gateway.lines.of("settings"), failure.what());
            }
            if (session.name.size() > session_name_bytes_max) {
                report.foreign_error(
                    gateway.lines.of("settings"),
                    engine::config_error(file.path, session.line,
                                         "session " + session.name + ": a name holds at most " +
                                             std::to_string(session_name_bytes_max) + " bytes")
                        .what());
            }
            check_schedule(report, gateway, session);
            const auto [owner, is_new] = owners.emplace(session.name, &gateway);
            if (!is_new) {
                report.error(gateway.lines.of("settings"),
                             "session " + session.name + " is in gateway '" + owner->second->name +
                                 "' and in gateway '" + gateway.name +
                                 "'; one session has one owner");
            }
        }
    }
}

// Where each log lies: two in one directory would be two writers of one log.
void check_logs(check_report& report) {
    std::map<std::filesystem::path, std::string> owners;
    const auto claim = [&](long line, const std::filesystem::path& directory,
                           const std::string& what) {
        std::error_code code;
        std::filesystem::path real = std::filesystem::weakly_canonical(directory, code);
        if (code) {
            real = directory.lexically_normal();
        }
        if (!real.has_filename()) {
            real = real.parent_path();  // "a/" is "a"
        }
        const auto [owner, is_new] = owners.emplace(real, what);
        if (!is_new) {
            report.error(line, what + " has the directory of " + owner->second + ", " +
                                   directory.native() + ": one log has one writer");
        }
    };
    const std::size_t limit = engine::record_bytes_limit(report.config.segment_bytes);
    const auto check_size = [&](long line, const std::string& what, std::size_t payload) {
        const std::size_t bytes = payload + engine::record_header_bytes;
        if (bytes > limit) {
            report.error(line, what + " take " + std::to_string(bytes) +
                                   " bytes, more than an eighth of segment_bytes = " +
                                   std::to_string(report.config.segment_bytes));
        }
    };
    if (report.config.has_admin()) {
        claim(report.config.admin.lines.section,
              report.config.directory / std::string(audit_log_name), "the audit log of sessions");
    }
    for (const table_config& table : report.config.tables) {
        claim(table.lines.of("directory"), table.directory, "table '" + table.name + "'");
        check_size(table.lines.of("columns"), "rows of table '" + table.name + "'",
                   table.schema.payload_size());
    }
    for (const gateway_config& gateway : report.config.gateways) {
        const std::string what = "gateway '" + gateway.name + "'";
        claim(gateway.lines.of("directory"), gateway.directory / out_table, what + " FIX_OUT");
        claim(gateway.lines.of("directory"), gateway.directory / in_table, what + " FIX_IN");
        check_size(gateway.line, "the largest messages of " + what,
                   std::max(fix_in_schema().payload_size(frame_bytes_max),
                            fix_out_schema().payload_size(frame_bytes_max)));
    }
    for (const client_config& client : report.config.clients) {
        claim(client.lines.of("reject_directory"), client.reject_directory,
              "the reject log of client '" + client.name + "'");
    }
}

// A log follows some changes of its columns; read by any others, its rows would be nonsense.
void check_columns(check_report& report) {
    for (const table_config& table : report.config.tables) {
        try {
            const std::vector<std::uint64_t> segments = engine::list_segments(table.directory);
            if (segments.empty()) {
                continue;
            }
            const engine::schema_change change = engine::compare_schemas(
                engine::row_schema::parse(
                    engine::read_segment_info(table.directory, segments.back()).schema),
                table.schema);
            if (change.relation == engine::schema_relation::incompatible) {
                report.error(table.lines.of("columns"),
                             "table '" + table.name + "': its log in " + table.directory.native() +
                                 " has other columns than this file says (" +
                                 change.differences.front() +
                                 "); correct them, give the table another directory, or see "
                                 "millrace log migrate");
            }
        } catch (const engine::io_error&) {
            // No log yet; whatever else keeps it from being read is said by who opens it.
        } catch (const engine::damage_error& failure) {
            report.foreign_note(note_level::warning, failure.what());  // no fault of this file
        }
    }
}

namespace {

std::string reason_of_unknown(const std::string& column, const engine::row_schema& schema,
                              const engine::row_fields* fields) {
    if (fields != nullptr) {
        return engine::unknown_name(schema, *fields, column);
    }
    try {
        static_cast<void>(schema.index_of(column));
    } catch (const engine::config_error& failure) {
        return failure.what();
    }
    return {};
}

// Columns of the table, and fields that the dictionary names.
void check_stream_columns(check_report& report, const stream_config& stream,
                          const engine::row_schema& schema, const engine::row_fields* fields) {
    bool has_column = stream.columns.empty();
    for (const std::string& column : stream.columns) {
        has_column = has_column || schema.find(column).has_value();
        if (schema.find(column) || (fields != nullptr && fields->find(column))) {
            continue;
        }
        report.error(stream.lines.of("columns"),
                     "stream '" + stream.name + "': " + reason_of_unknown(column, schema, fields));
        has_column = true;  // said enough
    }
    if (!has_column) {
        report.error(stream.lines.of("columns"),
                     "stream '" + stream.name +
                         "': 'columns' lists fields of messages alone; list a column of table '" +
                         stream.table + "' too");
    }
}

}  // namespace

void check_streams(check_report& report) {
    std::vector<std::string> fix_tables;
    for (const gateway_config& gateway : report.config.gateways) {
        for (const std::string_view table : {in_table, out_table}) {
            fix_tables.push_back(gateway.name + "." + std::string(table));
        }
    }
    std::vector<std::string_view> known(fix_tables.begin(), fix_tables.end());
    for (const table_config& table : report.config.tables) {
        known.push_back(table.name);
    }
    for (const stream_config& stream : report.config.streams) {
        const engine::row_schema* schema = find_schema(report.config, stream.table);
        if (schema == nullptr) {
            report.error(stream.lines.of("table"), "unknown table" + named(stream.table, known));
            continue;
        }
        std::string reason;
        const auto dictionary = dictionary_of(report.config, report.settings, stream);
        const auto fields = fields_of(*schema, dictionary, report.dictionaries, reason);
        if (!reason.empty()) {
            report.error(stream.lines.of("dictionary"), "stream '" + stream.name + "': " + reason);
        }
        check_where(report, stream.lines.of("where"), "stream '" + stream.name + "'", stream.where,
                    *schema, fields.get());
        check_stream_columns(report, stream, *schema, fields.get());
    }
}

}  // namespace detail

check_result check_config(const pipeline_config& config,
                          const std::filesystem::path& dictionary_directory,
                          const std::optional<std::vector<std::string>>& handlers) {
    detail::check_report report(config, dictionary_directory, handlers);
    detail::check_gateways(report);
    detail::check_logs(report);
    detail::check_storage(report);
    detail::check_columns(report);
    detail::check_streams(report);
    detail::check_clients(report);
    detail::check_route_names(report);
    detail::check_unused(report);
    detail::check_listeners(report);
    if (config.clients.empty() && config.gateways.empty() && config.listeners.empty()) {
        report.error(0,
                     "nothing to run: there is no [[client]], no [[gateway]] and no [[listener]]");
    }
    detail::check_threads(report);
    return std::move(report).take();
}

check_result require_valid(const pipeline_config& config,
                           const std::filesystem::path& dictionary_directory,
                           const std::optional<std::vector<std::string>>& handlers) {
    check_result result = check_config(config, dictionary_directory, handlers);
    if (!result.errors.empty()) {
        std::string text;
        for (const std::string& error : result.errors) {
            text += (text.empty() ? "" : "\n") + error;
        }
        throw engine::config_error(text);
    }
    return result;
}

}  // namespace millrace::gateway
