#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>

#include <nlohmann/json.hpp>

#include "engine/core/error.hpp"
#include "engine/log/archive_source.hpp"
#include "engine/log/clock_record.hpp"
#include "engine/log/durable_mark.hpp"
#include "engine/log/hot_tier.hpp"
#include "engine/log/index.hpp"
#include "engine/log/recovery.hpp"
#include "engine/log/seal_file.hpp"
#include "engine/table/schema.hpp"
#include "tools/millrace/commands.hpp"
#include "tools/millrace/exit_code.hpp"
#include "tools/millrace/not_empty.hpp"

namespace millrace::tools {

namespace {

using nlohmann::ordered_json;

struct info_options {
    std::string directory;
    bool is_json = false;
    bool with_clock = false;
};

// The name of the table, or empty where the log holds no rows of ours.
std::string table_of(const std::string& schema) {
    try {
        return engine::row_schema::parse(schema).table_name();
    } catch (const engine::error&) {
        return {};
    }
}

ordered_json describe_seals(const engine::seal_head& head) {
    if (!head.is_sealed) {
        return nullptr;
    }
    return {{"head", to_string(head.hash)},
            {"last_sequence", head.last_sequence.value},
            {"end", head.end.value},
            {"last_time", to_string(head.last_timestamp)},
            {"keyed", head.is_keyed}};
}

std::string describe_writer(const std::filesystem::path& directory,
                            const engine::recovered_tail& tail) {
    if (engine::is_archive(directory)) {
        return "none: this is an archive, and its log went on behind what is in it";
    }
    const std::filesystem::path lock = directory / "writer.lock";
    if (engine::is_lock_held(lock)) {
        return "open for writing by " + engine::lock_holder(lock);
    }
    return tail.is_closed ? "closed in order at " + to_string(tail.last_timestamp) : tail.note;
}

// The end of a log as readers see it now. A writer at work goes on meanwhile, so what stands behind
// the last record is not judged.
engine::recovered_tail find_tail(const std::filesystem::path& directory) {
    if (!engine::is_lock_held(directory / "writer.lock")) {
        return engine::recover_tail(directory, engine::detail::find_unsynced(directory));
    }
    const engine::log_reader reader(directory, engine::read_from::tail());
    const std::uint64_t index = reader.next_position().value / reader.segment_bytes();
    engine::recovered_tail tail;
    tail.info = engine::read_segment_info(directory, index);
    tail.end_offset = reader.next_position().value - tail.info.first_position().value;
    tail.last_sequence = reader.last_sequence();
    tail.last_timestamp = reader.last_timestamp();
    return tail;
}

// Null: the log has none.
ordered_json describe_hot_tier(const std::filesystem::path& directory) {
    const std::optional<engine::detail::hot_location> where =
        engine::detail::read_hot_location(directory);
    if (!where) {
        return nullptr;
    }
    const bool is_there = where->is_of_this_boot && !engine::detail::is_gone(*where);
    return {{"directory", where->directory.native()},
            {"state", !where->is_of_this_boot ? "gone with a restart of the host"
                      : !is_there             ? "gone, and no restart of the host took it"
                      : engine::is_lock_held(directory / "writer.lock")
                          ? "in use"
                          : "left by a writer that died; the next one brings it to the disk"},
            {"segments", is_there ? engine::list_segment_names(where->directory).size() : 0}};
}

// Runs one part of the description. What damage keeps from being known stays out of it.
template <class Part>
void attempt(std::string& damage, Part&& part) {
    try {
        part();
    } catch (const engine::damage_error& failure) {
        damage = damage.empty() ? failure.what() : damage;
    }
}

// The segments' headers that can be read, oldest first. Throws damage_error where none can.
std::vector<engine::segment_info> read_infos(const std::filesystem::path& directory,
                                             const std::vector<std::uint64_t>& indexes,
                                             std::string& damage) {
    std::vector<engine::segment_info> infos;
    // The newest is read always: most of what is said stands there.
    for (const std::uint64_t index : {indexes.back(), indexes.front()}) {
        attempt(damage, [&] { infos.push_back(engine::read_segment_info(directory, index)); });
    }
    for (auto it = indexes.rbegin(); it != indexes.rend() && infos.size() < 2; ++it) {
        attempt(damage, [&] { infos.push_back(engine::read_segment_info(directory, *it)); });
    }
    if (infos.empty()) {
        throw engine::damage_error(damage);
    }
    std::sort(infos.begin(), infos.end(),
              [](const auto& left, const auto& right) { return left.index < right.index; });
    return infos;
}

void describe_segments(ordered_json& out, const std::filesystem::path& directory,
                       const std::vector<std::uint64_t>& indexes,
                       const std::vector<engine::segment_info>& infos) {
    const engine::segment_info& last = infos.back();
    const engine::log_uuid& origin =
        last.origin.is_none() ? infos.front().origin : last.origin;  // records are older
    out["uuid"] = to_string(last.uuid);
    out["table"] = table_of(last.schema);
    if (!origin.is_none()) {
        out["origin"] = to_string(origin);
    }
    out["segments"] = indexes.size();
    const std::size_t local = engine::list_segments(directory).size();
    out["archived_segments"] = indexes.size() - local;
    const std::size_t named = engine::list_segment_names(directory).size();
    out["spares"] = named - std::min(named, local);
    out["segment_bytes"] = last.segment_bytes;
    out["allocated_bytes"] = named * last.segment_bytes;
    out["first_segment"] = engine::segment_file_name(indexes.front());
    out["last_segment"] = engine::segment_file_name(indexes.back());
    out["epoch"] = last.epoch;
}

// Null: damage keeps it from being known.
void describe_extent(ordered_json& out, const std::filesystem::path& directory,
                     const engine::segment_info& first, std::string& damage) {
    std::optional<engine::recovered_tail> tail;
    attempt(damage, [&] { tail = find_tail(directory); });
    engine::record_view record;
    bool has_record = false;
    std::optional<engine::log_reader> reader;
    attempt(damage, [&] {
        reader.emplace(directory, engine::read_from::first());
        const engine::read_status status = reader->poll(record);
        has_record = status == engine::read_status::record;
        if (status == engine::read_status::damaged) {
            throw engine::damage_error(reader->damage().text());
        }
    });
    const bool is_empty = reader && tail && !has_record;
    const auto known = [](bool is_known, ordered_json value) {
        return is_known ? value : ordered_json();
    };
    const engine::recovered_tail end = tail.value_or(engine::recovered_tail{});
    out["first_position"] = first.first_record().value;
    out["end_position"] = known(tail.has_value(), end.end().value);
    out["first_sequence"] = known(has_record || is_empty, has_record ? record.seq.value : 0);
    out["last_sequence"] = known(tail.has_value(), is_empty ? 0 : end.last_sequence.value);
    out["first_time"] = known(has_record, to_string(record.time));
    out["last_time"] = known(tail && !is_empty, to_string(end.last_timestamp));
    out["last_writer"] =
        known(tail.has_value(), tail ? describe_writer(directory, *tail) : std::string());
}

void describe_storage(ordered_json& out, const std::filesystem::path& directory,
                      const std::vector<std::uint64_t>& indexes, const engine::log_uuid& uuid,
                      std::string& damage) {
    const engine::durable_mark mark = engine::durable_mark::open(directory, uuid);
    out["storage"] = mark.is_open() ? "written with threads" : "written synchronously";
    out["durable_position"] =
        mark.is_open() ? ordered_json(mark.durable_position().value) : ordered_json();
    out["durable_sequence"] =
        mark.is_open() ? ordered_json(mark.durable_sequence().value) : ordered_json();
    out["hot_tier"] = describe_hot_tier(directory);
    out["indexed_segments"] =
        std::count_if(indexes.begin(), indexes.end(), [&](std::uint64_t index) {
            return std::filesystem::exists(engine::segment_home(directory, index) /
                                           engine::index_file_name(index));
        });
    out["seal"] = nullptr;
    attempt(damage, [&] { out["seal"] = describe_seals(engine::read_seal_head(directory)); });
}

// What can be told although some of it is damaged; `damage`: the first that was met, or nothing.
ordered_json describe_log(const std::filesystem::path& directory, std::string& damage) {
    const std::vector<std::uint64_t> indexes = engine::list_readable_segments(directory);
    if (indexes.empty()) {
        engine::refuse_without_segments(directory);
    }
    const std::vector<engine::segment_info> infos = read_infos(directory, indexes, damage);
    ordered_json out;
    describe_segments(out, directory, indexes, infos);
    describe_extent(out, directory, infos.front(), damage);
    describe_storage(out, directory, indexes, infos.back().uuid, damage);
    out["schema"] = infos.back().schema;
    return out;
}

// What the clock records of the whole log say together.
ordered_json describe_clock(const std::filesystem::path& directory) {
    engine::log_reader reader(directory, engine::read_from::first(), true);
    engine::record_view record;
    std::uint64_t count = 0;
    std::uint64_t steps = 0;
    std::string last;
    engine::read_status status = engine::read_status::none;
    while ((status = reader.poll(record)) == engine::read_status::record) {
        engine::clock_payload payload;
        if (!record.is_control(engine::control_type::clock) ||
            record.payload_size < sizeof payload) {
            continue;
        }
        std::memcpy(&payload, record.payload, sizeof payload);
        const auto step = static_cast<std::uint32_t>(engine::clock_reason::step);
        ++count;
        steps += payload.reason == step ? 1 : 0;
        last = "position " + std::to_string(record.at.value) + ": " + describe(payload);
    }
    if (status == engine::read_status::damaged) {
        throw engine::damage_error(reader.damage().text());
    }
    return {{"records", count}, {"steps", steps}, {"last", last.empty() ? "none" : last}};
}

void print_text(const ordered_json& log) {
    for (const auto& [name, value] : log.items()) {
        if (name == "schema") {
            std::printf("schema\n%s", value.get<std::string>().c_str());
        } else if (name == "clock") {
            std::printf("%-17s %s, of steps %s; last: %s\n", "clock_records",
                        value["records"].dump().c_str(), value["steps"].dump().c_str(),
                        value["last"].get<std::string>().c_str());
        } else if (name == "hot_tier") {
            std::printf("%-17s %s\n", name.c_str(),
                        value.is_null() ? "none"
                                        : (value["directory"].get<std::string>() + ": " +
                                           value["segments"].dump() + " segments, " +
                                           value["state"].get<std::string>())
                                              .c_str());
        } else if (name == "seal") {
            if (value.is_null()) {
                std::printf("%-17s none\n", "seal_head");
                continue;
            }
            std::printf("%-17s %s\n", "seal_head", value["head"].get<std::string>().c_str());
            std::printf("%-17s sequence %s, position %s, %s%s\n", "sealed_to",
                        value["last_sequence"].dump().c_str(), value["end"].dump().c_str(),
                        value["last_time"].get<std::string>().c_str(),
                        value["keyed"].get<bool>() ? ", with a key" : "");
        } else {
            std::printf(
                "%-17s %s\n", name.c_str(),
                value.is_string() ? value.get<std::string>().c_str() : value.dump().c_str());
        }
    }
}

int show(const info_options& options) {
    std::string damage;
    ordered_json log = describe_log(options.directory, damage);
    if (options.with_clock) {
        attempt(damage, [&] { log["clock"] = describe_clock(options.directory); });
    }
    if (options.is_json) {
        std::printf("%s\n", log.dump(2).c_str());
    } else {
        print_text(log);
    }
    if (!damage.empty()) {
        std::fflush(stdout);
        throw engine::damage_error(damage + "; `millrace log verify` names all that is wrong");
    }
    return exit_ok;
}

}  // namespace

void add_log_info_verb(CLI::App& log, command& chosen) {
    auto options = std::make_shared<info_options>();
    CLI::App* verb = log.add_subcommand(
        "info", "Say what a log is: uuid, schema, segments, sequences, times, newest seal");
    verb->add_option("DIR", options->directory, "The log's directory")
        ->required()
        ->check(not_empty());
    verb->add_flag("--json", options->is_json, "As one JSON object");
    verb->add_flag("--clock", options->with_clock,
                   "Count the records of the clock's moves too; reads the whole log");
    verb->final_callback([&chosen, options] { chosen = [options] { return show(*options); }; });
}

}  // namespace millrace::tools
