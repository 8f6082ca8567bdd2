#include "engine/log/hot_tier.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>

#include "engine/core/error.hpp"
#include "engine/log/crash_point.hpp"
#include "engine/log/log_image.hpp"
#include "engine/log/recovery.hpp"
#include "tests/engine/log/failing_calls.hpp"
#include "tests/engine/log/log_test_support.hpp"

namespace millrace::engine::detail::test {

namespace {

using namespace engine::test;

// A log whose newest segments lie in memory and whose writer is dead, made by hand: all segments
// stand in the hot directory, the disk has twins that were never begun.
class dead_hot_log {
public:
    dead_hot_log() {
        {
            log_writer writer(log(), small_log());
            for (int i = 0; i < 1000; ++i) {
                append(writer, 200);
            }
            where_ = {hot(), writer.uuid(), true};
        }
        expected_ = read_log(log());
        indexes_ = list_segments(log());
        fs::create_directories(hot());
        for (const std::uint64_t index : indexes_) {
            fs::rename(segment_path(log(), index), segment_path(hot(), index));
            make_twin(index);
        }
        write_hot_location(log(), where_);
    }
    fs::path log() const { return directory_ / "log"; }
    fs::path hot() const { return directory_ / "hot"; }
    const std::vector<std::uint64_t>& indexes() const { return indexes_; }
    const hot_location& where() const { return where_; }
    void expect_whole() const {
        EXPECT_EQ(read_log(log()), expected_);
        EXPECT_FALSE(fs::exists(hot()));
        EXPECT_FALSE(fs::exists(log() / hot_tier_name));
        EXPECT_FALSE(read_hot_location(log()));
    }
    const std::vector<seen_record>& expected() const { return expected_; }

private:
    // The same header, not begun.
    void make_twin(std::uint64_t index) const {
        std::string header =
            read_whole_file(segment_path(hot(), index)).substr(0, segment_header_bytes_min);
        std::memset(header.data() + sizeof(segment_static), 0, sizeof(segment_activation));
        std::ofstream(segment_path(log(), index)) << header;
        fs::resize_file(segment_path(log(), index), segment_bytes_min);
    }

