#include "gateway/admin/admin_request.hpp"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "engine/table/nearest.hpp"

namespace millrace::gateway {

namespace {

using json = nlohmann::json;

constexpr std::pair<std::string_view, session_verb> commands[] = {
    {"list", session_verb::look},
    {"logon", session_verb::logon},
    {"logout", session_verb::logout},
    {"enable", session_verb::enable},
    {"disable", session_verb::disable},
    {"reset", session_verb::reset},
    {"set-sequence", session_verb::set_sequence},
    {"test-request", session_verb::test_request},
    {"resend", session_verb::resend},
    {"switch", session_verb::switch_endpoint},
    {"kill", session_verb::kill},
    {"release", session_verb::release},
    {"import", session_verb::import_store},
};

std::string unknown_command(std::string_view name) {
    std::vector<std::string_view> names;
    for (const auto& one : commands) {
        names.push_back(one.first);
    }
    return "command: '" + std::string(name) + "' is none" + engine::did_you_mean(name, names);
}

// It may go into a Logout, and onto a terminal.
bool is_printable(std::string_view text) noexcept {
    return std::all_of(text.begin(), text.end(),
                       [](char byte) { return byte >= ' ' && byte <= '~'; });
}

std::string take_text(const std::string& name, const json& value, std::size_t bytes_max,
                      std::string& into) {
    if (!value.is_string()) {
        return name + ": expected a text";
    }
    into = value.get<std::string>();
    if (into.size() > bytes_max) {
        return name + ": longer than " + std::to_string(bytes_max) + " bytes";
    }
    return is_printable(into) ? std::string() : name + ": has a byte that is not printable ASCII";
}

std::string take_number(const std::string& name, const json& value, std::uint64_t least,
                        msg_seq_num& into) {
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() < least ||
        value.get<std::uint64_t>() > msg_seq_num_max) {
        return name + ": expected a message number, " + std::to_string(least) + " to " +
               std::to_string(msg_seq_num_max);
    }
    into = {value.get<std::uint32_t>()};
    return {};
}

std::string take_command(const json& value, session_verb& verb) {
    if (!value.is_string()) {
        return "command: expected a text";
    }
    const auto name = value.get<std::string>();
    const auto* const known = std::find_if(std::begin(commands), std::end(commands),
                                           [&](const auto& one) { return one.first == name; });
    if (known == std::end(commands)) {
        return unknown_command(name);
    }
    verb = known->second;
    return {};
}

std::string take_member(const std::string& name, const json& value, admin_request& request) {
    constexpr std::size_t text_bytes_max = sizeof(session_command::text) - 1;
    constexpr std::size_t session_bytes_max = 255;
    constexpr std::size_t directory_bytes_max = 4095;
    return name == "command"   ? take_command(value, request.verb)
           : name == "session" ? take_text(name, value, session_bytes_max, request.session)
           : name == "reason"
               ? take_text(name, value, admin_request::reason_bytes_max, request.reason)
           : name == "text"        ? take_text(name, value, text_bytes_max, request.text)
           : name == "next_sender" ? take_number(name, value, 1, request.next_sender)
           : name == "next_target" ? take_number(name, value, 1, request.next_target)
           : name == "begin"       ? take_number(name, value, 1, request.begin)
           : name == "end"         ? take_number(name, value, 0, request.end)
           : name == "directory"   ? take_text(name, value, directory_bytes_max, request.directory)
                                   : name + ": no request has such a member";
}

// Of a request whose members are each right.
std::string misfit(const admin_request& request) {
    const session_verb verb = request.verb;
    const bool may_be_for_all =
        verb == session_verb::look || verb == session_verb::kill || verb == session_verb::release;
    if (request.session.empty() && !may_be_for_all) {
        return "session: needed for " + std::string(to_text(verb));
    }
    if (request.reason.empty() && is_destructive(verb)) {
        return "reason: needed for " + std::string(to_text(verb)) + ": the audit log keeps it";
    }
    const bool has_numbers = !request.next_sender.is_none() || !request.next_target.is_none();
    if (has_numbers != (verb == session_verb::set_sequence)) {
        return "next_sender, next_target: set-sequence needs one of them, and nothing else has any";
    }
    if (request.begin.is_none() == (verb == session_verb::resend)) {
        return "begin: resend needs it, and nothing else has it";
    }
    if (!request.end.is_none() && (verb != session_verb::resend || request.end < request.begin)) {
        return "end: of a resend, and not below begin";
    }
    if (!request.text.empty() && verb != session_verb::logout && verb != session_verb::disable) {
        return "text: of logout and disable";
    }
    if (request.directory.empty() == (verb == session_verb::import_store)) {
        return "directory: import needs it, and nothing else has it";
    }
    return {};
}

}  // namespace

std::string_view to_text(session_verb verb) noexcept {
    for (const auto& one : commands) {
        if (one.second == verb) {
            return one.first;
        }
    }
    return "unknown";
}

bool is_destructive(session_verb verb) noexcept {
    switch (verb) {
        case session_verb::logout:
        case session_verb::disable:
        case session_verb::reset:
        case session_verb::set_sequence:
        case session_verb::switch_endpoint:
        case session_verb::kill:
        case session_verb::release:
        case session_verb::import_store:
            return true;
        default:
            return false;
    }
}

bool is_named(const session_spec& session, std::string_view name) {
    return session.name == name || session.sender + "->" + session.target == name;
}

session_command to_command(const admin_request& request) noexcept {
    session_command made;
    made.verb = request.verb;
    made.next_sender = request.next_sender;
    made.next_target = request.next_target;
    made.begin = request.begin;
    made.end = request.end;
    std::snprintf(made.text.data(), made.text.size(), "%s", request.text.c_str());
    return made;
}

std::string parse_request(std::string_view line, admin_request& request) {
    request = {};
    const json read = json::parse(line, nullptr, false);
    if (!read.is_object() || !read.contains("command")) {
        return "no request: expected an object of JSON with a member \"command\"";
    }
    for (const auto& [name, value] : read.items()) {
        if (std::string reason = take_member(name, value, request); !reason.empty()) {
            return reason;
        }
    }
    return misfit(request);
}

std::string to_line(const admin_request& request) {
    json made;
    made["command"] = to_text(request.verb);
    const auto put_text = [&](const char* name, const std::string& value) {
        if (!value.empty()) {
            made[name] = value;
        }
    };
    const auto put_number = [&](const char* name, msg_seq_num value) {
        if (!value.is_none()) {
            made[name] = value.value;
        }
    };
    put_text("session", request.session);
    put_text("reason", request.reason);
    put_text("text", request.text);
    put_text("directory", request.directory);
    put_number("next_sender", request.next_sender);
    put_number("next_target", request.next_target);
    put_number("begin", request.begin);
    put_number("end", request.end);
    return made.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace millrace::gateway
