#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "engine/log/segment.hpp"
#include "engine/stream/archive_log.hpp"
#include "tools/millrace/commands.hpp"
#include "tools/millrace/exit_code.hpp"
#include "tools/millrace/not_empty.hpp"

namespace millrace::tools {

namespace {

struct archive_command {
    std::string directory;
    std::string archive;
    engine::archive_options options;
};

int run_archive(const archive_command& wanted) {
    const engine::archive_report report = with_arguments(
        [&] { return engine::archive_log(wanted.directory, wanted.archive, wanted.options); });
    std::printf("%s: %zu segments archived, %llu bytes as %llu; %zu were there already\n",
                wanted.archive.c_str(), report.new_count,
                static_cast<unsigned long long>(report.plain_bytes),
                static_cast<unsigned long long>(report.packed_bytes), report.known_count);
    if (wanted.options.is_deleted) {
        std::printf("%s: %zu originals removed; they are read from the archive from now on\n",
                    wanted.directory.c_str(), report.deleted_count);
    }
    if (report.unsealed) {
        std::printf(
            "%s: %s and all behind it stay: the log is sealed, and its seals do not reach "
            "the end of that segment. `millrace log seal` does that, and so does a writer\n",
            wanted.directory.c_str(), engine::segment_file_name(*report.unsealed).c_str());
    }
    return exit_ok;
}

}  // namespace

void add_log_archive_verb(CLI::App& log, command& chosen) {
    auto wanted = std::make_shared<archive_command>();
    CLI::App* verb = log.add_subcommand(
        "archive", "Compress closed segments into a directory that every command reads as a log");
    verb->add_option("DIR", wanted->directory, "The log's directory")
        ->required()
        ->check(not_empty());
    verb->add_option("OUT", wanted->archive, "The archive; goes on with one that is there")
        ->required()
        ->check(not_empty());
    verb->add_option("--level", wanted->options.level, "Of Zstandard")
        ->check(CLI::Range(1, 19))
        ->capture_default_str();
    verb->add_flag("--delete", wanted->options.is_deleted,
                   "Then remove each original; the log goes on to be read whole");
    verb->final_callback([&chosen, wanted] { chosen = [wanted] { return run_archive(*wanted); }; });
}

}  // namespace millrace::tools
