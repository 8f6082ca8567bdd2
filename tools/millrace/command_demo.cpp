#include <unistd.h>
#include <CLI/CLI.hpp>

#include <cstdio>
#include <fstream>
#include <memory>

#include "engine/core/clock.hpp"
#include "engine/core/error.hpp"
#include "gateway/pipeline/pipeline.hpp"
#include "tools/millrace/commands.hpp"
#include "tools/millrace/demo_feeder.hpp"
#include "tools/millrace/demo_files.hpp"
#include "tools/millrace/demo_orders.hpp"
#include "tools/millrace/demo_report.hpp"
#include "tools/millrace/demo_tracker.hpp"
#include "tools/millrace/demo_venue.hpp"
#include "tools/millrace/demo_wait.hpp"
#include "tools/millrace/dictionary_path.hpp"
#include "tools/millrace/exit_code.hpp"
#include "tools/millrace/not_empty.hpp"
#include "tools/millrace/signals.hpp"

namespace millrace::tools {

namespace {

constexpr std::int64_t ns_per_s = 1'000'000'000;
constexpr std::uint64_t default_rate = 2000;

struct demo_options {
    std::string orders_file;
    std::uint64_t count = 0;
    std::string rate = std::to_string(default_rate);
    std::string directory;
    std::uint64_t seed = 1;
    bool is_json = false;

    [[nodiscard]] std::uint64_t rate_per_s() const { return rate == "max" ? 0 : std::stoull(rate); }
};

std::string check_rate(const std::string& text) {
    const bool is_number = !text.empty() && text.size() <= 9 &&
                           text.find_first_not_of("0123456789") == std::string::npos;
    return text == "max" || (is_number && std::stoull(text) > 0)
               ? std::string()
               : "'" + text + "' is neither a positive number of orders a second nor 'max'";
}

// Read as an unsigned number, -1 would be taken for the largest one.
std::string check_seed(const std::string& text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos
               ? std::string()
               : "'" + text + "' is not a whole number from 0 on";
}

std::filesystem::path choose_directory(const demo_options& options) {
    if (!options.directory.empty()) {
        return std::filesystem::absolute(options.directory).lexically_normal();
    }
    std::string pattern =
        (std::filesystem::temp_directory_path() / "millrace-demo-XXXXXX").native();
    if (::mkdtemp(pattern.data()) == nullptr) {
        throw engine::io_error("mkdtemp", pattern, errno);
    }
    return pattern;
}

void load_orders(demo_orders& orders, const demo_options& options) {
    if (!options.orders_file.empty()) {
        orders.load_csv(options.orders_file);
    } else if (options.count > 0) {
        orders.generate(options.seed, options.count);
    } else {
        orders.load_csv((shared_directory() / "sample" / "orders.csv").native());
    }
    if (orders.asked_count() == 0) {
        throw engine::config_error("there are no orders to feed");
    }
}

// The engine's own words go to a file: the terminal shows progress.
class engine_log {
public:
    explicit engine_log(const std::filesystem::path& path) : file_(path, std::ios::app) {}

