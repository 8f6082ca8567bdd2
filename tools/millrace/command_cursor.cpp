#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>

#include <nlohmann/json.hpp>

#include "engine/core/clock.hpp"
#include "engine/core/error.hpp"
#include "engine/log/archive_source.hpp"
#include "engine/log/recovery.hpp"
#include "engine/stream/checkpoint.hpp"
#include "engine/stream/reader_cursor.hpp"
#include "engine/table/nearest.hpp"
#include "gateway/pipeline/reader_progress.hpp"
#include "tools/millrace/commands.hpp"
#include "tools/millrace/confirm.hpp"
#include "tools/millrace/exit_code.hpp"
#include "tools/millrace/not_empty.hpp"
#include "tools/millrace/read_range.hpp"

namespace millrace::tools {

namespace {

using gateway::progress_store;
using gateway::reader_progress;
using nlohmann::ordered_json;

struct cursor_options {
    std::string target;
    std::string name;
    std::string format = "text";
    read_range range;
    bool is_first = false;
    bool is_tail = false;
    bool is_sure = false;
};

std::vector<reader_progress> progress_of(const cursor_options& options) {
    if (std::filesystem::is_regular_file(options.target)) {
        return gateway::find_progress(gateway::load_config(options.target));
    }
    if (!std::filesystem::exists(options.target)) {
        throw engine::error(options.target +
                            ": is not there; name a log's directory or a configuration");
    }
    if (engine::list_segments(options.target).empty()) {
        engine::refuse_without_segments(options.target);
    }
    return gateway::find_readers(options.target);
}

ordered_json describe_place(const reader_progress& one) {
    ordered_json out;
    out["name"] = one.name;
    out["kind"] = gateway::describe(one.store);
    out["log"] = one.directory.native();
    out["kept_in"] = one.where.native();
    return out;
}

// Throws what keeps its progress from being known.
ordered_json describe(const reader_progress& one) {
    if (one.trouble) {
        std::rethrow_exception(one.trouble);
    }
    ordered_json out = describe_place(one);
    out["has_begun"] = one.has_begun;
    if (engine::list_segments(one.directory).empty()) {
        return out;
    }
    const engine::recovered_tail tail = engine::recover_tail(one.directory);
    out["sequence"] = one.done.value;
    if (one.has_begun) {
        engine::cursor_state next;
        bool is_removed = false;
        try {
            next = engine::find_cursor_state(one.directory,
                                             engine::read_from::at_sequence(one.done.next()));
        } catch (const engine::damage_error&) {
            throw;
        } catch (const engine::error&) {  // what it would read next is no longer kept
            is_removed = true;
            next = engine::find_cursor_state(one.directory, engine::read_from::first());
        }
        out["position"] = next.at.value;
        out["lag_records"] =
            tail.last_sequence.value - std::min(tail.last_sequence, one.done).value;
        out["lag_bytes"] = tail.end().value - std::min(tail.end(), next.at).value;
        out["is_next_removed"] = is_removed;
        if (!one.lost.is_none()) {
            out["lost_first"] = one.done.next().value;
            out["lost_last"] = one.lost.value;
        }
        out["updated"] = to_string(one.updated);
    }
    out["log_sequence"] = tail.last_sequence.value;
    out["log_time"] = to_string(tail.last_timestamp);
    out["holder"] = one.holder;
    return out;
}

std::string cell(const ordered_json& row, const char* name) {
    if (!row.contains(name)) {
        return "-";
    }
    return row[name].is_string() ? row[name].get<std::string>() : row[name].dump();
}

// One that cannot be judged hides no other.
ordered_json describe_or_say_why(const reader_progress& one) {
    try {
        return describe(one);
    } catch (const engine::error& failure) {
        ordered_json out = describe_place(one);
        out["trouble"] = failure.what();
        return out;
    }
}

std::string sequence_cell(const ordered_json& row) {
    if (row.contains("trouble")) {
        return "unknown";
    }
    return row["has_begun"].get<bool>() ? cell(row, "sequence") : "not begun";
}

int list(const cursor_options& options) {
    ordered_json rows = ordered_json::array();
    for (const reader_progress& one : progress_of(options)) {
        rows.push_back(describe_or_say_why(one));
    }
    if (options.format == "json") {
        std::printf("%s\n", rows.dump(2).c_str());
        return exit_ok;
    }
    std::printf("%-24s %-10s %12s %14s %12s %14s %-30s %s\n", "NAME", "KIND", "SEQUENCE",
                "POSITION", "LAG", "LAG BYTES", "UPDATED", "LOG");
    for (const ordered_json& row : rows) {
        std::printf("%-24s %-10s %12s %14s %12s %14s %-30s %s\n", cell(row, "name").c_str(),
                    cell(row, "kind").c_str(), sequence_cell(row).c_str(),
                    cell(row, "position").c_str(), cell(row, "lag_records").c_str(),
                    cell(row, "lag_bytes").c_str(), cell(row, "updated").c_str(),
                    cell(row, "log").c_str());
        if (row.contains("trouble")) {
            std::printf("%-24s %s\n", "", cell(row, "trouble").c_str());
        }
        if (row.contains("lost_last")) {
            std::printf(
                "%-24s the log has lost records %s to %s, which it had done; it goes on "
                "with those that took their sequences\n",
                "", cell(row, "lost_first").c_str(), cell(row, "lost_last").c_str());
        }
    }
    return exit_ok;
}

reader_progress find(const cursor_options& options) {
    std::vector<reader_progress> all = progress_of(options);
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const auto& one) { return one.name == options.name; });
    if (found == all.end()) {
        std::vector<std::string_view> names;
        for (const reader_progress& one : all) {
            names.push_back(one.name);
        }
        throw engine::error(options.target + ": nobody called '" + options.name + "' reads here" +
                            engine::did_you_mean(options.name, names) +
                            "; `millrace cursor list` names them");
    }
    if (found->trouble) {
        std::rethrow_exception(found->trouble);
    }
    return *found;
}

