// The power goes under a running pipeline, as `millrace run` runs it: built from a configuration,
// on its own threads, hot logs or direct ones, while the venue runs on. Where power_cut_test.cpp
// decides when each part works, here only the moment of the cut is chosen.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "engine/core/clock.hpp"
#include "gateway/pipeline/pipeline.hpp"
#include "tests/engine/log/log_test_support.hpp"
#include "tests/gateway/session/session_test_support.hpp"
#include "tests/integration/power_cut_books.hpp"
#include "tests/integration/powered_disk.hpp"

namespace millrace::tests {

namespace {

namespace fs = std::filesystem;
using engine::test::disk_model;
using engine::test::power_cut_moment;
using millrace::test::field_of;
using millrace::test::ms_ns;

constexpr std::int64_t patience_ns = 30'000 * ms_ns;

constexpr std::string_view engine_text = R"toml([engine]
directory = "disk"
segment_bytes = "1MiB"
storage = "STORAGE"
sync_delay_max_us = DELAY
HOT
)toml";
constexpr std::string_view loop_text = R"toml([[stream]]
name = "ORDERS"
table = "ORDER_OUT"

[[gateway]]
name = "gateway"
settings = "sessions.cfg"
reconnect_min_ms = 5
reconnect_max_ms = 20
undurable_messages_max = 24
in_doubt = "possresend"

[[client]]
name = "orders"
stream = "ORDERS"

[[client.route]]
name = "orders"
session = "FIX.4.4:OURS->VENUE"
map = "new_order"
start = "first"
gate = "GATE"

[[client]]
name = "reports"
stream = "gateway.FIX_IN"

[[client.route]]
name = "executions"
table = "EXECUTION"
map = "execution"
start = "first"
gate = "GATE"

[[client.route]]
name = "watch"
handler = "watch"
start = "first"
gate = "GATE"
)toml";

std::string with(std::string text, std::string_view word, const std::string& value) {
    for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word)) {
        text.replace(at, word.size(), value);
    }
    return text;
}

int cuts_wanted() {
    const char* const given = std::getenv("MILLRACE_POWER_CUTS");
    return given != nullptr ? std::atoi(given) : 20;
}

// Carries frames on a thread of its own, until it is told that the power is gone.
class moving_wire {
public:
    explicit moving_wire(std::uint16_t venue) {
        wire_.lead_to(venue);
        mover_ = std::thread([this] {
            while (!ends_.load(std::memory_order_relaxed)) {
                {
                    const std::lock_guard hold(lock_);
                    if (!is_cut_) {
                        wire_.step();
                    }
                }
                ::usleep(20);
            }
        });
    }
    ~moving_wire() {
        ends_.store(true, std::memory_order_relaxed);
        mover_.join();
        wire_.cut();
    }
    moving_wire(const moving_wire&) = delete;
    moving_wire& operator=(const moving_wire&) = delete;

    [[nodiscard]] std::uint16_t port() const { return wire_.port(); }
    void up() {
        const std::lock_guard hold(lock_);
        if (is_cut_) {
            wire_.reopen();
        }
        is_cut_ = false;
    }
    // Nothing that leaves after `look` has begun arrives, by a connection made then neither.
    void cut(const std::function<void()>& look) {
        const std::lock_guard hold(lock_);
        look();
        is_cut_ = true;
        wire_.shut();
        wire_.cut();
    }
    [[nodiscard]] std::vector<std::string> passed_to_venue() {
        const std::lock_guard hold(lock_);
        return wire_.forward.passed;
    }
    [[nodiscard]] std::size_t passed_count() {
        const std::lock_guard hold(lock_);
        return wire_.forward.passed.size();
    }

private:
    std::mutex lock_;
    millrace::test::lossy_wire wire_;
    bool is_cut_ = false;
    std::atomic<bool> ends_{false};
    std::thread mover_;
};

struct watching_handler {
    struct shown {
        std::string exec_id;
        bool is_redelivered;
    };
    gateway::answer operator()(const gateway::event& happened) noexcept {
        const std::lock_guard hold(lock);
        reports.push_back({field_of(happened.message, 17), happened.is_redelivered});
        return gateway::answer::ack;
    }
    std::mutex lock;
    std::vector<shown> reports;
};

}  // namespace