    temporary_directory directory_;
    hot_location where_;
    std::vector<seen_record> expected_;
    std::vector<std::uint64_t> indexes_;
};

}  // namespace

TEST(HotLocation, IsReadAsItWasWritten) {
    temporary_directory directory;
    EXPECT_FALSE(read_hot_location(directory.path()));
    const hot_location where{"/dev/shm/some where/x", random_log_uuid(), true};
    write_hot_location(directory.path(), where);
    const auto read = read_hot_location(directory.path());
    ASSERT_TRUE(read);
    EXPECT_EQ(read->directory, where.directory);
    EXPECT_EQ(read->uuid, where.uuid);
    EXPECT_TRUE(read->is_of_this_boot);
    remove_hot_location(directory.path());
    remove_hot_location(directory.path());
    EXPECT_FALSE(read_hot_location(directory.path()));
}

TEST(HotLocation, OfACopiedDirectoryIsNoneOfTheCopys) {
    temporary_directory directory;
    fs::create_directories(directory / "log");
    write_hot_location(directory / "log", {"/dev/shm/x", random_log_uuid(), true});
    fs::copy(directory / "log", directory / "copy");
    EXPECT_TRUE(read_hot_location(directory / "log"));
    EXPECT_FALSE(read_hot_location(directory / "copy"));
}

TEST(HotLocation, ThatCannotBeUnderstoodIsRefusedForItCouldLoseRecords) {
    temporary_directory directory;
    write_hot_location(directory.path(), {"/dev/shm/x", random_log_uuid(), true});
    const std::string text = read_whole_file(directory.path() / hot_tier_name);
    for (const char* gone : {"millrace", "directory ", "uuid ", "log "}) {
        std::string less = text;
        less.replace(less.find(gone), 3, "###");
        write_file_atomically(directory.path() / hot_tier_name, less);
        EXPECT_TRUE(
            contains(thrown_text<damage_error>([&] { (void)read_hot_location(directory.path()); }),
                     "hot.tier"))
            << gone;
    }
}

TEST(HotLocation, OfAnEarlierBootSaysSo) {
    temporary_directory directory;
    write_hot_location(directory.path(), {"/dev/shm/x", random_log_uuid(), true});
    std::string text = read_whole_file(directory.path() / hot_tier_name);
    text.replace(text.find("boot ") + 5, 4, "0000");
    write_file_atomically(directory.path() / hot_tier_name, text);
    EXPECT_FALSE(read_hot_location(directory.path())->is_of_this_boot);
}

TEST(HotDirectory, OutsideMemoryOrTooSmallIsRefusedAndDirectNamed) {
    temporary_directory directory;
    const mode_t before = ::umask(022);
    check_hot_directory("/dev/shm/millrace-check", 4096);
    ::umask(before);
    EXPECT_EQ(fs::status("/dev/shm/millrace-check").permissions(), fs::perms{0750});
    fs::remove("/dev/shm/millrace-check");
    const auto refusal = [](const fs::path& where, std::uint64_t bytes) {
        return thrown_text<config_error>([&] { check_hot_directory(where, bytes); });
    };
    const std::string full = refusal("/dev/shm", UINT64_MAX);
    EXPECT_TRUE(contains(full, "free there"));
    EXPECT_TRUE(contains(full, "\"direct\""));
    const std::string disk = refusal("/proc", 1);
    EXPECT_TRUE(contains(disk, "memory file system"));
    EXPECT_TRUE(contains(disk, "\"direct\""));
    std::ofstream(directory / "file") << "x";
    EXPECT_TRUE(contains(refusal(directory / "file", 1), "\"direct\""));
}

TEST(HotDirectory, OfAnotherUserIsRefused) {
    temporary_directory directory;
    const fs::path where = directory / "hot";
    fs::create_directories(where);
    if (::chown(where.c_str(), 12'345, 12'345) != 0) {
        GTEST_SKIP() << "this user may not give a directory away";
    }
    EXPECT_TRUE(contains(thrown_text<config_error>([&] { check_hot_directory(where, 1); }),
                         "belongs to another user"));
}

TEST(FreeHotFile, GivesTheMemoryBackAndKeepsTheSizeForThoseWhoMapIt) {
    temporary_directory directory;
    const fs::path path = directory / "hot";
    const unique_fd fd = open_file(path, O_RDWR | O_CREAT);
    allocate_file(fd.get(), 1 << 20, path.native());
    const mapping map(fd.get(), 1 << 20, access::read_write, path.native());
    std::memset(map.data(), 0xff, map.size());
    free_hot_file(fd.get(), path);
    struct stat status {};
    ASSERT_EQ(::fstat(fd.get(), &status), 0);
    EXPECT_EQ(status.st_blocks, 0);
    EXPECT_EQ(status.st_size, 1 << 20);
    EXPECT_FALSE(fs::exists(path));
    EXPECT_EQ(map.data()[(1 << 20) - 1], std::byte{0}) << "and no signal";
}

TEST(JoinHotTier, BringsEveryRecordHome) {
    dead_hot_log log;
    EXPECT_EQ(read_log(log.log()), log.expected()) << "readers find it where it is";
    EXPECT_TRUE(contains(join_hot_tier(log.log()), "brought to the disk"));
    log.expect_whole();
    EXPECT_EQ(join_hot_tier(log.log()), "");
}

namespace {

// How often each segment's file was put in the place of another.
class replacement_counter final : public file_call_observer {
public:
    int before(const file_call_site&) noexcept override { return 0; }
    void after(const file_call_site& site, bool is_done) noexcept override {
        const bool is_segment = std::string_view(site.target).ends_with(".alog");
        count_.fetch_add(site.what == file_call::rename && is_segment && is_done ? 1 : 0,
                         std::memory_order_relaxed);
    }
    [[nodiscard]] std::size_t count() const { return count_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::size_t> count_{0};  // a log's threads call too
};

}  // namespace

TEST(JoinHotTier, MovesTheMarkSoThatWhatCameHomeIsWrittenOnce) {
    dead_hot_log log;
    (void)durable_mark::open_for_writing(log.log(), log.where().uuid);
    const std::size_t segments = log.indexes().size();
    replacement_counter counter;
    {
        const file_call_observation observation(counter);
        (void)join_hot_tier(log.log());
    }
    const durable_mark mark = durable_mark::open(log.log(), log.where().uuid);
    EXPECT_EQ(mark.durable_position(), recover_tail(log.log()).read_end());
    EXPECT_EQ(mark.durable_sequence(), log.expected().back().seq);
    const file_call_observation observation(counter);
    { log_writer writer(log.log(), options_of(way::direct_ahead, log.log().parent_path())); }
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    EXPECT_LE(counter.count() - segments, 2u) << "spares, and no segment that came home";
    EXPECT_GT(segments, 2u);
#endif
}

TEST(JoinHotTier, LeavesTheMarkWhereWhatStandsBeforeIsNotKnownToBeDurable) {
    dead_hot_log log;
    fs::rename(segment_path(log.hot(), 0), segment_path(log.log(), 0));  // and no mark says so
    (void)join_hot_tier(log.log());
    const durable_mark mark = durable_mark::open(log.log(), log.where().uuid);
    EXPECT_EQ(mark.durable_position().value, 0u);
    EXPECT_EQ(mark.retired_below(), log.indexes().back() + 1);
}

TEST(JoinHotTier, GoesOnWhereAnEarlierOneWasCutShort) {
    dead_hot_log log;
    // The first segment is on the disk and marked, its hot file half freed.
    fs::copy_file(segment_path(log.hot(), 0), segment_path(log.log(), 0),
                  fs::copy_options::overwrite_existing);
    durable_mark::open_for_writing(log.log(), log.where().uuid).set_retired_below(1);
    flip_bit(segment_path(log.hot(), 0), 0, 1);
    EXPECT_EQ(read_log(log.log()), log.expected());
    (void)join_hot_tier(log.log());
    log.expect_whole();
}

TEST(JoinHotTier, KeepsTheTornBytesOfTheRecordThatWasBeingWritten) {
    dead_hot_log log;
    const std::uint64_t last = log.indexes().back();
    const std::string before = read_whole_file(segment_path(log.hot(), last));
    const std::array<std::byte, 5> torn{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4},
                                        std::byte{5}};
    overwrite(segment_path(log.hot(), last), segment_bytes_min - 100, torn);
    (void)join_hot_tier(log.log());
    std::string expected = before;
    std::memcpy(expected.data() + segment_bytes_min - 100, torn.data(), torn.size());
    EXPECT_EQ(read_whole_file(segment_path(log.log(), last)), expected);
}

TEST(JoinHotTier, RefusesAForeignSegmentAndLeavesIt) {
    dead_hot_log log;
    {
        temporary_directory other;
        { log_writer writer(other / "log", small_log()); }
        fs::copy_file(segment_path(other / "log", 0), segment_path(log.hot(), 0),
                      fs::copy_options::overwrite_existing);
    }
    EXPECT_TRUE(contains(thrown_text<damage_error>([&] { (void)join_hot_tier(log.log()); }),
                         "another log"));
    EXPECT_TRUE(fs::exists(segment_path(log.hot(), 0)));
}

TEST(JoinHotTier, LeavesTheTierOfALivingWriterAlone) {
    dead_hot_log log;
    const file_lock living(log.hot() / "owner.lock", "living");
    EXPECT_TRUE(
        contains(thrown_text<locked_error>([&] { (void)join_hot_tier(log.log()); }), "living"));
    EXPECT_TRUE(fs::exists(segment_path(log.hot(), 0)));
}

TEST(JoinHotTier, TakesTheDiskAloneWhenTheHostWasStartedAnew) {
    dead_hot_log log;
    fs::remove_all(log.hot());
    std::string text = read_whole_file(log.log() / hot_tier_name);
    text.replace(text.find("boot ") + 5, 4, "0000");
    write_file_atomically(log.log() / hot_tier_name, text);
    EXPECT_TRUE(contains(join_hot_tier(log.log()), "started anew"));
    EXPECT_FALSE(fs::exists(log.log() / hot_tier_name));
}

TEST(JoinHotTier, RefusesATierThatIsGoneAndNoRestartTook) {
    dead_hot_log log;
    fs::rename(log.hot(), log.hot().native() + "-elsewhere");
    const std::string refusal =
        thrown_text<damage_error>([&] { log_writer writer(log.log(), small_log()); });
    EXPECT_TRUE(contains(refusal, log.hot().native() + ", is gone"));
    EXPECT_TRUE(contains(refusal, "millrace log recover " + log.log().native() + " --accept-loss"));
    EXPECT_TRUE(fs::exists(log.log() / hot_tier_name));
    fs::rename(log.hot().native() + "-elsewhere", log.hot());  // mounted again, say
    (void)join_hot_tier(log.log());
    log.expect_whole();
}

TEST(JoinHotTier, GoesOnWithoutATierThatIsGoneOnceThatIsAccepted) {
    dead_hot_log log;
    fs::remove_all(log.hot());
    EXPECT_TRUE(has_lost_hot_tier(log.log()));
    EXPECT_TRUE(
        contains(recover_hot_tier(log.log(), hot_loss::accepted), "is what was on the disk"));
    EXPECT_FALSE(fs::exists(log.log() / hot_tier_name));
    EXPECT_TRUE(has_lost_hot_tier(log.log())) << "until a writer has the log";
    {
        log_writer writer(log.log(), small_log());
        EXPECT_TRUE(contains(writer.recovery_note(), "was accepted"));
    }
    EXPECT_FALSE(has_lost_hot_tier(log.log()));
}

TEST(JoinHotTier, TakesATierThatItCannotLookAtForNoneThatIsGone) {
    dead_hot_log log;
    fs::rename(log.hot(), log.hot().native() + "-elsewhere");
    fs::create_symlink(log.hot(), log.hot());  // ELOOP, which root meets too
    for (const hot_loss loss : {hot_loss::refused, hot_loss::accepted}) {
        EXPECT_TRUE(
            contains(thrown_text<io_error>([&] { (void)recover_hot_tier(log.log(), loss); }),
                     "cannot look at the log's hot tier, " + log.hot().native()));
    }
    EXPECT_THROW((void)has_lost_hot_tier(log.log()), io_error);
    EXPECT_TRUE(fs::exists(log.log() / hot_tier_name));
    EXPECT_THROW((void)open_log_image(log.log()), io_error) << "nor do readers pass it over";
}

TEST(JoinHotTier, AnswersThatNothingIsLostWhereALossIsAcceptedInVain) {
    dead_hot_log log;
    EXPECT_TRUE(contains(recover_hot_tier(log.log(), hot_loss::accepted), "brought to the disk"));
    log.expect_whole();
    EXPECT_FALSE(has_lost_hot_tier(log.log()));
    EXPECT_EQ(recover_hot_tier(log.log(), hot_loss::accepted), "");
}

// As a cleaner leaves it that takes old files and no directories.
TEST(JoinHotTier, RefusesATierThatLacksASegmentTheDiskHasAPartOf) {
    for (const bool is_last : {true, false}) {
        dead_hot_log log;
        const std::uint64_t gone = is_last ? log.indexes().back() : 1;
        durable_mark mark = durable_mark::open_for_writing(log.log(), log.where().uuid);
        for (std::uint64_t home = 0; home < gone; ++home) {
            fs::rename(segment_path(log.hot(), home), segment_path(log.log(), home));
        }
        mark.set_retired_below(gone);
        // Its header and its first records are durable.
        const std::string all = read_whole_file(segment_path(log.hot(), gone));
        overwrite(segment_path(log.log(), gone), 0,
                  std::as_bytes(std::span(all.data(), std::size_t{8192})));
        fs::remove(segment_path(log.hot(), gone));
        const std::string refusal =
            thrown_text<damage_error>([&] { (void)join_hot_tier(log.log()); });
        EXPECT_TRUE(contains(refusal, "lacks segment " + segment_file_name(gone)));
        EXPECT_EQ(fs::exists(segment_path(log.hot(), log.indexes().back())), !is_last);

        EXPECT_TRUE(contains(recover_hot_tier(log.log(), hot_loss::accepted), "is given up"));
        EXPECT_FALSE(fs::exists(log.hot()));
        EXPECT_EQ(fs::exists(segment_path(log.log(), log.indexes().back()).native() + ".lost"),
                  !is_last);
        { log_writer writer(log.log(), small_log()); }
        const std::vector<seen_record> kept = read_log(log.log());
        EXPECT_GT(kept.size(), gone * 200);
        EXPECT_LT(kept.size(), log.expected().size());
        for (std::size_t i = 0; i < kept.size(); ++i) {
            ASSERT_EQ(kept[i], log.expected()[i]);
        }
    }
}

// Its twin is made first; the hot file had no name yet when the writer died.
TEST(JoinHotTier, TakesATwinWithoutAHotFileForASpareHalfMade) {
    dead_hot_log log;
    const std::uint64_t next = log.indexes().back() + 1;
    durable_mark::open_for_writing(log.log(), log.where().uuid).set_retired_below(0);
    segment_info info = read_segment_info(log.log(), 0);
    info.index = next;
    {
        const fs::path path = segment_path(log.log(), next);
        const unique_fd fd = open_file(path, O_RDWR | O_CREAT);
        const segment twin = segment::make_ahead(fd.get(), path, info);
    }
    (void)join_hot_tier(log.log());
    log.expect_whole();
}

TEST(UnbegunSegments, AreRemovedWithThoseHalfMadeAndNothingElse) {
    temporary_directory directory;
    segment_info info;
    info.uuid = random_log_uuid();
    info.segment_bytes = segment_bytes_min;
    info.header_bytes = segment_header_bytes_min;
    info.epoch = 1;
    info.base_sequence = {1};
    const segment begun = segment::create(directory.path(), info);
    for (info.index = 1; info.index < 3; ++info.index) {
        const fs::path path = segment_path(directory.path(), info.index);
        const unique_fd fd = open_file(path, O_RDWR | O_CREAT);
        const segment spare = segment::make_ahead(fd.get(), path, info);
    }
    std::ofstream(directory / "000000000003.alog.tmp") << "x";
    std::ofstream(directory / "000000000001.idx") << "x";
    EXPECT_EQ(list_segments(directory.path()), (std::vector<std::uint64_t>{0}));
    EXPECT_EQ(list_segment_names(directory.path()), (std::vector<std::uint64_t>{0, 1, 2}));
    remove_unbegun_segments(directory.path(), unbegun_kept::next);
    EXPECT_EQ(list_segment_names(directory.path()), (std::vector<std::uint64_t>{0, 1}));
    EXPECT_FALSE(fs::exists(directory / "000000000003.alog.tmp"));
    remove_unbegun_segments(directory.path(), unbegun_kept::none);
    EXPECT_EQ(list_segment_names(directory.path()), (std::vector<std::uint64_t>{0}));
    EXPECT_TRUE(fs::exists(directory / "000000000001.idx"));
}

TEST(UnbegunSegments, AreNotThoseWhoseHeaderWasLost) {
    temporary_directory directory;
    {
        log_writer writer(directory / "log", small_log());
        append(writer, 10);
    }
    const std::vector<std::byte> zeros(8);
    overwrite(segment_path(directory / "log", 0), begun_word_offset, zeros);
    EXPECT_EQ(list_segments(directory / "log").size(), 1u);
    EXPECT_TRUE(contains(
        thrown_text<damage_error>([&] { log_writer writer(directory / "log", small_log()); }),
        "activation part"));
}

}  // namespace millrace::engine::detail::test
