// Index and seals of a log with threads, at the end of every kind of life.
#include "engine/log/sidecar_keeper.hpp"

#include <gtest/gtest.h>

#include "engine/core/error.hpp"
#include "engine/log/archive_source.hpp"
#include "engine/log/crash_point.hpp"
#include "engine/log/verify.hpp"
#include "tests/engine/log/damage_support.hpp"
#include "tests/engine/log/dying_writer.hpp"
#include "tests/engine/log/failing_calls.hpp"

namespace millrace::engine::test {

namespace {

constexpr std::int64_t long_ns = 20'000'000'000;

class Sidecars : public ::testing::TestWithParam<way> {
protected:
    [[nodiscard]] fs::path log() const { return directory_ / "log"; }
    [[nodiscard]] log_options options() const { return options_of(GetParam(), directory_.path()); }
    void write(int count, const log_options& options) const {
        log_writer writer(log(), options);
        write(count, writer);
    }
    static void write(int count, log_writer& writer) {
        for (int i = 0; i < count; ++i) {
            ASSERT_EQ(append_when_ready(writer, 500).status, append_status::ok);
        }
    }
    [[nodiscard]] seal_contents seals_of(std::uint64_t index) const {
        return read_seals(log(), read_segment_info(log(), index));
    }
    // All segments from `first` on are indexed and sealed to the last record.
    void expect_all(std::uint64_t first = 0, verdict worst = verdict::clean) const {
        const verify_report report = verify_log(log());
        EXPECT_LE(report.result(), worst) << all_text(report);
        const std::vector<std::uint64_t> indexes = list_segments(log());
        EXPECT_EQ(report.index_count, indexes.back() - first + 1) << all_text(report);
        EXPECT_EQ(report.head.last_sequence, report.last_sequence) << all_text(report);
        for (const std::uint64_t index : indexes) {
            EXPECT_EQ(seals_of(index).seals.empty(), index < first) << index;
        }
    }