    static void write(void* context, gateway::event_level, engine::timestamp time,
                      std::string_view text) {
        auto& log = *static_cast<engine_log*>(context);
        log.file_ << engine::to_string(time) << ' ' << text << std::endl;
    }

private:
    std::ofstream file_;
};

gateway::pipeline_options pipeline_options_with(engine_log& log) {
    gateway::pipeline_options wanted;
    wanted.dictionary_directory = dictionary_directory();
    wanted.log_line = &engine_log::write;
    wanted.log_context = &log;
    return wanted;
}

void announce(const demo_venue& venue, const gateway::pipeline& pipeline) {
    std::fprintf(stderr, "venue: pid %d%s; engine: pid %d; threads:\n%s",
                 static_cast<int>(venue.pid()), venue.was_running() ? " (still alive)" : "",
                 static_cast<int>(::getpid()), pipeline.thread_plan().c_str());
}

int print(const demo_result& result, const demo_directory& directory, bool is_json) {
    if (is_json) {
        for (const std::string& finding : result.books.findings) {
            std::fprintf(stderr, "%s\n", finding.c_str());
        }
    }
    std::fputs((is_json ? to_json(result) : to_text(result, directory)).c_str(), stdout);
    return result.is_complete() && result.books.is_clean() ? exit_ok : exit_negative;
}

int demo(const demo_options& options) {
    const demo_directory directory{choose_directory(options)};
    install_signal_handlers();
    const engine::file_lock lock = lock_demo_directory(directory);
    prepare_demo_directory(directory, options.seed);

    engine_log log(directory.engine_log());
    gateway::pipeline pipeline(gateway::load_config(directory.config()),
                               pipeline_options_with(log));
    engine::table_log& source = pipeline.open_source("ORDER_OUT");
    demo_orders orders(source.schema());
    orders.load_fed(directory.table("ORDER_OUT"));
    try {
        load_orders(orders, options);
    } catch (const engine::config_error& failure) {
        std::fprintf(stderr, "millrace: %s\n", failure.what());
        return exit_data;
    }
    demo_feeder feeder(source, orders, options.rate_per_s());
    demo_tracker tracker(orders, feeder, pipeline.config().find_table("EXECUTION")->schema);
    tracker.load(directory.table("EXECUTION"));
    pipeline.add_agent(feeder);
    pipeline.set_handler("on_report", gateway::event_handler::of(tracker));
    pipeline.open();
    // Every lock is ours: no other engine runs in this directory.
    engine::write_file_atomically(directory.engine_pid(), std::to_string(::getpid()) + "\n");

    demo_venue venue(directory);
    if (!options.is_json) {
        announce(venue, pipeline);
    }
    demo_wait watch(directory, feeder, tracker, venue, orders.count(),
                    ::isatty(STDERR_FILENO) != 0 && !options.is_json);
    demo_result result;
    result.rate_asked = options.rate_per_s();
    const std::int64_t begin_ns = engine::monotonic_now_ns();
    pipeline.start();
    result.end = watch.wait();
    result.seconds =
        static_cast<double>(engine::monotonic_now_ns() - begin_ns) / static_cast<double>(ns_per_s);
    pipeline.stop();
    venue.stop();
    watch.end_progress();
    result.fed = feeder.fed_count() - orders.fed_before();
    result.record_to_wire = pipeline.record_to_wire();
    result.order_to_report = tracker.order_to_report();
    // With the session up and a minute's silence, the protocol has had its chance.
    const bool is_settled = result.end == demo_end::answered ||
                            (result.end == demo_end::stalled && watch.is_logged_on());
    result.books = reconcile(directory, orders, is_settled);
    return print(result, directory, options.is_json);
}

}  // namespace

void add_demo_command(CLI::App& program, command& chosen) {
    auto options = std::make_shared<demo_options>();
    CLI::App* verb = program.add_subcommand(
        "demo", "Send orders from a table to a simulated venue, and reconcile what comes back");
    auto* file = verb->add_option("--orders", options->orders_file, "Orders from this CSV file")
                     ->check(CLI::ExistingFile);
    verb->add_option("--count", options->count,
                     "Generate so many orders instead of the sample's 10,000")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{10'000'000}))
        ->excludes(file);
    verb->add_option("--rate", options->rate, "Orders a second, open loop; or max")
        ->check(CLI::Validator(check_rate, "RATE"))
        ->capture_default_str();
    verb->add_option(
            "--dir", options->directory,
            "Where everything lies; a used one is fed what it does not have (default: a new one)")
        ->check(not_empty());
    verb->add_option("--seed", options->seed, "Of the generated orders and the venue's decisions")
        ->check(CLI::Validator(check_seed, "NUMBER"))
        ->capture_default_str();
    verb->add_flag("--json", options->is_json, "Print one JSON object and nothing else on stdout");
    verb->final_callback([&chosen, options] { chosen = [options] { return demo(*options); }; });
}

}  // namespace millrace::tools
