// Seeks by time against a linear scan, in a log whose clock went forward, back and not at all.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "engine/log/index.hpp"
#include "engine/log/seek.hpp"
#include "tests/engine/core/manual_clock.hpp"
#include "tests/engine/core/sanitizer_share.hpp"
#include "tests/engine/log/log_test_support.hpp"

namespace millrace::engine::test {

namespace {

constexpr std::int64_t s = 1'000'000'000;
constexpr std::size_t segment_size = std::size_t{256} << 10;
constexpr std::uint64_t record_count = 60'000;
constexpr int query_count = 100'000;

class SeekTime : public ::testing::Test {
protected:
    void SetUp() override {
        log_writer writer(log(), small_log(segment_size));
        while (writer.last_sequence().value < record_count) {
            move_clock();
            for (std::uint64_t burst = random_() % 40 + 1; burst > 0; --burst) {
                ASSERT_EQ(append(writer, random_() % 120).status, append_status::ok);
            }
        }
        ASSERT_GT(back_count_, 20);
        ASSERT_GE(writer.storage().clock_record_count, 40u);
        writer.close();
        records_ = read_log(log());
        ASSERT_GE(records_.size(), record_count);
        expect_contiguous(records_);
        ASSERT_GT(list_segments(log()).size(), 15u);
    }

    // Mostly it runs, at times not at all; now and then somebody sets it, by up to an hour.
    void move_clock() {
        switch (random_() % 60) {
            case 0:
                clock_.set_by(-static_cast<std::int64_t>(random_() % 3600) * s - 2 * s);
                clock_.look();
                ++back_count_;
                break;
            case 1:
                clock_.set_by(static_cast<std::int64_t>(random_() % 3600) * s + 2 * s);
                clock_.look();
                break;
            case 2:
                clock_.run(static_cast<std::int64_t>(random_() % 20) * s);
                break;
            case 3:
                break;
            default:
                clock_.pass(static_cast<std::int64_t>(random_() % 20'000));
        }
    }

    // A random time from before the log to behind it, or one at a record's, a ns beside it, in the
    // middle between two, or at a segment's boundary.
    [[nodiscard]] timestamp choose_time() {
        const std::int64_t first = records_.front().time.ns;
        const std::int64_t last = records_.back().time.ns;
        const seen_record& near = records_[random_() % records_.size()];
        switch (random_() % 6) {
            case 0:
                return {first - s +
                        static_cast<std::int64_t>(
                            random_() % static_cast<std::uint64_t>(last - first + 2 * s))};
            case 1:
                return near.time;
            case 2:
                return {near.time.ns + (random_() % 2 == 0 ? 1 : -1)};
            case 3: {
                const std::size_t next = near.seq.value % records_.size();
                return {near.time.ns + (records_[next].time.ns - near.time.ns) / 2};
            }
            case 4: {
                const auto at = boundaries_[random_() % boundaries_.size()];
                return {at.ns + static_cast<std::int64_t>(random_() % 5) - 2};
            }
            default:
                return {(random_() % 2 == 0 ? first : last) +
                        static_cast<std::int64_t>(random_() % 3) - 1};
        }
    }

    void query() {
        const timestamp time = choose_time();
        // The scan: times strictly rise, as SetUp has seen, so that a bisection of what was read
        // from end to end finds what a walk would.
        const auto wanted =
            std::lower_bound(records_.begin(), records_.end(), time,
                             [](const seen_record& r, timestamp t) { return r.time < t; });
        log_reader reader(log(), read_from::at_time(time));
        record_view view;
        const read_status status = reader.poll(view);
        if (wanted == records_.end()) {
            ASSERT_EQ(status, read_status::none) << time.ns;
            return;
        }
        ASSERT_EQ(status, read_status::record) << time.ns << ' ' << reader.damage().text();
        ASSERT_EQ(view.seq, wanted->seq) << time.ns;
        ASSERT_EQ(view.at, wanted->at) << time.ns;
        ASSERT_EQ(view.time, wanted->time);
    }

    void queries(int count) {
        for (const std::uint64_t index : list_segments(log())) {
            boundaries_.push_back(read_segment_info(log(), index).base_timestamp);
        }
        for (int i = 0; i < count && !HasFatalFailure(); ++i) {
            query();
        }
    }

    [[nodiscard]] fs::path log() const { return directory_ / "log"; }

    temporary_directory directory_;
    manual_clock clock_;
    std::mt19937_64 random_{test_seed()};
    std::vector<seen_record> records_;
    std::vector<timestamp> boundaries_;
    int back_count_ = 0;
};

}  // namespace

TEST_F(SeekTime, FindsWhatALinearScanFindsInEveryOf100000Queries) {
    for (const std::uint64_t index : list_segments(log())) {
        index_writer(log(), segment::open(log(), index, access::read_only));
    }
    queries(sanitizer_share(query_count));
}

TEST_F(SeekTime, FindsItWithoutIndexesToo) {
    queries(sanitizer_share(query_count / 50));
}

}  // namespace millrace::engine::test
