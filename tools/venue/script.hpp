// One side of a FIX conversation as text: what it sends, what it expects to hear, and when.
//
//   needs HeartBtInt=30
//   logon
//   send 35=0|34=5
//   expect 35=2|7=2|16=0
//   logout
//
// docs/scripts.md has the statements.
//
// Threading  any thread
// Units      delays: nanoseconds
// Errors     both readers throw engine::config_error with file and line
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace millrace::tools {

enum class script_verb : std::uint8_t {
    connect,
    disconnect,
    send,
    raw,
    expect,
    expect_disconnect,
    silence,
    delay,
    drop,
    drop_until,
    gap,
    next,
    expected,
    link,
    call
};

enum class field_match : std::uint8_t { equal, contains, any, absent };

struct script_field {
    std::string tag;
    field_match match = field_match::equal;
    std::string value;  // variables stand in it still
};

struct script_condition {
    std::string word;
    bool is_wanted = true;  // false: the step is for who has not got the word
};

struct script_step {
    long line = 0;
    std::string text;  // as written
    std::vector<script_condition> conditions;
    script_verb verb = script_verb::connect;
    std::vector<script_field> fields;  // send, expect, drop_until
    std::string argument;              // raw: the bytes; call: its name and words
    std::uint64_t number = 0;          // a count, a number, a link, or nanoseconds
};

struct script {
    std::string path;  // for messages
    std::vector<script_step> steps;
    std::vector<script_condition> only;
    // Settings that the system under test must have; for whoever starts it.
    std::vector<std::pair<std::string, std::string>> needs;
};

[[nodiscard]] script load_script(const std::string& path);
// The same from text; path is used in messages only.
[[nodiscard]] script parse_script(const std::string& path, std::string_view text);

// Whether somebody with these words meets all conditions.
[[nodiscard]] bool meets(const std::vector<script_condition>& conditions,
                         const std::vector<std::string>& words);

}  // namespace millrace::tools
