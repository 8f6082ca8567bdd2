#include "engine/log/log_writer.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <csignal>
#include <optional>

#include "engine/core/error.hpp"
#include "engine/log/durable_mark.hpp"
#include "engine/log/retained.hpp"
#include "engine/log/seal_file.hpp"
#include "tests/engine/log/log_test_support.hpp"

namespace millrace::engine::test {

namespace {

constexpr std::size_t unit = record_alignment;
constexpr std::size_t units_per_segment =
    (records_end_limit(segment_bytes_min) - segment_header_bytes_min) / unit;

// Fills the current segment with records of one unit until `units_left` remain for records.
void fill_until(log_writer& writer, std::size_t units_left) {
    const std::uint64_t segment = writer.end().value / writer.segment_bytes();
    while (true) {
        const std::uint64_t offset = writer.end().value - segment * writer.segment_bytes();
        const std::size_t left = (records_end_limit(writer.segment_bytes()) - offset) / unit;
        if (left == units_left) {
            return;
        }
        ASSERT_GT(left, units_left);
        ASSERT_EQ(append(writer, 0).status, append_status::ok);
    }
}

std::uint64_t segment_of(position at) {
    return at.value / segment_bytes_min;
}

class numbered_snapshot final : public snapshot_source {
public:
    std::size_t size = 8;
    mutable std::uint64_t taken = 0;
    std::size_t snapshot_bytes() const noexcept override { return size; }
    void write_snapshot(std::span<std::byte> payload) const noexcept override {
        ++taken;
        std::memset(payload.data(), static_cast<int>(taken & 0xff), payload.size());
    }
};

}  // namespace

TEST(LogWriter, GivesConsecutiveSequencesRisingTimesAndTheirPositions) {
    temporary_directory directory;
    log_writer writer(directory / "log", small_log());
    position expected = writer.end();
    timestamp last{0};
    for (std::uint64_t i = 1; i <= 1000; ++i) {
        const append_result result = append(writer, i % 100);
        ASSERT_EQ(result.status, append_status::ok);
        ASSERT_EQ(result.seq.value, i);
        ASSERT_GT(result.time, last);
        if (segment_of(result.at) == segment_of(expected)) {
            ASSERT_EQ(result.at, expected);
        }
        ASSERT_EQ(writer.last_sequence(), result.seq);
        ASSERT_EQ(writer.last_timestamp(), result.time);
        last = result.time;
        expected = writer.end();
    }
    expect_contiguous(read_log(directory / "log"));
}

class LogWriterGeometry : public ::testing::TestWithParam<std::size_t> {};

TEST_P(LogWriterGeometry, PutsARecordWhereItJustFitsAndRollsWhereItJustDoesNot) {
    const std::size_t payload = GetParam();
    const std::size_t needed = align_record(record_header_bytes + payload) / unit;
    for (const std::size_t left : {needed - 1, needed, needed + 1, needed + 2}) {
        temporary_directory directory;
        std::vector<append_result> results;
        {
            log_writer writer(directory / "log", small_log());
            fill_until(writer, left);
            const std::uint64_t filled = writer.last_sequence().value;
            results.push_back(append(writer, payload, 7));
            results.push_back(append(writer, payload, 8));
            ASSERT_EQ(results[0].status, append_status::ok);
            EXPECT_EQ(segment_of(results[0].at), left >= needed ? 0u : 1u) << "left " << left;
            EXPECT_EQ(results[0].seq.value, filled + 1);
            EXPECT_EQ(segment_of(results[1].at), left >= 2 * needed ? 0u : 1u);
        }
        const std::vector<seen_record> records = read_log(directory / "log");
        expect_contiguous(records);
        ASSERT_EQ(records.size(), results[1].seq.value);
        for (const append_result& result : results) {
            const seen_record& record = records[result.seq.value - 1];
            EXPECT_EQ(record.at, result.at);
            EXPECT_EQ(record.time, result.time);
            EXPECT_EQ(record.payload, pattern(result.seq.value, payload));
            EXPECT_EQ(segment_of(record.at), segment_of({record.end.value - 1}));
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Sizes, LogWriterGeometry,
                         ::testing::Values(0, 1, 31, 32, 33, 63, 64, 65, 192, 1000,
                                           segment_bytes_min / 8 - record_header_bytes - 1,
                                           segment_bytes_min / 8 - record_header_bytes));

TEST(LogWriter, LeavesRoomForCloseAndEndHoweverFullTheSegmentIs) {
    for (std::size_t left = 0; left <= 3; ++left) {
        temporary_directory directory;
        std::uint64_t last = 0;
        for (int opening = 0; opening < 4; ++opening) {
            log_writer writer(directory / "log", small_log());
            EXPECT_EQ(writer.recovery_note(), "");
            if (opening == 0) {
                fill_until(writer, left);
            } else if (opening == 3) {
                ASSERT_EQ(append(writer, 0).status, append_status::ok);
            }
            last = writer.last_sequence().value;
        }
        const std::vector<seen_record> records = read_log(directory / "log");
        expect_contiguous(records);
        EXPECT_EQ(records.size(), last);
        EXPECT_EQ(list_segments(directory / "log").size(), left >= 2 ? 1u : 2u) << left;
    }
}

TEST(LogWriter, RefusesARecordLargerThanAnEighthOfASegmentAndGoesOn) {
    temporary_directory directory;
    log_writer writer(directory / "log", small_log());
    EXPECT_EQ(writer.record_bytes_max(), segment_bytes_min / 8);
    const std::size_t most = writer.record_bytes_max() - record_header_bytes;
    EXPECT_EQ(append(writer, most + 1).status, append_status::too_large);
    for (const std::size_t short_of_all : {0, 1, 31, 32, 63, 64}) {
        EXPECT_EQ(writer.try_claim(1, SIZE_MAX - short_of_all).status(), append_status::too_large);
    }
    const append_result result = append(writer, most);
    EXPECT_EQ(result.status, append_status::ok);
    EXPECT_EQ(result.seq.value, 1u);
}

TEST(LogWriter, AnAbortedOrShortenedClaimLeavesNoTrace) {
    temporary_directory directory;
    std::vector<std::size_t> sizes;
    {
        log_writer writer(directory / "log", small_log());
        std::mt19937_64 random(test_seed());
        for (int i = 0; i < 3000; ++i) {
            const std::size_t claimed = random() % 400;
            log_claim claim = writer.try_claim(3, claimed);
            ASSERT_TRUE(claim);
            std::memset(claim.payload().data(), 0xff, claimed);
            const std::uint64_t kind = random() % 4;
            if (kind == 0) {
                claim.abort();
                EXPECT_EQ(claim.commit().status, append_status::closed);
            } else if (kind == 1) {
                continue;  // its destructor aborts
            } else {
                const std::size_t kept = claimed == 0 ? 0 : random() % (claimed + 1);
                const auto bytes = pattern(writer.last_sequence().value + 1, kept);
                std::copy(bytes.begin(), bytes.end(), claim.payload().begin());
                ASSERT_EQ(claim.commit(kept).status, append_status::ok);
                sizes.push_back(kept);
            }
        }
    }
    const std::vector<seen_record> records = read_log(directory / "log");
    expect_contiguous(records);
    ASSERT_EQ(records.size(), sizes.size());
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        ASSERT_EQ(records[i].payload, pattern(i + 1, sizes[i]));
    }
}

TEST(LogWriter, GoesOnInTheSameSegmentAfterAClose) {
    temporary_directory directory;
    std::uint64_t epoch = 0;
    for (std::uint64_t opening = 0; opening < 10; ++opening) {
        log_writer writer(directory / "log", small_log());
        EXPECT_EQ(writer.recovery_note(), "");
        EXPECT_EQ(writer.last_sequence().value, opening * 5);
        for (int i = 0; i < 5; ++i) {
            append(writer, 50);
        }
        const segment_info info = read_segment_info(directory / "log", 0);
        EXPECT_TRUE(epoch == 0 || epoch == info.epoch);
        epoch = info.epoch;
    }
    EXPECT_EQ(list_segments(directory / "log").size(), 1u);
    expect_contiguous(read_log(directory / "log"));
    std::size_t closes = 0;
    for (const seen_record& record : read_log(directory / "log", {}, true)) {
        closes += record.is_control(control_type::close) ? 1 : 0;
    }
    EXPECT_EQ(closes, 10u);
}

TEST(LogWriter, AppendsNothingOnceClosed) {
    temporary_directory directory;
    log_writer writer(directory / "log", small_log());
    append(writer, 10);
    writer.close();
    writer.close();
    EXPECT_EQ(append(writer, 10).status, append_status::closed);
    EXPECT_EQ(writer.append_snapshot(), append_status::closed);
    EXPECT_EQ(writer.try_claim(1, 1).status(), append_status::closed);
    EXPECT_EQ(writer.last_sequence().value, 1u);
    log_writer next(directory / "log", small_log());
    EXPECT_EQ(append(next, 10).seq.value, 2u);
}

TEST(LogWriter, OpensEverySegmentWithASnapshotOnceAskedForOne) {
    temporary_directory directory;
    numbered_snapshot state;
    {
        log_writer writer(directory / "log", small_log(), &state);
        fill_until(writer, 0);
        append(writer, 100);
        EXPECT_EQ(state.taken, 0u) << "asked before the owner was ready";
        ASSERT_EQ(writer.append_snapshot(), append_status::ok);
        for (int i = 0; i < 2000; ++i) {
            append(writer, 100);
        }
    }
    const std::vector<seen_record> records = read_log(directory / "log", {}, true);
    std::size_t snapshots = 0;
    std::uint64_t segment = 1;
    for (const seen_record& record : records) {
        if (record.is_control(control_type::snapshot)) {
            ++snapshots;
            EXPECT_EQ(record.payload, std::vector<std::byte>(8, static_cast<std::byte>(snapshots)));
        }
        if (segment_of(record.at) > segment) {
            segment = segment_of(record.at);
            EXPECT_TRUE(record.is_control(control_type::snapshot)) << "segment " << segment;
        }
    }
    EXPECT_EQ(snapshots, state.taken);
    EXPECT_GE(segment, 4u);
    const auto from_snapshot = read_log(directory / "log", read_from::last_snapshot(), true);
    ASSERT_FALSE(from_snapshot.empty());
    EXPECT_TRUE(from_snapshot.front().is_control(control_type::snapshot));
    EXPECT_EQ(segment_of(from_snapshot.front().at), segment);
    expect_contiguous(read_log(directory / "log"));
}

TEST(LogWriter, RollsForASnapshotThatDoesNotFitAndWritesItOnce) {
    temporary_directory directory;
    numbered_snapshot state;
    log_writer writer(directory / "log", small_log(), &state);
    fill_until(writer, 1);
    ASSERT_EQ(writer.append_snapshot(), append_status::ok);
    EXPECT_EQ(state.taken, 1u);
    EXPECT_EQ(segment_of(writer.end()), 1u);
}

TEST(LogWriter, CountsASnapshotThatIsTooLargeAndRollsWithoutIt) {
    temporary_directory directory;
    numbered_snapshot state;
    log_writer writer(directory / "log", small_log(), &state);
    ASSERT_EQ(writer.append_snapshot(), append_status::ok);
    state.size = writer.record_bytes_max();
    EXPECT_EQ(writer.append_snapshot(), append_status::too_large);
    for (std::size_t i = 0; i < units_per_segment + 5; ++i) {
        ASSERT_EQ(append(writer, 0).status, append_status::ok);
    }
    EXPECT_EQ(writer.skipped_snapshot_count(), 1u);
    writer.close();
    const auto records = read_log(directory / "log", read_from::last_snapshot(), true);
    EXPECT_EQ(records.front().at.value, segment_header_bytes_min) << "falls back to the older one";
    expect_contiguous(read_log(directory / "log"));
}

TEST(LogWriter, RefusesASecondWriterInTheSameProcessAndNamesTheHolder) {
    temporary_directory directory;
    std::optional<log_writer> first(std::in_place, directory / "log", small_log());
    const std::string text =
        thrown_text<locked_error>([&] { log_writer second(directory / "log", small_log()); });
    EXPECT_TRUE(contains(text, "already open for writing"));
    EXPECT_TRUE(contains(text, "pid " + std::to_string(::getpid()) + ","));
    EXPECT_TRUE(contains(text, "test)"));
    EXPECT_TRUE(contains(text, (directory / "log").native()));
    EXPECT_EQ(append(*first, 10).status, append_status::ok);
    first.reset();
    log_writer second(directory / "log", small_log());
    EXPECT_EQ(second.last_sequence().value, 1u);
}

TEST(LogWriter, RefusesASecondWriterInAnotherProcessUntilThatDies) {
    temporary_directory directory;
    int ready[2];
    ASSERT_EQ(::pipe(ready), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        log_writer writer(directory / "log", small_log());
        append(writer, 10);
        const char byte = 1;
        if (::write(ready[1], &byte, 1) == 1) {
            ::pause();
        }
        ::_exit(1);
    }
    char byte = 0;
    ASSERT_EQ(::read(ready[0], &byte, 1), 1);
    const std::string text =
        thrown_text<locked_error>([&] { log_writer second(directory / "log", small_log()); });
    EXPECT_TRUE(contains(text, "pid " + std::to_string(child) + ","));
    EXPECT_EQ(read_log(directory / "log").size(), 1u) << "readers need no lock";
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    ::close(ready[0]);
    ::close(ready[1]);
    log_writer next(directory / "log", small_log());
    EXPECT_EQ(next.last_sequence().value, 1u);
    EXPECT_TRUE(contains(next.recovery_note(), "did not close in order"));
}

TEST(LogWriter, RefusesAnotherSchemaAndTakesTheLogsOwnWhereNoneIsGiven) {
    temporary_directory directory;
    { log_writer writer(directory / "log", small_log()); }
    log_options other = small_log();
    other.schema = "column quantity";
    const std::string text =
        thrown_text<config_error>([&] { log_writer writer(directory / "log", other); });
    EXPECT_TRUE(contains(text, "column price"));
    EXPECT_TRUE(contains(text, "column quantity"));
    other.schema.clear();
    log_writer writer(directory / "log", other);
    EXPECT_EQ(append(writer, 1).status, append_status::ok);
    EXPECT_EQ(log_reader(directory / "log", read_from::first()).schema(), "column price");
}

TEST(LogWriter, KeepsASchemaOfSeveralPages) {
    temporary_directory directory;
    log_options options = small_log(1 << 20);
    options.schema.assign(20'000, 'x');
    {
        log_writer writer(directory / "log", options);
        append(writer, 10);
    }
    log_writer again(directory / "log", options);
    append(again, 10);
    EXPECT_EQ(log_reader(directory / "log", read_from::first()).schema(), options.schema);
    EXPECT_EQ(read_segment_info(directory / "log", 0).header_bytes, 20480u);
    EXPECT_EQ(read_log(directory / "log").size(), 2u);
}

TEST(LogWriter, RefusesImpossibleOptions) {
    temporary_directory directory;
    for (const std::size_t bytes : {std::size_t{0}, segment_bytes_min - 4096, segment_bytes_min + 1,
                                    segment_bytes_max + 4096}) {
        log_options options = small_log(bytes);
        EXPECT_TRUE(
            contains(thrown_text<config_error>([&] { log_writer w(directory / "log", options); }),
                     "expected a multiple of 4096 from 65536 to 1073741824"));
    }
    log_options options = small_log();
    options.schema.assign(segment_bytes_min / 8 - schema_offset + 1, 'x');
    EXPECT_TRUE(
        contains(thrown_text<config_error>([&] { log_writer w(directory / "log", options); }),
                 "schema is too long"));
}

// Numbers, positions and origins would begin anew, and what is left of the old log be written over.
TEST(LogWriter, BeginsNoLogWhereOneWas) {
    temporary_directory directory;
    const log_options options = options_of(way::direct_ahead, directory.path());
    {
        log_writer writer(directory / "log", options);
        ASSERT_EQ(append(writer, 10).status, append_status::ok);
    }
    for (const std::uint64_t index : list_segment_names(directory / "log")) {
        fs::remove(segment_path(directory / "log", index));
    }
    const auto refusal = [&] {
        return thrown_text<damage_error>([&] { log_writer w(directory / "log", options); });
    };
    EXPECT_TRUE(contains(refusal(), "durable.mark says that it was durable up to position"));
    EXPECT_GT(durable_mark::position_of_any(directory / "log"), position{});
    fs::remove(directory / "log" / durable_mark_name);
    EXPECT_TRUE(contains(refusal(), "000000000000.seal holds seals"));
    fs::remove(directory / "log" / seal_file_name(0));
    write_retained(directory / "log", {random_log_uuid(), 3});
    EXPECT_TRUE(contains(refusal(), "retained.from says that its oldest ones were removed"));
    fs::remove(directory / "log" / retained_name);
    log_writer writer(directory / "log", options);
    EXPECT_EQ(append(writer, 10).seq, sequence{1});
}

TEST(LogWriter, KeepsTheSegmentSizeTheLogWasMadeWith) {
    temporary_directory directory;
    { log_writer writer(directory / "log", small_log()); }
    log_writer writer(directory / "log", small_log(1 << 20));
    EXPECT_EQ(writer.segment_bytes(), segment_bytes_min);
}

namespace {

// Files of this process may not grow beyond `bytes` while it stands.
class file_size_limit {
public:
    explicit file_size_limit(rlim_t bytes) {
        ::getrlimit(RLIMIT_FSIZE, &old_);
        old_handler_ = std::signal(SIGXFSZ, SIG_IGN);
        rlimit limit = old_;
        limit.rlim_cur = bytes;
        is_set_ = ::setrlimit(RLIMIT_FSIZE, &limit) == 0;
    }
    file_size_limit(const file_size_limit&) = delete;
    file_size_limit& operator=(const file_size_limit&) = delete;
    ~file_size_limit() {
        ::setrlimit(RLIMIT_FSIZE, &old_);
        std::signal(SIGXFSZ, old_handler_);
    }
    [[nodiscard]] bool is_set() const { return is_set_; }

private:
    rlimit old_{};
    void (*old_handler_)(int) = nullptr;
    bool is_set_ = false;
};

std::size_t count_files(const fs::path& directory) {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(directory), fs::directory_iterator()));
}

// Fills a log on a file system of 320 KiB, frees space, goes on. Returns the step that failed, 0 if
// none.
int fill_small_file_system(const fs::path& mount_point) {
    log_writer writer(mount_point / "log", small_log());
    std::ofstream(mount_point / "other").write(std::string(100'000, 'x').data(), 100'000);
    append_result result;
    while ((result = append(writer, 500)).status == append_status::ok) {
        if (writer.last_sequence().value > 10'000) {
            return 1;  // it never got full
        }
    }
    if (result.status != append_status::no_space || writer.last_error() != ENOSPC) {
        return 2;
    }
    const std::uint64_t last = writer.last_sequence().value;
    for (int i = 0; i < 50; ++i) {
        if (append(writer, 500).status != append_status::no_space) {
            return 3;
        }
    }
    fs::remove(mount_point / "other");
    for (int i = 0; i < 20; ++i) {
        if (append(writer, 500).status != append_status::ok) {
            return 4;
        }
    }
    const std::vector<seen_record> records = read_log(mount_point / "log");
    if (records.size() != last + 20) {
        return 5;
    }
    for (const seen_record& record : records) {
        if (record.payload != pattern(record.seq.value, 500)) {
            return 6;
        }
    }
    return 0;
}

}  // namespace

TEST(LogWriter, SaysNoSpaceWhenASegmentCannotBeMadeAndResumesWhenItCan) {
    temporary_directory directory;
    log_writer writer(directory / "log", small_log());
    fill_until(writer, 2);
    const std::uint64_t filled = writer.last_sequence().value;
    const std::size_t files = count_files(directory / "log");
    {
        file_size_limit limit(32 * 1024);
        ASSERT_TRUE(limit.is_set());
        for (int i = 0; i < 10; ++i) {
            EXPECT_EQ(append(writer, 100).status, append_status::no_space);
            EXPECT_EQ(writer.last_error(), EFBIG);
        }
        EXPECT_EQ(writer.last_sequence().value, filled);
        EXPECT_EQ(append(writer, 0).status, append_status::ok) << "what still fits is still taken";
        EXPECT_EQ(count_files(directory / "log"), files) << "a failed try leaves no file behind";
    }
    EXPECT_EQ(append(writer, 100).status, append_status::ok);
    EXPECT_EQ(writer.last_error(), 0);
    writer.close();
    const auto records = read_log(directory / "log");
    expect_contiguous(records);
    EXPECT_EQ(records.size(), filled + 2);
}

TEST(LogWriter, MeetsAFullFileSystemWithNoSpaceAndWithoutASignal) {
    temporary_directory directory;
    const pid_t child = ::fork();
    if (child == 0) {
        constexpr int cannot_mount = 77;
        if (::unshare(CLONE_NEWNS) != 0 ||
            ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
            ::mount("tmpfs", directory.path().c_str(), "tmpfs", 0, "size=320k") != 0) {
            ::_exit(cannot_mount);
        }
        ::_exit(fill_small_file_system(directory.path()));
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status)) << "killed by signal " << WTERMSIG(status);
    if (WEXITSTATUS(status) == 77) {
        GTEST_SKIP() << "this user may not mount a small file system";
    }
    EXPECT_EQ(WEXITSTATUS(status), 0) << "step";
}

TEST(LogWriter, SaysWhichDirectoryItCannotMake) {
    temporary_directory directory;
    std::ofstream(directory / "file") << "x";
    EXPECT_TRUE(
        contains(thrown_text<io_error>([&] { log_writer writer(directory / "file", small_log()); }),
                 "file"));
}

}  // namespace millrace::engine::test
