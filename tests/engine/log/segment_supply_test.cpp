#include "engine/log/segment_supply.hpp"

#include <gtest/gtest.h>

#include "engine/log/hot_registry.hpp"
#include "engine/log/hot_tier.hpp"
#include "engine/log/log_storage.hpp"
#include "tests/engine/log/failing_calls.hpp"
#include "tests/engine/log/log_test_support.hpp"

namespace millrace::engine::detail::test {

namespace {

using namespace engine::test;

// The helper's part is played by the test: work() when it says so.
class supplied_log {
public:
    explicit supplied_log(bool is_hot, std::size_t segments_max = 4) {
        fs::create_directories(log());
        settings_.directory = log();
        settings_.hot_directory = is_hot ? hot() : fs::path();
        settings_.first.uuid = random_log_uuid();
        settings_.first.index = 5;
        settings_.first.segment_bytes = segment_bytes_min;
        settings_.first.header_bytes = segment_header_bytes_min;
        settings_.segments_max = segments_max;
    }
    fs::path log() const { return directory_ / "log"; }
    fs::path hot() const { return directory_ / "hot"; }
    supply_settings& settings() { return settings_; }
    [[nodiscard]] const log_uuid& uuid() const { return settings_.first.uuid; }

private:
    failing_calls_guard calls_;
    temporary_directory directory_;
    supply_settings settings_;
};

std::vector<stored_segment*> take_all(segment_supply& supply) {
    std::vector<stored_segment*> taken;
    while (supply.work()) {
    }
    while (stored_segment* one = supply.try_take()) {
        taken.push_back(one);
        while (supply.work()) {
        }
    }
    return taken;
}

}  // namespace

TEST(SegmentSupply, KeepsTwoSparesThatAreNamedAndNotBegun) {
    for (const bool is_hot : {false, true}) {
        supplied_log log(is_hot);
        segment_supply supply(log.settings());
        EXPECT_EQ(supply.try_take(), nullptr);
        while (supply.work()) {
        }
        EXPECT_EQ(list_segment_names(log.log()), (std::vector<std::uint64_t>{5, 6}));
        EXPECT_TRUE(list_segments(log.log()).empty());
        if (is_hot) {
            EXPECT_EQ(list_segment_names(log.hot()), (std::vector<std::uint64_t>{5, 6}));
        }
        stored_segment* first = supply.try_take();
        stored_segment* second = supply.try_take();
        ASSERT_NE(first, nullptr);
        ASSERT_NE(second, nullptr);
        EXPECT_EQ(supply.try_take(), nullptr);
        EXPECT_EQ(first->index(), 5u);
        EXPECT_EQ(second->index(), 6u);
        EXPECT_NE(first->bytes.info().salt, second->bytes.info().salt);
        first->bytes.begin({1, {1}, {}, {}, {}}, read_host_identity());
        const fs::path& where = is_hot ? log.hot() : log.log();
        EXPECT_EQ(list_segments(where), (std::vector<std::uint64_t>{5}));
        EXPECT_EQ(read_segment_info(where, 5).salt, first->bytes.info().salt);
    }
}

TEST(SegmentSupply, GivesTheTwinOnTheDiskTheSameHeaderAndItsWholeSpace) {
    supplied_log log(true);
    segment_supply supply(log.settings());
    while (supply.work()) {
    }
    const std::string hot = read_whole_file(segment_path(log.hot(), 5));
    EXPECT_EQ(read_whole_file(segment_path(log.log(), 5)), hot);
    EXPECT_TRUE(is_hot_segment_begun(log.uuid(), 5).has_value()) << "known to this process";
}

namespace {

// Of this process, as the kernel counts it.
std::uint64_t locked_bytes() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("VmLck:")) {
            return std::stoull(line.substr(6)) * 1024;
        }
    }
    return 0;
}

}  // namespace

TEST(SegmentSupply, LocksHotSegmentsInMemoryUntilTheyGo) {
    supplied_log log(true);
    const std::uint64_t before = locked_bytes();
    {
        segment_supply supply(log.settings());
        while (supply.work()) {
        }
        if (supply.lock_error() == EPERM || supply.lock_error() == ENOMEM) {
            GTEST_SKIP() << "this user may not lock so much memory";
        }
        EXPECT_EQ(supply.unlocked_count(), 0u);
        EXPECT_EQ(locked_bytes(), before + 2 * segment_bytes_min) << "before they are taken";
    }
    EXPECT_EQ(locked_bytes(), before);
    supplied_log direct(false);
    segment_supply supply(direct.settings());
    while (supply.work()) {
    }
    EXPECT_EQ(locked_bytes(), before) << "the disk's pages are the kernel's";
}

