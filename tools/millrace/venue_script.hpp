// Plays a script against a FIX session at its own pace: what `millrace venue --script` does.
//
// Errors  engine::error, usage_error; a script that is not met is said on stderr and makes
//         exit_negative, one that is wrong makes exit_data
#pragma once

#include <string>
#include <vector>

#include "tools/venue/script_player.hpp"

namespace millrace::tools {

struct venue_script {
    std::string path;
    std::string connect;                 // HOST:PORT; empty: listen
    std::vector<std::string> variables;  // NAME=VALUE
    double timeout_s = 10;
    std::string record;  // where the transcript goes; empty: nowhere
    std::string golden;  // what it must be; empty: anything
    script_options player;
};

[[nodiscard]] int play_venue_script(venue_script wanted);

}  // namespace millrace::tools
