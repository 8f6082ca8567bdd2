// What the checks of a configuration share: what they look at, and where they say what they found.
//
// Threading  set-up only
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/table/row_fields.hpp"
#include "gateway/pipeline/check.hpp"
#include "gateway/pipeline/map_dictionaries.hpp"

namespace millrace::gateway::detail {

class check_report {
public:
    check_report(const pipeline_config& configuration, const std::filesystem::path& ours,
                 const std::optional<std::vector<std::string>>& known_handlers)
        : config(configuration),
          dictionary_directory(ours),
          handlers(known_handlers),
          dictionaries(ours, configuration.path.parent_path()) {}

    const pipeline_config& config;
    const std::filesystem::path& dictionary_directory;
    const std::optional<std::vector<std::string>>& handlers;
    map_dictionaries dictionaries;
    std::vector<settings_file> settings;  // by gateway
    std::vector<std::string> schedules;   // by session
    bool has_unread_settings = false;     // a session may be in a file that was refused

    void error(long line, std::string reason) { errors_.emplace_back(line, std::move(reason)); }
    void warning(long line, std::string reason) { warnings_.emplace_back(line, std::move(reason)); }
    // About another file: the text says where.
    void foreign_error(long line, std::string text) {
        foreign_errors_.emplace_back(line, std::move(text));
    }
    void foreign_note(note_level level, std::string text) {
        (level == note_level::warning ? foreign_warnings_ : notices_).push_back(std::move(text));
    }

    [[nodiscard]] check_result take() &&;

private:
    using finding = std::pair<long, std::string>;

    std::vector<finding> errors_;
    std::vector<finding> foreign_errors_;  // line: of the gateway here
    std::vector<finding> warnings_;
    std::vector<std::string> foreign_warnings_;
    std::vector<std::string> notices_;
};

template <class Named>
[[nodiscard]] std::vector<std::string_view> names_of(const std::vector<Named>& all) {
    std::vector<std::string_view> names;
    for (const Named& one : all) {
        names.emplace_back(one.name);
    }
    return names;
}

// " 'tabel'; did you mean 'table'?"
[[nodiscard]] std::string named(std::string_view name, const std::vector<std::string_view>& known);

void check_gateways(check_report& report);
void check_logs(check_report& report);
void check_storage(check_report& report);  // after check_gateways, which reads the sessions
void check_columns(check_report& report);
void check_streams(check_report& report);
void check_clients(check_report& report);
void check_route_names(check_report& report);
void check_unused(check_report& report);
void check_listeners(check_report& report);
void check_threads(check_report& report);

// Compiles the condition as the graph will. False, and an error, if it does not.
bool check_where(check_report& report, long line, const std::string& what, const std::string& where,
                 const engine::row_schema& schema, const engine::row_fields* fields);

}  // namespace millrace::gateway::detail