TEST(SegmentSupply, CountsWhatItCannotLockAndOffersItAllTheSame) {
    supplied_log log(true);
    segment_supply supply(log.settings());
    mlock_call.fail(1, ENOMEM);
    EXPECT_EQ(take_all(supply).size(), 4u);
    EXPECT_EQ(supply.unlocked_count(), 1u);
    EXPECT_EQ(supply.lock_error(), ENOMEM);
    EXPECT_EQ(supply.error_number(), 0) << "it is no failure of the segment";
}

TEST(SegmentSupply, TheLogsReportSaysWhetherItsMemoryIsLocked) {
    for (const bool is_refused : {false, true}) {
        failing_calls_guard calls;
        temporary_directory directory;
        mlock_call.fail(is_refused ? 1000 : 0, EPERM);
        log_writer writer(directory / "log", options_of(way::hot, directory.path()));
        const storage_report report = writer.storage();
        if (!is_refused && report.unlocked_count > 0) {
            GTEST_SKIP() << "this user may not lock so much memory";
        }
        EXPECT_EQ(report.is_memory_locked, !is_refused);
        EXPECT_EQ(report.unlocked_count > 0, is_refused);
        std::ifstream file("/proc/swaps");
        const std::string swaps((std::istreambuf_iterator<char>(file)), {});
        EXPECT_EQ(report.text.find("cannot be locked in memory") != std::string::npos,
                  is_refused && is_swap_listed(swaps))
            << report.text;
    }
    temporary_directory directory;
    log_writer direct(directory / "log", options_of(way::direct_ahead, directory.path()));
    EXPECT_FALSE(direct.storage().is_memory_locked);
    EXPECT_EQ(direct.storage().unlocked_count, 0u);
}

TEST(SegmentSupply, KnowsAHostWithSwapByItsList) {
    const std::string heading = "Filename\t\t\tType\t\tSize\t\tUsed\t\tPriority\n";
    EXPECT_FALSE(is_swap_listed(heading));
    EXPECT_FALSE(is_swap_listed(""));
    EXPECT_TRUE(is_swap_listed(heading + "/dev/zram0  partition\t8388604\t\t0\t\t100\n"));
}

TEST(SegmentSupply, NeverHasMoreThanItMayAndGoesOnWhenOneComesBack) {
    supplied_log log(false, 4);
    segment_supply supply(log.settings());
    const std::vector<stored_segment*> taken = take_all(supply);
    ASSERT_EQ(taken.size(), 4u);
    EXPECT_EQ(supply.error_number(), 0) << "it is no error that those in front are not durable";
    EXPECT_FALSE(supply.work());
    supply.give_back(taken[0]);
    EXPECT_TRUE(supply.work());
    stored_segment* next = supply.try_take();
    ASSERT_NE(next, nullptr);
    EXPECT_EQ(next->index(), 9u);
}

