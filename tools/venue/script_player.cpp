#include "tools/venue/script_player.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "engine/core/error.hpp"

namespace millrace::tools {

namespace {

constexpr std::int64_t ns_per_s = 1'000'000'000;
constexpr std::string_view fixt = "FIXT.1.1";

bool is_name_byte(char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '_';
}

// A variable in a text: $name, and behind it perhaps +N or -N.
struct found_variable {
    std::size_t begin = std::string_view::npos;
    std::size_t end = 0;
    std::string name;
    std::int64_t change = 0;
};

found_variable find_variable(std::string_view text, std::size_t from) {
    found_variable found;
    found.begin = text.find('$', from);
    if (found.begin == std::string_view::npos) {
        return found;
    }
    std::size_t at = found.begin + 1;
    while (at < text.size() && is_name_byte(text[at])) {
        ++at;
    }
    found.name = text.substr(found.begin + 1, at - found.begin - 1);
    found.end = at;
    if (at + 1 < text.size() && (text[at] == '+' || text[at] == '-')) {
        std::int64_t by = 0;
        const auto read = std::from_chars(text.data() + at + 1, text.data() + text.size(), by);
        if (read.ec == std::errc()) {
            found.change = text[at] == '+' ? by : -by;
            found.end = static_cast<std::size_t>(read.ptr - text.data());
        }
    }
    return found;
}

constexpr std::array<std::string_view, 5> own_variables = {"now", "next", "expected", "length",
                                                           "sum"};

bool is_of_raw(std::string_view name) {
    return name == "length" || name == "sum";
}

}  // namespace

script_player::script_player(script played, script_options options)
    : played_(std::move(played)),
      options_(std::move(options)),
      links_(links_max),
      random_(options_.seed) {
    options_.words.push_back(options_.begin_string);
    options_.words.emplace_back(options_.listens ? "listens" : "connects");
    options_.variables.emplace("begin", options_.begin_string);
    options_.variables.emplace("sender", options_.sender);
    options_.variables.emplace("target", options_.target);
    options_.variables.emplace("heartbeat", "30");
    options_.variables.emplace("logon", options_.begin_string == fixt ? "1137=9" : "");
    check_names();
    port_ = options_.port;
    if (options_.listens) {
        entrance_ = std::make_unique<script_entrance>(options_.host, options_.port);
        port_ = entrance_->port();
    }
}

script_player::~script_player() = default;

void script_player::check_names() const {
    for (const script_step& step : played_.steps) {
        for (const script_field& field : step.fields) {
            check_name(step, field.value);
        }
        check_name(step, step.argument);
        const std::string call = step.argument.substr(0, step.argument.find(' '));
        if (step.verb == script_verb::call && options_.calls.count(call) == 0) {
            throw engine::config_error(played_.path, step.line,
                                       "nobody here answers 'call " + call +
                                           "': it is for a program that embeds the player");
        }
        if (step.verb == script_verb::link && step.number > links_max) {
            throw engine::config_error(played_.path, step.line,
                                       "there are at most " + std::to_string(links_max) + " links");
        }
    }
}

void script_player::check_name(const script_step& step, std::string_view text) const {
    for (found_variable each = find_variable(text, 0); each.begin != std::string_view::npos;
         each = find_variable(text, each.end)) {
        const bool is_tag =
            !each.name.empty() && each.name.front() >= '0' && each.name.front() <= '9';
        const bool is_own = std::find(own_variables.begin(), own_variables.end(), each.name) !=
                                own_variables.end() &&
                            (step.verb == script_verb::raw || !is_of_raw(each.name));
        if (!is_tag && !is_own && options_.variables.count(each.name) == 0) {
            throw engine::config_error(played_.path, step.line,
                                       "unknown variable $" + each.name +
                                           "; it is set by --set or the options' variables");
        }
    }
}

std::string script_player::value_of(const std::string& name, std::int64_t change) const {
    if (name == "now") {
        return timestamp_text(now_.utc_ns + change * ns_per_s);
    }
    if (name == "next" || name == "expected") {
        const std::uint64_t number = name == "next" ? link().next : link().expected;
        return std::to_string(static_cast<std::int64_t>(number) + change);
    }
    if (name.front() >= '0' && name.front() <= '9') {
        const std::string* const value = find_value(last_, name);
        return value != nullptr ? *value : "";
    }
    return options_.variables.at(name);
}

std::string script_player::filled(const std::string& text) const {
    std::string made;
    std::size_t from = 0;
    for (found_variable each = find_variable(text, 0); each.begin != std::string::npos;
         each = find_variable(text, each.end)) {
        made += text.substr(from, each.begin - from);
        made += is_of_raw(each.name) ? text.substr(each.begin, each.end - each.begin)
                                     : value_of(each.name, each.change);
        from = each.end;
    }
    return made + text.substr(from);
}

script_state script_player::poll(script_time now) {
    now_ = now;
    for (script_link& each : links_) {
        const std::size_t most = options_.write_bytes_max;
        each.exchange(most == 0 ? std::string::npos
                                : std::uniform_int_distribution<std::size_t>(1, most)(random_));
    }
    while (state_ == script_state::playing) {
        if (at_ == played_.steps.size()) {
            end();
            break;
        }
        const script_step& step = played_.steps[at_];
        if (!has_begun_ && meets(step.conditions, options_.words)) {
            has_begun_ = true;
            began_ns_ = now.monotonic_ns;
            if (step.verb == script_verb::send || step.verb == script_verb::raw) {
                send(step);
            }
        }
        if (has_begun_ && !is_done(step)) {
            if (wakes_at_ns_ == 0 && now.monotonic_ns - began_ns_ > options_.timeout_ns) {
                fail(step, overdue_text(step));
            }
            break;
        }
        has_begun_ = false;
        ++at_;
    }
    return state_;
}

bool script_player::is_done(const script_step& step) {
    switch (step.verb) {
        case script_verb::connect:
            return connect();
        case script_verb::disconnect:
            disconnect();
            return true;
        case script_verb::send:
        case script_verb::raw:
            return !link().has_pending();
        case script_verb::expect:
            return has_come(step);
        case script_verb::expect_disconnect:
            return has_ended(step);
        case script_verb::silence:
            return has_passed(step, true);
        case script_verb::delay:
            return has_passed(step, false);
        case script_verb::drop:
        case script_verb::drop_until:
            return has_dropped(step);
        case script_verb::gap:
            link().next += step.number;
            return true;
        case script_verb::next:
            link().next = step.number;
            return true;
        case script_verb::expected:
            link().expected = step.number;
            return true;
        case script_verb::link:
            link_ = step.number - 1;
            return true;
        case script_verb::call:
            return has_called(step);
    }
    return true;
}

bool script_player::connect() {
    if (link().is_open()) {
        return true;
    }
    engine::unique_fd socket =
        options_.listens ? entrance_->accept() : try_connect(options_.host, options_.port);
    if (!socket.is_open()) {
        return false;
    }
    link().open(std::move(socket));
    note("connected");
    return true;
}

void script_player::disconnect() {
    if (link().is_open()) {
        link().close();
        note("disconnected");
    }
}

void script_player::send(const script_step& step) {
    if (!link().is_open() || link().has_ended()) {
        fail(step, "there is no connection to send on");
        return;
    }
    const std::string bytes = step.verb == script_verb::raw
                                  ? compose_raw(filled(step.argument))
                                  : compose_frame(options_.begin_string, fields_to_send(step));
    note("> " + readable(bytes));
    link().send(bytes);
}

// The header's fields first, those that are not given among them, then the others as they stand.
frame_fields script_player::fields_to_send(const script_step& step) {
    frame_fields header = {{"35", ""},
                           {"34", std::to_string(link().next)},
                           {"49", options_.sender},
                           {"52", timestamp_text(now_.utc_ns)},
                           {"56", options_.target}};
    frame_fields others;
    bool is_numbered = true;
    for (const script_field& field : step.fields) {
        is_numbered = is_numbered && field.tag != "34";
        if (field.match == field_match::absent) {
            std::erase_if(header, [&](const auto& each) { return each.first == field.tag; });
            continue;
        }
        if (field.tag.empty()) {  // a variable that stands for fields
            const frame_fields several = split_fields(filled(field.value));
            others.insert(others.end(), several.begin(), several.end());
            continue;
        }
        const auto known = std::find_if(header.begin(), header.end(),
                                        [&](const auto& each) { return each.first == field.tag; });
        if (known == header.end()) {
            others.emplace_back(field.tag, filled(field.value));
        } else {
            known->second = filled(field.value);
        }
    }
    if (is_numbered) {
        ++link().next;
    }
    header.insert(header.end(), others.begin(), others.end());
    return header;
}

}  // namespace millrace::tools
