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

}  // namespace detail
}  // namespace gateway
}  // namespace millrace