TEST(SegmentSupply, SaysWhyItHasNoneAndTriesAgainByItself) {
    for (const bool is_hot : {false, true}) {
        supplied_log log(is_hot);
        segment_supply supply(log.settings());
        for (const int failing : {1, 2}) {  // in hot mode the second is the disk's file
            fallocate_call.fail(0, 0);
            if (failing == 2 && !is_hot) {
                break;
            }
            while (supply.try_take() != nullptr) {
            }
            fallocate_call.fail(1000, ENOSPC);
            ::usleep(25'000);
            EXPECT_FALSE(supply.work());
            EXPECT_EQ(supply.error_number(), ENOSPC);
            EXPECT_EQ(supply.last_failure().error_number, ENOSPC);
            // In hot mode the first to need space is the file in memory.
            const fs::path where = is_hot ? log.hot() : log.log();
            EXPECT_TRUE(contains(supply.last_failure().call, (where / "0000").native()));
            EXPECT_EQ(supply.last_failure().call.find("\"direct\"") != std::string::npos, is_hot);
            EXPECT_TRUE(list_segment_names(log.log()).empty()) << "nothing is left behind";
            for (const fs::directory_entry& entry : fs::directory_iterator(log.log())) {
                ADD_FAILURE() << entry.path();
            }
            EXPECT_FALSE(supply.work()) << "not at once";
            fallocate_call.fail(0, 0);
            ::usleep(25'000);
            EXPECT_TRUE(supply.work());
            EXPECT_EQ(supply.error_number(), 0);
            supply.discard();
        }
    }
}

namespace {

// A disk on which nothing new gets its name.
class full_disk final : public file_call_observer {
public:
    explicit full_disk(fs::path directory) : directory_(std::move(directory)) {}
    int before(const file_call_site& site) noexcept override {
        return site.what == file_call::rename &&
                       std::string_view(site.target).starts_with(directory_.native())
                   ? EDQUOT
                   : 0;
    }
    void after(const file_call_site&, bool) noexcept override {}

private:
    fs::path directory_;
};

}  // namespace

TEST(SegmentSupply, NamesTheDiskWhereTheTwinOfAHotSegmentCannotBeMade) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "calls are not observed under a sanitizer";
#endif
    supplied_log log(true);
    segment_supply supply(log.settings());
    full_disk disk(log.log());
    const file_call_observation observation(disk);
    EXPECT_FALSE(supply.work());
    const segment_supply::failure why = supply.last_failure();
    EXPECT_EQ(why.error_number, EDQUOT);
    EXPECT_TRUE(contains(why.call, "on the disk: rename " + segment_path(log.log(), 5).native()));
    EXPECT_EQ(why.call.find("direct"), std::string::npos) << why.call;
}

TEST(SegmentSupply, IsLookedAtAsOftenAsAWriterCanUseItUp) {
    constexpr std::int64_t ms = 1'000'000;
    const auto interval_of = [](std::size_t segment_bytes, bool can_wait, bool is_idle) {
        supplied_log log(false);
        log.settings().first.segment_bytes = segment_bytes;
        log.settings().can_wait = can_wait;
        segment_supply supply(log.settings());
        for (int look = 0; look < (is_idle ? 110 : 10); ++look) {
            (void)supply.work();
        }
        return supply.work_interval_ns();
    };
    constexpr std::size_t mib = std::size_t{1} << 20;
    EXPECT_EQ(interval_of(4 * mib, false, false), 2 * mib);
    EXPECT_EQ(interval_of(4 * mib, false, true), 4 * mib) << "no spare was taken for long";
    EXPECT_EQ(interval_of(mib, false, false), 1 * ms);
    EXPECT_EQ(interval_of(mib, false, true), mib);
    EXPECT_EQ(interval_of(64 * mib, false, false), 10 * ms);
    EXPECT_EQ(interval_of(mib, true, false), 10 * ms);
    EXPECT_EQ(interval_of(mib, true, true), 10 * ms);

    // One that is used again is looked at again as before.
    supplied_log log(false);
    log.settings().first.segment_bytes = 4 * mib;
    segment_supply supply(log.settings());
    for (int look = 0; look < 110; ++look) {
        (void)supply.work();
    }
    ASSERT_NE(supply.try_take(), nullptr);
    EXPECT_TRUE(supply.work());
    EXPECT_EQ(supply.work_interval_ns(), 2 * mib);
}

TEST(SegmentSupply, TellsThatSpaceIsLow) {
    for (const bool is_low : {false, true}) {
        supplied_log log(false);
        log.settings().low_space_bytes = is_low ? UINT64_MAX : 1;
        segment_supply supply(log.settings());
        (void)supply.work();
        EXPECT_EQ(supply.is_space_low(), is_low);
    }
}

TEST(SegmentSupply, RemovesItsSparesWhenTheLogIsClosedAndLeavesWhatWasTaken) {
    for (const bool is_hot : {false, true}) {
        supplied_log log(is_hot);
        {
            segment_supply supply(log.settings());
            while (supply.work()) {
            }
            EXPECT_NE(supply.try_take(), nullptr);
        }
        EXPECT_EQ(list_segment_names(log.log()), (std::vector<std::uint64_t>{5}));
        if (is_hot) {
            EXPECT_EQ(list_segment_names(log.hot()), (std::vector<std::uint64_t>{5}));
            EXPECT_FALSE(is_hot_segment_begun(log.uuid(), 5)) << "its descriptor is closed";
        }
    }
}

}  // namespace millrace::engine::detail::test
