#include "gateway/session/correlation_table.hpp"

#include <gtest/gtest.h>

#include <string>

namespace millrace::gateway {
namespace {

TEST(CorrelationTable, FindsWhatWasPut) {
    correlation_table table(64);
    table.put("A1", {1, 10});
    table.put("A2", {1, 20});
    EXPECT_EQ(table.find("A1"), (engine::correlation{1, 10}));
    EXPECT_EQ(table.find("A2"), (engine::correlation{1, 20}));
    EXPECT_EQ(table.find("A3"), engine::correlation{});
    EXPECT_EQ(table.find(""), engine::correlation{});
}

TEST(CorrelationTable, KeepsTheNewestValueOfAnOrder) {
    correlation_table table(4);
    table.put("A1", {1, 10});
    table.put("A1", {2, 30});
    EXPECT_EQ(table.find("A1"), (engine::correlation{2, 30}));
}

TEST(CorrelationTable, ForgetsTheOldestFirstAndNeverMixesOrders) {
    for (const std::size_t capacity : {0, 1, 4, 5, 64}) {
        correlation_table table(capacity);
        constexpr std::uint64_t orders = 1000;
        for (std::uint64_t i = 1; i <= orders; ++i) {
            table.put("ORDER-" + std::to_string(i), {7, i});
            EXPECT_EQ(table.find("ORDER-" + std::to_string(i)), (engine::correlation{7, i}));
        }
        std::size_t known = 0;
        for (std::uint64_t i = 1; i <= orders; ++i) {
            const engine::correlation found = table.find("ORDER-" + std::to_string(i));
            EXPECT_TRUE(found == engine::correlation{} || found == (engine::correlation{7, i}));
            known += found == engine::correlation{} ? 0 : 1;
        }
        EXPECT_GE(known, 4U) << capacity;
        EXPECT_LE(known, std::max<std::size_t>(capacity * 2, 4)) << capacity;
        // Four ways: whatever the hash, the four newest cannot all have pushed each other out.
        EXPECT_EQ(table.find("ORDER-1000"), (engine::correlation{7, 1000}));
        EXPECT_EQ(table.find("ORDER-997"), (engine::correlation{7, 997}));
    }
}

}  // namespace
}  // namespace millrace::gateway
