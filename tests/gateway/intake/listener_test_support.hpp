// A listener beside a running ingest, and a client that talks to it as a script would.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <chrono>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "engine/agent/runner.hpp"
#include "gateway/intake/intake_listener.hpp"
#include "gateway/intake/local_socket.hpp"
#include "tests/engine/log/log_test_support.hpp"

namespace millrace::gateway::test {

using json = nlohmann::json;

// As a script would talk to it: whole lines, and it waits for them.
class client {
public:
    explicit client(const std::filesystem::path& path) : socket_(connect_locally(path)) {
        const timeval patience{20, 0};
        EXPECT_EQ(::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience),
                  0);
    }
    void say(const std::string& text) const {
        ASSERT_EQ(::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(text.size()));
    }
    // The next answer; null when the connection has ended, or nothing comes.
    [[nodiscard]] json hear() {
        while (in_.find('\n') == std::string::npos) {
            char chunk[4096];
            const ssize_t size = ::recv(socket_.get(), chunk, sizeof chunk, 0);
            if (size <= 0) {
                has_ended = size == 0;
                return nullptr;
            }
            in_.append(chunk, static_cast<std::size_t>(size));
        }
        const std::string line = in_.substr(0, in_.find('\n'));
        in_.erase(0, line.size() + 1);
        return json::parse(line);
    }
    // Given some time, and what was heard is not counted.
    [[nodiscard]] bool has_anything() const {
        std::this_thread::sleep_for(std::chrono::milliseconds(60));
        char byte = 0;
        return !in_.empty() || ::recv(socket_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0;
    }
    void stop_saying() const { ::shutdown(socket_.get(), SHUT_WR); }
    [[nodiscard]] int fd() const { return socket_.get(); }

    bool has_ended = false;

private:
    engine::unique_fd socket_;
    std::string in_;
};

inline std::string row(std::uint64_t number, const std::string& more = "") {
    return R"({"ID":"A)" + std::to_string(number) + R"(","N":)" + std::to_string(number) + more +
           "}\n";
}

class ListenerTest : public ::testing::Test {
protected:
    ListenerTest() {
        options.path = directory / "rows.sock";
        options.connections_max = 4;
        options.line_bytes_max = 4096;
        options.in_flight_max = 16;
        options.close_timeout_ns = 1'000'000'000;
    }
    ~ListenerTest() override { stop(); }

    void start(bool runs_ingest = true) {
        engine::ingest_options wanted;
        wanted.in_flight_max = 16;
        wanted.producers_max = 32;
        wanted.ring_bytes = 65536;
        table = std::make_unique<engine::table_log>(directory / "log", schema, storage);
        table->start();
        ingest = std::make_unique<engine::ingest>(*table, wanted);
        listener = std::make_unique<intake_listener>(*ingest, options);
        const engine::idle_config idle{
            .kind = engine::idle_kind::sleeping, .park_min_ns = 100'000, .park_max_ns = 100'000};
        writing = std::make_unique<engine::runner>(engine::runner_options{"ingest", -1, idle},
                                                   std::vector<engine::agent_ref>{*ingest});
        reading = std::make_unique<engine::runner>(engine::runner_options{"listener", -1, idle},
                                                   std::vector<engine::agent_ref>{*listener});
        if (runs_ingest) {
            writing->start();
        }
        reading->start();
    }
    void stop() {
        for (engine::runner* one : {reading.get(), writing.get()}) {
            if (one != nullptr) {
                one->stop();
            }
        }
    }
    // All of the engine goes, in order; the log stays.
    void end() {
        stop();
        listener.reset();
        ingest.reset();
        table.reset();
    }
    [[nodiscard]] std::vector<std::string> ids() const {
        std::vector<std::string> found;
        for (const auto& record : engine::test::read_log(directory / "log")) {
            const engine::row_view view(schema, record.payload);
            found.emplace_back(view.text(0));
        }
        return found;
    }
    static void wait_until(const std::string& what, const std::function<bool()>& holds) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (!holds()) {
            ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "waited in vain: " << what;
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        }
    }

    engine::test::temporary_directory directory;
    engine::row_schema schema = engine::row_schema::parse(
        "table T\ncolumn ID text(12) key\ncolumn N i64\ncolumn NOTE vartext\n");
    engine::table_log_options storage{
        .segment_bytes = engine::segment_bytes_min * 4, .purpose = "test", .is_synchronous = false};
    intake_options options;
    std::unique_ptr<engine::table_log> table;
    std::unique_ptr<engine::ingest> ingest;
    std::unique_ptr<intake_listener> listener;
    std::unique_ptr<engine::runner> writing;
    std::unique_ptr<engine::runner> reading;
};

}  // namespace millrace::gateway::test
