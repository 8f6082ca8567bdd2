// The main job against a venue on stock QuickFIX, while connections are cut, messages lost, both
// sides killed and numbers reset: nothing may be lost, and nothing stand under two numbers.
//
// MILLRACE_CAMPAIGN_ORDERS (100,000): of them one disconnect for each 5,000, a kill of a side for
// each 50,000, a loss of more than 1,000 messages for each 20,000, and a reset for each 200,000;
// each at least once.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <thread>
#include <vector>

#include "engine/core/file.hpp"
#include "tests/integration/demo_process.hpp"
#include "tests/integration/fault_proxy.hpp"

namespace millrace::tests {

namespace {

enum class fault { disconnect, loss, engine_kill, venue_kill, reset };

struct planned_fault {
    fault what;
    std::uint64_t at;  // orders on their way
};

constexpr std::uint64_t lost_orders_least = 1000;
constexpr const char* order_rate = "8000";
constexpr int heart_bt_int_s = 5;

void sleep_ms(int milliseconds) {
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
}

std::uint64_t campaign_orders() {
    const char* const given = std::getenv("MILLRACE_CAMPAIGN_ORDERS");
    return given != nullptr ? std::strtoull(given, nullptr, 10) : 100'000;
}

std::vector<planned_fault> plan(std::uint64_t orders, std::mt19937_64& random) {
    std::vector<planned_fault> faults;
    const auto add = [&](fault what, std::uint64_t orders_each) {
        for (std::uint64_t i = 0; i < std::max<std::uint64_t>(orders / orders_each, 1); ++i) {
            // None at the very end, where nothing is on its way any more.
            faults.push_back({what, orders / 100 + random() % (orders / 100 * 90)});
        }
    };
    add(fault::disconnect, 5'000);
    add(fault::loss, 20'000);
    add(fault::engine_kill, 50'000);
    add(fault::venue_kill, 50'000);
    add(fault::reset, 200'000);
    std::sort(faults.begin(), faults.end(),
              [](const auto& a, const auto& b) { return a.at < b.at; });
    return faults;
}

class campaign {
public:
    campaign()
        : demo_(directory_.path() / "demo"),
          random_(test_seed()),
          orders_(campaign_orders()),
          faults_(plan(orders_, random_)) {}
    ~campaign() {
        engine_.reset();
        kill_venue(demo_);
    }
    campaign(const campaign&) = delete;
    campaign& operator=(const campaign&) = delete;

    // The demo writes its files, which then lead through the proxy.
    void set_up() {
        const exit_result first = run_millrace(
            {"demo", "--dir", demo_.native(), "--count", "100", "--json"}, directory_.path());
        ASSERT_EQ(first.code, 0) << first.err;
        const std::string port = value_of("SocketConnectPort=");
        proxy_ = std::make_unique<fault_proxy>(static_cast<std::uint16_t>(std::stoi(port)));
        replace("SocketConnectPort=" + port, "SocketConnectPort=" + std::to_string(proxy_->port()));
        replace("HeartBtInt=30", "HeartBtInt=" + std::to_string(heart_bt_int_s));
        start_engine();
    }

    void run() {
        for (const planned_fault& next : faults_) {
            ASSERT_TRUE(wait_for(next.at)) << how_it_stands(next.at);
            switch (next.what) {
                case fault::disconnect:
                    proxy_->cut();
                    ++disconnects;
                    break;
                case fault::loss:
                    ASSERT_TRUE(lose()) << engine_->said();
                    break;
                case fault::engine_kill:
                    engine_->kill_hard();
                    ++engine_kills;
                    start_engine();
                    break;
                case fault::venue_kill:
                    kill_venue(demo_);
                    ++venue_kills;
                    start_venue();
                    break;
                case fault::reset:
                    reset();
                    ++resets;
                    break;
            }
            proxy_->forgive_silence();
        }
    }

    // To the end, and the books compared.
    void complete() {
        const exit_result result = engine_->wait(600);
        ASSERT_EQ(result.code, 0) << result.out << result.err;
        const auto books = nlohmann::json::parse(result.out);
        EXPECT_EQ(books["orders"], orders_);
        EXPECT_EQ(books["lost"], 0) << result.err;
        EXPECT_EQ(books["duplicated"], 0) << result.err;
        EXPECT_TRUE(books["reconciled"].get<bool>());
        const demo_state state = read_demo_state(demo_);
        EXPECT_EQ(state.orders, orders_);
        EXPECT_EQ(state.numbered, orders_) << "each order is numbered exactly once";
        EXPECT_GE(state.resent, losses * lost_orders_least);
        EXPECT_GE(state.generation, resets + 1);
        // Orders flow all the time, so a side that says nothing for so long has stood still.
        EXPECT_LT(proxy_->longest_silence_ns(), 2 * heart_bt_int_s * std::int64_t{1'000'000'000});
        std::printf(
            "%llu orders: %llu disconnects, %llu losses of %llu orders and more (%llu in all), "
            "%llu kills of the engine, %llu of the venue, %llu lives with resets; %llu "
            "connections, "
            "%llu messages sent again, generation %u; longest silence %.2f s at HeartBtInt %d\n",
            static_cast<unsigned long long>(orders_), static_cast<unsigned long long>(disconnects),
            static_cast<unsigned long long>(losses),
            static_cast<unsigned long long>(lost_orders_least),
            static_cast<unsigned long long>(proxy_->lost_orders()),
            static_cast<unsigned long long>(engine_kills),
            static_cast<unsigned long long>(venue_kills), static_cast<unsigned long long>(resets),
            static_cast<unsigned long long>(proxy_->connections()),
            static_cast<unsigned long long>(state.resent), state.generation,
            static_cast<double>(proxy_->longest_silence_ns()) * 1e-9, heart_bt_int_s);
    }

private:
    [[nodiscard]] std::string value_of(const std::string& key) const {
        const std::string text = engine::read_whole_file(demo_ / "sessions.cfg");
        const std::size_t at = text.find(key) + key.size();
        return text.substr(at, text.find('\n', at) - at);
    }
    void replace(const std::string& from, const std::string& to) const {
        std::string text = engine::read_whole_file(demo_ / "sessions.cfg");
        const std::size_t at = text.find(from);
        ASSERT_NE(at, std::string::npos) << from;
        text.replace(at, from.size(), to);
        engine::write_file_atomically(demo_ / "sessions.cfg", text);
    }
    void start_engine() {
        engine_ = std::make_unique<millrace_process>(
            std::vector<std::string>{"demo", "--dir", demo_.native(), "--count",
                                     std::to_string(orders_), "--rate", order_rate, "--json"},
            directory_.path());
    }
    void start_venue() {
        venues_.push_back(std::make_unique<millrace_process>(
            std::vector<std::string>{"venue", (demo_ / "venue.cfg").native()}, directory_.path()));
    }
    // Until so many orders have been on their way.
    [[nodiscard]] std::string how_it_stands(std::uint64_t wanted) {
        std::string text = std::to_string(proxy_->orders()) + " orders have come by, and " +
                           std::to_string(wanted) + " were to; ";
        if (engine_->has_ended()) {
            const exit_result result = engine_->wait(1);
            text += "the engine has ended with " + std::to_string(result.code) + "\n" + result.out +
                    result.err;
        } else {
            text += "the engine runs: " + engine_->said();
        }
        return text;
    }
    [[nodiscard]] bool wait_for(std::uint64_t orders) {
        for (int waited = 0; waited < 12'000; ++waited) {
            if (proxy_->orders() >= orders) {
                return true;
            }
            if (engine_->has_ended()) {
                return false;
            }
            sleep_ms(10);
        }
        return false;
    }
    // More than a thousand orders vanish, with the reports of others; then the connection.
    [[nodiscard]] bool lose() {
        const std::uint64_t before = proxy_->lost_orders();
        for (int waited = 0; waited < 60'000; ++waited) {
            if (proxy_->lost_orders() - before >= lost_orders_least) {
                proxy_->cut();
                ++losses;
                return true;
            }
            if (engine_->has_ended()) {
                return false;
            }
            if (proxy_->orders_here() > 0) {
                proxy_->lose();  // also on a connection that came meanwhile, but not its Logons
            }
            sleep_ms(1);
        }
        return false;
    }
    // A life of the engine whose Logons carry 141=Y.
    void reset() {
        engine_->kill_hard();
        const std::string plain = "HeartBtInt=" + std::to_string(heart_bt_int_s);
        replace(plain, plain + "\nResetOnLogon=Y");
        const std::uint64_t connections = proxy_->connections();
        const std::uint64_t orders = proxy_->orders();
        start_engine();
        // It settles on one connection, resets on the next, and goes on.
        for (int waited = 0; waited < 6'000; ++waited) {
            if (proxy_->connections() > connections && proxy_->orders() > orders + 100) {
                break;
            }
            sleep_ms(10);
        }
        engine_->kill_hard();
        replace(plain + "\nResetOnLogon=Y", plain);
        start_engine();
    }

    const temporary_directory directory_;
    std::filesystem::path demo_;
    std::mt19937_64 random_;
    std::uint64_t orders_;
    std::vector<planned_fault> faults_;
    std::unique_ptr<fault_proxy> proxy_;
    std::unique_ptr<millrace_process> engine_;
    std::vector<std::unique_ptr<millrace_process>> venues_;

public:
    std::uint64_t disconnects = 0;
    std::uint64_t losses = 0;
    std::uint64_t engine_kills = 0;
    std::uint64_t venue_kills = 0;
    std::uint64_t resets = 0;
};

}  // namespace

TEST(StockCampaign, LosesNothingAndNumbersNothingTwice) {
    campaign run;
    ASSERT_NO_FATAL_FAILURE(run.set_up());
    ASSERT_NO_FATAL_FAILURE(run.run());
    run.complete();
}

}  // namespace millrace::tests
