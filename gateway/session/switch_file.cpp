#include "gateway/session/switch_file.hpp"

#include <algorithm>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "gateway/session/guarded_file.hpp"
#include "gateway/session/key_lines.hpp"

namespace millrace::gateway {

namespace {

constexpr std::string_view file_name = "switches";
constexpr std::string_view first_line = "millrace session switches 1\n";
constexpr std::size_t file_bytes_max = std::size_t{1} << 20;

session_verb verb_of(std::string_view key) noexcept {
    return key == "disabled"  ? session_verb::disable
           : key == "enabled" ? session_verb::enable
           : key == "killed"  ? session_verb::kill
                              : session_verb::look;
}

}  // namespace

const session_switch* session_switches::find(std::string_view session) const noexcept {
    const auto known = std::find_if(all_.begin(), all_.end(),
                                    [&](const auto& one) { return one.session == session; });
    return known != all_.end() ? &*known : nullptr;
}

switch_state session_switches::state_of(std::string_view session, bool is_enabled) const noexcept {
    const session_switch* const known = find(session);
    return known == nullptr
               ? switch_state{is_enabled, false}
               : switch_state{known->is_enabled.value_or(is_enabled), known->is_killed};
}

session_switch& session_switches::at(std::string_view session) {
    for (session_switch& one : all_) {
        if (one.session == session) {
            return one;
        }
    }
    return all_.emplace_back(session_switch{std::string(session), std::nullopt, false});
}

void session_switches::apply(std::string_view session, session_verb verb) {
    switch (verb) {
        case session_verb::enable:
        case session_verb::disable:
            at(session).is_enabled = verb == session_verb::enable;
            break;
        case session_verb::kill:
        case session_verb::release:
            at(session).is_killed = verb == session_verb::kill;
            break;
        default:
            break;
    }
}

void session_switches::take_back(std::string_view session, session_verb verb,
                                 const session_switches& before) {
    const session_switch* const known = before.find(session);
    session_switch& now = at(session);
    if (verb == session_verb::enable || verb == session_verb::disable) {
        if (now.is_enabled == (verb == session_verb::enable)) {
            now.is_enabled = known != nullptr ? known->is_enabled : std::nullopt;
        }
    } else if (verb == session_verb::kill || verb == session_verb::release) {
        if (now.is_killed == (verb == session_verb::kill)) {
            now.is_killed = known != nullptr && known->is_killed;
        }
    }
}

session_switches read_switches(const std::filesystem::path& directory) {
    const std::filesystem::path path = directory / file_name;
    session_switches switches;
    if (!std::filesystem::exists(path)) {
        return switches;
    }
    const std::string text =
        read_guarded_file(path, "a file of switched sessions", file_bytes_max).text;
    const auto take = [&](std::string_view key, std::string_view session) {
        const session_verb verb = verb_of(key);
        switches.apply(session, verb);
        return verb != session_verb::look;
    };
    if (!detail::read_lines(text, first_line, take)) {
        throw engine::damage_error(path.native() +
                                   ": does not say which sessions are disabled or killed; restore "
                                   "it, or remove it and switch them again before the gateway "
                                   "starts");
    }
    return switches;
}

void write_switches(const std::filesystem::path& directory, const session_switches& switches) {
    std::string text(first_line);
    for (const session_switch& one : switches.all()) {
        if (one.is_enabled) {
            text += (*one.is_enabled ? "enabled " : "disabled ") + one.session + '\n';
        }
        if (one.is_killed) {
            text += "killed " + one.session + '\n';
        }
    }
    engine::write_file_atomically(directory / file_name, text.append(detail::last_line));
}

}  // namespace millrace::gateway