int show(const cursor_options& options) {
    const ordered_json row = describe(find(options));
    if (options.format == "json") {
        std::printf("%s\n", row.dump(2).c_str());
        return exit_ok;
    }
    for (const auto& [name, value] : row.items()) {
        std::printf("%-16s %s\n", name.c_str(), cell(row, name.c_str()).c_str());
    }
    return exit_ok;
}

void refuse_origins(const reader_progress& one) {
    const char* const what = one.store == progress_store::fix_out ? "FIX_OUT" : "its table's log";
    throw usage_error(
        "route '" + one.name + "': its progress is the highest origin in " + one.where.native() +
        ", and no record of " + what +
        " is ever altered, so that nothing is sent or written twice. To read from elsewhere, give "
        "the route a new name and a `start`");
}

void refuse_held(const reader_progress& one) {
    if (!one.holder.empty()) {
        throw engine::locked_error("cursor '" + one.name + "' is in use by " + one.holder +
                                   "; stop it first");
    }
}

void set_checkpoint(const reader_progress& one, engine::sequence done) {
    const engine::checkpoint_state state = engine::read_checkpoint(one.where);
    engine::checkpoint file(one.where, one.name, state.source);
    file.set(done);
}

// A cursor may be set before its reader has ever run; then it is made.
bool is_new_cursor(const cursor_options& options) {
    const bool is_directory = !std::filesystem::is_regular_file(options.target);
    const auto names =
        is_directory ? engine::list_reader_cursors(options.target) : std::vector<std::string>{};
    return is_directory && std::find(names.begin(), names.end(), options.name) == names.end() &&
           !std::filesystem::exists(std::filesystem::path(options.target) / "cursors" /
                                    (options.name + ".route"));
}

int set_to(const cursor_options& options, const engine::read_from& from, bool is_new) {
    reader_progress one;
    if (is_new) {
        one.name = options.name;
        one.directory = options.target;
        one.store = progress_store::reader_file;
    } else {
        one = find(options);
    }
    if (one.store == progress_store::fix_out || one.store == progress_store::table) {
        refuse_origins(one);
    }
    refuse_held(one);
    options.range.check_places(one.directory);
    const engine::cursor_state to = engine::find_cursor_state(one.directory, from);
    const std::string change = "'" + one.name + "' will go on behind sequence " +
                               std::to_string(to.seq.value) + " instead of " +
                               std::to_string(one.done.value);
    if (!is_new && to.seq != one.done) {
        confirm(change + (to.seq > one.done ? ": records between are never read"
                                            : ": records between are read again"),
                options.is_sure, "nothing was changed");
    }
    if (one.store == progress_store::reader_file) {
        engine::reader_cursor(one.directory, one.name).set(to);
    } else if (!one.has_begun) {
        throw usage_error("route '" + one.name +
                          "' has never run; its `start` says where it begins");
    } else {
        set_checkpoint(one, to.seq);
    }
    std::printf("%s goes on behind sequence %llu, position %llu%s\n", one.name.c_str(),
                static_cast<unsigned long long>(to.seq.value),
                static_cast<unsigned long long>(to.at.value),
                is_new ? "; it is new, and from now on retention waits for it" : "");
    return exit_ok;
}

int set(const cursor_options& options) {
    return set_to(options,
                  options.is_tail ? engine::read_from::tail()
                                  : options.range.from(engine::read_from::first()),
                  is_new_cursor(options));
}

