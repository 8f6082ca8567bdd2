// Checks who logs on, away from the session thread: a hash is slow on purpose.
//
// The session thread puts a question into a free place and looks for the answer at its later turns;
// a thread of its own hashes, one question after the other. For each question the file of users is
// read again if it has changed, so a line of it counts from the next logon on.
//
//   session thread:  try_ask -> place asked -> (thread hashes) -> place answered -> take -> free
//
// Threading  one session thread asks and takes; the thread of this answers
// Progress   try_ask and take never wait; at most places_max questions stand
// Errors     the constructor throws config_error: the file cannot be read, or is no file of users.
//            One that becomes wrong later leaves the last good one in force, and is said with the
//            next answer
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "engine/log/cold_sync.hpp"
#include "gateway/session/event_ring.hpp"
#include "gateway/session/password_hash.hpp"
#include "gateway/session/user_file.hpp"

namespace millrace::gateway {

enum class logon_verdict : std::uint8_t {
    accepted,
    not_checked,  // authentication is off
    no_user,      // or no password
    unknown_user,
    locked_user,
    wrong_password
};

[[nodiscard]] const char* to_text(logon_verdict verdict) noexcept;

struct logon_answer {
    logon_verdict verdict = logon_verdict::unknown_user;
    event_level note_level = event_level::info;
    std::string note;  // about the file of users; empty: nothing new
};

class logon_check {
public:
    static constexpr std::size_t places_max = 16;
    static constexpr std::size_t user_bytes_max = 255;

    logon_check(std::filesystem::path users, std::vector<session_names> sessions);
    ~logon_check();

    // Sessions of the file that nobody may log on to.
    [[nodiscard]] std::vector<std::string> sessions_without_users() const;
    // REQUIRES: not started yet.
    [[nodiscard]] bool is_enabled() const noexcept { return file_.is_enabled; }
    void start();
    void stop() noexcept;

    enum class ask_result : std::uint8_t { asked, full, unfit };
    // `session` counts the sessions this was made with. Unfit: no user has such a name or password.
    [[nodiscard]] ask_result try_ask(std::size_t session, std::string_view user,
                                     std::string_view password, std::size_t& place) noexcept;
    // False: no answer yet. True: the place is free again.
    [[nodiscard]] bool take(std::size_t place, logon_answer& answer) noexcept;
    // Nobody waits for this answer any more.
    void abandon(std::size_t place) noexcept { places_[place].is_abandoned = true; }

private:
    enum class stage : std::uint8_t { free, asked, answered };
    struct place_for_one {
        std::atomic<stage> now{stage::free};
        bool is_abandoned = false;  // session thread
        std::size_t session = 0;
        std::string user;  // never grows: all bytes are there from the beginning
        std::array<char, password_bytes_max + 1> password{};
        logon_answer answer;
    };

    void run() noexcept;
    void answer(place_for_one& asked) noexcept;
    void look_at_file(logon_answer& answer);
    void judge(place_for_one& asked);

    std::filesystem::path path_;
    std::vector<session_names> sessions_;
    user_file file_;       // of the thread, once it runs
    file_stamp refused_;   // what was looked at in vain
    password_check hash_;  // the thread
    std::array<place_for_one, places_max> places_;
    engine::detail::cold_event bell_;
    std::atomic<bool> is_stopping_{false};  // writer: whoever stops
    std::thread thread_;
};

}  // namespace millrace::gateway
