// Logs that make their segments ahead, direct and hot, seen through the writer.
#include "engine/log/log_storage.hpp"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "engine/core/clock.hpp"
#include "engine/core/error.hpp"
#include "engine/log/verify.hpp"
#include "tests/engine/log/child_says.hpp"
#include "tests/engine/log/failing_calls.hpp"
#include "tests/engine/log/log_test_support.hpp"

namespace millrace::engine::test {

namespace {

constexpr std::int64_t long_ns = 20'000'000'000;

class LogAhead : public ::testing::TestWithParam<way> {
protected:
    fs::path log() const { return directory_ / "log"; }
    log_options options() const { return options_of(GetParam(), directory_.path()); }
    bool is_hot() const { return GetParam() == way::hot; }
    // On which file system, and with hot mode's way out where it was the memory's.
    void expect_says_where(const std::string& text, bool is_memory) const {
        EXPECT_TRUE(contains(text, is_memory ? "posix_fallocate " + (directory_ / "hot").native()
                                             : "posix_fallocate " + log().native()));
        EXPECT_TRUE(contains(text, "No space left on device"));
        EXPECT_EQ(text.find("use storage mode \"direct\"") != std::string::npos, is_memory) << text;
    }

    failing_calls_guard calls_;
    temporary_directory directory_;
};

void append_many(log_writer& writer, int count, std::size_t size = 500) {
    for (int i = 0; i < count; ++i) {
        ASSERT_EQ(append_when_ready(writer, size).status, append_status::ok);
    }
}

std::size_t count_names(const fs::path& directory) {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(directory), fs::directory_iterator()));
}

std::vector<int> kinds_of_control(const std::vector<seen_record>& records) {
    std::vector<int> kinds;
    for (const seen_record& record : records) {
        if ((record.flags & record_flag_control) != 0) {
            kinds.push_back(record.type);
        }
    }
    return kinds;
}

}  // namespace

TEST_P(LogAhead, HoldsEveryRecordInSegmentsThatAreReadLikeAnyOthers) {
    {
        log_writer writer(log(), options());
        append_many(writer, 2000);
    }
    const std::vector<seen_record> records = read_log(log());
    expect_contiguous(records);
    ASSERT_EQ(records.size(), 2000u);
    for (const seen_record& record : records) {
        ASSERT_EQ(record.payload, pattern(record.seq.value, 500));
    }
    EXPECT_GE(list_segments(log()).size(), 16u);
    EXPECT_EQ(list_segments(log()), list_segment_names(log())) << "no spare is left behind";
    const std::vector<int> kinds = kinds_of_control(read_log(log(), {}, true));
    EXPECT_EQ(kinds, std::vector<int>{static_cast<int>(control_type::close)});
}

TEST_P(LogAhead, LeavesNothingInMemoryAndNothingHalfMadeWhenItIsClosed) {
    {
        log_writer writer(log(), options());
        append_many(writer, 1000);
        if (is_hot()) {
            EXPECT_TRUE(fs::exists(log() / hot_tier_name));
        }
    }
    EXPECT_FALSE(fs::exists(log() / hot_tier_name));
    if (is_hot()) {
        EXPECT_EQ(count_names(directory_ / "hot"), 0u);
    }
    EXPECT_EQ(count_names(log()), 3 * list_segments(log()).size() + 2)
        << "each segment with its index and its seals, writer.lock, durable.mark";
}

TEST_P(LogAhead, GoesOnAfterACloseWhoeverWroteBefore) {
    std::size_t count = 0;
    for (const way next : {GetParam(), way::synchronous, GetParam(), way::direct_ahead, way::hot,
                           way::synchronous, GetParam()}) {
        log_writer writer(log(), options_of(next, directory_.path()));
        EXPECT_EQ(writer.recovery_note(), "");
        EXPECT_EQ(writer.last_sequence().value, count);
        append_many(writer, 50);
        count += 50;
    }
    const std::vector<seen_record> records = read_log(log());
    expect_contiguous(records);
    EXPECT_EQ(records.size(), count);
}

