#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <set>
#include <vector>

#include "engine/core/clock.hpp"
#include "engine/core/error.hpp"
#include "engine/log/archive_source.hpp"
#include "engine/log/retained.hpp"
#include "engine/log/segment.hpp"
#include "gateway/pipeline/check.hpp"
#include "gateway/pipeline/reader_progress.hpp"
#include "tools/millrace/commands.hpp"
#include "tools/millrace/confirm.hpp"
#include "tools/millrace/exit_code.hpp"
#include "tools/millrace/not_empty.hpp"

namespace millrace::tools {

namespace {

struct retain_options {
    std::string target;
    engine::retention_policy policy;  // of the command line; what is set there wins
    bool is_dry = false;
    bool is_forced = false;
    bool accepts_missing = false;
    bool is_sure = false;
};

engine::retention_policy merge(const engine::retention_policy& own,
                               const engine::retention_policy& configured) {
    return own.is_set() ? own : configured;
}

void report(const std::filesystem::path& directory, const engine::retention_plan& plan,
            bool is_dry) {
    const char* const verb = is_dry ? "would remove" : "removed";
    std::printf("%s: %s %zu segments, %llu bytes", directory.c_str(), verb, plan.doomed.size(),
                static_cast<unsigned long long>(plan.bytes));
    if (!plan.doomed.empty()) {
        std::printf(", up to sequence %llu",
                    static_cast<unsigned long long>(plan.last_doomed.value));
    }
    std::printf("; the oldest kept is %s\n", engine::segment_file_name(plan.first_kept).c_str());
    if (!plan.kept_for.empty()) {
        std::printf("  the policy asks for %llu more; kept for %s%s\n",
                    static_cast<unsigned long long>(plan.wanted_count - plan.doomed.size()),
                    plan.kept_for.c_str(), plan.is_forceable ? "; --force overrides" : "");
    }
    for (const std::string& who : plan.given_up) {
        std::printf("  given up, by force: %s\n", who.c_str());
    }
}

[[noreturn]] void refuse(const std::exception_ptr& trouble) {
    const std::string way_out = "; --force takes segments away from it all the same";
    try {
        std::rethrow_exception(trouble);
    } catch (const engine::config_error& failure) {
        throw engine::config_error(failure.what() + way_out);
    } catch (const engine::damage_error& failure) {
        throw engine::damage_error(failure.what() + way_out);
    } catch (const std::exception& failure) {
        throw engine::error(failure.what() + way_out);
    }
}

// Nothing may go that somebody may not have read whose progress is not known.
void give_up_troubled(std::vector<gateway::reader_progress>& readers,
                      const std::filesystem::path& directory, bool is_forced) {
    std::set<std::string> said;  // a route is found by its note and by its configuration
    std::erase_if(readers, [&](const gateway::reader_progress& one) {
        if (!one.trouble || !gateway::reads(one, directory)) {
            return false;
        }
        if (!is_forced) {
            refuse(one.trouble);
        }
        try {
            std::rethrow_exception(one.trouble);
        } catch (const std::exception& failure) {
            if (said.insert(failure.what()).second) {
                std::fprintf(stderr, "millrace: given up, by force: %s\n", failure.what());
            }
        }
        return true;
    });
}

void retain_log(const std::filesystem::path& directory, const engine::retention_policy& policy,
                std::vector<gateway::reader_progress> readers, const retain_options& options) {
    give_up_troubled(readers, directory, options.is_forced);
    const engine::retention_plan plan =
        engine::plan_retention(directory, policy, gateway::find_floors(directory, readers),
                               engine::utc_now(), options.is_forced);
    if (!options.is_dry) {
        engine::apply_retention(directory, plan);
    }
    report(directory, plan, options.is_dry);
}

int retain_config(const retain_options& options) {
    const gateway::pipeline_config config = gateway::load_config(options.target);
    const std::vector<gateway::reader_progress> ours = gateway::find_progress(config);
    std::size_t count = 0;
    for (const gateway::configured_log& log : gateway::logs_of(config)) {
        const engine::retention_policy policy = merge(options.policy, log.retention);
        if (!policy.is_set() || engine::list_segments(log.directory).empty()) {
            continue;
        }
        // Other configurations may read it too.
        std::vector<gateway::reader_progress> readers = gateway::find_readers(log.directory);
        readers.insert(readers.end(), ours.begin(), ours.end());
        retain_log(log.directory, policy, std::move(readers), options);
        ++count;
    }
    if (count == 0) {
        throw engine::config_error(options.target +
                                   ": no table or gateway with a log says what to retain; add "
                                   "retain = {age = \"30d\"} to its section, or give --age, "
                                   "--bytes or --segments");
    }
    return exit_ok;
}

// Of a log whose retained.from is lost, or whose oldest segments are, with no copy of either.
int accept_missing(const retain_options& options) {
    if (std::filesystem::is_regular_file(options.target)) {
        throw usage_error("log retain: --accept-missing is for one log; name its directory");
    }
    const std::filesystem::path directory = options.target;
    const auto missing = engine::find_missing_beginning(directory);
    if (!missing) {
        std::printf("%s: nothing to accept; what is not here was removed on purpose\n",
                    directory.c_str());
        return exit_ok;
    }
    std::string gone = "no segment is missing";
    if (missing->first_segment > 0) {
        gone = "segments 0 to " + std::to_string(missing->first_segment - 1) +
               (missing->last_lost.is_none()
                    ? std::string()
                    : ", sequences 1 to " + std::to_string(missing->last_lost.value) + ",") +
               " are not here";
    }
    const std::string fault =
        missing->fault.empty() ? ""
                               : "; " + std::string(engine::retained_name) + " " + missing->fault;
    confirm(directory.native() + ": " + gone + fault +
                ". From now on what is not here counts as removed on purpose, and `log verify` "
                "does not ask for it",
            options.is_sure, "nothing was changed");
    engine::accept_missing_beginning(directory, *missing);
    std::printf("%s: accepted: %s; the oldest kept is %s\n", directory.c_str(), gone.c_str(),
                engine::segment_file_name(missing->first_segment).c_str());
    return exit_ok;
}

int retain(const retain_options& options) {
    if (options.accepts_missing) {
        return accept_missing(options);
    }
    if (std::filesystem::is_regular_file(options.target)) {
        return retain_config(options);
    }
    if (!options.policy.is_set()) {
        throw usage_error(
            "log retain: a directory needs --age, --bytes or --segments; the policies of a "
            "configuration stand in its file");
    }
    if (engine::list_segments(options.target).empty()) {
        engine::refuse_without_segments(options.target);
    }
    retain_log(options.target, options.policy, gateway::find_readers(options.target), options);
    return exit_ok;
}

}  // namespace

void add_log_retain_verb(CLI::App& log, command& chosen) {
    auto options = std::make_shared<retain_options>();
    CLI::App* verb = log.add_subcommand(
        "retain", "Remove the oldest segments, as far as policy, readers and recovery allow");
    verb->add_option("DIR|CONFIG", options->target,
                     "A log's directory, or a configuration: all its logs with a policy")
        ->required()
        ->check(not_empty());
    verb->add_option_function<std::string>(
        "--age",
        [options](const std::string& text) {
            std::int64_t age_ns = 0;
            if (!gateway::parse_age(text, age_ns)) {
                throw CLI::ValidationError("--age",
                                           "expected a number and a unit: 30d, 12h, 90m, "
                                           "45s");
            }
            options->policy.age_max_ns = age_ns;
        },
        "Segments whose newest record is older go");
    verb->add_option_function<std::uint64_t>(
        "--bytes", [options](std::uint64_t bytes) { options->policy.bytes_max = bytes; },
        "The oldest go until the log takes no more than this");
    verb->add_option_function<std::uint64_t>(
        "--segments", [options](std::uint64_t count) { options->policy.segments_max = count; },
        "The oldest go until there are no more than these");
    verb->add_flag("--dry-run", options->is_dry, "Say what would go, and remove nothing");
    verb->add_flag("--force", options->is_forced,
                   "Also what readers have not read and sessions may have to send again; never "
                   "what recovery needs");
    CLI::Option* const accepts =
        verb->add_flag("--accept-missing", options->accepts_missing,
                       "Remove nothing: of one log, take the oldest segments that are not here, or "
                       "of which retained.from no longer tells, for removed on purpose");
    for (const char* const other : {"--age", "--bytes", "--segments", "--dry-run", "--force"}) {
        accepts->excludes(verb->get_option(other));
    }
    verb->add_flag("--yes", options->is_sure, "Do not ask")->needs(accepts);
    verb->final_callback([&chosen, options] { chosen = [options] { return retain(*options); }; });
}

}  // namespace millrace::tools
