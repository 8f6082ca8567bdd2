#include "gateway/session/logon_check.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <fstream>

#include "engine/core/clock.hpp"
#include "engine/core/error.hpp"
#include "tests/engine/core/temporary_directory.hpp"

namespace millrace::gateway {
namespace {

class LogonCheck : public testing::Test {
protected:
    LogonCheck() : path(directory / "users.txt"), hash(hash_password("hunter2", 1)) {}

    void write(const std::string& text, unsigned mode = 0600) {
        const std::filesystem::path fresh = directory / "users.new";
        std::ofstream(fresh) << text;
        ASSERT_EQ(::chmod(fresh.c_str(), mode), 0);
        std::filesystem::rename(fresh, path);
    }
    void open() {
        check = std::make_unique<logon_check>(
            path, std::vector<session_names>{{"FIX.4.4:OURS->A", "OURS->A"},
                                             {"FIX.4.4:OURS->B", "OURS->B"}});
        check->start();
    }
    logon_answer wait_for(std::size_t place) {
        logon_answer answer;
        const std::int64_t end_ns = engine::monotonic_now_ns() + 15'000'000'000;
        while (!check->take(place, answer) && engine::monotonic_now_ns() < end_ns) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        return answer;
    }
    logon_answer ask(std::size_t session, std::string_view user, std::string_view password) {
        std::size_t place = 0;
        while (check->try_ask(session, user, password, place) == logon_check::ask_result::full) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        return wait_for(place);
    }
    logon_verdict verdict(std::size_t session, std::string_view user, std::string_view password) {
        return ask(session, user, password).verdict;
    }

    engine::temporary_directory directory;
    std::filesystem::path path;
    std::string hash;
    std::unique_ptr<logon_check> check;
};

TEST_F(LogonCheck, TellsWhoIsWho) {
    write("OURS->A alice " + hash + "\nOURS->A bob !" + hash + "\n");
    open();
    EXPECT_EQ(check->sessions_without_users(), std::vector<std::string>{"FIX.4.4:OURS->B"});
    EXPECT_EQ(verdict(0, "alice", "hunter2"), logon_verdict::accepted);
    EXPECT_EQ(verdict(0, "alice", "hunter3"), logon_verdict::wrong_password);
    EXPECT_EQ(verdict(0, "bob", "hunter2"), logon_verdict::locked_user);
    EXPECT_EQ(verdict(0, "bob", "hunter3"), logon_verdict::wrong_password);
    EXPECT_EQ(verdict(0, "carol", "hunter2"), logon_verdict::unknown_user);
    EXPECT_EQ(verdict(1, "alice", "hunter2"), logon_verdict::unknown_user);
    EXPECT_EQ(verdict(0, "", "hunter2"), logon_verdict::no_user);
    EXPECT_EQ(verdict(0, "alice", ""), logon_verdict::no_user);
    std::size_t place = 0;
    const std::string long_text(512, 'x');
    EXPECT_EQ(check->try_ask(0, long_text, "x", place), logon_check::ask_result::unfit);
    EXPECT_EQ(check->try_ask(0, "alice", long_text, place), logon_check::ask_result::unfit);
    EXPECT_EQ(check->try_ask(0, "alice", std::string_view("hunter2\0x", 9), place),
              logon_check::ask_result::unfit);
}

TEST_F(LogonCheck, FollowsItsFileWhileItRuns) {
    write("OURS->A alice " + hash + "\n");
    open();
    EXPECT_EQ(verdict(0, "alice", "hunter2"), logon_verdict::accepted);
    write("OURS->A alice !" + hash + "\n");
    logon_answer answer = ask(0, "alice", "hunter2");
    EXPECT_EQ(answer.verdict, logon_verdict::locked_user);
    EXPECT_EQ(answer.note, path.native() + " was read again: 1 users, authentication is on");
    EXPECT_EQ(ask(0, "alice", "hunter2").note, "");

    write("authentication off\n");
    answer = ask(0, "", "");
    EXPECT_EQ(answer.verdict, logon_verdict::not_checked);
    EXPECT_EQ(answer.note_level, event_level::warning);
    write("authentication on\nOURS->B alice " + hash + "\n");
    EXPECT_EQ(verdict(0, "alice", "hunter2"), logon_verdict::unknown_user);
    EXPECT_EQ(verdict(1, "alice", "hunter2"), logon_verdict::accepted);
}

TEST_F(LogonCheck, KeepsTheLastGoodUsersWhereTheFileBecameWrong) {
    write("OURS->A alice " + hash + "\n");
    open();
    EXPECT_EQ(verdict(0, "alice", "hunter2"), logon_verdict::accepted);
    write("OURS->A alice\n");
    logon_answer answer = ask(0, "alice", "hunter2");
    EXPECT_EQ(answer.verdict, logon_verdict::accepted);
    EXPECT_EQ(answer.note_level, event_level::error);
    EXPECT_NE(answer.note.find("users.txt:1: expected a session"), std::string::npos);
    EXPECT_EQ(ask(0, "alice", "hunter2").note, "");  // the same file: it was said
    write("authentication off\n", 0644);
    answer = ask(0, "alice", "hunter3");
    EXPECT_EQ(answer.verdict, logon_verdict::wrong_password);
    EXPECT_NE(answer.note.find("its mode is 0644"), std::string::npos);
    std::filesystem::remove(path);
    EXPECT_EQ(verdict(0, "alice", "hunter2"), logon_verdict::accepted);
    write("OURS->A alice !" + hash + "\n");
    EXPECT_EQ(verdict(0, "alice", "hunter2"), logon_verdict::locked_user);
}

// The session thread asks and goes on: what a hash costs is another thread's time.
TEST_F(LogonCheck, AnswersLaterAndBoundsWhatWaits) {
    write("OURS->A alice " + hash_password("hunter2", 5) + "\n");
    open();
    std::vector<std::size_t> places;
    const std::int64_t begin_ns = engine::monotonic_now_ns();
    std::size_t place = 0;
    while (check->try_ask(0, "alice", places.size() % 2 == 0 ? "hunter2" : "x", place) ==
           logon_check::ask_result::asked) {
        places.push_back(place);
        ASSERT_LE(places.size(), 2 * logon_check::places_max);
    }
    const std::int64_t asked_ns = engine::monotonic_now_ns();
    EXPECT_GE(places.size(), logon_check::places_max);
    for (std::size_t i = 0; i < logon_check::places_max; ++i) {
        EXPECT_EQ(wait_for(places[i]).verdict,
                  i % 2 == 0 ? logon_verdict::accepted : logon_verdict::wrong_password);
    }
    EXPECT_LT(asked_ns - begin_ns, engine::monotonic_now_ns() - asked_ns);
    // A place nobody waits for is used again once it is answered.
    for (std::size_t i = 0; i < 2 * logon_check::places_max; ++i) {
        while (check->try_ask(0, "nobody", "x", place) != logon_check::ask_result::asked) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        check->abandon(place);
    }
    EXPECT_EQ(verdict(0, "alice", "hunter2"), logon_verdict::accepted);
}

TEST_F(LogonCheck, RefusesToBeginWithAFileThatIsWrong) {
    write("OURS->A alice " + hash + "\n", 0644);
    EXPECT_THROW(open(), engine::config_error);
    std::filesystem::remove(path);
    EXPECT_THROW(open(), engine::config_error);
}

}  // namespace
}  // namespace millrace::gateway
