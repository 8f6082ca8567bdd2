// The lines of a settings file as sections of keys, with what is odd about them.
//
// Errors  settings_error for a known key whose value has the wrong form; everything else is a note
#pragma once

#include <string>
#include <vector>

#include "gateway/quickfix/settings.hpp"

namespace millrace {
namespace gateway {
namespace detail {

struct settings_section {
    long line = 0;
    std::vector<setting> settings;
};

struct settings_sections {
    settings_section defaults;
    std::vector<settings_section> sessions;
    std::vector<settings_note> notes;
};

settings_sections read_sections(const std::string& path, const std::string& text);

std::string upper_case(std::string text);
// Words with blanks, commas and, where it is no part of one, colons between them.
std::vector<std::string> words_of(std::string text, bool is_colon_between);

// Who reads some of a session's keys, and what is to be said of them.
class key_reader {
protected:
    explicit key_reader(session_spec& spec) : spec_(spec) {}
    ~key_reader() = default;

    void note(note_level level, long line, const std::string& text) {
        settings_note said;
        said.level = level;
        said.line = line;
        said.text = text;
        notes_.push_back(said);
    }
    [[noreturn]] void fail(long line, const std::string& reason) const {
        throw settings_error(spec_.file, line, reason);
    }

    session_spec& spec_;
    std::vector<settings_note> notes_;
};

}  // namespace detail
}  // namespace gateway
}  // namespace millrace
