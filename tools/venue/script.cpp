#include "tools/venue/script.hpp"

#include <algorithm>
#include <array>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "engine/core/number.hpp"
#include "engine/core/strip.hpp"
#include "engine/table/nearest.hpp"

namespace millrace::tools {

namespace {

enum class argument_kind : std::uint8_t {
    none,
    fields,        // of a message that is sent
    expectations,  // of one that comes
    count,
    duration,
    rest  // as it stands
};

struct verb_form {
    std::string_view word;
    script_verb verb;
    argument_kind argument;
};

constexpr std::array<verb_form, 14> verb_forms = {{
    {"connect", script_verb::connect, argument_kind::none},
    {"disconnect", script_verb::disconnect, argument_kind::none},
    {"send", script_verb::send, argument_kind::fields},
    {"raw", script_verb::raw, argument_kind::rest},
    {"expect", script_verb::expect, argument_kind::expectations},
    {"expect-disconnect", script_verb::expect_disconnect, argument_kind::none},
    {"silence", script_verb::silence, argument_kind::duration},
    {"delay", script_verb::delay, argument_kind::duration},
    {"drop", script_verb::drop, argument_kind::count},
    {"gap", script_verb::gap, argument_kind::count},
    {"next", script_verb::next, argument_kind::count},
    {"expected", script_verb::expected, argument_kind::count},
    {"link", script_verb::link, argument_kind::count},
    {"call", script_verb::call, argument_kind::rest},
}};

// Statements that stand for several steps, or for none.
constexpr std::array<std::string_view, 5> other_words = {"only", "needs", "logon", "logout",
                                                         "ping"};

constexpr std::string_view blanks = " \t";

// The first word, which is taken off.
std::string_view take_word(std::string_view& text) {
    const std::size_t end = std::min(text.find_first_of(blanks), text.size());
    const std::string_view word = text.substr(0, end);
    text = engine::strip(text.substr(end));
    return word;
}

// Split at each '|' that no backslash stands before.
std::vector<std::string> parts_of(std::string_view text) {
    std::vector<std::string> parts(1);
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '\\' && at + 1 < text.size() && text[at + 1] == '|') {
            parts.back() += text[++at];
        } else if (text[at] == '|') {
            parts.emplace_back();
        } else {
            parts.back() += text[at];
        }
    }
    std::erase_if(parts, [](const std::string& part) { return part.empty(); });
    return parts;
}

bool is_tag(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char byte) {
        return (byte >= '0' && byte <= '9') || byte == '-';
    });
}

class reader {
public:
    explicit reader(const std::string& path) { made_.path = path; }

    void take(std::string_view line, long number) {
        line_ = number;
        line = engine::strip(line);
        if (line.empty() || line.front() == '#') {
            return;
        }
        text_ = line;
        conditions_.clear();
        while (line.front() == '[') {
            const std::size_t end = line.find(']');
            if (end == std::string_view::npos) {
                refuse("a condition without its ']'");
            }
            conditions_.push_back(condition_of(engine::strip(line.substr(1, end - 1))));
            line = engine::strip(line.substr(end + 1));
            if (line.empty()) {
                refuse("a condition without a statement");
            }
        }
        const std::string_view word = take_word(line);
        take_statement(word, line);
    }

    [[nodiscard]] script finish() {
        if (made_.steps.empty()) {
            throw engine::config_error(made_.path + ": the script has no statement");
        }
        return std::move(made_);
    }

private:
    [[noreturn]] void refuse(const std::string& reason) const {
        throw engine::config_error(made_.path, line_, reason);
    }

    [[nodiscard]] script_condition condition_of(std::string_view word) const {
        const bool is_wanted = !word.starts_with('!');
        word.remove_prefix(is_wanted ? 0 : 1);
        if (word.empty()) {
            refuse("a condition needs a word, as in [FIX.4.4] or [!listens]");
        }
        return {std::string(word), is_wanted};
    }

    void take_statement(std::string_view word, std::string_view rest) {
        if (word == "only" || word == "needs") {
            take_heading(word, rest);
        } else if (word == "logon") {
            take_logon(rest);
        } else if (word == "logout") {
            expect_nothing_behind(word, rest);
            add(script_verb::send, fields_of("35=5", false));
            add(script_verb::expect, fields_of("35=5", true));
            add(script_verb::expect_disconnect, {});
        } else if (word == "ping") {
            expect_nothing_behind(word, rest);
            const std::string id = "PING" + std::to_string(line_);
            add(script_verb::send, fields_of("35=1|112=" + id, false));
            add(script_verb::expect, fields_of("35=0|112=" + id, true));
        } else {
            take_step(word, rest);
        }
    }

    void take_heading(std::string_view word, std::string_view rest) {
        if (!conditions_.empty()) {
            refuse(std::string(word) + " is for the whole script and takes no condition");
        }
        if (rest.empty()) {
            refuse(std::string(word) + (word == "only"
                                            ? " needs words, as in: only connects"
                                            : " needs a setting, as in: needs KEY=VALUE"));
        }
        if (word == "only") {
            while (!rest.empty()) {
                made_.only.push_back(condition_of(take_word(rest)));
            }
            return;
        }
        const std::size_t equals = rest.find('=');
        if (equals == std::string_view::npos || equals == 0) {
            refuse("needs a setting, as in: needs KEY=VALUE");
        }
        made_.needs.emplace_back(rest.substr(0, equals), rest.substr(equals + 1));
    }

