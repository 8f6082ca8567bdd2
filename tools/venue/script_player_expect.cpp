// What a script's player does with what comes.
#include <algorithm>
#include <map>

#include "tools/venue/script_player.hpp"

namespace millrace::tools {

namespace {

std::string name_of(const script_step& step) {
    return "'" + step.text + "'";
}

bool has_field(const script_step& step, std::string_view tag) {
    return std::any_of(step.fields.begin(), step.fields.end(),
                       [&](const script_field& field) { return field.tag == tag; });
}

bool is_marked_duplicate(const frame_fields& fields) {
    const std::string* const mark = find_value(fields, "43");
    return mark != nullptr && *mark == "Y";
}

// What is no frame has no bytes to show.
std::string text_of(const taken_frame& came) {
    return came.bytes.empty() ? came.problem : readable(came.bytes);
}

}  // namespace

bool script_player::has_come(const script_step& step) {
    if (link().frames.empty()) {
        if (link().has_ended() || !link().is_open()) {
            fail(step, "the connection was closed instead");
        }
        return false;
    }
    judge(step, link().frames.front());
    take_front();
    return true;
}

void script_player::judge(const script_step& step, const taken_frame& came) {
    std::string problem = came.problem;
    if (problem.empty()) {
        problem = header_misfit(step, came);
    }
    if (problem.empty()) {
        problem = misfit(step, came);
    }
    if (!problem.empty()) {
        fail(step, problem + (came.bytes.empty() ? "" : "; came: " + readable(came.bytes)));
    }
}

// What every frame of the peer's must be, unless the script says something else.
std::string script_player::header_misfit(const script_step& step, const taken_frame& came) const {
    const std::pair<const char*, const std::string&> wanted[] = {
        {"8", options_.begin_string}, {"49", options_.target}, {"56", options_.sender}};
    for (const auto& [tag, value] : wanted) {
        const std::string* const found = find_value(came.fields, tag);
        if (!has_field(step, tag) && (found == nullptr || *found != value)) {
            return std::string(tag) + " is not " + value;
        }
    }
    const std::string* const sent = find_value(came.fields, "52");
    if (!has_field(step, "52") && (sent == nullptr || !is_timestamp(*sent))) {
        return "52 is no UTC timestamp";
    }
    const std::string* const number = find_value(came.fields, "34");
    if (!has_field(step, "34") && !is_marked_duplicate(came.fields) &&
        (number == nullptr || *number != std::to_string(link().expected))) {
        return "34 is not " + std::to_string(link().expected) + ", the number that is due";
    }
    return "";
}

// The n-th expectation of a tag is for its n-th value.
std::string script_player::misfit(const script_step& step, const taken_frame& came) const {
    std::map<std::string, std::size_t> seen;
    for (const script_field& field : step.fields) {
        const std::string* const found = find_value(came.fields, field.tag, seen[field.tag]++);
        if (field.match == field_match::absent) {
            if (found != nullptr) {
                return field.tag + " is there";
            }
            continue;
        }
        if (found == nullptr) {
            return field.tag + " is missing";
        }
        const std::string wanted = filled(field.value);
        if (field.match == field_match::equal && *found != wanted) {
            return field.tag + " is not " + wanted;
        }
        if (field.match == field_match::contains && found->find(wanted) == std::string::npos) {
            return field.tag + " does not contain '" + wanted + "'";
        }
    }
    return "";
}

void script_player::take_front() {
    const taken_frame came = std::move(link().frames.front());
    link().frames.pop_front();
    note("< " + readable(came.bytes));
    last_ = came.fields;
    const std::string* const number = find_value(came.fields, "34");
    if (number != nullptr && !is_marked_duplicate(came.fields)) {
        link().expected = std::strtoull(number->c_str(), nullptr, 10) + 1;
    }
}

bool script_player::has_ended(const script_step& step) {
    if (!link().frames.empty()) {
        const taken_frame& came = link().frames.front();
        fail(step, "a message came first: " + text_of(came));
        return false;
    }
    if (!link().is_open()) {
        fail(step, "there is no connection");
        return false;
    }
    if (!link().has_ended()) {
        return false;
    }
    link().close();
    note("closed by the peer");
    return true;
}

bool script_player::has_passed(const script_step& step, bool is_silent) {
    wakes_at_ns_ = began_ns_ + static_cast<std::int64_t>(step.number);
    if (is_silent && (!link().frames.empty() || link().has_ended())) {
        const bool has_frame = !link().frames.empty();
        fail(step, has_frame ? "this came: " + text_of(link().frames.front())
                             : "the connection was closed");
    }
    if (state_ == script_state::playing && now_.monotonic_ns < wakes_at_ns_) {
        return false;
    }
    wakes_at_ns_ = 0;
    return true;
}

bool script_player::has_dropped(const script_step& step) {
    while (!link().frames.empty()) {
        const bool is_last = step.verb == script_verb::drop
                                 ? dropped_ == step.number
                                 : misfit(step, link().frames.front()).empty();
        if (is_last) {
            break;
        }
        take_front();
        ++dropped_;
    }
    const bool is_done =
        step.verb == script_verb::drop ? dropped_ == step.number : !link().frames.empty();
    if (is_done) {
        dropped_ = 0;
    } else if (link().has_ended() || !link().is_open()) {
        fail(step, "the connection was closed instead");
    }
    return is_done;
}

bool script_player::has_called(const script_step& step) {
    const std::string words = filled(step.argument);
    const std::size_t blank = words.find(' ');
    answer_ = options_.calls.at(words.substr(0, blank))(
        blank == std::string::npos ? "" : words.substr(blank + 1));
    return answer_.empty();
}

std::string script_player::overdue_text(const script_step& step) const {
    if (step.verb == script_verb::call) {
        return answer_;
    }
    const std::string time = std::to_string(options_.timeout_ns / 1'000'000) + " ms";
    switch (step.verb) {
        case script_verb::connect:
            return (options_.listens ? "nobody came within " : "nobody answered there within ") +
                   time;
        case script_verb::expect_disconnect:
            return "the connection was still there after " + time;
        case script_verb::send:
        case script_verb::raw:
            return "the peer did not read for " + time;
        default:
            return "nothing came within " + time;
    }
}

void script_player::fail(const script_step& step, const std::string& reason) {
    if (state_ == script_state::playing) {
        state_ = script_state::failed;
        failure_ =
            played_.path + ":" + std::to_string(step.line) + ": " + name_of(step) + ": " + reason;
    }
}

// What came and nobody waited for is a failure of the last step.
void script_player::end() {
    state_ = script_state::passed;
    for (script_link& each : links_) {
        if (!each.frames.empty() && state_ == script_state::passed) {
            state_ = script_state::playing;
            fail(played_.steps.back(),
                 "nobody waited for what came behind it: " + text_of(each.frames.front()));
        }
        each.close();
    }
}

std::string script_player::whereabouts() const {
    if (at_ >= played_.steps.size()) {
        return played_.path + ": at its end";
    }
    const script_step& step = played_.steps[at_];
    return played_.path + ":" + std::to_string(step.line) + ": " + name_of(step) + ": " +
           (step.verb == script_verb::call ? answer_ : "not met so far");
}

void script_player::note(const std::string& text) {
    transcript_.push_back((link_ == 0 ? "" : std::to_string(link_ + 1) + " ") + text);
}

}  // namespace millrace::tools
