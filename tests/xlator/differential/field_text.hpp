// All fields of a message as one text that both sides write alike: by tag ascending at each level,
// a group's entries in brackets behind its counter.
//
// Included by C++14 and C++20.
#pragma once

#include <string>

namespace millrace {
namespace tests {

// With its size, as a value may hold any byte.
template <class Text>
void append_field(std::string& to, int tag, const Text& value) {
    to += std::to_string(tag);
    to += ':';
    to += std::to_string(value.size());
    to += '=';
    to.append(value.data(), value.size());
    to += ' ';
}

inline void begin_entry(std::string& to) {
    to += "[ ";
}

inline void end_entry(std::string& to) {
    to += "] ";
}

}  // namespace tests
}  // namespace millrace