TEST_P(LogAhead, IsDurableToTheEndWhenAskedToWaitAndAfterTheClose) {
    log_writer writer(log(), options());
    append_many(writer, 300);
    ASSERT_EQ(wait_for_the_disk(writer), durable_wait::durable);
    EXPECT_EQ(writer.durable_position(), writer.end());
    EXPECT_EQ(writer.durable_sequence(), writer.last_sequence());
    const durable_mark mark = durable_mark::open(log(), writer.uuid());
    EXPECT_EQ(mark.durable_position(), writer.end());
    EXPECT_EQ(mark.durable_sequence(), writer.last_sequence());
    append_many(writer, 10);
    const position end = writer.end();
    writer.close();
    EXPECT_EQ(writer.last_error(), 0);
    EXPECT_GT(writer.durable_position(), end) << "the close record too";
    EXPECT_EQ(writer.wait_durable(end, 0), durable_wait::durable);
    EXPECT_EQ(writer.wait_durable({UINT64_MAX}, long_ns), durable_wait::closed);
}

TEST_P(LogAhead, KeepsItsMarkTrueThroughASynchronousWriter) {
    log_uuid uuid;
    {
        log_writer writer(log(), options());
        append_many(writer, 100);
        uuid = writer.uuid();
    }
    const durable_mark mark = durable_mark::open(log(), uuid);
    log_writer writer(log(), options_of(way::synchronous, directory_.path()));
    const position before = mark.durable_position();
    append_many(writer, 300);
    EXPECT_EQ(mark.durable_position(), before);
    ASSERT_EQ(writer.wait_durable(writer.end(), 0), durable_wait::durable);
    EXPECT_EQ(mark.durable_position(), writer.end());
    EXPECT_EQ(mark.durable_sequence().value, 400u);
}

TEST_P(LogAhead, BecomesDurableByItselfWithinTheDelay) {
    log_writer writer(log(), options());
    for (int i = 0; i < 5; ++i) {
        append_many(writer, 7);
        EXPECT_TRUE(comes_true([&] { return writer.durable_position() == writer.end(); }));
    }
}

TEST_P(LogAhead, NeverSaysDurableBeforeTheSyncReturns) {
    log_writer writer(log(), options());
    append_many(writer, 10);
    ASSERT_EQ(wait_for_the_disk(writer), durable_wait::durable);
    const position before = writer.durable_position();
    fdatasync_call.is_held.store(true, std::memory_order_release);
    const std::uint64_t calls = fdatasync_call.calls.load(std::memory_order_relaxed);
    append_many(writer, 10);
    EXPECT_EQ(writer.wait_durable(writer.end(), 20'000'000), durable_wait::timed_out);
    EXPECT_TRUE(
        comes_true([&] { return fdatasync_call.calls.load(std::memory_order_relaxed) > calls; }));
    EXPECT_EQ(writer.durable_position(), before);
    fdatasync_call.is_held.store(false, std::memory_order_release);
    EXPECT_EQ(writer.wait_durable(writer.end(), long_ns), durable_wait::durable);
}

TEST_P(LogAhead, SyncsManyRecordsAtOnce) {
    log_options slow = options();
    slow.sync_delay_max_ns = 600'000'000'000;  // so it is the wait that asks for the last one
    slow.sync_bytes_max = segment_bytes_min;
    log_writer writer(log(), slow);
    append_many(writer, 1000, 100);
    ASSERT_EQ(wait_for_the_disk(writer), durable_wait::durable);
    const storage_report report = writer.storage();
    EXPECT_LE(report.sync_count, 40u);
    EXPECT_GE(report.sync_count, 3u) << "each full segment, and what was waited for";
    EXPECT_GT(report.sync_ns_max, 0);
    EXPECT_EQ(report.text, "");
}

