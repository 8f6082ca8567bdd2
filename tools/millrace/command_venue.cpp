#include <CLI/CLI.hpp>
#include <memory>

#include "tools/millrace/commands.hpp"
#include "tools/millrace/dictionary_path.hpp"
#include "tools/millrace/signals.hpp"
#include "tools/venue/venue.hpp"

namespace millrace::tools {

void add_venue_command(CLI::App& program, command& chosen) {
    auto config = std::make_shared<std::string>();
    CLI::App* verb = program.add_subcommand(
        "venue", "Play an exchange: acknowledge, fill, reject and cancel orders over FIX");
    verb->add_option("CONFIG", *config, "A QuickFIX settings file with Venue keys")->required();
    verb->final_callback([&chosen, config] {
        chosen = [config] {
            venue_controls controls;
            controls.stop = &stop_flag();
            controls.dictionary_directory = dictionary_directory().native();
            return run_venue(*config, controls);
        };
    });
}

}  // namespace millrace::tools
