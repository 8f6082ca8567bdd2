// Plays a script over TCP against a FIX session, as the side that connects or the one that listens.
//
// Threading  one thread
// Progress   poll() does what can be done and returns; it never waits
// Units      times: nanoseconds; the caller's clocks, so that a test can set them
// Errors     the constructor throws the millrace::engine::error family: a variable or call that
//            nobody knows, an address in use. Afterwards failure() says which line was not met,
//            what was expected and what came
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "tools/venue/script.hpp"
#include "tools/venue/script_link.hpp"

namespace millrace::tools {

// A statement `call NAME WORDS`: answers nothing, or why it is not met (yet). It is asked again
// until it is met or the time is over.
using script_call = std::function<std::string(const std::string& words)>;

struct script_options {
    bool listens = false;  // else it connects
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;  // listens: 0 is any free one
    std::string begin_string = "FIX.4.4";
    std::string sender = "PEER";  // the script's side
    std::string target = "OURS";
    std::map<std::string, std::string> variables;
    // For conditions, beside begin_string and "connects" or "listens".
    std::vector<std::string> words;
    std::size_t write_bytes_max = 0;  // each write has 1 to so many bytes, drawn; 0: all there are
    std::uint64_t seed = 1;           // of what is drawn
    std::int64_t timeout_ns = 5'000'000'000;  // for what is expected
    std::map<std::string, script_call> calls;
};

struct script_time {
    std::int64_t monotonic_ns = 0;
    std::int64_t utc_ns = 0;
};

enum class script_state : std::uint8_t { playing, passed, failed };

class script_player {
public:
    static constexpr std::size_t links_max = 9;

    script_player(script played, script_options options);
    ~script_player();
    script_player(const script_player&) = delete;
    script_player& operator=(const script_player&) = delete;

    script_state poll(script_time now);
    // Who connects: where to from now on.
    void lead_to(std::uint16_t port) { options_.port = port; }

    // False: the script says itself that it is not for this side or version.
    [[nodiscard]] bool is_meant() const { return meets(played_.only, options_.words); }
    [[nodiscard]] std::uint16_t port() const { return port_; }
    // Of a delay, or of a silence; 0: it waits for no moment.
    [[nodiscard]] std::int64_t wakes_at_ns() const { return wakes_at_ns_; }
    [[nodiscard]] const std::string& failure() const { return failure_; }
    // Where it is, for whoever gives up waiting for it.
    [[nodiscard]] std::string whereabouts() const;
    // What was said and heard, a line each, with '|' for SOH.
    [[nodiscard]] const std::vector<std::string>& transcript() const { return transcript_; }

private:
    void check_names() const;
    void check_name(const script_step& step, std::string_view text) const;
    [[nodiscard]] bool is_done(const script_step& step);
    [[nodiscard]] bool connect();
    void disconnect();
    void send(const script_step& step);
    [[nodiscard]] frame_fields fields_to_send(const script_step& step);
    [[nodiscard]] bool has_come(const script_step& step);
    [[nodiscard]] bool has_ended(const script_step& step);
    [[nodiscard]] bool has_passed(const script_step& step, bool is_silent);
    [[nodiscard]] bool has_dropped(const script_step& step);
    [[nodiscard]] bool has_called(const script_step& step);
    void judge(const script_step& step, const taken_frame& came);
    [[nodiscard]] std::string misfit(const script_step& step, const taken_frame& came) const;
    [[nodiscard]] std::string header_misfit(const script_step& step, const taken_frame& came) const;
    void take_front();
    void fail(const script_step& step, const std::string& reason);
    [[nodiscard]] std::string overdue_text(const script_step& step) const;
    void end();

    [[nodiscard]] script_link& link() { return links_[link_]; }
    [[nodiscard]] const script_link& link() const { return links_[link_]; }
    [[nodiscard]] std::string filled(const std::string& text) const;
    [[nodiscard]] std::string value_of(const std::string& name, std::int64_t change) const;
    void note(const std::string& text);

    script played_;
    script_options options_;
    std::unique_ptr<script_entrance> entrance_;
    std::uint16_t port_ = 0;
    std::vector<script_link> links_;
    std::size_t link_ = 0;
    std::mt19937_64 random_;
    script_time now_;
    std::size_t at_ = 0;  // the step that is played
    bool has_begun_ = false;
    std::int64_t began_ns_ = 0;  // it
    std::int64_t wakes_at_ns_ = 0;
    std::uint64_t dropped_ = 0;
    std::string answer_;  // of the last call
    frame_fields last_;   // that came
    script_state state_ = script_state::playing;
    std::string failure_;
    std::vector<std::string> transcript_;
};

}  // namespace millrace::tools