class PipelinePowerCut : public ::testing::TestWithParam<const char*> {
protected:
    void SetUp() override {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
        GTEST_SKIP() << "calls are not observed under a sanitizer";
#endif
        fs::create_directories(disk());
        fs::create_directories(directory_ / "hot");
        venue_ = start_venue(directory_.path(), "VENUE");
        wire_ = std::make_unique<moving_wire>(static_cast<std::uint16_t>(venue_->port()));
        std::ofstream(directory_ / "sessions.cfg")
            << "[DEFAULT]\nConnectionType=initiator\nStartTime=00:00:00\nEndTime=00:00:00\n"
               "HeartBtInt=30\nReconnectInterval=1\nDataDictionary="
            << MILLRACE_TEST_DICTIONARIES
            << "/FIX44.xml\nSocketConnectHost=127.0.0.1\n"
               "SocketConnectPort="
            << wire_->port() << "\n[SESSION]\nBeginString=FIX.4.4\nSenderCompID=OURS\n"
            << "TargetCompID=VENUE\n";
    }
    void TearDown() override {
        wire_.reset();
        if (venue_ != nullptr) {
            venue_->stop();
        }
    }

    [[nodiscard]] bool is_durable() const {
        return std::string(GetParam()) == "durable";
    }
    [[nodiscard]] fs::path disk() const {
        return directory_ / "disk";
    }
    [[nodiscard]] fs::path venue_directory() const {
        return directory_ / "venue";
    }
    [[nodiscard]] std::int64_t below(std::int64_t limit) {
        return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(limit));
    }

    [[nodiscard]] std::string next_text() {
        constexpr const char* delays_us[] = {"1000", "5000", "20000", "60000"};
        const bool is_hot = below(2) == 0;
        std::string text =
            with(std::string(engine_text).append(tables_text).append(loop_text).append(maps_text),
                 "STORAGE", is_hot ? "hot" : "direct");
        text = with(text, "HOT\n", is_hot ? "hot_directory = \"hot\"\n" : "");
        const std::string delay_us = delays_us[below(std::size(delays_us))];
        text = with(text, "DELAY", delay_us);
        const std::lock_guard hold(lines_lock_);
        lines_.push_back("--- a life with " + std::string(is_hot ? "hot" : "direct") +
                         " logs, synced after " + delay_us + " us");
        return with(text, "GATE", GetParam());
    }

    // One life, from its opening until `live` returns and then in order, or as far as it came.
    void run(const std::function<void(engine::table_log&)>& live) {
        gateway::pipeline_options options;
        options.log_context = this;
        options.log_line = [](void* context, gateway::event_level, engine::timestamp,
                              std::string_view text) {
            auto& test = *static_cast<PipelinePowerCut*>(context);
            const std::lock_guard hold(test.lines_lock_);
            test.jumps_ += text.find("next numbers jump") != std::string_view::npos ? 1 : 0;
            test.lines_.emplace_back(text);
        };
        gateway::pipeline one(gateway::parse_config(directory_ / "test.toml", next_text()),
                              options);
        one.set_handler("watch", gateway::event_handler::of(handler_));
        engine::table_log& orders = one.open_source("ORDER_OUT");
        one.open();
        look_at_survivors();
        one.start();
        live(orders);
        one.stop();
        EXPECT_EQ(one.halted_routes(), std::vector<std::string>{});
        EXPECT_EQ(one.halted_streams(), std::vector<std::string>{});
    }

    void live_until_cut() {
        disk_model model(disk(), [] { return std::uint64_t{0}; });
        model.keeps_moments = false;
        std::optional<power_cut_moment> moment;
        std::size_t shown = 0;
        {
            const engine::test::file_call_observation observation(model);
            run([&](engine::table_log& orders) {
                wire_->up();
                feed_until_cut(orders);
                wire_->cut([&] {
                    const std::lock_guard hold(handler_.lock);
                    shown = handler_.reports.size();
                    promised_ = orders.log().durable_sequence().value;
                    moment = model.capture();
                });
            });
        }
        handler_.reports.resize(shown);  // what came later never happened
        fs::remove_all(directory_ / "hot");
        fs::create_directories(directory_ / "hot");
        put_back(disk(), *moment, survivors_by_folder(*moment, random_));
    }

    // Some milliseconds behind the first frames of this life, or, now and then, before them.
    void feed_until_cut(engine::table_log& orders) {
        const std::size_t before = wire_->passed_count();
        const std::int64_t begin_ns = engine::monotonic_now_ns();
        std::int64_t cut_ns = below(10) == 0 ? begin_ns + below(30 * ms_ns) : 0;
        while (cut_ns == 0 || engine::monotonic_now_ns() < cut_ns) {
            if (cut_ns == 0 && wire_->passed_count() > before + 3) {
                cut_ns = engine::monotonic_now_ns() + below(80 * ms_ns);
            }
            ASSERT_LT(engine::monotonic_now_ns(), begin_ns + patience_ns);
            feed(orders);
            ::usleep(static_cast<unsigned>(below(1000)));
        }
    }

    void feed(engine::table_log& table) {
        if (append_order(table, next_order_) == engine::append_status::ok) {
            orders_.push_back("A" + std::to_string(next_order_++));
        }
    }

    void look_at_survivors() {
        const std::vector<std::string> survived = read_texts(disk() / "ORDER_OUT");
        EXPECT_GE(survived.size(), promised_) << "what was said to be durable is gone";
        ASSERT_LE(survived.size(), orders_.size());
        lost_orders_ += orders_.size() - survived.size();
        orders_.resize(survived.size());
        EXPECT_EQ(survived, orders_);
        if (is_durable()) {
            expect_durable_history();
        }
    }

    // What the venue was sent, and what the handler was shown, has been on the disk.
    void expect_durable_history() {
        expect_sent_is_kept(wire_->passed_to_venue(), disk() / "gateway");
        std::set<std::string> received;
        for (const auto& row : millrace::test::read_in(disk() / "gateway/FIX_IN")) {
            received.insert(field_of(row.wire, 17));
        }
        const std::lock_guard hold(handler_.lock);
        for (const auto& report : handler_.reports) {
            EXPECT_TRUE(received.contains(report.exec_id))
                << report.exec_id << " was shown, and its receipt is gone";
        }
    }

    void live_to_the_end() {
        run([&](engine::table_log& orders) {
            wire_->up();
            for (int i = 0; i < 10; ++i) {
                feed(orders);
            }
            const std::int64_t end_ns = engine::monotonic_now_ns() + patience_ns;
            while (!missing().empty()) {
                ASSERT_LT(engine::monotonic_now_ns(), end_ns) << missing();
                ::usleep(20'000);
            }
        });
        const four_books books = read_books(disk(), venue_directory());
        EXPECT_EQ(books.orders, orders_);
        expect_rising_numbers(wire_->passed_to_venue(), false);
        expect_each_order_once(books);
        expect_marked_repeats(books);
        if (is_durable()) {
            expect_equal_books(books);
        }
        std::set<std::string> shown;
        for (const auto& report : handler_.reports) {
            EXPECT_TRUE(shown.insert(report.exec_id).second || report.is_redelivered)
                << report.exec_id << " was shown twice as new";
        }
        for (const auto& [exec_id, count] : reports_of(books.venue)) {
            EXPECT_TRUE(shown.contains(exec_id)) << exec_id << " was never shown";
        }
    }

    [[nodiscard]] std::string missing() {
        std::string text = missing_from(orders_, disk(), venue_directory());
        std::set<std::string> shown;
        const std::lock_guard hold(handler_.lock);
        for (const auto& report : handler_.reports) {
            shown.insert(report.exec_id);
        }
        const auto venue = tools::read_journal(tools::journal_path(venue_directory()));
        for (const auto& [exec_id, count] : reports_of(venue)) {
            text += shown.contains(exec_id) ? "" : " show of " + exec_id;
        }
        return text;
    }

    [[nodiscard]] std::string last_lines() {
        const std::lock_guard hold(lines_lock_);
        std::string text;
        for (std::size_t i = lines_.size() - std::min<std::size_t>(lines_.size(), 400);
             i < lines_.size(); ++i) {
            text += '\n' + lines_[i];
        }
        return text;
    }

    std::mt19937_64 random_{engine::test::test_seed()};
    engine::test::temporary_directory directory_;
    std::unique_ptr<tools::venue> venue_;
    std::unique_ptr<moving_wire> wire_;
    watching_handler handler_;
    std::mutex lines_lock_;
    std::vector<std::string> lines_;
    int jumps_ = 0;
    std::uint64_t next_order_ = 1;
    std::vector<std::string> orders_;  // that ORDER_OUT holds, as far as is known
    std::uint64_t promised_ = 0;
    std::size_t lost_orders_ = 0;
};

TEST_P(PipelinePowerCut, BringsTheBooksTogetherHoweverOftenThePowerGoes) {
    for (int i = 0; i < cuts_wanted() && !HasFailure(); ++i) {
        live_until_cut();
    }
    if (!HasFailure()) {
        live_to_the_end();
    }
    if (HasFailure()) {
        ADD_FAILURE() << last_lines();
    }
    std::printf("gate = %s: %zu orders, %zu lost with the power; numbers jumped %d times\n",
                GetParam(), orders_.size(), lost_orders_, jumps_);
    EXPECT_GT(lost_orders_, 0U);
    EXPECT_GT(jumps_, 0);
}

INSTANTIATE_TEST_SUITE_P(Gates, PipelinePowerCut, ::testing::Values("durable", "committed"),
                         [](const auto& param) { return std::string(param.param); });

}  // namespace millrace::tests
