#include <CLI/CLI.hpp>
#include <cstdio>

#include "engine/core/error.hpp"
#include "gateway/quickfix/settings.hpp"
#include "tools/millrace/commands.hpp"
#include "tools/millrace/exit_code.hpp"

namespace {

int complain(const std::exception& failure, int code) {
    std::fprintf(stderr, "millrace: %s\n", failure.what());
    return code;
}

int run_command(const millrace::tools::command& chosen) {
    using namespace millrace::tools;
    try {
        return chosen();
    } catch (const millrace::engine::config_error& failure) {
        return complain(failure, exit_configuration);
    } catch (const millrace::gateway::settings_error& failure) {
        return complain(failure, exit_configuration);
    } catch (const millrace::engine::locked_error& failure) {
        return complain(failure, exit_locked);
    } catch (const millrace::engine::damage_error& failure) {
        return complain(failure, exit_damaged);
    } catch (const std::exception& failure) {
        return complain(failure, exit_failure);
    }
}

}  // namespace

int main(int argc, char** argv) {
    using namespace millrace::tools;
    CLI::App program("Low-latency audit-log pipeline engine with a FIX gateway", "millrace");
    program.set_version_flag("--version", version_text, "Version, commit, compiler, flags and libraries");
    program.require_subcommand(1);
    program.failure_message(CLI::FailureMessage::help);
    command chosen;
    add_demo_command(program, chosen);
    add_run_command(program, chosen);
    add_check_command(program, chosen);
    add_append_command(program, chosen);
    add_table_command(program, chosen);
    add_log_command(program, chosen);
    add_venue_command(program, chosen);
    try {
        program.parse(argc, argv);
    } catch (const CLI::ParseError& failure) {
        const int code = program.exit(failure);
        return code == 0 ? exit_ok : exit_usage;
    }
    return run_command(chosen);
}