// Neither a wait, the delay nor a segment's end asks for these syncs.
TEST_P(LogAhead, SyncsEarlierThanTheDelayForSoManyBytes) {
    log_options slow = options();
    slow.segment_bytes = 1 << 20;
    slow.hot_bytes_max = 4 << 20;
    slow.sync_delay_max_ns = 600'000'000'000;
    slow.sync_bytes_max = 64 * 1024;
    log_writer writer(log(), slow);
    for (std::uint64_t count = 1; count <= 6; ++count) {
        append_many(writer, 70, 1000);  // more than sync_bytes_max, and 6 times in one segment
        EXPECT_TRUE(comes_true([&] {
            return writer.end().value - writer.durable_position().value < slow.sync_bytes_max;
        })) << "as much as one sync takes is not durable";
        EXPECT_GE(writer.storage().sync_count, count);
    }
    EXPECT_LT(writer.end().value, slow.segment_bytes);
    append_many(writer, 1, 100);
    ::usleep(50'000);
    EXPECT_LT(writer.durable_position(), writer.end()) << "a few bytes wait for the delay";
}

TEST_P(LogAhead, AnswersBackPressuredWhilePersistingIsBehindAndGoesOnAfterwards) {
    log_writer writer(log(), options());
    fdatasync_call.is_held.store(true, std::memory_order_release);
    append_result result;
    std::uint64_t refused = 0;
    const std::int64_t until = monotonic_now_ns() + 300'000'000;
    while (monotonic_now_ns() < until) {
        result = append(writer, 2000);
        refused += result.status == append_status::back_pressured ? 1 : 0;
        ASSERT_TRUE(result.status == append_status::ok ||
                    result.status == append_status::back_pressured);
        ::usleep(20);
    }
    EXPECT_EQ(result.status, append_status::back_pressured);
    EXPECT_EQ(writer.storage().back_pressured_count, refused);
    EXPECT_EQ(writer.storage().no_space_count, 0u);
    const std::uint64_t most = is_hot() ? 8 : 16;
    EXPECT_LE(writer.end().value, most * segment_bytes_min) << "the tier is bounded";
    fdatasync_call.is_held.store(false, std::memory_order_release);
    append_many(writer, 100, 2000);
    const std::uint64_t count = writer.last_sequence().value;
    writer.close();
    EXPECT_EQ(read_log(log()).size(), count);
}

TEST_P(LogAhead, AnswersNoSpaceWhenSegmentsCannotBeMadeAndResumesByItself) {
    log_writer writer(log(), options());
    fallocate_call.fail(1'000'000, ENOSPC);
    append_status status = append_status::ok;
    ASSERT_TRUE(comes_true([&] {
        status = append(writer, 2000).status;
        return status != append_status::ok && status != append_status::back_pressured;
    }));
    ASSERT_EQ(status, append_status::no_space);
    EXPECT_EQ(writer.last_error(), ENOSPC);
    EXPECT_GE(writer.storage().no_space_count, 1u);
    // A hot spare that was just made lacks its twin on the disk.
    const std::string text = writer.storage().text;
    expect_says_where(text, is_hot() && text.find("on the disk") == std::string::npos);
    const std::uint64_t before = writer.last_sequence().value;
    fallocate_call.fail(0, 0);
    EXPECT_TRUE(comes_true([&] { return append(writer, 2000).status == append_status::ok; }));
    EXPECT_EQ(writer.last_error(), 0);
    writer.close();
    EXPECT_EQ(read_log(log()).size(), before + 1);
}

TEST_P(LogAhead, SaysWhereTheFirstSegmentFoundNoSpace) {
    fallocate_call.fail(0, 0);
    { log_writer writer(log(), options()); }  // the mark is there, and needs no space
    fallocate_call.fail(1'000'000, ENOSPC);
    log_options other = options();
    other.schema = "column price\ncolumn size";
    class takes_all final : public schema_judge {
        [[nodiscard]] std::string refuse(const std::string&, const std::string&) const override {
            return {};
        }
    } judge;
    other.judge = &judge;  // so that a new segment is needed
    expect_says_where(thrown_text<io_error>([&] { log_writer writer(log(), other); }), is_hot());
}

TEST_P(LogAhead, SaysThatSpaceIsLowWhileItGoesOn) {
    log_options options = this->options();
    options.low_space_bytes = UINT64_MAX;
    log_writer writer(log(), options);
    append_many(writer, 10);
    EXPECT_TRUE(comes_true([&] { return writer.storage().is_space_low; }));
}

INSTANTIATE_TEST_SUITE_P(Ways, LogAhead, ::testing::Values(way::direct_ahead, way::hot),
                         [](const auto& param) { return to_text(param.param); });

namespace {

constexpr char cannot_mount = 'm';

// On a file system of one mebibyte: 'r' if it filled, said so, and went on when there was space.
char fill_and_free(const fs::path& disk, const log_options& options) {
    log_writer writer(disk / "log", options);
    std::ofstream(disk / "other").write(std::string(300'000, 'x').data(), 300'000);
    append_status status = append_status::ok;
    for (int i = 0; status != append_status::no_space; ++i) {
        status = append(writer, 1000).status;
        if (i == 100'000 || status == append_status::closed) {
            return 'n';
        }
        ::usleep(status == append_status::ok ? 0 : 100);
    }
    if (writer.last_error() != ENOSPC) {
        return 'e';
    }
    const std::uint64_t before = writer.last_sequence().value;
    fs::remove(disk / "other");
    for (int i = 0; i < 10; ++i) {
        if (!comes_true([&] { return append(writer, 1000).status == append_status::ok; })) {
            return 'a';
        }
    }
    if (wait_for_the_disk(writer) != durable_wait::durable) {
        return 'd';
    }
    writer.close();
    return read_log(disk / "log").size() == before + 10 ? 'r' : 'c';
}

}  // namespace

TEST_P(LogAhead, MeetsAFullFileSystemWithoutASignalAndResumesWhenSpaceIsFreed) {
    const fs::path disk = directory_ / "disk";
    fs::create_directories(disk);
    const log_options wanted = options();
    const char said = said_by([&](int pipe) {
        const bool is_mounted = ::unshare(CLONE_NEWNS) == 0 &&
                                ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                                ::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=1m") == 0;
        say_and_end_thread(pipe, is_mounted ? fill_and_free(disk, wanted) : cannot_mount);
    });
    if (said == cannot_mount) {
        GTEST_SKIP() << "this user may not mount a small file system";
    }
    EXPECT_EQ(said, 'r');
}

TEST(LogSynchronous, SyncsAtOnceWhenAskedToWaitAndAllItsSegments) {
    const failing_calls_guard calls;
    temporary_directory directory;
    log_writer writer(directory / "log", small_log());
    EXPECT_EQ(writer.durable_position().value, 0u);
    append_many(writer, 500);
    const std::uint64_t before = fdatasync_call.calls.load(std::memory_order_relaxed);
    EXPECT_EQ(writer.wait_durable({writer.end().value + 1}, 0), durable_wait::timed_out);
    EXPECT_EQ(writer.wait_durable(writer.end(), 0), durable_wait::durable);
    EXPECT_EQ(fdatasync_call.calls.load(std::memory_order_relaxed) - before,
              list_segments(directory / "log").size());
    EXPECT_EQ(writer.durable_position(), writer.end());
    EXPECT_EQ(writer.durable_sequence().value, 500u);
    append_many(writer, 1);
    const position end = writer.end();
    writer.close();
    EXPECT_EQ(writer.wait_durable(end, 0), durable_wait::closed) << "sync_on_close is off here";
}

TEST(LogSynchronous, HaltsDurabilityAfterAFailedSyncAndAppendsGoOn) {
    const failing_calls_guard calls;
    temporary_directory directory;
    log_options options = small_log();
    options.sync_on_close = true;
    log_writer writer(directory / "log", options);
    append_many(writer, 5);
    fdatasync_call.fail(1, EIO);
    EXPECT_EQ(writer.wait_durable(writer.end(), 0), durable_wait::halted);
    EXPECT_EQ(writer.last_error(), EIO);
    EXPECT_TRUE(writer.storage().is_durability_halted);
    append_many(writer, 5);
    const std::uint64_t before = fdatasync_call.calls.load(std::memory_order_relaxed);
    EXPECT_EQ(writer.wait_durable(writer.end(), 0), durable_wait::halted);
    writer.close();
    EXPECT_EQ(fdatasync_call.calls.load(std::memory_order_relaxed), before) << "never tried again";
    EXPECT_EQ(writer.durable_position().value, 0u);
    EXPECT_EQ(read_log(directory / "log").size(), 10u);
}

// What a failed sync left in the page cache may count as clean: a later sync of it means nothing.
TEST(LogSynchronous, LeavesAFailedSyncToANextWriterThatWritesTheSegmentsToFreshFiles) {
    const failing_calls_guard calls;
    temporary_directory directory;
    log_options options = small_log();
    options.sync_on_close = true;
    const auto inode = [&] {
        struct stat status {};
        EXPECT_EQ(::stat(segment_path(directory / "log", 0).c_str(), &status), 0);
        return status.st_ino;
    };
    {
        log_writer writer(directory / "log", options);
        append_many(writer, 5);
        fdatasync_call.fail(1, EIO);
        writer.close();
        EXPECT_EQ(writer.last_error(), EIO);
    }
    const auto before = inode();
    {
        log_writer writer(directory / "log", options);
        EXPECT_NE(inode(), before) << "written again";
        append_many(writer, 1);
        writer.close();
        EXPECT_EQ(writer.last_error(), 0);
        EXPECT_EQ(writer.durable_sequence().value, 6u);
    }
    EXPECT_EQ(read_log(directory / "log").size(), 6u);
    EXPECT_EQ(verify_log(directory / "log").result(), verdict::clean);
    const auto after = inode();
    log_writer writer(directory / "log", options);
    EXPECT_EQ(inode(), after) << "once is enough";
}

TEST(LogOptions, ThatCannotWorkAreRefusedAndSayWhatToDo) {
    temporary_directory directory;
    const auto refusal = [&](const log_options& options) {
        return thrown_text<config_error>([&] { log_writer writer(directory / "log", options); });
    };
    log_options synchronous = options_of(way::hot, directory.path());
    synchronous.is_synchronous = true;
    EXPECT_TRUE(contains(refusal(synchronous), "\"direct\""));
    log_options small = options_of(way::hot, directory.path());
    small.hot_bytes_max = 3 * segment_bytes_min - 1;
    EXPECT_TRUE(contains(refusal(small), "at least 3 segments"));
    EXPECT_TRUE(contains(refusal(small), "\"direct\""));
    log_options not_memory = options_of(way::hot, directory.path());
    not_memory.hot_directory = "/proc";
    EXPECT_TRUE(contains(refusal(not_memory), "\"direct\""));
    log_options delay = options_of(way::direct_ahead, directory.path());
    delay.sync_delay_max_ns = -1;
    EXPECT_TRUE(contains(refusal(delay), "sync_delay_max_ns"));
    delay = options_of(way::direct_ahead, directory.path());
    delay.sync_bytes_max = 0;
    EXPECT_TRUE(contains(refusal(delay), "sync_bytes_max"));
}

TEST(LogOptions, OfASizeOtherThanTheLogsAreMeasuredByTheLogs) {
    temporary_directory directory;
    { log_writer writer(directory / "log", small_log(1 << 20)); }
    log_options options = options_of(way::hot, directory.path());
    options.hot_bytes_max = 2 << 20;
    EXPECT_TRUE(
        contains(thrown_text<config_error>([&] { log_writer writer(directory / "log", options); }),
                 "3 segments of 1048576"));
    log_writer again(directory / "log", small_log());
    EXPECT_EQ(append(again, 1).status, append_status::ok) << "nothing was spoilt";
}

TEST(LogHelper, ServesManyLogsAtOnceAndEachProcessItsOwn) {
    temporary_directory directory;
    std::vector<std::unique_ptr<log_writer>> writers;
    for (int i = 0; i < 6; ++i) {
        const fs::path where = directory / ("log-" + std::to_string(i)).c_str();
        writers.push_back(std::make_unique<log_writer>(
            where, options_of(i % 2 == 0 ? way::hot : way::direct_ahead, directory.path())));
    }
    for (int round = 0; round < 200; ++round) {
        for (auto& writer : writers) {
            append_many(*writer, 1, 1500);
        }
    }
    // ThreadSanitizer knows no threads of a child of a process with threads, and AddressSanitizer
    // takes what such a child maps for the stacks of the threads that are not in it.
#if !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
    const char child = said_by([&](int pipe) {
        log_writer own(directory / "child", options_of(way::hot, directory.path()));
        append_many(own, 200, 1500);
        own.close();
        say_and_end_thread(pipe, 'k');
    });
    EXPECT_EQ(child, 'k') << "a forked child has no helper thread of its parent's";
    EXPECT_EQ(read_log(directory / "child").size(), 200u);
#endif
    writers.clear();
    for (int i = 0; i < 6; ++i) {
        EXPECT_EQ(read_log(directory / ("log-" + std::to_string(i)).c_str()).size(), 200u);
    }
}

}  // namespace millrace::engine::test
