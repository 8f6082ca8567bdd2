#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>

#include "engine/core/error.hpp"
#include "engine/table/nearest.hpp"
#include "gateway/quickfix/settings.hpp"
#include "tools/millrace/bus_error.hpp"
#include "tools/millrace/commands.hpp"
#include "tools/millrace/exit_code.hpp"
#include "tools/millrace/standard_output.hpp"

namespace {

int complain(const std::exception& failure, int code) {
    std::fprintf(stderr, "millrace: %s\n", failure.what());
    return code;
}

int run_command(const millrace::tools::command& chosen) {
    using namespace millrace::tools;
    try {
        return chosen();
    } catch (const usage_error& failure) {
        return complain(failure, exit_usage);
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

// A command that did its work and could not say so has failed; one that failed has said why.
int finish(int code) {
    try {
        millrace::tools::finish_output();
    } catch (const std::exception& failure) {
        return complain(failure, code == 0 ? millrace::tools::exit_failure : code);
    }
    return code;
}

// What CLI11 would call a missing subcommand, at whatever depth.
std::string unknown_command(const CLI::App& program, int argc, char** argv) {
    const CLI::App* group = &program;
    std::string path = program.get_name();
    for (int i = 1; i < argc && argv[i][0] != '-'; ++i) {
        const std::string word = argv[i];
        std::vector<std::string> names;
        const CLI::App* chosen = nullptr;
        for (const CLI::App* verb : group->get_subcommands(nullptr)) {
            names.push_back(verb->get_name());
            chosen = verb->get_name() == word ? verb : chosen;
        }
        if (names.empty()) {  // a verb, and its arguments
            return {};
        }
        if (chosen == nullptr) {
            const std::vector<std::string_view> candidates(names.begin(), names.end());
            return "unknown command '" + word + "'" +
                   (group == &program ? "" : " of `" + path + "`") +
                   millrace::engine::did_you_mean(word, candidates) + "; `" + path +
                   " --help` lists them";
        }
        group = chosen;
        path += " " + word;
    }
    return {};
}

// The whole usage would push the one line that matters off the screen.
std::string refusal(const CLI::App* program, const CLI::Error& failure) {
    std::string verb = program->get_name();
    for (const CLI::App* at = program; !at->get_subcommands().empty();) {
        at = at->get_subcommands().front();
        verb += " " + at->get_name();
    }
    return "millrace: " + std::string(failure.what()) + "\n`" + verb + " --help` says more\n";
}

}  // namespace

int main(int argc, char** argv) {
    using namespace millrace::tools;
    std::signal(SIGPIPE, SIG_IGN);  // a closed pipe is seen where it is written
    CLI::App program("Low-latency audit-log pipeline engine with a FIX gateway", "millrace");
    program.set_version_flag("--version", version_text,
                             "Version, commit, compiler, flags and libraries");
    program.require_subcommand(1);
    program.failure_message(refusal);
    install_bus_error_handler();
    command chosen;
    add_demo_command(program, chosen);
    add_run_command(program, chosen);
    add_check_command(program, chosen);
    add_append_command(program, chosen);
    add_table_command(program, chosen);
    add_log_command(program, chosen);
    add_cursor_command(program, chosen);
    add_session_command(program, chosen);
    add_password_command(program, chosen);
    add_fix_command(program, chosen);
    add_counters_command(program, chosen);
    add_venue_command(program, chosen);
    if (const std::string unknown = unknown_command(program, argc, argv); !unknown.empty()) {
        std::fprintf(stderr, "millrace: %s\n", unknown.c_str());
        return exit_usage;
    }
    try {
        program.parse(argc, argv);
    } catch (const CLI::ParseError& failure) {
        const int code = program.exit(failure);
        return finish(code == 0 ? exit_ok : exit_usage);
    }
    return finish(run_command(chosen));
}
