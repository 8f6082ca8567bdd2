#include "gateway/session/doubt_file.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "engine/core/number.hpp"
#include "engine/stream/origin_tracker.hpp"
#include "gateway/session/key_lines.hpp"

namespace millrace::gateway {

namespace fs = std::filesystem;

using detail::read_lines;
using engine::parse_number;

namespace {

constexpr std::string_view file_name = "doubt";
constexpr std::string_view first_line = "millrace doubt 1\n";
constexpr std::string_view verdict_line = "millrace doubt decisions 1\n";

fs::path verdict_path(const fs::path& directory, std::string_view route) {
    char name[32];
    std::snprintf(name, sizeof name, "doubt.%016llx",
                  static_cast<unsigned long long>(engine::route_id(route)));
    return directory / name;
}

bool take_field(doubt_entry& entry, std::string_view key, std::string_view value) {
    if (key == "session") {
        entry.session = value;
        return true;
    }
    return key == "generation" ? parse_number(value, entry.generation)
           : key == "after"    ? parse_number(value, entry.after.value)
           : key == "through"  ? parse_number(value, entry.through.emplace().value)
           : key == "passed"   ? parse_number(value, entry.passed)
           : key == "from"     ? parse_number(value, entry.from.value)
           : key == "numbers"  ? parse_number(value, entry.numbers)
           : key == "asked"    ? parse_number(value, entry.asked_from.value)
                               : false;
}

constexpr doubt_decision decisions[] = {doubt_decision::send, doubt_decision::possresend,
                                        doubt_decision::withdraw};

const session_numbers* find_session(const fix_out_log& out, std::string_view name) {
    const auto& all = out.sessions();
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const session_numbers& one) { return one.name == name; });
    return found != all.end() ? &*found : nullptr;
}

}  // namespace

std::vector<doubt_entry> read_doubts(const fs::path& directory) {
    const fs::path path = directory / file_name;
    std::vector<doubt_entry> entries;
    if (!fs::exists(path)) {
        return entries;
    }
    const auto take = [&](std::string_view key, std::string_view value) {
        if (key == "route") {
            entries.emplace_back().route = value;
            return true;
        }
        return !entries.empty() && take_field(entries.back(), key, value);
    };
    if (!read_lines(engine::read_whole_file(path), first_line, take)) {
        throw engine::damage_error(path.native() +
                                   ": does not say what is in doubt after the loss of power; "
                                   "restore it, or compare the books with every counterparty and "
                                   "remove it");
    }
    return entries;
}

void write_doubts(const fs::path& directory, const std::vector<doubt_entry>& entries) {
    const fs::path path = directory / file_name;
    if (entries.empty()) {
        if (::unlink(path.c_str()) == 0) {
            engine::sync_directory(directory);
        } else if (errno != ENOENT) {
            throw engine::io_error("unlink", path.native(), errno);
        }
        return;
    }
    std::string text(first_line);
    for (const doubt_entry& entry : entries) {
        text += "route " + entry.route + "\nsession " + entry.session + "\ngeneration " +
                std::to_string(entry.generation) + "\nafter " + std::to_string(entry.after.value) +
                (entry.through ? "\nthrough " + std::to_string(entry.through->value) : "") +
                "\npassed " + std::to_string(entry.passed) + "\nfrom " +
                std::to_string(entry.from.value) + "\nnumbers " + std::to_string(entry.numbers) +
                "\nasked " + std::to_string(entry.asked_from.value) + '\n';
    }
    engine::write_file_atomically(path, text.append(detail::last_line));
}

void note_doubts(const fs::path& directory, const gateway_life& life, const fix_out_log& out) {
    std::vector<doubt_entry> entries = read_doubts(directory);
    for (const gateway_route& route : life.committed_routes) {
        const session_numbers* const numbers = find_session(out, route.session);
        if (numbers == nullptr) {
            continue;  // nothing of the session was ever durable, so nothing was ever sent
        }
        remove_verdicts(directory, route.name);
        const auto known = std::find_if(entries.begin(), entries.end(), [&](const auto& one) {
            return one.route == route.name && one.session == route.session;
        });
        if (known == entries.end()) {
            doubt_entry made;
            made.route = route.name;
            made.session = route.session;
            made.generation = numbers->generation;
            made.after = out.table().origins().highest(engine::route_id(route.name));
            made.from = numbers->next_sender;
            made.numbers = life.numbers_at_risk;
            entries.push_back(std::move(made));
            continue;
        }
        known->through.reset();
        known->asked_from = {};
        known->passed = 0;
        if (known->generation == numbers->generation) {
            known->numbers = numbers->next_sender.value + life.numbers_at_risk - known->from.value;
        } else {
            // Of an earlier generation no request tells any more what the peer has.
            known->generation = 0;
            known->numbers += life.numbers_at_risk;
        }
    }
    write_doubts(directory, entries);
}

std::uint32_t received_max(const doubt_entry& entry) noexcept {
    std::uint32_t received = entry.numbers;
    if (!entry.asked_from.is_none()) {
        received = entry.asked_from > entry.from
                       ? std::min(received, entry.asked_from.value - entry.from.value)
                       : 0;
    }
    return received > entry.passed ? received - entry.passed : 0;
}

std::string_view to_text(doubt_decision decision) {
    switch (decision) {
        case doubt_decision::none:
            return "none";
        case doubt_decision::send:
            return "send";
        case doubt_decision::possresend:
            return "possresend";
        case doubt_decision::withdraw:
            return "withdraw";
    }
    return "none";
}

std::vector<doubt_verdict> read_verdicts(const fs::path& directory, std::string_view route) {
    const fs::path path = verdict_path(directory, route);
    std::vector<doubt_verdict> verdicts;
    if (!fs::exists(path)) {
        return verdicts;
    }
    const auto take = [&](std::string_view key, std::string_view value) {
        if (key == "decision") {
            doubt_verdict& verdict = verdicts.emplace_back();
            for (const doubt_decision one : decisions) {
                verdict.decision = value == to_text(one) ? one : verdict.decision;
            }
            return verdict.decision != doubt_decision::none;
        }
        if (verdicts.empty()) {
            return false;
        }
        if (key == "by") {
            verdicts.back().by = value;
            return true;
        }
        return key == "through" && parse_number(value, verdicts.back().through.value);
    };
    if (!read_lines(engine::read_whole_file(path), verdict_line, take)) {
        throw engine::damage_error(path.native() +
                                   ": is no list of decisions; remove it, and decide anew by "
                                   "`millrace session doubt`");
    }
    return verdicts;
}

void write_verdicts(const fs::path& directory, std::string_view route,
                    const std::vector<doubt_verdict>& verdicts) {
    std::string text(verdict_line);
    for (const doubt_verdict& verdict : verdicts) {
        text += "decision " + std::string(to_text(verdict.decision)) + "\nthrough " +
                std::to_string(verdict.through.value) + "\nby " + verdict.by + '\n';
    }
    engine::write_file_atomically(verdict_path(directory, route), text.append(detail::last_line));
}

void remove_verdicts(const fs::path& directory, std::string_view route) {
    const fs::path path = verdict_path(directory, route);
    if (::unlink(path.c_str()) == 0) {
        engine::sync_directory(directory);
    } else if (errno != ENOENT) {
        throw engine::io_error("unlink", path.native(), errno);
    }
}

}  // namespace millrace::gateway
