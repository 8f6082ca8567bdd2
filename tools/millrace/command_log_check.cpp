#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <thread>

#include <nlohmann/json.hpp>

#include "engine/core/error.hpp"
#include "engine/log/hot_tier.hpp"
#include "engine/log/index.hpp"
#include "engine/log/salvage.hpp"
#include "engine/log/verify.hpp"
#include "tools/millrace/commands.hpp"
#include "tools/millrace/exit_code.hpp"
#include "tools/millrace/not_empty.hpp"

namespace millrace::tools {

namespace {

using nlohmann::ordered_json;

struct check_options {
    std::string directory;
    std::string target;
    std::string key;
    engine::digest head;  // none: not asked for
    unsigned thread_count = 0;
    bool is_json = false;
    bool accepts_loss = false;
};

std::optional<engine::seal_key> load_key(const check_options& options) {
    return options.key.empty() ? std::nullopt : std::optional(engine::seal_key::load(options.key));
}

// Tells on a terminal how far a verification has come; silent where standard error is none.
class progress_line {
public:
    explicit progress_line(const engine::verify_progress& progress) {
        if (::isatty(STDERR_FILENO) == 1) {
            thread_ = std::thread([this, &progress] { show(progress); });
        }
    }
    ~progress_line() {
        is_done_.store(true, std::memory_order_relaxed);
        if (thread_.joinable()) {
            thread_.join();
        }
    }
    progress_line(const progress_line&) = delete;
    progress_line& operator=(const progress_line&) = delete;

private:
    void show(const engine::verify_progress& progress) const {
        while (!is_done_.load(std::memory_order_relaxed)) {
            const std::uint64_t done = progress.bytes_done.load(std::memory_order_relaxed);
            const std::uint64_t total = progress.bytes_total.load(std::memory_order_relaxed);
            std::fprintf(stderr, "\rverified %llu of %llu MiB ",
                         static_cast<unsigned long long>(done >> 20),
                         static_cast<unsigned long long>(total >> 20));
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
        }
        std::fprintf(stderr, "\r\033[K");
    }

