#include "engine/core/histogram.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "engine/core/error.hpp"

namespace millrace::engine {
namespace {

constexpr double all_percentiles[] = {0,  0.001, 1,    10,    25,     50, 75,
                                      90, 99,    99.9, 99.99, 99.999, 100};

std::uint64_t seed() {
    const char* const given = std::getenv("MILLRACE_TEST_SEED");
    const std::uint64_t value = given == nullptr ? std::random_device{}() : std::stoull(given);
    std::cout << "MILLRACE_TEST_SEED=" << value << '\n';
    return value;
}

// The value at rank ceil(p / 100 * n), counted from 1, in thousandths of a per cent to stay in
// whole numbers.
std::int64_t exact_percentile(const std::vector<std::int64_t>& sorted, double percentile) {
    const auto thousandths = static_cast<std::uint64_t>(std::llround(percentile * 1000));
    const std::uint64_t rank = (thousandths * sorted.size() + 99'999) / 100'000;
    return sorted[std::max<std::uint64_t>(rank, 1) - 1];
}

void expect_close(const histogram& h, std::vector<std::int64_t> values) {
    std::sort(values.begin(), values.end());
    for (const double percentile : all_percentiles) {
        const std::int64_t exact = exact_percentile(values, percentile);
        const std::int64_t reported = h.percentile_ns(percentile);
        EXPECT_GE(reported, exact) << percentile;
        EXPECT_LE(static_cast<double>(reported - exact),
                  static_cast<double>(exact) * h.relative_error())
            << percentile << " % is " << exact;
    }
    EXPECT_EQ(h.count(), values.size());
    EXPECT_EQ(h.min_ns(), values.front());
    EXPECT_EQ(h.max_ns(), values.back());
}

class Histogram : public ::testing::TestWithParam<histogram_precision> {};

TEST_P(Histogram, PercentilesAreThoseOfTheSortedValues) {
    std::mt19937_64 random(seed());
    for (const int bits : {1, 4, 8, 12, 20, 32, 41}) {
        histogram h(GetParam());
        std::vector<std::int64_t> values;
        for (int i = 0; i < 20'000; ++i) {
            // spread over all magnitudes up to `bits`
            const auto value = static_cast<std::int64_t>(random() >> (64 - bits)) >>
                               (random() % static_cast<unsigned>(bits));
            values.push_back(value);
            h.record(value);
        }
        expect_close(h, values);
    }
}

TEST_P(Histogram, EveryBoundaryOfABucketIsWithinTheError) {
    for (int bit = 0; bit < 42; ++bit) {
        for (const std::int64_t delta : {-1, 0, 1}) {
            const std::int64_t value = std::clamp<std::int64_t>((std::int64_t{1} << bit) + delta, 0,
                                                                histogram::value_max_ns);
            histogram h(GetParam());
            h.record(value);
            h.record(histogram::value_max_ns);  // so that the answer is not simply the maximum
            expect_close(h, {value, histogram::value_max_ns});
            EXPECT_EQ(h.out_of_range_count(), 0U);
        }
    }
}

TEST_P(Histogram, SmallValuesAreExact) {
    const std::int64_t count = std::int64_t{1} << static_cast<int>(GetParam());
    histogram h(GetParam());
    for (std::int64_t value = 0; value < count; ++value) {
        h.record(value);
    }
    for (std::int64_t value = 0; value < count; ++value) {
        // the middle of this value's share
        const double percentile =
            100 * (static_cast<double>(value) + 0.5) / static_cast<double>(count);
        ASSERT_EQ(h.percentile_ns(percentile), value);
    }
}

TEST_P(Histogram, OutOfRangeIsClampedAndCounted) {
    histogram h(GetParam());
    h.record(-1);
    h.record(histogram::value_max_ns + 1, 2);
    h.record(std::numeric_limits<std::int64_t>::min());
    h.record(std::numeric_limits<std::int64_t>::max());
    EXPECT_EQ(h.out_of_range_count(), 5U);
    EXPECT_EQ(h.count(), 5U);
    EXPECT_EQ(h.min_ns(), 0);
    EXPECT_EQ(h.max_ns(), histogram::value_max_ns);
    EXPECT_EQ(h.percentile_ns(40), 0);
    EXPECT_EQ(h.percentile_ns(41), histogram::value_max_ns);
}

TEST_P(Histogram, MergeEqualsRecordingInOne) {
    std::mt19937_64 random(seed());
    histogram parts[3] = {histogram(GetParam()), histogram(GetParam()), histogram(GetParam())};
    histogram whole(GetParam());
    for (int i = 0; i < 10'000; ++i) {
        const auto value = static_cast<std::int64_t>(random() >> (23 + random() % 40));
        parts[random() % 3].record(value, 3);
        whole.record(value, 3);
    }
    parts[0].merge(parts[1]);
    parts[0].merge(parts[2]);
    EXPECT_EQ(parts[0].count(), whole.count());
    EXPECT_EQ(parts[0].min_ns(), whole.min_ns());
    EXPECT_EQ(parts[0].max_ns(), whole.max_ns());
    EXPECT_NEAR(parts[0].mean_ns(), whole.mean_ns(), whole.mean_ns() * 1e-9);
    for (const double percentile : all_percentiles) {
        EXPECT_EQ(parts[0].percentile_ns(percentile), whole.percentile_ns(percentile));
    }
}

TEST_P(Histogram, BucketsAddUp) {
    histogram h(GetParam());
    for (std::int64_t value = 1; value < 1'000'000'000; value = value * 3 + 1) {
        h.record(value, 2);
    }
    std::uint64_t total = 0;
    std::int64_t previous = -1;
    h.for_each_bucket([&](std::int64_t highest, std::uint64_t count) {
        EXPECT_GT(highest, previous);
        previous = highest;
        total += count;
    });
    EXPECT_EQ(total, h.count());
}

TEST_P(Histogram, ResetForgetsEverything) {
    histogram h(GetParam());
    h.record(-5);
    h.record(123'456);
    h.reset();
    EXPECT_EQ(h.count(), 0U);
    EXPECT_EQ(h.out_of_range_count(), 0U);
    EXPECT_EQ(h.min_ns(), 0);
    EXPECT_EQ(h.max_ns(), 0);
    EXPECT_EQ(h.mean_ns(), 0);
    EXPECT_EQ(h.percentile_ns(99), 0);
    h.record(7);
    EXPECT_EQ(h.percentile_ns(0), 7);
    EXPECT_EQ(h.min_ns(), 7);
}

INSTANTIATE_TEST_SUITE_P(Precisions, Histogram,
                         ::testing::Values(histogram_precision::two_digits,
                                           histogram_precision::three_digits));

TEST(HistogramPrecision, KeepsItsPromise) {
    EXPECT_LE(histogram(histogram_precision::two_digits).relative_error(), 0.01);
    EXPECT_LE(histogram(histogram_precision::three_digits).relative_error(), 0.001);
}

TEST(HistogramPrecision, DifferentOnesAreNotMerged) {
    histogram coarse(histogram_precision::two_digits);
    const histogram fine(histogram_precision::three_digits);
    EXPECT_THROW(coarse.merge(fine), config_error);
}

TEST(HistogramPrecision, WholeRanksAreNotRoundedUp) {
    for (const std::int64_t count : {1'000, 10'000, 100'000}) {
        histogram h;
        for (std::int64_t value = 1; value <= count; ++value) {
            h.record(value <= count - count / 1000 ? 1 : 2);
        }
        EXPECT_EQ(h.percentile_ns(99.9), 1) << count;
        EXPECT_EQ(h.percentile_ns(99.95), 2) << count;
    }
}

}  // namespace
}  // namespace millrace::engine
