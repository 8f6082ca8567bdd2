// A gateway's session that a script is played against, in one thread and under one clock.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/gateway/scripts/session_clock.hpp"
#include "tests/gateway/session/session_test_support.hpp"
#include "tools/venue/script_player.hpp"

namespace millrace::test {

struct fix_version {
    const char* begin_string;
    const char* dictionaries;  // lines of the settings
};

struct script_setting {
    fix_version version;
    bool is_initiator = false;  // the gateway
    bool is_slow = false;       // all its messages pass through QuickFIX
    std::size_t write_bytes_max = 0;
    std::uint64_t seed = 1;

    [[nodiscard]] std::string text() const;
};

struct script_outcome {
    std::string failure;  // empty: it was met
    std::uint64_t fast_in = 0;
    std::uint64_t fast_out = 0;
    std::vector<std::string> transcript;
};

class scripted_session {
public:
    scripted_session(const tools::script& played, const script_setting& setting);
    [[nodiscard]] script_outcome play();

private:
    using words = const std::string&;

    [[nodiscard]] tools::script_options player_options();
    [[nodiscard]] gateway::settings_file settings(const tools::script& played) const;
    void open_agent(const tools::script& played);
    void pass_time(int work);
    [[nodiscard]] std::string publish(words headline);
    [[nodiscard]] std::string has_said(words text) const;
    [[nodiscard]] std::string has_kept(words row) const;
    [[nodiscard]] std::string expects(words number) const;

    script_setting setting_;
    session_clock clock_;
    engine::temporary_directory directory_;
    order_source orders_{"orders"};
    tools::script_player player_;
    std::unique_ptr<live_agent> agent_;
    std::uint64_t published_ = 0;
    int idle_ = 0;  // turns in which nothing was done
};

}  // namespace millrace::test