int reset(const cursor_options& options) {
    return set_to(options, engine::read_from::first(), false);
}

// By its name alone where that is enough: what it says may be damaged.
reader_progress find_to_remove(const cursor_options& options) {
    const auto names = std::filesystem::is_directory(options.target)
                           ? engine::list_reader_cursors(options.target)
                           : std::vector<std::string>{};
    if (std::find(names.begin(), names.end(), options.name) == names.end()) {
        return find(options);
    }
    reader_progress one;
    one.name = options.name;
    one.directory = options.target;
    one.store = progress_store::reader_file;
    const std::filesystem::path lock = engine::reader_cursor_lock(options.target, options.name);
    one.holder = engine::is_lock_held(lock) ? engine::lock_holder(lock) : std::string();
    return one;
}

int remove(const cursor_options& options) {
    const reader_progress one = find_to_remove(options);
    if (one.store != progress_store::reader_file) {
        throw usage_error("'" + one.name +
                          "' is a route, no cursor of a reader. Take it out of its "
                          "configuration, then remove " +
                          (one.directory / "cursors" / (one.name + ".route")).native());
    }
    refuse_held(one);
    confirm("cursor '" + one.name + "' of " + one.directory.native() +
                " will be gone: retention waits for it no more, and its reader, if it comes back, "
                "begins anew with the oldest record kept",
            options.is_sure, "nothing was changed");
    engine::remove_reader_cursor(one.directory, one.name);
    std::printf("%s is removed\n", one.name.c_str());
    return exit_ok;
}

using action = int (*)(const cursor_options&);

CLI::App* add_verb(CLI::App& cursor, command& chosen, const char* name, const char* description,
                   const std::shared_ptr<cursor_options>& options, action run) {
    CLI::App* verb = cursor.add_subcommand(name, description);
    verb->add_option("DIR|CONFIG", options->target,
                     "A log's directory, or a configuration: everybody who reads its logs")
        ->required()
        ->check(not_empty());
    verb->final_callback(
        [&chosen, options, run] { chosen = [options, run] { return run(*options); }; });
    return verb;
}

}  // namespace

void add_cursor_command(CLI::App& program, command& chosen) {
    CLI::App* cursor =
        program.add_subcommand("cursor", "See and set how far the readers of a log have come");
    cursor->require_subcommand(1);
    const auto add_format = [](CLI::App& verb, cursor_options& options) {
        verb.add_option("--format", options.format, "text or json")
            ->check(CLI::IsMember({"text", "json"}));
    };
    auto listing = std::make_shared<cursor_options>();
    add_format(*add_verb(*cursor, chosen, "list", "Everybody's progress and lag", listing, list),
               *listing);
    auto showing = std::make_shared<cursor_options>();
    CLI::App* verb = add_verb(*cursor, chosen, "show", "One reader's", showing, show);
    verb->add_option("NAME", showing->name, "Of the route or the cursor")->required();
    add_format(*verb, *showing);

    auto setting = std::make_shared<cursor_options>();
    verb = add_verb(*cursor, chosen, "set", "Let a reader go on elsewhere, while it is stopped",
                    setting, set);
    verb->add_option("NAME", setting->name, "Of the route or the cursor")->required();
    setting->range.add_begin_options(*verb);
    verb->add_flag("--first", setting->is_first, "At the oldest record kept");
    verb->add_flag("--tail", setting->is_tail, "Behind the last record");
    verb->add_flag("--yes", setting->is_sure, "Do not ask");
    verb->parse_complete_callback([setting] {
        const int places = (setting->range.has_begin() ? 1 : 0) + (setting->is_first ? 1 : 0) +
                           (setting->is_tail ? 1 : 0);
        if (places != 1) {
            throw CLI::ValidationError(
                "cursor set", "give one of --sequence, --time, --offset, --first and --tail");
        }
        static_cast<void>(setting->range.from(engine::read_from::first()));
    });

    auto resetting = std::make_shared<cursor_options>();
    verb = add_verb(*cursor, chosen, "reset", "Let a reader begin anew with the oldest record kept",
                    resetting, reset);
    verb->add_option("NAME", resetting->name, "Of the route or the cursor")->required();
    verb->add_flag("--yes", resetting->is_sure, "Do not ask");

    auto removing = std::make_shared<cursor_options>();
    verb = add_verb(*cursor, chosen, "remove",
                    "Forget a reader that will not come back, so that retention goes on", removing,
                    remove);
    verb->add_option("NAME", removing->name, "Of the cursor")->required();
    verb->add_flag("--yes", removing->is_sure, "Do not ask");
}

}  // namespace millrace::tools
