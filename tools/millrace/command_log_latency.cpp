#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include <nlohmann/json.hpp>

#include "engine/core/error.hpp"
#include "tools/millrace/commands.hpp"
#include "tools/millrace/exit_code.hpp"
#include "tools/millrace/latency_join.hpp"
#include "tools/millrace/not_empty.hpp"
#include "tools/millrace/standard_output.hpp"

namespace millrace::tools {

namespace {

using nlohmann::ordered_json;

struct latency_options {
    std::vector<std::string> directories;
    std::string from;
    std::string until;
    bool is_json = false;
};

engine::timestamp parse_time(const char* option, const std::string& text,
                             engine::timestamp otherwise) {
    if (!text.empty() && !engine::parse(text, otherwise)) {
        throw CLI::ValidationError(option, "'" + text +
                                               "' is not a time: expected 2026-03-01T09:30:00.5Z "
                                               "or nanoseconds since 1970");
    }
    return otherwise;
}

latency_range range_of(const latency_options& options) {
    latency_range range;
    range.from = parse_time("--time", options.from, range.from);
    range.until = parse_time("--until-time", options.until, range.until);
    if (range.until < range.from) {
        throw CLI::ValidationError("--until-time", "the range ends before it begins, at --time");
    }
    return range;
}

std::string text_of(const latency_report& report) {
    char line[160];
    std::string out;
    std::snprintf(line, sizeof line, "%-24s %10s %11s %11s %11s %11s %11s\n", "ns", "count", "p50",
                  "p90", "p99", "p99.9", "max");
    out += line;
    for (std::size_t i = 0; i < hop_count; ++i) {
        const engine::histogram& hop_times = report.hops[i];
        if (hop_times.count() == 0) {
            continue;
        }
        std::snprintf(line, sizeof line, "%-24s %10llu %11lld %11lld %11lld %11lld %11lld\n",
                      std::string(name_of(static_cast<hop>(i))).c_str(),
                      static_cast<unsigned long long>(hop_times.count()),
                      static_cast<long long>(hop_times.percentile_ns(50)),
                      static_cast<long long>(hop_times.percentile_ns(90)),
                      static_cast<long long>(hop_times.percentile_ns(99)),
                      static_cast<long long>(hop_times.percentile_ns(99.9)),
                      static_cast<long long>(hop_times.max_ns()));
        out += line;
    }
    std::snprintf(line, sizeof line, "messages out %llu, of which %llu have no stamp of sending\n",
                  static_cast<unsigned long long>(report.messages_out),
                  static_cast<unsigned long long>(report.unsent_count));
    out += line;
    std::snprintf(line, sizeof line, "messages in %llu; stamps %llu; backward hops left out %llu\n",
                  static_cast<unsigned long long>(report.messages_in),
                  static_cast<unsigned long long>(report.stamp_count),
                  static_cast<unsigned long long>(report.backward_count));
    out += line;
    if (report.stamp_count == 0) {
        out += "no stage stamps: set stamps = true in [engine] and run, or name STAMPS too\n";
    }
    return out;
}

std::string json_of(const latency_report& report) {
    ordered_json out = {{"messages_out", report.messages_out},
                        {"messages_in", report.messages_in},
                        {"stamps", report.stamp_count},
                        {"unsent", report.unsent_count},
                        {"backward", report.backward_count}};
    for (std::size_t i = 0; i < hop_count; ++i) {
        const engine::histogram& hop_times = report.hops[i];
        out[std::string(name_of(static_cast<hop>(i))) + "_ns"] = {
            {"count", hop_times.count()},
            {"p50", hop_times.percentile_ns(50)},
            {"p90", hop_times.percentile_ns(90)},
            {"p99", hop_times.percentile_ns(99)},
            {"p999", hop_times.percentile_ns(99.9)},
            {"max", hop_times.max_ns()}};
    }
    return out.dump(2) + "\n";
}

int show(const latency_options& options) {
    std::vector<std::filesystem::path> logs;
    for (const std::string& directory : options.directories) {
        const auto found = find_latency_logs(directory);
        logs.insert(logs.end(), found.begin(), found.end());
    }
    const latency_report report = measure_latency(logs, range_of(options));
    std::string text = options.is_json ? json_of(report) : text_of(report);
    static_cast<void>(write_output(text));
    return exit_ok;
}

}  // namespace

void add_log_latency_verb(CLI::App& log, command& chosen) {
    auto options = std::make_shared<latency_options>();
    CLI::App* verb = log.add_subcommand(
        "latency", "Per-hop latencies from FIX_OUT, FIX_IN and the stage stamps in STAMPS");
    verb->add_option("DIR", options->directories,
                     "A FIX_OUT, FIX_IN or STAMPS, or a directory above such logs")
        ->required()
        ->check(not_empty());
    verb->add_option("--time", options->from, "Messages recorded at or after this time");
    verb->add_option("--until-time", options->until, "Messages recorded at or before this time");
    verb->add_flag("--json", options->is_json, "As one JSON object");
    verb->parse_complete_callback([options] { static_cast<void>(range_of(*options)); });
    verb->final_callback([&chosen, options] { chosen = [options] { return show(*options); }; });
}

}  // namespace millrace::tools
