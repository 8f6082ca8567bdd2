#include "engine/core/latest_value.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace millrace::engine {
namespace {

struct five {
    std::uint64_t words[5];
};

TEST(LatestValue, HasNoneBeforeTheFirst) {
    latest_value<five> latest;
    five seen;
    EXPECT_FALSE(latest.read(seen));
    EXPECT_EQ(latest.number(), 0u);
}

TEST(LatestValue, GivesTheNewest) {
    latest_value<five> latest;
    for (std::uint64_t n = 1; n < 10; ++n) {
        latest.publish({{n, n, n, n, n}});
        five seen{};
        ASSERT_TRUE(latest.read(seen));
        EXPECT_EQ(seen.words[0], n);
        EXPECT_EQ(seen.words[4], n);
        EXPECT_EQ(latest.number(), n);
    }
}

TEST(LatestValue, IsNeverTornNorOlderThanBefore) {
    latest_value<five> latest;
    std::atomic<bool> is_done{false};
    std::vector<std::thread> readers;
    std::atomic<std::uint64_t> whole{0};
    for (int i = 0; i < 2; ++i) {
        readers.emplace_back([&] {
            std::uint64_t last = 0;
            std::uint64_t count = 0;
            while (!is_done.load(std::memory_order_acquire) || count == 0) {
                five seen;
                if (!latest.read(seen)) {
                    continue;  // overtaken
                }
                ++count;
                for (const std::uint64_t word : seen.words) {
                    ASSERT_EQ(word, seen.words[0]);
                }
                ASSERT_GE(seen.words[0], last);
                last = seen.words[0];
            }
            whole.fetch_add(count, std::memory_order_relaxed);
        });
    }
    for (std::uint64_t n = 1; n <= 200'000; ++n) {
        latest.publish({{n, n, n, n, n}});
    }
    is_done.store(true, std::memory_order_release);
    for (std::thread& reader : readers) {
        reader.join();
    }
    EXPECT_GE(whole.load(std::memory_order_relaxed), 2u);
}

}  // namespace
}  // namespace millrace::engine
