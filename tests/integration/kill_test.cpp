// The main job under SIGKILL: the engine, the venue, and sequence resets between kills. Nothing may
// be lost or come twice, and the venue must see each order under exactly one message number.
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <random>
#include <thread>

#include "engine/core/file.hpp"
#include "tests/integration/demo_process.hpp"

namespace millrace::tests {

namespace {

class demo_run {
public:
    explicit demo_run(const temporary_directory& directory)
        : directory_(directory.path()), demo_(directory.path() / "demo") {
        // MILLRACE_KILL_STORAGE: how the engine keeps its logs; unless given, as users have it.
        if (const char* const storage = std::getenv("MILLRACE_KILL_STORAGE")) {
            complete(1, "4000");  // the demo writes its configuration once, then leaves it alone
            replace_in("millrace.toml", "[engine]\n",
                       "[engine]\nstorage = \"" + std::string(storage) + "\"\n");
        }
    }
    ~demo_run() { kill_venue(demo_); }
    demo_run(const demo_run&) = delete;
    demo_run& operator=(const demo_run&) = delete;

    [[nodiscard]] const std::filesystem::path& demo() const { return demo_; }
    [[nodiscard]] std::unique_ptr<millrace_process> start(int count,
                                                          const std::string& rate) const {
        return std::make_unique<millrace_process>(
            std::vector<std::string>{"demo", "--dir", demo_.native(), "--count",
                                     std::to_string(count), "--rate", rate, "--json"},
            directory_);
    }
    // Runs to the end, and holds the result against what a run must show.
    void complete(int count, const std::string& rate) const {
        const exit_result result = start(count, rate)->wait(60);
        ASSERT_EQ(result.code, 0)
            << result.out << result.err
            << run_millrace({"counters", (demo_ / "millrace.toml").native()}, directory_).out;
        const auto books = nlohmann::json::parse(result.out);
        EXPECT_EQ(books["orders"], count);
        EXPECT_EQ(books["lost"], 0) << result.err;
        EXPECT_EQ(books["duplicated"], 0) << result.err;
        EXPECT_EQ(books["acknowledged"].get<int>() + books["rejected"].get<int>(), count);
        EXPECT_TRUE(books["reconciled"].get<bool>());
        const demo_state state = read_demo_state(demo_);
        EXPECT_EQ(state.orders, static_cast<std::uint64_t>(count));
        EXPECT_EQ(state.numbered, static_cast<std::uint64_t>(count))
            << "each order is numbered exactly once";
    }
    void replace_in_sessions(const std::string& from, const std::string& to) const {
        replace_in("sessions.cfg", from, to);
    }

private:
    void replace_in(const char* name, const std::string& from, const std::string& to) const {
        std::string text = engine::read_whole_file(demo_ / name);
        const std::size_t at = text.find(from);
        ASSERT_NE(at, std::string::npos);
        text.replace(at, from.size(), to);
        engine::write_file_atomically(demo_ / name, text);
    }

