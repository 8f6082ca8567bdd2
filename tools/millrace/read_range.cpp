#include "tools/millrace/read_range.hpp"

#include <CLI/CLI.hpp>

#include "engine/core/error.hpp"
#include "engine/core/number.hpp"
#include "tools/millrace/not_empty.hpp"

namespace millrace::tools {

namespace {

std::uint64_t parse_number(const char* option, const std::string& text) {
    std::uint64_t value = 0;
    if (!engine::parse_number(text, value)) {
        throw CLI::ValidationError(option, "'" + text + "' is not a number");
    }
    return value;
}

engine::timestamp parse_time(const char* option, const std::string& text) {
    engine::timestamp time;
    if (!engine::parse(text, time)) {
        throw CLI::ValidationError(option,
                                   "'" + text +
                                       "' is not a time: expected 2026-03-01T09:30:00.5Z or "
                                       "nanoseconds since 1970");
    }
    return time;
}

}  // namespace

void read_range::add_begin_options(CLI::App& verb) {
    auto* offset = verb.add_option("--offset", offset_, "Begin at this byte position of the log")
                       ->check(not_empty());
    auto* sequence =
        verb.add_option("--sequence", sequence_, "Begin at this sequence")->check(not_empty());
    auto* time = verb.add_option("--time", time_, "Begin at the first record at or after this time")
                     ->check(not_empty());
    offset->excludes(sequence)->excludes(time);
    sequence->excludes(time);
}

void read_range::add_options(CLI::App& verb) {
    add_begin_options(verb);
    verb.add_option("--until-offset", until_offset_, "End with the record at this byte position")
        ->check(not_empty());
    verb.add_option("--until-sequence", until_sequence_, "End with this sequence")
        ->check(not_empty());
    verb.add_option("--until-time", until_time_, "End with the last record at or before this time")
        ->check(not_empty());
    verb.parse_complete_callback([this] {
        // Checked while the command line is parsed, so that a wrong value is a usage error.
        const engine::read_from begin = from(engine::read_from::first());
        until_ = read_until_options();
        if (until_.ends_before(begin)) {
            const std::string kind = !offset_.empty()     ? "offset"
                                     : !sequence_.empty() ? "sequence"
                                                          : "time";
            throw CLI::ValidationError("--until-" + kind,
                                       "the range ends before it begins, at --" + kind);
        }
    });
}

engine::read_from read_range::from(const engine::read_from& otherwise) const {
    if (!offset_.empty()) {
        return engine::read_from::at_position({parse_number("--offset", offset_)});
    }
    if (!sequence_.empty()) {
        return engine::read_from::at_sequence({parse_number("--sequence", sequence_)});
    }
    if (!time_.empty()) {
        return engine::read_from::at_time(parse_time("--time", time_));
    }
    return otherwise;
}

engine::read_until read_range::read_until_options() const {
    engine::read_until until;
    if (!until_offset_.empty()) {
        until.at = engine::position{parse_number("--until-offset", until_offset_)};
    }
    if (!until_sequence_.empty()) {
        until.seq = engine::sequence{parse_number("--until-sequence", until_sequence_)};
    }
    if (!until_time_.empty()) {
        until.time = parse_time("--until-time", until_time_);
    }
    return until;
}

bool read_range::is_over(const engine::log_reader& reader) const {
    return (until_.at && reader.next_position() > *until_.at) ||
           (until_.seq && reader.last_sequence() >= *until_.seq) ||
           (until_.time && reader.last_timestamp() > *until_.time);
}

std::vector<read_range::bound> read_range::bounds() const {
    std::vector<bound> given;
    const auto add_number = [&given](const char* name, const std::string& text) {
        if (!text.empty()) {
            given.push_back({name, std::to_string(parse_number(name, text))});
        }
    };
    const auto add_time = [&given](const char* name, const std::string& text) {
        if (!text.empty()) {
            given.push_back({name, to_string(parse_time(name, text)), true});
        }
    };
    add_number("offset", offset_);
    add_number("sequence", sequence_);
    add_time("time", time_);
    add_number("until_offset", until_offset_);
    add_number("until_sequence", until_sequence_);
    add_time("until_time", until_time_);
    return given;
}

void read_range::check_places(const std::filesystem::path& directory) const {
    try {
        find_places(directory);
    } catch (const engine::damage_error&) {
        // Reading comes to the damage by itself, and prints what is whole before it.
    }
}

void read_range::find_places(const std::filesystem::path& directory) const {
    if (until_.at) {
        // The reader refuses what is no place, and names the nearest.
        const engine::log_reader place(directory, engine::read_from::at_position(*until_.at), true);
    }
    if (sequence_.empty() && until_sequence_.empty()) {
        return;
    }
    const std::uint64_t last =
        engine::log_reader(directory, engine::read_from::tail()).last_sequence().value;
    const auto check = [&](const char* option, const std::string& text, std::uint64_t most) {
        if (!text.empty() && parse_number(option, text) > most) {
            throw engine::error(directory.native() + ": " + option + " " + text +
                                " is not in the log, which ends with sequence " +
                                std::to_string(last));
        }
    };
    check("--sequence", sequence_, last + 1);  // the end of the log is a place, with --offset too
    check("--until-sequence", until_sequence_, last);
}

}  // namespace millrace::tools
