#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "engine/stream/migrate_log.hpp"
#include "tools/millrace/commands.hpp"
#include "tools/millrace/config_table.hpp"
#include "tools/millrace/exit_code.hpp"
#include "tools/millrace/not_empty.hpp"

namespace millrace::tools {

namespace {

struct migrate_options {
    std::string directory;
    std::string target;
    std::vector<std::string> schema;  // CONFIG TABLE
    bool is_truncated = false;
};

int migrate(const migrate_options& options) {
    const gateway::pipeline_config config = gateway::load_config(options.schema[0]);
    const gateway::table_config& table = table_of(config, options.schema[1]);
    const auto mode =
        options.is_truncated ? engine::row_map::mode::truncate : engine::row_map::mode::exact;
    const engine::migration_report report = with_arguments(
        [&] { return engine::migrate_log(options.directory, options.target, table.schema, mode); });
    if (!report.note.empty()) {
        std::printf("note: %s\n", report.note.c_str());
    }
    std::printf("%s is a new log\n%s", options.target.c_str(), report.text().c_str());
    return exit_ok;
}

}  // namespace

void add_log_migrate_verb(CLI::App& log, command& chosen) {
    auto options = std::make_shared<migrate_options>();
    CLI::App* verb = log.add_subcommand("migrate", "Copy a log into a new one with other columns");
    verb->add_option("DIR", options->directory, "The log's directory")
        ->required()
        ->check(not_empty());
    verb->add_option("OUT", options->target, "Directory of the new log, empty or not there")
        ->required()
        ->check(not_empty());
    verb->add_option("--schema", options->schema,
                     "A configuration, and the table in it with the new columns")
        ->expected(2)
        ->required();
    verb->add_flag("--truncate", options->is_truncated, "Cut texts that no longer fit");
    verb->final_callback([&chosen, options] { chosen = [options] { return migrate(*options); }; });
}

}  // namespace millrace::tools
