// Whatever the rates, pauses, ring sizes and restarts: a client sees 1..N, each once, in order.
#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <random>
#include <thread>

#include "engine/agent/runner.hpp"
#include "tests/engine/stream/stream_test_support.hpp"

namespace millrace::engine::test {
namespace {

constexpr std::size_t note_max = 900;  // some 60 records a segment, so that most runs roll often

struct client_side {
    std::unique_ptr<stream_ring> ring;
    std::optional<subscription> stream;
    std::uint64_t next = 1;

    void attach(const fs::path& path, std::size_t capacity, std::size_t batch) {
        stream.reset();
        ring = std::make_unique<stream_ring>(capacity);
        stream.emplace(reading(path, read_from::at_sequence({next}), {}, batch), *ring);
    }
    void consume(std::size_t limit) {
        for (const std::uint64_t sequence : take(*ring, limit, note_max)) {
            ASSERT_EQ(sequence, next);
            ++next;
        }
    }
};

class random_run {
public:
    explicit random_run(std::uint64_t seed) : random_(seed) {
        open_table();
        for (client_side& client : clients_) {
            restart(client);
        }
    }

    void step() {
        const unsigned what = pick(100);
        client_side& client = clients_[pick(clients_.size())];
        if (what < 40) {
            const std::uint64_t last = written_ + pick(what < 3 ? 200 : 12);
            append_ticks(*table_, written_ + 1, last, note_max);
            written_ = last;
        } else if (what < 70) {
            client.stream->do_work();
        } else if (what < 96) {
            client.consume(1 + pick(client.ring->capacity()));
        } else if (what < 98) {
            restart(client);  // slots it had not taken come again
        } else {
            open_table();
        }
    }
    void finish() {
        for (client_side& client : clients_) {
            // The bound is generous: two slots a turn at worst, and turns that only find the next
            // segment.
            for (std::uint64_t turn = 0; turn < 2 * written_ + 100 && client.next <= written_;
                 ++turn) {
                client.stream->do_work();
                client.consume(client.ring->capacity());
            }
            EXPECT_EQ(client.next, written_ + 1);
            client.stream->do_work();
            client.consume(client.ring->capacity());
            EXPECT_EQ(client.next, written_ + 1) << "nothing comes twice";
            EXPECT_EQ(client.stream->state(), stream_state::live);
        }
    }

private:
    template <class Bound>
    [[nodiscard]] unsigned pick(Bound bound) {
        return static_cast<unsigned>(random_() % static_cast<std::uint64_t>(bound));
    }
    void open_table() {
        table_.reset();
        table_.emplace(directory_ / "TICK", tick_table.schema(), tiny_log());
        table_->start();
        ASSERT_EQ(table_->log().last_sequence().value, written_);
    }
    void restart(client_side& client) {
        client.attach(directory_ / "TICK", std::size_t{2} << pick(7), 1 + pick(80));
    }

    std::mt19937_64 random_;
    temporary_directory directory_;
    std::optional<table_log> table_;
    std::uint64_t written_ = 0;
    std::array<client_side, 3> clients_;
};

TEST(StreamerRandom, EveryClientSeesEveryRecordOnce) {
    const std::uint64_t seed = test_seed();
    for (std::uint64_t round = 0; round < 12; ++round) {
        SCOPED_TRACE("round " + std::to_string(round));
        random_run run(seed + round);
        for (int step = 0; step < 1500 && !::testing::Test::HasFatalFailure(); ++step) {
            run.step();
        }
        run.finish();
    }
}

// The same with a writer, a streamer and a client on threads of their own.
TEST(StreamerRandom, HoldsAcrossThreads) {
    constexpr std::uint64_t count = 6000;
    std::mt19937_64 random(test_seed());
    const std::size_t capacity = std::size_t{2} << random() % 8;
    const std::size_t batch = 1 + random() % 64;
    temporary_directory directory;
    table_log table(directory / "TICK", tick_table.schema(), tiny_log());
    table.start();
    stream_ring ring(capacity);
    streamer tails("streamer:TICK");
    const subscription& client = tails.add(reading(directory / "TICK", {}, {}, batch), ring);
    runner thread({"tails", -1, {}}, {agent_ref(tails)});
    thread.start();
    std::thread writer([&, pauses = std::mt19937_64(random())]() mutable {
        for (std::uint64_t number = 1; number <= count; ++number) {
            append_ticks(table, number, number, note_max);
            if (pauses() % 200 == 0) {
                std::this_thread::sleep_for(std::chrono::microseconds(pauses() % 800));
            }
        }
    });
    std::uint64_t next = 1;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (next <= count && std::chrono::steady_clock::now() < deadline) {
        const auto taken = take(ring, 1 + random() % capacity, note_max);
        for (const std::uint64_t sequence : taken) {
            EXPECT_EQ(sequence, next++);
        }
        if (taken.empty()) {
            std::this_thread::yield();
        }
    }
    writer.join();
    thread.stop();
    EXPECT_EQ(next, count + 1) << "capacity " << capacity << ", batch " << batch;
    EXPECT_NE(client.state(), stream_state::halted) << client.halt_reason();
}

}  // namespace
}  // namespace millrace::engine::test
