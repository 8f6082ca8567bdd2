// What is wrong with a configuration beyond its grammar, found before anything is opened for
// writing.
//
// Threading  set-up only
// Errors     check_config() collects; require_valid() throws engine::config_error with every error,
//            one a line
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "gateway/pipeline/config.hpp"
#include "gateway/quickfix/settings.hpp"

namespace millrace::gateway {

struct check_result {
    std::vector<std::string> errors;    // "file:line: reason", in the order of the file
    std::vector<std::string> warnings;  // likely mistakes that keep nothing from running
    std::vector<std::string> notices;   // keys of settings files that have no meaning here
    // "SESSION: its schedule; what holds now; next boundary", of each session of each gateway.
    std::vector<std::string> schedules;
    // One for each gateway of the configuration; without sessions where its file was refused.
    std::vector<settings_file> settings;

    [[nodiscard]] bool is_valid() const noexcept { return errors.empty(); }
};

// `dictionary_directory` as in settings_options. `handlers`, where given, are those the program
// has.
[[nodiscard]] check_result check_config(
    const pipeline_config& config, const std::filesystem::path& dictionary_directory,
    const std::optional<std::vector<std::string>>& handlers = std::nullopt);

// Returns warnings, notices and settings.
check_result require_valid(const pipeline_config& config,
                           const std::filesystem::path& dictionary_directory,
                           const std::optional<std::vector<std::string>>& handlers = std::nullopt);

// What a stream's `table` names; null for nothing.
[[nodiscard]] const engine::row_schema* find_schema(const pipeline_config& config,
                                                    std::string_view table);
// Where its log lies. REQUIRES: find_schema() knows it.
[[nodiscard]] std::filesystem::path log_directory(const pipeline_config& config,
                                                  std::string_view table);

struct configured_log {
    std::filesystem::path directory;
    engine::retention_policy retention;
};
// Those of tables and gateways, not the reject logs.
[[nodiscard]] std::vector<configured_log> logs_of(const pipeline_config& config);

}  // namespace millrace::gateway
