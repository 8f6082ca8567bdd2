#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "engine/core/thread.hpp"
#include "gateway/pipeline/check.hpp"
#include "gateway/pipeline/config.hpp"
#include "gateway/pipeline/plan.hpp"
#include "tools/millrace/commands.hpp"
#include "tools/millrace/dictionary_path.hpp"
#include "tools/millrace/exit_code.hpp"

namespace millrace::tools {

namespace {

struct check_options {
    std::string config;
    std::vector<std::string> handlers;  // beside those that `run` has
};

int check(const check_options& options) {
    const gateway::pipeline_config config = gateway::load_config(options.config);
    const gateway::check_result result =
        gateway::check_config(config, dictionary_directory(), options.handlers);
    for (const std::string& warning : result.warnings) {
        std::fprintf(stderr, "warning: %s\n", warning.c_str());
    }
    for (const std::string& error : result.errors) {
        std::fprintf(stderr, "error: %s\n", error.c_str());
    }
    if (!result.errors.empty()) {
        return exit_configuration;
    }
    std::printf("%s", gateway::describe_graph(config).c_str());
    std::printf(
        "threads (%d usable CPUs):\n%s", engine::usable_cpu_count(),
        gateway::describe(gateway::plan_threads(config, {}, engine::usable_cpu_count())).c_str());
    if (!result.schedules.empty()) {
        std::printf("sessions:\n");
    }
    for (const std::string& one : result.schedules) {
        std::printf("  %s\n", one.c_str());
    }
    return exit_ok;
}

}  // namespace

void add_check_command(CLI::App& program, command& chosen) {
    auto options = std::make_shared<check_options>();
    CLI::App* verb = program.add_subcommand(
        "check", "Validate a configuration, print its graph, thread plan and schedules");
    verb->add_option("CONFIG", options->config, "The TOML file")->required();
    verb->add_option("--handler", options->handlers,
                     "An event handler that the program has which will run this; may be repeated")
        ->allow_extra_args(false);
    verb->final_callback([&chosen, options] { chosen = [options] { return check(*options); }; });
}

}  // namespace millrace::tools
