// The verbs of the command line. Each registers its options, and returns what runs when it was
// chosen.
#pragma once

#include <functional>
#include <string>

namespace CLI {
class App;
}

namespace millrace::tools {

using command = std::function<int()>;

// Adds one verb (and its sub-verbs) to the program. The chosen one stores itself in `chosen`.
void add_demo_command(CLI::App& program, command& chosen);
void add_run_command(CLI::App& program, command& chosen);
void add_check_command(CLI::App& program, command& chosen);
void add_append_command(CLI::App& program, command& chosen);
void add_table_command(CLI::App& program, command& chosen);
void add_log_command(CLI::App& program, command& chosen);
// The verbs of `log` that do not print rows.
void add_log_info_verb(CLI::App& log, command& chosen);
void add_log_check_verbs(CLI::App& log, command& chosen);  // verify, salvage, index, seal, recover
void add_log_export_verb(CLI::App& log, command& chosen);
void add_log_retain_verb(CLI::App& log, command& chosen);
void add_log_archive_verb(CLI::App& log, command& chosen);
void add_log_migrate_verb(CLI::App& log, command& chosen);
void add_log_latency_verb(CLI::App& log, command& chosen);
void add_cursor_command(CLI::App& program, command& chosen);
void add_session_command(CLI::App& program, command& chosen);
void add_password_command(CLI::App& program, command& chosen);
void add_fix_command(CLI::App& program, command& chosen);
void add_counters_command(CLI::App& program, command& chosen);
void add_venue_command(CLI::App& program, command& chosen);

[[nodiscard]] std::string version_text();

}  // namespace millrace::tools
