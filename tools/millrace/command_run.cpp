#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "gateway/pipeline/pipeline.hpp"
#include "tools/millrace/commands.hpp"
#include "tools/millrace/dictionary_path.hpp"
#include "tools/millrace/exit_code.hpp"
#include "tools/millrace/signals.hpp"

namespace millrace::tools {

namespace {

// Says once more, last, what did not run to the end.
int outcome_of(const gateway::pipeline& stopped) {
    const std::vector<std::string> streams = stopped.halted_streams();
    const std::vector<std::string> routes = stopped.halted_routes();
    for (const std::vector<std::string>* const halted : {&streams, &routes}) {
        for (const std::string& one : *halted) {
            std::fprintf(stderr, "millrace: halted: %s\n", one.c_str());
        }
    }
    const std::vector<std::string> undurable = stopped.undurable_logs();
    for (const std::string& one : undurable) {
        std::fprintf(stderr, "millrace: not all on stable storage: %s\n", one.c_str());
    }
    return !streams.empty()     ? exit_damaged
           : !undurable.empty() ? exit_failure
           : !routes.empty()    ? exit_negative
                                : exit_ok;
}

int run(const std::string& config) {
    install_signal_handlers();  // first: whoever stops us while we open wants an orderly stop too
    gateway::pipeline_options options;
    options.dictionary_directory = dictionary_directory();
    gateway::pipeline pipeline(gateway::load_config(config), options);
    pipeline.open();
    std::fprintf(stderr, "threads:\n%s", pipeline.thread_plan().c_str());
    pipeline.start();
    std::fprintf(stderr, "running; SIGINT or SIGTERM stops in order\n");
    while (!wait_for_stop(1000)) {
    }
    std::fprintf(stderr, "stopping\n");
    pipeline.stop();
    return outcome_of(pipeline);
}

}  // namespace

void add_run_command(CLI::App& program, command& chosen) {
    auto config = std::make_shared<std::string>();
    CLI::App* verb = program.add_subcommand("run", "Run a configuration until SIGINT or SIGTERM");
    verb->add_option("CONFIG", *config, "The TOML file")->required();
    verb->final_callback([&chosen, config] { chosen = [config] { return run(*config); }; });
}

}  // namespace millrace::tools
