#include <CLI/CLI.hpp>
#include <memory>

#include "tools/millrace/commands.hpp"
#include "tools/millrace/dictionary_path.hpp"
#include "tools/millrace/exit_code.hpp"
#include "tools/millrace/signals.hpp"
#include "tools/millrace/venue_script.hpp"
#include "tools/venue/venue.hpp"

namespace millrace::tools {

namespace {

void add_script_options(CLI::App& verb, venue_script& script) {
    CLI::Option* const path = verb.add_option(
        "--script", script.path, "Play this script instead, and end with 0 if it is met, else 1");
    const auto add = [&](CLI::Option* option) { return option->needs(path); };
    CLI::Option* const connect =
        add(verb.add_option("--connect", script.connect, "HOST:PORT of the session"));
    add(verb.add_option("--port", script.player.port, "Listen for the session here; 0: any port"))
        ->excludes(connect);
    add(verb.add_option("--host", script.player.host, "Listen on this address"))
        ->excludes(connect)
        ->capture_default_str();
    add(verb.add_option("--begin-string", script.player.begin_string, "BeginString of both sides"))
        ->capture_default_str();
    add(verb.add_option("--sender", script.player.sender, "CompID of the script's side"))
        ->capture_default_str();
    add(verb.add_option("--target", script.player.target, "CompID of the session's side"))
        ->capture_default_str();
    add(verb.add_option("--set", script.variables, "NAME=VALUE for $NAME"))
        ->allow_extra_args(false);
    add(verb.add_option("--word", script.player.words, "A word for the script's conditions"))
        ->allow_extra_args(false);
    add(verb.add_option("--write-bytes", script.player.write_bytes_max,
                        "Cut what is sent: 1 to so many bytes a write"));
    add(verb.add_option("--seed", script.player.seed, "Of these cuts"))->capture_default_str();
    add(verb.add_option("--timeout", script.timeout_s, "Seconds to wait for what is expected"))
        ->check(CLI::Range(0.001, 86400.0))
        ->capture_default_str();
    add(verb.add_option("--record", script.record, "Write the transcript to this file"));
    add(verb.add_option("--golden", script.golden, "Compare the transcript with this one"));
}

}  // namespace

void add_venue_command(CLI::App& program, command& chosen) {
    auto config = std::make_shared<std::string>();
    auto script = std::make_shared<venue_script>();
    CLI::App* verb = program.add_subcommand(
        "venue",
        "Play an exchange over FIX: acknowledge, fill, reject and cancel orders, or play a script");
    CLI::Option* const file =
        verb->add_option("CONFIG", *config, "A QuickFIX settings file with Venue keys");
    add_script_options(*verb, *script);
    file->excludes("--script");
    verb->final_callback([&chosen, config, script] {
        chosen = [config, script] {
            if (!script->path.empty()) {
                return play_venue_script(*script);
            }
            if (config->empty()) {
                throw usage_error("venue needs a CONFIG, or --script");
            }
            venue_controls controls;
            controls.stop = &stop_flag();
            controls.dictionary_directory = dictionary_directory().native();
            return run_venue(*config, controls);
        };
    });
}

}  // namespace millrace::tools
