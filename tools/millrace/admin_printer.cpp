#include "tools/millrace/admin_printer.hpp"

#include <algorithm>
#include <cstdio>

#include <nlohmann/json.hpp>

#include "engine/core/error.hpp"
#include "tools/millrace/exit_code.hpp"
#include "tools/millrace/standard_output.hpp"

namespace millrace::tools {

namespace {

using nlohmann::json;

std::string text_of(const json& value) {
    return value.is_string() ? value.get<std::string>() : value.is_null() ? "-" : value.dump();
}

std::string padded(std::string text, std::size_t width) {
    text.resize(std::max(text.size(), width), ' ');
    return text;
}

void append_list(std::string& out, const json& sessions) {
    std::size_t names = 0;
    std::size_t states = 0;
    for (const json& one : sessions) {
        names = std::max(names, text_of(one.at("name")).size());
        states = std::max(states, text_of(one.at("state")).size());
    }
    for (const json& one : sessions) {
        out += padded(text_of(one.at("name")), names) + "  " +
               padded(text_of(one.at("state")), states) + "  next " +
               text_of(one.at("next_sender")) + ", expected " + text_of(one.at("next_target")) +
               " of generation " + text_of(one.at("generation"));
        const bool is_killed = one.at("is_killed").get<bool>();
        out += is_killed && !one.at("is_logged_on").get<bool>() ? "; killed\n" : "\n";
    }
}

void append_detail(std::string& out, const json& one) {
    const auto line = [&](const char* name, const std::string& text) {
        out += "  " + padded(name, 17) + text + "\n";
    };
    const auto flag = [&](const char* name) { return one.at(name).get<bool>() ? "yes" : "no"; };
    out += text_of(one.at("name")) + " of gateway " + text_of(one.at("gateway")) + "\n";
    line("state", text_of(one.at("state")));
    line("enabled", flag("is_enabled"));
    line("killed", flag("is_killed"));
    line("next numbers", text_of(one.at("next_sender")) + " to send, " +
                             text_of(one.at("next_target")) + " expected, of generation " +
                             text_of(one.at("generation")));
    line("peer", text_of(one.at("peer")));
    if (!one.at("endpoint").is_null()) {
        line("endpoint", std::to_string(one.at("endpoint").get<std::size_t>() + 1) + " of " +
                             text_of(one.at("endpoints")));
    }
    line("connected since", text_of(one.at("connected_since")));
    line("logged on since", text_of(one.at("logged_on_since")));
    if (const json& logon = one.at("last_logon"); !logon.is_null()) {
        line("last logon", text_of(logon.at("time")) + ": our Logon " + text_of(logon.at("ours")) +
                               ", the peer's " + text_of(logon.at("theirs")) + ", expected " +
                               text_of(logon.at("expected")));
    }
    line("messages in", text_of(one.at("messages_in")) + ", of these " +
                            text_of(one.at("fast_in")) + " on the fast lane");
    line("messages out", text_of(one.at("messages_out")) + ", of these " +
                             text_of(one.at("fast_out")) + " on the fast lane");
    line("waiting bytes", text_of(one.at("pending_bytes")) + " for the peer, " +
                              text_of(one.at("gated_bytes")) + " for the disk");
    line("held frames", text_of(one.at("held_frames")));
    if (one.at("has_waiting_resend").get<bool>()) {
        line("resend", "the peer has asked; it waits for the end of the kill");
    }
}

void append_done(std::string& out, const json& answer) {
    for (const json& one : answer.at("sessions")) {
        const json& before = one.at("before");
        out += text_of(one.at("name")) + ": " + text_of(one.at("text"));
        const bool has_moved = before.at("next_sender") != one.at("next_sender") ||
                               before.at("next_target") != one.at("next_target") ||
                               before.at("generation") != one.at("generation");
        if (has_moved) {
            out += " (before: " + text_of(before.at("next_sender")) + ", and " +
                   text_of(before.at("next_target")) + " expected, of generation " +
                   text_of(before.at("generation")) + ")";
        }
        out += "\n";
    }
    if (answer.contains("latency_ns")) {
        char text[64];
        std::snprintf(text, sizeof text, "in effect after %.1f us\n",
                      answer.at("latency_ns").get<double>() / 1000.0);
        out += text;
    }
}

int code_of(const std::string& outcome) {
    return outcome == "done"      ? exit_ok
           : outcome == "refused" ? exit_negative
           : outcome == "misuse"  ? exit_usage
                                  : exit_failure;
}

}  // namespace

int print_admin_answer(const std::string& line, admin_view view, bool is_json) {
    const json answer = json::parse(line, nullptr, false);
    if (!answer.is_object() || !answer.contains("outcome")) {
        throw engine::error("the engine's answer is none: " + line.substr(0, 200));
    }
    const auto outcome = answer.at("outcome").get<std::string>();
    std::string out;
    if (is_json) {
        out = line + "\n";
    } else if (view == admin_view::list) {
        append_list(out, answer.at("sessions"));
    } else if (view == admin_view::detail) {
        for (const json& one : answer.at("sessions")) {
            append_detail(out, one);
        }
    } else if (outcome == "done") {
        append_done(out, answer);
    }
    static_cast<void>(write_output(out));
    const int code = code_of(outcome);
    if (code == exit_ok) {
        return code;
    }
    if (answer.at("sessions").empty()) {
        std::fprintf(stderr, "millrace: %s\n", text_of(answer.at("text")).c_str());
    }
    for (const json& one : answer.at("sessions")) {
        std::fprintf(stderr, "millrace: %s: %s: %s\n", text_of(one.at("name")).c_str(),
                     text_of(one.at("outcome")).c_str(), text_of(one.at("text")).c_str());
    }
    return code;
}

}  // namespace millrace::tools
