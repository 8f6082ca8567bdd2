#include "tools/millrace/venue_script.hpp"

#include <cstdio>

#include "engine/core/clock.hpp"
#include "engine/core/file.hpp"
#include "engine/core/number.hpp"
#include "tools/millrace/exit_code.hpp"
#include "tools/millrace/signals.hpp"
#include "tools/venue/script_transcript.hpp"

namespace millrace::tools {

namespace {

void complain(const std::string& text) {
    std::fprintf(stderr, "millrace venue: %s\n", text.c_str());
}

void read_connect(const std::string& text, script_options& options) {
    const std::size_t colon = text.rfind(':');
    const std::string_view digits =
        colon == std::string::npos ? std::string_view() : std::string_view(text).substr(colon + 1);
    std::uint16_t port = 0;
    if (colon == 0 || !engine::parse_number(digits, port) || port == 0) {
        throw usage_error("--connect " + text + ": expected HOST:PORT");
    }
    options.host = text.substr(0, colon);
    options.port = port;
}

void read_variables(const std::vector<std::string>& given, script_options& options) {
    for (const std::string& each : given) {
        const std::size_t equals = each.find('=');
        if (equals == std::string::npos || equals == 0) {
            throw usage_error("--set " + each + ": expected NAME=VALUE");
        }
        options.variables[each.substr(0, equals)] = each.substr(equals + 1);
    }
}

script_state play_to_the_end(script_player& player) {
    script_state state = script_state::playing;
    while (state == script_state::playing) {
        state = player.poll({engine::monotonic_now_ns(), engine::utc_now().ns});
        if (state == script_state::playing && wait_for_stop(1)) {
            complain("stopped: " + player.whereabouts());
            return script_state::failed;
        }
    }
    return state;
}

// False: it is not as the golden one.
bool settle_transcript(const venue_script& wanted, const script_player& player) {
    const std::string transcript = masked_transcript(player.transcript());
    if (!wanted.record.empty()) {
        engine::write_file_atomically(wanted.record, transcript);
    }
    if (wanted.golden.empty()) {
        return true;
    }
    const std::string difference =
        first_difference(engine::read_whole_file(wanted.golden), transcript);
    if (!difference.empty()) {
        complain(wanted.golden + ": " + difference);
    }
    return difference.empty();
}

int play(const venue_script& wanted, script_player& player) {
    if (!player.is_meant()) {
        throw usage_error(wanted.path + " is not for a player that " +
                          (wanted.player.listens ? "listens" : "connects") + " with " +
                          wanted.player.begin_string + ": its `only` says for whom it is");
    }
    if (wanted.player.listens) {
        std::fprintf(stderr, "millrace venue: listening on port %u\n", player.port());
    }
    if (play_to_the_end(player) != script_state::passed) {
        if (!player.failure().empty()) {
            complain(player.failure());
        }
        static_cast<void>(settle_transcript(wanted, player));
        return exit_negative;
    }
    return settle_transcript(wanted, player) ? exit_ok : exit_negative;
}

}  // namespace

int play_venue_script(venue_script wanted) {
    wanted.player.listens = wanted.connect.empty();
    if (!wanted.player.listens) {
        read_connect(wanted.connect, wanted.player);
    }
    read_variables(wanted.variables, wanted.player);
    wanted.player.timeout_ns = static_cast<std::int64_t>(wanted.timeout_s * 1e9);
    std::unique_ptr<script_player> player;
    try {
        player = std::make_unique<script_player>(load_script(wanted.path), wanted.player);
    } catch (const engine::config_error& problem) {
        complain(problem.what());
        return exit_data;
    }
    return play(wanted, *player);
}

}  // namespace millrace::tools
