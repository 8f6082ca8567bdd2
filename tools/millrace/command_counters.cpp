#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "engine/counters/counters_reader.hpp"
#include "gateway/pipeline/config.hpp"
#include "tools/millrace/commands.hpp"
#include "tools/millrace/exit_code.hpp"
#include "tools/millrace/standard_output.hpp"

namespace millrace::tools {

namespace {

struct counters_options {
    std::string where;
    std::string begin;  // of the labels wanted
    std::string format = "text";
};

std::filesystem::path counters_file_of(const std::string& where) {
    if (std::filesystem::is_directory(where)) {
        return std::filesystem::path(where) / "counters.dat";
    }
    return gateway::load_config(where).directory / "counters.dat";
}

std::string to_text(const engine::counters_reader& reader, const std::string& begin) {
    std::string out;
    for (const engine::status_reading& one : reader.list_statuses()) {
        if (one.label.starts_with(begin)) {
            out += one.label + " " + one.text + (one.is_settled ? "\n" : " (unsettled)\n");
        }
    }
    for (const engine::counter_reading& one : reader.list()) {
        if (one.label.starts_with(begin)) {
            out += one.label + " " + std::to_string(one.value) + "\n";
        }
    }
    return out;
}

std::string to_json(const engine::counters_reader& reader, const std::string& begin) {
    nlohmann::ordered_json all;
    all["pid"] = reader.pid();
    all["is_running"] = reader.is_writer_alive();
    all["states"] = nlohmann::ordered_json::object();
    all["counters"] = nlohmann::ordered_json::object();
    for (const engine::status_reading& one : reader.list_statuses()) {
        if (one.label.starts_with(begin)) {
            all["states"][one.label] = one.text;
        }
    }
    for (const engine::counter_reading& one : reader.list()) {
        if (one.label.starts_with(begin)) {
            all["counters"][one.label] = one.value;
        }
    }
    return all.dump() + "\n";
}

int counters(const counters_options& options) {
    const auto reader = engine::counters_reader::open(counters_file_of(options.where));
    if (options.format == "text" && !reader.is_writer_alive()) {
        std::fprintf(stderr, "the process that wrote these, pid %d, runs no more\n", reader.pid());
    }
    std::string out =
        options.format == "json" ? to_json(reader, options.begin) : to_text(reader, options.begin);
    static_cast<void>(write_output(out));  // a failure is said at the end
    return exit_ok;
}

}  // namespace

void add_counters_command(CLI::App& program, command& chosen) {
    auto options = std::make_shared<counters_options>();
    CLI::App* verb = program.add_subcommand(
        "counters",
        "Print what a running engine, or the last one, counts and which state it is in");
    verb->add_option("WHERE", options->where, "The TOML file, or the directory of counters.dat")
        ->required();
    verb->add_option("BEGIN", options->begin, "Only labels that begin so: log., route.orders");
    verb->add_option("--format", options->format, "text or json")
        ->check(CLI::IsMember({"text", "json"}))
        ->capture_default_str();
    verb->final_callback([&chosen, options] { chosen = [options] { return counters(*options); }; });
}

}  // namespace millrace::tools