    failing_calls_guard calls_;
    temporary_directory directory_;
};

}  // namespace

TEST_P(Sidecars, OfAClosedLogSayAllOfIt) {
    write(2000, options());
    ASSERT_GE(list_segments(log()).size(), 16u);
    expect_all();
}

TEST_P(Sidecars, GoOnWhoeverWroteBefore) {
    for (const way next : {GetParam(), way::synchronous, way::direct_ahead, way::synchronous,
                           way::hot, GetParam(), way::direct_ahead}) {
        SCOPED_TRACE(to_text(next));
        write(300, options_of(next, directory_.path()));
        if (next != way::synchronous) {
            expect_all();
        } else {
            const verify_report report = verify_log(log());
            EXPECT_EQ(report.result(), verdict::clean) << all_text(report);
            EXPECT_LT(report.head.last_sequence, report.last_sequence);
        }
    }
}

TEST_P(Sidecars, OfALogThatNeverHadSealsBeginWithItsOldestSegment) {
    write(1000, options_of(way::synchronous, directory_.path()));
    write(1000, options());
    expect_all();
}

TEST(SidecarKeeper, LeavesALargeLogThatNeverHadSealsWithoutThemUpToItsNewestSegment) {
    constexpr std::uint64_t segment_bytes = std::uint64_t{64} << 20;
    EXPECT_EQ(detail::choose_first_sealed(0, 0, segment_bytes), 0u);
    EXPECT_EQ(detail::choose_first_sealed(5, 20, segment_bytes), 5u);
    EXPECT_EQ(detail::choose_first_sealed(5, 21, segment_bytes), 21u);
}

// It was archived and removed before the keeper came to it, which then reads it from the archive.
TEST(SidecarKeeper, LeavesNothingOfASegmentThatIsGone) {
    temporary_directory directory;
    const fs::path log = directory / "log";
    position end;
    {
        log_writer writer(log, small_log());
        while (list_segments(log).size() < 3) {
            append(writer, 500);
        }
        end = writer.end();
    }
    const fs::path archive = directory / "archive";
    fs::create_directories(archive);
    const std::string bytes = read_whole_file(segment_path(log, 0));
    static_cast<void>(detail::compress_segment(std::as_bytes(std::span(bytes.data(), bytes.size())),
                                               archive / archived_file_name(0), 3));
    write_file_atomically(log / archive_link_name, "../archive\n");
    fs::remove(segment_path(log, 0));
    detail::sidecar_keeper keeper({log, segment_bytes_min, 0, std::nullopt});
    EXPECT_TRUE(keeper.follow(end, true));
    EXPECT_FALSE(fs::exists(log / index_file_name(0)));
    EXPECT_FALSE(fs::exists(log / seal_file_name(0)));
    EXPECT_TRUE(fs::exists(log / index_file_name(1)));
    EXPECT_TRUE(fs::exists(log / seal_file_name(1)));
}

TEST_P(Sidecars, AreNotKeptWhereNobodyWantsThem) {
    log_options options = this->options();
    options.keeps_sidecars = false;
    write(1000, options);
    const verify_report report = verify_log(log());
    EXPECT_FALSE(report.head.is_sealed);
    EXPECT_EQ(report.index_count, 0u);
}

TEST_P(Sidecars, AreSealedWithTheKeyOfTheFileAndAFileThatIsNoneIsRefused) {
    const std::string secret = "thirty-two bytes nobody guesses!";
    write_file_atomically(directory_ / "key", secret);
    fs::permissions(directory_ / "key", fs::perms::owner_read);
    log_options options = this->options();
    options.seal_key_file = directory_ / "key";
    write(1000, options);
    const seal_key key = seal_key::load(directory_ / "key");
    const verify_report report = verify_log(log(), {.key = &key});
    EXPECT_EQ(report.result(), verdict::clean) << all_text(report);
    EXPECT_EQ(report.proven_to.value, 1000u);
    options.keeps_sidecars = false;
    EXPECT_TRUE(contains(thrown_text<config_error>([&] { log_writer writer(log(), options); }),
                         "seal_key_file"));
    fs::permissions(directory_ / "key", fs::perms::group_read, fs::perm_options::add);
    options.keeps_sidecars = true;
    EXPECT_THROW(log_writer(log(), options), config_error);
}

TEST_P(Sidecars, SealAnIdleLogAfterASecond) {
    log_writer writer(log(), options());
    const std::int64_t begin = monotonic_now_ns();
    write(10, writer);
    ASSERT_EQ(wait_for_the_disk(writer), durable_wait::durable);
    const std::uint64_t sealed = writer.storage().sealed_sequence.value;
    EXPECT_TRUE(sealed == 0 || monotonic_now_ns() - begin >= seal_interval_ns) << "not at once";
    EXPECT_TRUE(comes_true([&] { return writer.storage().sealed_sequence.value == 10; }));
    const verify_report report = verify_log(log());
    EXPECT_EQ(report.result(), verdict::clean) << all_text(report);
    EXPECT_EQ(report.head.last_sequence.value, 10u);
}

TEST_P(Sidecars, SealAtMostSixtyFourThousandRecordsOrASecondAtATime) {
    log_options options = this->options();
    options.segment_bytes = std::size_t{8} << 20;
    options.hot_bytes_max = std::size_t{32} << 20;
    {
        log_writer writer(log(), options);
        for (int i = 0; i < 100'000; ++i) {
            ASSERT_EQ(append_when_ready(writer, 0).status, append_status::ok);
        }
    }
    std::size_t count = 0;
    for (const seal& one : seals_of(0).seals) {
        EXPECT_LE(one.last_sequence - one.first_sequence + 1, seal_records_max);
        ++count;
    }
    EXPECT_GE(count, 2u);
    expect_all();
}

TEST_P(Sidecars, SayNothingThatIsNotDurable) {
    log_writer writer(log(), options());
    write(50, writer);
    ASSERT_EQ(wait_for_the_disk(writer), durable_wait::durable);
    ASSERT_TRUE(comes_true([&] { return writer.storage().sealed_sequence.value == 50; }));
    fdatasync_call.is_held.store(true, std::memory_order_release);
    write(300, writer);  // several segments
    ::usleep(200'000);
    for (const std::uint64_t index : list_segments(log())) {
        for (const seal& one : seals_of(index).seals) {
            EXPECT_LE(one.end, writer.durable_position().value);
        }
    }
    EXPECT_LT(writer.durable_sequence().value, 350u);
    fdatasync_call.is_held.store(false, std::memory_order_release);
    writer.close();
    expect_all();
}

TEST_P(Sidecars, ThatWereCutShortAreMadeAgain) {
    for (const std::int64_t less : {1, 100, 127, 128, 129}) {
        SCOPED_TRACE(less);
        write(300, options());
        const std::uint64_t last = list_segments(log()).back();
        const fs::path seals = log() / seal_file_name(last);
        const fs::path index = log() / index_file_name(last);
        fs::resize_file(seals, fs::file_size(seals) - static_cast<std::uintmax_t>(less));
        fs::resize_file(index, fs::file_size(index) - static_cast<std::uintmax_t>(less) % 32);
        EXPECT_NE(verify_log(log()).result(), verdict::damaged) << all_text(verify_log(log()));
        write(1, options());
        expect_all();
    }
}

// A file system may give a file its length and lose the bytes.
TEST_P(Sidecars, WhoseNewestSealsAPowerLossLeftAsZerosAreMadeAgain) {
    write(300, options());
    const std::uint64_t last = list_segments(log()).back();
    const fs::path seals = log() / seal_file_name(last);
    fs::resize_file(seals, sizeof(seal_header));
    fs::resize_file(seals, sizeof(seal_header) + 3 * sizeof(seal));
    EXPECT_EQ(verify_log(log()).result(), verdict::torn) << all_text(verify_log(log()));
    write(1, options());
    expect_all();
}

TEST_P(Sidecars, AreNotMadeOverDamagedOnesAndTheLogGoesOn) {
    write(300, options());
    const std::uint64_t last = list_segments(log()).back();
    const fs::path seals = log() / seal_file_name(last);
    flip_bit(seals, 20, 3);
    const std::string before = read_whole_file(seals);
    {
        log_writer writer(log(), options());
        write(300, writer);
        ASSERT_EQ(wait_for_the_disk(writer), durable_wait::durable);
        ASSERT_TRUE(comes_true([&] { return writer.storage().is_sealing_halted; }));
        EXPECT_GE(writer.storage().sidecar_failure_count, 1u);
        EXPECT_TRUE(contains(writer.storage().sidecar_text, seals.filename().native()));
    }
    EXPECT_EQ(read_whole_file(seals), before);
    EXPECT_EQ(read_log(log()).size(), 600u);
}

TEST_P(Sidecars, ThatCannotBeWrittenAreTriedAgainAndDoNotHoldUpTheLog) {
    log_writer writer(log(), options());
    const fs::path in_the_way = log() / seal_file_name(1);
    fs::create_directory(in_the_way);
    write(500, writer);
    ASSERT_EQ(wait_for_the_disk(writer), durable_wait::durable);
    ASSERT_TRUE(comes_true([&] { return writer.storage().sidecar_failure_count > 0; }));
    EXPECT_FALSE(writer.storage().is_sealing_halted);
    EXPECT_TRUE(contains(writer.storage().sidecar_text, "tried again"));
    fs::remove(in_the_way);
    ASSERT_TRUE(comes_true([&] { return writer.storage().sealed_sequence.value > 400; }));
    writer.close();
    expect_all();
}

// Retention takes no notice of sidecars that are late.
TEST_P(Sidecars, GoOnWhereWhatTheyWereToBeginWithWasRemoved) {
    write(600, options_of(way::synchronous, directory_.path()));
    const fs::path in_the_way = log() / index_file_name(0);
    fs::create_directory(in_the_way);
    log_writer writer(log(), options());
    write(100, writer);
    ASSERT_TRUE(comes_true([&] { return writer.storage().sidecar_failure_count > 0; }));
    for (const std::uint64_t index : {0, 1}) {
        fs::remove(log() / segment_file_name(index));
        fs::remove(log() / seal_file_name(index));
    }
    fs::remove(in_the_way);
    ASSERT_TRUE(comes_true([&] { return writer.storage().sealed_sequence.value >= 700; }));
    writer.close();
    for (const std::uint64_t index : list_segments(log())) {
        EXPECT_FALSE(seals_of(index).seals.empty()) << index;
    }
}

// From another process, which sees the hot tier from outside.
TEST_P(Sidecars, FitALogThatIsVerifiedWhileItGrows) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        log_writer writer(log(), options());
        for (int i = 0; i < 200'000; ++i) {
            static_cast<void>(append_when_ready(writer, 200));
            if (i % 20 == 0) {
                ::usleep(1000);  // some 4 MiB a second, so that verifying keeps up
            }
        }
        ::_exit(0);
    }
    ASSERT_TRUE(comes_true([&] { return list_segments(log()).size() > 3; }));
    std::uint64_t seals_before = 0;
    for (int i = 0; i < 15 || (seals_before < 10 && i < 2000); ++i) {
        const verify_report report = verify_log(log());
        EXPECT_EQ(report.result(), verdict::clean) << all_text(report);
        EXPECT_GE(report.seal_count, seals_before);
        seals_before = report.seal_count;
    }
    EXPECT_GT(seals_before, 0u);
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_NE(verify_log(log()).result(), verdict::damaged) << all_text(verify_log(log()));
    write(1, options());
    expect_all(0, verdict::torn);
}

#if MILLRACE_HAS_CRASH_POINTS

TEST_P(Sidecars, FitTheLogWhereverTheirWriterIsKilled) {
    std::size_t kill_count = 0;
    for (const std::string_view point : crash_point_names()) {
        if (!point.starts_with("sidecar.") && !point.starts_with("persist.") &&
            !point.starts_with("roll.") && !point.starts_with("retire.")) {
            continue;
        }
        for (const std::uint64_t nth : {1, 2, 3, 5}) {
            SCOPED_TRACE(std::string(point) + " " + std::to_string(nth));
            kill_count += live_until_killed([&] {
                arm_crash_point(point, nth);
                write(400, options());
            });
            if (list_segments(log()).empty()) {
                continue;
            }
            const verify_report report = verify_log(log());
            ASSERT_NE(report.result(), verdict::damaged) << all_text(report);
        }
    }
    EXPECT_GE(kill_count, 20u);
    write(1, options());
    expect_all(0, verdict::torn);  // claims that were open when the writer was killed
}

#endif

INSTANTIATE_TEST_SUITE_P(Ways, Sidecars, ::testing::Values(way::direct_ahead, way::hot),
                         [](const auto& param) { return to_text(param.param); });

}  // namespace millrace::engine::test