    std::atomic<bool> is_done_{false};
    std::thread thread_;
};

const char* result_text(engine::verdict result) {
    switch (result) {
        case engine::verdict::clean:
            return "clean";
        case engine::verdict::torn:
            return "torn tail";
        case engine::verdict::damaged:
            break;
    }
    return "damaged";
}

void print_json(const engine::verify_report& report) {
    ordered_json out;
    out["result"] = result_text(report.result());
    out["uuid"] = to_string(report.uuid);
    out["segments"] = report.segment_count;
    out["spares"] = report.spare_count;
    out["records"] = report.record_count;
    out["first_sequence"] = report.first_sequence.value;
    out["last_sequence"] = report.last_sequence.value;
    out["good_seals"] = report.seal_count;
    out["good_indexes"] = report.index_count;
    out["good_archived_files"] = report.archived_count;
    out["seal_head"] =
        report.head.is_sealed ? ordered_json(to_string(report.head.hash)) : ordered_json();
    out["proven_to_sequence"] = report.proven_to.value;
    out["findings"] = ordered_json::array();
    for (const engine::finding& one : report.findings) {
        out["findings"].push_back({{"kind", describe(one.kind)},
                                   {"file", one.path},
                                   {"position", one.at.value},
                                   {"sequence", one.seq.value},
                                   {"is_damage", one.is_damage()},
                                   {"detail", one.detail}});
    }
    out["notes"] = report.notes;
    std::printf("%s\n", out.dump(2).c_str());
}

void print_text(const engine::verify_report& report) {
    for (const engine::finding& one : report.findings) {
        std::printf("%s\n", one.text().c_str());
    }
    for (const std::string& note : report.notes) {
        std::printf("note: %s\n", note.c_str());
    }
    std::printf(
        "%s: log %s, %llu segments, %llu records (sequences %llu to %llu), "
        "%llu seals and %llu indexes fit, %zu findings\n",
        result_text(report.result()), to_string(report.uuid).c_str(),
        static_cast<unsigned long long>(report.segment_count),
        static_cast<unsigned long long>(report.record_count),
        static_cast<unsigned long long>(report.first_sequence.value),
        static_cast<unsigned long long>(report.last_sequence.value),
        static_cast<unsigned long long>(report.seal_count),
        static_cast<unsigned long long>(report.index_count), report.findings.size());
    if (report.archived_count > 0) {
        std::printf("%llu archived files are what the manifest says\n",
                    static_cast<unsigned long long>(report.archived_count));
    }
    if (!report.proven_to.is_none()) {
        std::printf("proven unchanged: sequences to %llu\n",
                    static_cast<unsigned long long>(report.proven_to.value));
    }
    if (report.head.is_sealed) {
        std::printf("seal head %s (sequence %llu)\n", to_string(report.head.hash).c_str(),
                    static_cast<unsigned long long>(report.head.last_sequence.value));
    }
}

int verify(const check_options& options) {
    const std::optional<engine::seal_key> key = load_key(options);
    engine::verify_progress progress;
    engine::verify_options wanted;
    wanted.thread_count = options.thread_count;
    wanted.key = key ? &*key : nullptr;
    wanted.progress = &progress;
    wanted.head = options.head;
    engine::verify_report report;
    {
        const progress_line line(progress);
        report = engine::verify_log(options.directory, wanted);
    }
    if (options.is_json) {
        print_json(report);
    } else {
        print_text(report);
    }
    switch (report.result()) {
        case engine::verdict::clean:
            return exit_ok;
        case engine::verdict::torn:
            return exit_torn;
        case engine::verdict::damaged:
            break;
    }
    return exit_damaged;
}

int salvage(const check_options& options) {
    const engine::salvage_report report =
        with_arguments([&] { return engine::salvage_log(options.directory, options.target); });
    for (const engine::salvage_hole& hole : report.holes) {
        std::printf("%s\n", hole.text().c_str());
    }
    for (const std::string& note : report.notes) {
        std::printf("note: %s\n", note.c_str());
    }
    std::printf(
        "%s is a new log, %s, salvaged from log %s: %llu records copied with their "
        "sequences, times and positions, %llu known to be lost, %zu holes\n",
        options.target.c_str(), to_string(report.uuid).c_str(), to_string(report.origin).c_str(),
        static_cast<unsigned long long>(report.record_count),
        static_cast<unsigned long long>(report.lost_count), report.holes.size());
    return exit_ok;
}

void print_note(const std::string& note) {
    if (!note.empty()) {
        std::printf("note: %s\n", note.c_str());
    }
}

int index(const check_options& options) {
    const engine::indexed_log made = engine::index_log(options.directory);
    print_note(made.note);
    std::printf("%s: %zu segments indexed, %zu entries\n", options.directory.c_str(),
                made.segment_count, made.entry_count);
    return exit_ok;
}

int seal(const check_options& options) {
    const std::optional<engine::seal_key> key = load_key(options);
    const engine::sealed_log sealed = engine::seal_log(options.directory, key ? &*key : nullptr);
    print_note(sealed.note);
    std::printf("%s: %zu new seals; sealed to sequence %llu, position %llu\nseal head %s\n",
                options.directory.c_str(), sealed.new_seal_count,
                static_cast<unsigned long long>(sealed.head.last_sequence.value),
                static_cast<unsigned long long>(sealed.head.end.value),
                to_string(sealed.head.hash).c_str());
    return exit_ok;
}

int recover(const check_options& options) {
    const std::string note = engine::recover_hot_tier(
        options.directory,
        options.accepts_loss ? engine::hot_loss::accepted : engine::hot_loss::refused);
    std::printf("%s: %s\n", options.directory.c_str(),
                note.empty() ? "no writer left anything in memory" : note.c_str());
    return exit_ok;
}

using action = int (*)(const check_options&);

CLI::App* add_verb(CLI::App& log, command& chosen, const char* name, const char* description,
                   const std::shared_ptr<check_options>& options, action run) {
    CLI::App* verb = log.add_subcommand(name, description);
    verb->add_option("DIR", options->directory, "The log's directory")
        ->required()
        ->check(not_empty());
    verb->final_callback(
        [&chosen, options, run] { chosen = [options, run] { return run(*options); }; });
    return verb;
}

}  // namespace

void add_log_check_verbs(CLI::App& log, command& chosen) {
    auto verifying = std::make_shared<check_options>();
    CLI::App* verb =
        add_verb(log, chosen, "verify", "Check every byte of a log, its indexes and its seals",
                 verifying, verify);
    verb->add_option("--key", verifying->key, "File with the key the seals were made with")
        ->check(not_empty());
    verb->add_option_function<std::string>(
        "--head",
        [verifying](const std::string& text) {
            const bool is_hash = parse(text, verifying->head);
            if (!is_hash || verifying->head.is_none()) {
                throw CLI::ValidationError(
                    "--head", std::string(is_hash ? "64 zeros are the hash of no seal; " : "") +
                                  "expected the 64 hexadecimal digits that `log info` or `log "
                                  "seal` printed");
            }
        },
        "Hash of a seal that was noted earlier, elsewhere");
    verb->add_option("--threads", verifying->thread_count, "Instead of one for each CPU")
        ->check(CLI::Range(1, 1024));
    verb->add_flag("--json", verifying->is_json, "As one JSON object");

    auto salvaging = std::make_shared<check_options>();
    verb = add_verb(log, chosen, "salvage", "Copy what is whole of a damaged log into a new log",
                    salvaging, salvage);
    verb->add_option("OUT", salvaging->target, "Directory of the new log, empty or not there")
        ->required()
        ->check(not_empty());

    add_verb(log, chosen, "index", "Make the index of every segment anew",
             std::make_shared<check_options>(), index);

    auto sealing = std::make_shared<check_options>();
    verb = add_verb(log, chosen, "seal", "Seal what no seal covers yet", sealing, seal);
    verb->add_option("--key", sealing->key, "File with a key: 16 to 1024 bytes, mode 600")
        ->check(not_empty());

    auto recovering = std::make_shared<check_options>();
    verb = add_verb(log, chosen, "recover", "Bring to the disk what a killed writer left in memory",
                    recovering, recover);
    verb->add_flag("--accept-loss", recovering->accepts_loss,
                   "Go on without a hot tier, or a segment of it, that is gone for good");
}

}  // namespace millrace::tools
