#include "tools/venue/decision.hpp"

#include <map>
#include <numeric>

#include <gtest/gtest.h>

#include "tools/venue/decimal.hpp"

namespace millrace::tools {
namespace {

venue_options mixed_options() {
    venue_options options;
    options.seed = 42;
    options.fill_parts = 4;
    options.reject_per_mille = 100;
    options.cancel_per_mille = 100;
    options.rest_per_mille = 100;
    return options;
}

decision_input input_of(int number, std::int64_t units) {
    decision_input input;
    input.cl_ord_id = std::to_string(number);
    input.quantity = units * decimal_scale;
    return input;
}

std::int64_t filled(const decision& decided) {
    return std::accumulate(decided.fills.begin(), decided.fills.end(), std::int64_t{0});
}

TEST(Decision, DependsOnSeedAndClOrdIDOnly) {
    venue_options options = mixed_options();
    int differing = 0;
    for (int i = 0; i < 200; ++i) {
        const decision first = decide(options, input_of(i, 1000));
        const decision second = decide(options, input_of(i, 1000));
        EXPECT_EQ(first.outcome, second.outcome);
        EXPECT_EQ(first.fills, second.fills);
        options.seed = 43;
        differing += decide(options, input_of(i, 1000)).fills == first.fills ? 0 : 1;
        options.seed = 42;
    }
    EXPECT_GT(differing, 100);
}

TEST(Decision, FillsNeverExceedTheOrderAndOutcomesComeInTheirShares) {
    const venue_options options = mixed_options();
    std::map<fate, int> count;
    for (int i = 0; i < 10000; ++i) {
        const decision_input input = input_of(i, 1 + i % 7);
        const decision decided = decide(options, input);
        ++count[decided.outcome];
        EXPECT_LE(decided.fills.size(), 4u);
        for (const std::int64_t fill : decided.fills) {
            EXPECT_GT(fill, 0);
            EXPECT_EQ(fill % decimal_scale, 0);
        }
        if (decided.outcome == fate::filled) {
            EXPECT_EQ(filled(decided), input.quantity);
        } else {
            EXPECT_LT(filled(decided), input.quantity);
        }
        if (decided.outcome == fate::rejected) {
            EXPECT_TRUE(decided.fills.empty());
        }
    }
    for (const fate each : {fate::rejected, fate::cancelled, fate::resting}) {
        EXPECT_GT(count[each], 800);
        EXPECT_LT(count[each], 1200);
    }
}

TEST(Decision, RespectsTimeInForceAndReplacement) {
    venue_options options = mixed_options();
    options.rest_per_mille = 800;
    for (int i = 0; i < 500; ++i) {
        decision_input input = input_of(i, 100);
        input.is_immediate = true;
        EXPECT_NE(decide(options, input).outcome, fate::resting);
        input.is_all_or_none = true;
        const decision all = decide(options, input);
        EXPECT_TRUE(filled(all) == 0 || filled(all) == input.quantity);
        EXPECT_LE(all.fills.size(), 1u);
        input = input_of(i, 100);
        input.is_replacement = true;
        const fate replaced = decide(options, input).outcome;
        EXPECT_TRUE(replaced == fate::filled || replaced == fate::resting);
    }
}

TEST(Decision, SplitsFractionsInTheirOwnStep) {
    venue_options options;
    options.reject_per_mille = 0;
    options.cancel_per_mille = 0;
    options.fill_parts = 100;
    for (int i = 0; i < 100; ++i) {
        decision_input input = input_of(i, 0);
        input.quantity = decimal_scale * 25 / 100;
        const decision decided = decide(options, input);
        EXPECT_EQ(filled(decided), input.quantity);
        EXPECT_LE(decided.fills.size(), 25u);
    }
}

TEST(Decision, MarketPriceHasTwoDecimalsAndBelongsToTheSymbol) {
    const std::int64_t price = market_price(1, "MSFT");
    EXPECT_EQ(price, market_price(1, "MSFT"));
    EXPECT_NE(price, market_price(1, "AAPL"));
    EXPECT_EQ(price % (decimal_scale / 100), 0);
    EXPECT_GE(price, 10 * decimal_scale);
    EXPECT_LT(price, 510 * decimal_scale);
}

}  // namespace
}  // namespace millrace::tools
