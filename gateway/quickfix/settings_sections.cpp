#include "gateway/quickfix/settings_sections.hpp"

#include <algorithm>
#include <cctype>
#include <sstream>

#include "gateway/quickfix/settings_keys.hpp"

namespace millrace {
namespace gateway {
namespace detail {

namespace {

std::string strip(const std::string& text) {
    const char* const blanks = " \t\r\n";
    const std::size_t first = text.find_first_not_of(blanks);
    if (first == std::string::npos) {
        return std::string();
    }
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

void put(settings_section& into, const setting& value) {
    for (setting& present : into.settings) {
        if (upper_case(present.key) == upper_case(value.key)) {
            present = value;
            return;
        }
    }
    into.settings.push_back(value);
}

class section_reader {
public:
    explicit section_reader(const std::string& path) : path_(path) {}

    settings_sections read(const std::string& text) {
        read_lines(text);
        review_keys(result_.defaults);
        for (const settings_section& one : result_.sessions) {
            review_keys(one);
        }
        return result_;
    }

private:
    void read_lines(const std::string& text);
    void read_line(const std::string& line, long number);
    void read_section_name(const std::string& name, long number);
    void note(note_level level, long line, const std::string& text);
    void review_keys(const settings_section& from);

    const std::string& path_;
    settings_sections result_;
    settings_section ignored_;
    settings_section* current_ = nullptr;
    bool has_defaults_ = false;
};

void section_reader::note(note_level level, long line, const std::string& text) {
    settings_note entry;
    entry.level = level;
    entry.line = line;
    entry.text = text;
    result_.notes.push_back(entry);
}

void section_reader::read_lines(const std::string& text) {
    std::istringstream lines(text);
    std::string line;
    long number = 0;
    // current_ points into the vector.
    result_.sessions.reserve(static_cast<std::size_t>(std::count(text.begin(), text.end(), '[')) +
                             1);
    while (std::getline(lines, line)) {
        ++number;
        read_line(strip(line), number);
    }
}

void section_reader::read_line(const std::string& line, long number) {
    if (line.empty() || line[0] == '#') {
        return;
    }
    if (line[0] == '[' && line[line.size() - 1] == ']') {
        read_section_name(strip(line.substr(1, line.size() - 2)), number);
        return;
    }
    const std::size_t equals = line.find('=');
    if (equals == std::string::npos) {
        note(note_level::warning, number,
             "'" + line + "' is neither a comment, a [SECTION] nor KEY=VALUE: ignored");
        return;
    }
    setting value;
    value.key = strip(line.substr(0, equals));
    value.value = strip(line.substr(equals + 1));
    value.line = number;
    if (current_ == nullptr) {
        note(note_level::warning, number,
             "'" + value.key + "' stands before the first [SECTION]: ignored");
        return;
    }
    put(*current_, value);
}

void section_reader::read_section_name(const std::string& name, long number) {
    if (name == "SESSION") {
        result_.sessions.push_back(settings_section());
        current_ = &result_.sessions.back();
        current_->line = number;
        return;
    }
    if (name == "DEFAULT" && !has_defaults_) {
        has_defaults_ = true;
        current_ = &result_.defaults;
        current_->line = number;
        return;
    }
    current_ = &ignored_;
    note(note_level::warning, number,
         name == "DEFAULT"
             ? "a second [DEFAULT] section: ignored"
             : "unknown section [" + name + "]: ignored; known are [DEFAULT] and [SESSION]");
}

void section_reader::review_keys(const settings_section& from) {
    for (const setting& value : from.settings) {
        const known_key* known = find_known_key(value.key);
        if (known == nullptr) {
            const std::string nearest = nearest_known_key(value.key);
            note(note_level::warning, value.line,
                 "unknown key '" + value.key + "': ignored" +
                     (nearest.empty() ? std::string() : "; did you mean '" + nearest + "'?"));
            continue;
        }
        const std::string problem = problem_with_value(*known, value.value);
        if (!problem.empty()) {
            throw settings_error(path_, value.line, value.key + "=" + value.value + ": " + problem);
        }
        if (known->use == key_use::without_meaning) {
            note(note_level::notice, value.line,
                 "'" + value.key + "' has no meaning here: " + known->remark);
        } else if (known->use == key_use::not_honoured) {
            note(note_level::warning, value.line,
                 "'" + value.key + "' is not honoured: " + known->remark);
        }
    }
}

}  // namespace

settings_sections read_sections(const std::string& path, const std::string& text) {
    return section_reader(path).read(text);
}

std::string upper_case(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char byte) { return static_cast<char>(std::toupper(byte)); });
    return text;
}

std::vector<std::string> words_of(std::string text, bool is_colon_between) {
    std::replace(text.begin(), text.end(), ',', ' ');
    if (is_colon_between) {
        std::replace(text.begin(), text.end(), ':', ' ');
    }
    std::vector<std::string> words;
    std::istringstream in(text);
    for (std::string word; in >> word;) {
        words.push_back(word);
    }
    return words;
}

}  // namespace detail
}  // namespace gateway
}  // namespace millrace
