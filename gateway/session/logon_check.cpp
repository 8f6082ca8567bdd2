#include "gateway/session/logon_check.hpp"

#include <openssl/crypto.h>

#include <algorithm>

#include "engine/core/assert.hpp"
#include "engine/log/cold_thread.hpp"

namespace millrace::gateway {

namespace {

constexpr std::int64_t look_interval_ns = 1'000'000'000;

}  // namespace

const char* to_text(logon_verdict verdict) noexcept {
    switch (verdict) {
        case logon_verdict::accepted:
            return "logs on";
        case logon_verdict::not_checked:
            return "logs on unchecked: authentication is off";
        case logon_verdict::no_user:
            return "its Logon has no Username or no Password";
        case logon_verdict::unknown_user:
            return "no such user of this session";
        case logon_verdict::locked_user:
            return "the user is locked";
        case logon_verdict::wrong_password:
            return "wrong password";
    }
    return "unknown";
}

logon_check::logon_check(std::filesystem::path users, std::vector<session_names> sessions)
    : path_(std::move(users)), sessions_(std::move(sessions)), file_(load_users(path_, sessions_)) {
    for (place_for_one& place : places_) {
        place.user.reserve(user_bytes_max);
    }
}

logon_check::~logon_check() {
    stop();
}

std::vector<std::string> logon_check::sessions_without_users() const {
    std::vector<std::string> found;
    for (const session_names& session : sessions_) {
        const bool has_any =
            std::any_of(file_.users.begin(), file_.users.end(), [&](const logon_user& user) {
                return !user.is_locked &&
                       (user.session == session.full || user.session == session.comp_ids);
            });
        if (!has_any) {
            found.push_back(session.full);
        }
    }
    return found;
}

void logon_check::start() {
    MILLRACE_ASSERT(!thread_.joinable(), "started twice");
    thread_ = engine::detail::start_cold_thread("logon-check", [this] { run(); });
}

void logon_check::stop() noexcept {
    if (thread_.joinable()) {
        is_stopping_.store(true, std::memory_order_relaxed);  // the bell orders it
        bell_.ring();
        thread_.join();
    }
}

logon_check::ask_result logon_check::try_ask(std::size_t session, std::string_view user,
                                             std::string_view password,
                                             std::size_t& place) noexcept {
    if (user.size() > user_bytes_max || password.size() > password_bytes_max ||
        password.find('\0') != std::string_view::npos) {
        return ask_result::unfit;
    }
    for (place = 0; place < places_.size(); ++place) {
        place_for_one& one = places_[place];
        stage now = one.now.load(std::memory_order_acquire);
        if (now == stage::answered && one.is_abandoned) {
            now = stage::free;
        }
        if (now != stage::free) {
            continue;
        }
        one.is_abandoned = false;
        one.session = session;
        one.user.assign(user);
        std::copy(password.begin(), password.end(), one.password.begin());
        one.password[password.size()] = '\0';
        one.now.store(stage::asked, std::memory_order_release);  // pairs with logon_check.cpp: run
        bell_.ring();
        return ask_result::asked;
    }
    return ask_result::full;
}

bool logon_check::take(std::size_t place, logon_answer& answer) noexcept {
    place_for_one& one = places_[place];
    if (one.now.load(std::memory_order_acquire) != stage::answered) {
        return false;
    }
    answer = std::move(one.answer);
    one.now.store(stage::free, std::memory_order_relaxed);  // the next asked is handed over anew
    return true;
}

void logon_check::run() noexcept {
    while (!is_stopping_.load(std::memory_order_relaxed)) {
        const std::uint32_t ticket = bell_.ticket();
        bool has_worked = false;
        for (place_for_one& one : places_) {
            if (one.now.load(std::memory_order_acquire) == stage::asked) {
                answer(one);
                // pairs with logon_check.cpp: take
                one.now.store(stage::answered, std::memory_order_release);
                has_worked = true;
            }
        }
        if (!has_worked && !is_stopping_.load(std::memory_order_relaxed)) {
            bell_.wait(ticket, look_interval_ns);
        }
    }
}

void logon_check::answer(place_for_one& asked) noexcept {
    asked.answer = {};
    try {
        look_at_file(asked.answer);
        judge(asked);
    } catch (const std::exception&) {
        asked.answer.verdict = logon_verdict::unknown_user;  // no memory: nobody gets in for it
    }
    ::OPENSSL_cleanse(asked.password.data(), asked.password.size());
}

void logon_check::look_at_file(logon_answer& answer) {
    const file_stamp now = stamp_of(path_);
    if (now == file_.stamp) {
        refused_ = {};
        return;
    }
    const bool is_said = now == refused_ && now != file_stamp{};
    try {
        const bool was_enabled = file_.is_enabled;
        file_ = load_users(path_, sessions_);
        refused_ = {};
        answer.note = path_.native() + " was read again: " + std::to_string(file_.users.size()) +
                      " users, authentication is " + (file_.is_enabled ? "on" : "off");
        answer.note_level =
            was_enabled && !file_.is_enabled ? event_level::warning : event_level::info;
    } catch (const std::exception& failure) {
        refused_ = now;
        if (!is_said) {
            answer.note = std::string("users as they were before stay in force: ") + failure.what();
            answer.note_level = event_level::error;
        }
    }
}

void logon_check::judge(place_for_one& asked) {
    logon_verdict& verdict = asked.answer.verdict;
    if (!file_.is_enabled) {
        verdict = logon_verdict::not_checked;
        return;
    }
    if (asked.user.empty() || asked.password.front() == '\0') {
        verdict = logon_verdict::no_user;
        return;
    }
    const logon_user* const user = file_.find(sessions_[asked.session], asked.user);
    // A name that is not there costs as much as one that is: it is not to be found by time.
    const bool is_right = !file_.users.empty() &&
                          hash_.is_right(asked.password.data(),
                                         user != nullptr ? user->hash : file_.users.front().hash);
    verdict = user == nullptr   ? logon_verdict::unknown_user
              : !is_right       ? logon_verdict::wrong_password
              : user->is_locked ? logon_verdict::locked_user
                                : logon_verdict::accepted;
}

}  // namespace millrace::gateway