    std::filesystem::path directory_;
    std::filesystem::path demo_;
};

void sleep_ms(int milliseconds) {
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
}

// Until the run has fed more than `orders`, or ended.
void wait_for_orders(millrace_process& process, const std::filesystem::path& demo,
                     std::uint64_t orders) {
    for (int waited = 0; waited < 1500 && !process.has_ended(); ++waited) {
        if (read_demo_state(demo).orders > orders) {
            return;
        }
        sleep_ms(10);
    }
}

void print_state(const char* what, int kill, const demo_state& state) {
    std::printf(
        "%s %d: %llu orders, %llu numbered, %llu of them unanswered, %llu reports received, %llu "
        "executions\n",
        what, kill, static_cast<unsigned long long>(state.orders),
        static_cast<unsigned long long>(state.numbered),
        static_cast<unsigned long long>(state.unanswered()),
        static_cast<unsigned long long>(state.reports),
        static_cast<unsigned long long>(state.executions));
}

}  // namespace

TEST(KilledEngine, LosesNothingAndSendsNothingTwiceOverTenKills) {
    const temporary_directory directory;
    const demo_run run(directory);
    std::mt19937_64 random(test_seed());
    constexpr int kills = 10;
    constexpr int count = 12'000;
    int unanswered_kills = 0;
    std::uint64_t orders = 0;
    for (int kill = 1; kill <= kills; ++kill) {
        const auto process = run.start(count, "4000");
        wait_for_orders(*process, run.demo(), orders);
        sleep_ms(static_cast<int>(random() % 100));
        // Every other time the venue is a moment late, so that the kill meets messages in flight.
        const bool is_late = kill % 2 == 0;
        if (is_late) {
            const demo_state before = read_demo_state(run.demo());
            freeze_venue(run.demo());
            wait_for_orders(*process, run.demo(), before.orders + 50);
        }
        ASSERT_FALSE(process->has_ended()) << "the run ended before kill " << kill;
        process->kill_hard();
        const demo_state state = read_demo_state(run.demo());
        if (is_late) {
            thaw_venue(run.demo());
        }
        print_state(is_late ? "kill (venue late)" : "kill", kill, state);
        ASSERT_LT(state.orders, static_cast<std::uint64_t>(count))
            << "killed behind the last order";
        orders = state.orders;
        unanswered_kills += state.unanswered() > 0 ? 1 : 0;
    }
    std::printf("%d of %d kills left a message numbered but unanswered\n", unanswered_kills, kills);
    EXPECT_GE(unanswered_kills, 3);
    run.complete(count, "4000");
}

TEST(KilledVenue, IsResynchronisedByTheProtocol) {
    const temporary_directory directory;
    const demo_run run(directory);
    std::mt19937_64 random(test_seed());
    constexpr int count = 4000;
    const auto process = run.start(count, "2000");
    std::vector<std::unique_ptr<millrace_process>> venues;
    std::uint64_t orders = 200;
    for (int kill = 1; kill <= 3; ++kill) {
        wait_for_orders(*process, run.demo(), orders);
        sleep_ms(static_cast<int>(random() % 100));
        kill_venue(run.demo());
        sleep_ms(static_cast<int>(random() % 200));
        venues.push_back(std::make_unique<millrace_process>(
            std::vector<std::string>{"venue", (run.demo() / "venue.cfg").native()},
            directory.path()));
        const demo_state state = read_demo_state(run.demo());
        print_state("venue kill", kill, state);
        orders = state.orders + 100;
    }
    const exit_result result = process->wait(60);
    for (const auto& venue : venues) {
        EXPECT_TRUE(result.code == 0) << "venue " << venue->pid() << " said: " << venue->said();
    }
    ASSERT_EQ(result.code, 0) << result.out << result.err;
    run.complete(count, "2000");
}

// Each Logon resets both sides, and what was in flight at a kill must not be cut off by that.
TEST(SequenceReset, AtEachLogonBetweenKillsOfBothSidesKeepsTheBooksEqual) {
    const temporary_directory directory;
    const demo_run run(directory);
    std::mt19937_64 random(test_seed());
    constexpr int count = 6000;
    ASSERT_NO_FATAL_FAILURE(run.complete(100, "4000"));
    run.replace_in_sessions("HeartBtInt=30", "HeartBtInt=30\nResetOnLogon=Y");
    std::uint64_t orders = 100;
    std::vector<std::unique_ptr<millrace_process>> venues;
    int unanswered_kills = 0;
    for (int kill = 1; kill <= 6; ++kill) {
        const auto process = run.start(count, "4000");
        wait_for_orders(*process, run.demo(), orders);
        sleep_ms(static_cast<int>(random() % 100));
        if (kill % 2 == 0) {  // the venue dies under a running engine, which then dies as well
            kill_venue(run.demo());
            venues.push_back(std::make_unique<millrace_process>(
                std::vector<std::string>{"venue", (run.demo() / "venue.cfg").native()},
                directory.path()));
            sleep_ms(static_cast<int>(random() % 300));
        }
        ASSERT_FALSE(process->has_ended()) << "the run ended before kill " << kill;
        process->kill_hard();
        const demo_state state = read_demo_state(run.demo());
        print_state("kill", kill, state);
        ASSERT_LT(state.orders, static_cast<std::uint64_t>(count));
        orders = state.orders;
        unanswered_kills += state.unanswered() > 0 ? 1 : 0;
    }
    EXPECT_GE(unanswered_kills, 1);
    run.complete(count, "4000");
}

TEST(SequenceReset, BetweenKillsKeepsTheBooksEqual) {
    const temporary_directory directory;
    const demo_run run(directory);
    std::mt19937_64 random(test_seed());
    std::uint64_t orders = 100;
    const auto kill_once = [&](int count) {
        const auto process = run.start(count, "4000");
        wait_for_orders(*process, run.demo(), orders);
        sleep_ms(static_cast<int>(random() % 50));
        process->kill_hard();
        orders = read_demo_state(run.demo()).orders;
    };
    kill_once(2000);
    run.complete(2000, "4000");
    // Our Logon carries 141=Y; both sides begin at 1, and the routes go on across the new
    // generation.
    run.replace_in_sessions("HeartBtInt=30", "HeartBtInt=30\nResetOnLogon=Y");
    run.complete(3000, "4000");
    run.replace_in_sessions("\nResetOnLogon=Y", "");
    orders = 3100;
    kill_once(6000);
    run.complete(6000, "4000");
}

}  // namespace millrace::tests