    // Who connects begins.
    void take_logon(std::string_view rest) {
        std::vector<script_field> ours = fields_of(rest, false);
        for (script_field& usual : fields_of("35=A|98=0|108=$heartbeat|$logon", false)) {
            const bool is_given = std::any_of(ours.begin(), ours.end(), [&](const auto& field) {
                return !usual.tag.empty() && field.tag == usual.tag;
            });
            if (!is_given) {
                ours.push_back(std::move(usual));
            }
        }
        add(script_verb::connect, {});
        const std::vector<script_condition> given = conditions_;
        for (const bool connects : {true, false}) {
            conditions_ = given;
            conditions_.push_back({connects ? "connects" : "listens", true});
            if (connects) {
                add(script_verb::send, ours);
            }
            add(script_verb::expect, fields_of("35=A|98=0", true));
            if (!connects) {
                add(script_verb::send, ours);
            }
        }
        conditions_ = given;
    }

    void take_step(std::string_view word, std::string_view rest) {
        const auto form = std::find_if(verb_forms.begin(), verb_forms.end(),
                                       [&](const verb_form& each) { return each.word == word; });
        if (form == verb_forms.end()) {
            refuse_word(word);
        }
        if (form->verb == script_verb::drop && rest.starts_with("until ")) {
            add(script_verb::drop_until, fields_of(engine::strip(rest.substr(6)), true));
            return;
        }
        if (form->argument == argument_kind::none) {
            expect_nothing_behind(word, rest);
        } else if (rest.empty()) {
            refuse(std::string(word) + " needs an argument");
        }
        switch (form->argument) {
            case argument_kind::none:
                add(form->verb, {});
                break;
            case argument_kind::fields:
                add(form->verb, fields_of(rest, false));
                break;
            case argument_kind::expectations:
                add(form->verb, fields_of(rest, true));
                break;
            case argument_kind::count:
                add(form->verb, {}, number_of(word, rest));
                break;
            case argument_kind::duration:
                add(form->verb, {}, duration_of(word, rest));
                break;
            case argument_kind::rest:
                add(form->verb, {});
                made_.steps.back().argument = rest;
                break;
        }
    }

    [[noreturn]] void refuse_word(std::string_view word) const {
        std::vector<std::string_view> known(other_words.begin(), other_words.end());
        for (const verb_form& form : verb_forms) {
            known.push_back(form.word);
        }
        refuse("unknown statement '" + std::string(word) + "'" + engine::did_you_mean(word, known));
    }

    void expect_nothing_behind(std::string_view word, std::string_view rest) const {
        if (!rest.empty()) {
            refuse(std::string(word) + " takes no argument");
        }
    }

    void add(script_verb verb, std::vector<script_field> fields, std::uint64_t number = 0) {
        script_step step;
        step.line = line_;
        step.text = text_;
        step.conditions = conditions_;
        step.verb = verb;
        step.fields = std::move(fields);
        step.number = number;
        made_.steps.push_back(std::move(step));
    }

    // A part that is one variable alone, such as $logon, may stand for several fields or for none.
    [[nodiscard]] std::vector<script_field> fields_of(std::string_view text,
                                                      bool is_expected) const {
        std::vector<script_field> fields;
        for (const std::string& part : parts_of(text)) {
            const std::size_t mark = part.find_first_of("=~");
            script_field field;
            if (part.front() == '$' && mark == std::string::npos && !is_expected) {
                field.value = part;
            } else if (part.front() == '!') {
                field = {part.substr(1), field_match::absent, ""};
                if (!is_tag(field.tag)) {
                    refuse("'" + part + "': behind '!' stands the tag that is to be absent");
                }
            } else if (mark != std::string::npos) {
                field = {part.substr(0, mark), field_match::equal, part.substr(mark + 1)};
                field.match = part[mark] == '~'                   ? field_match::contains
                              : is_expected && field.value == "*" ? field_match::any
                                                                  : field_match::equal;
            } else {
                refuse("'" + part + "' is no field; one is written 35=D, with '|' behind it");
            }
            if (mark != std::string::npos && !is_tag(field.tag)) {
                refuse("'" + part + "' has no tag before its value");
            }
            if (field.match == field_match::contains && !is_expected) {
                refuse("'" + part + "': '~' is for what is expected; what is sent has '='");
            }
            fields.push_back(std::move(field));
        }
        return fields;
    }

    [[nodiscard]] std::uint64_t number_of(std::string_view word, std::string_view text) const {
        std::uint64_t number = 0;
        if (!engine::parse_number(text, number) || number == 0 || number > 1'000'000'000) {
            refuse(std::string(word) + " " + std::string(text) +
                   ": expected a whole number from 1 to 1000000000");
        }
        return number;
    }

    [[nodiscard]] std::uint64_t duration_of(std::string_view word, std::string_view text) const {
        const bool is_ms = text.ends_with("ms");
        const std::string_view digits =
            text.substr(0, text.size() - std::min<std::size_t>(text.size(), is_ms ? 2 : 1));
        if (!text.ends_with('s') || digits.empty()) {
            refuse(std::string(word) + " " + std::string(text) +
                   ": expected a time such as 250ms or 31s");
        }
        return number_of(word, digits) * (is_ms ? 1'000'000 : 1'000'000'000);
    }

    script made_;
    long line_ = 0;
    std::string text_;
    std::vector<script_condition> conditions_;
};

}  // namespace

script parse_script(const std::string& path, std::string_view text) {
    reader lines(path);
    for (long number = 1; !text.empty(); ++number) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        lines.take(text.substr(0, end), number);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines.finish();
}

script load_script(const std::string& path) {
    return parse_script(path, engine::read_whole_file(path));
}

bool meets(const std::vector<script_condition>& conditions, const std::vector<std::string>& words) {
    return std::all_of(conditions.begin(), conditions.end(), [&](const script_condition& each) {
        const bool is_there = std::find(words.begin(), words.end(), each.word) != words.end();
        return is_there == each.is_wanted;
    });
}

}  // namespace millrace::tools
