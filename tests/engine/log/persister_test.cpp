// What the persister does when the disk, a cleaner or a reader does not do as it should.
#include "engine/log/persister.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <csignal>
#include <memory>

#include "engine/core/error.hpp"
#include "engine/log/hot_tier.hpp"
#include "engine/log/record_lookup.hpp"
#include "tests/engine/log/failing_calls.hpp"
#include "tests/engine/log/log_test_support.hpp"

namespace millrace::engine::test {

namespace {

constexpr std::int64_t long_ns = 20'000'000'000;

class Persister : public ::testing::Test {
protected:
    void open(way how) {
        log_options options = options_of(how, directory_.path());
        options.keeps_sidecars = false;  // the system calls are counted, and fail, for the log's
        writer_ = std::make_unique<log_writer>(log(), options);
        hot_ = directory_ / "hot" / to_string(writer_->uuid());
    }
    fs::path log() const { return directory_ / "log"; }
    void append_many(int count, std::size_t size = 500) {
        for (int i = 0; i < count; ++i) {
            ASSERT_EQ(append_when_ready(*writer_, size).status, append_status::ok);
        }
    }
    void wait_durable() { ASSERT_EQ(wait_for_the_disk(*writer_), durable_wait::durable); }
    void expect_all_after_close(std::size_t count) {
        writer_.reset();
        const std::vector<seen_record> records = read_log(log());
        expect_contiguous(records);
        ASSERT_EQ(records.size(), count);
        for (const seen_record& record : records) {
            ASSERT_EQ(record.payload, pattern(record.seq.value, record.payload.size()));
        }
    }

    failing_calls_guard calls_;
    temporary_directory directory_;
    std::unique_ptr<log_writer> writer_;
    fs::path hot_;
};

ino_t inode_of(const fs::path& path) {
    struct stat status {};
    ::stat(path.c_str(), &status);
    return status.st_ino;
}

class noting_observer final : public durable_observer {
public:
    void on_durable(const record_view& record) noexcept override {
        records.push_back(copy_record(record));
        is_early = is_early || (mark != nullptr && mark->durable_position() < record.end);
    }
    void on_segment_end(std::uint64_t index) noexcept override { ended.push_back(index); }

    const durable_mark* mark = nullptr;
    std::vector<seen_record> records;
    std::vector<std::uint64_t> ended;
    bool is_early = false;
};

}  // namespace

TEST_F(Persister, WritesTheSegmentToAFreshFileAfterAFailedSyncInHotMode) {
    open(way::hot);
    append_many(20);
    wait_durable();
    const ino_t before = inode_of(segment_path(log(), 0));
    const std::uint64_t syncs = fsync_call.calls.load(std::memory_order_relaxed);
    fdatasync_call.fail(1, EIO);
    append_many(20);
    wait_durable();
    EXPECT_NE(inode_of(segment_path(log(), 0)), before);
    EXPECT_GT(fsync_call.calls.load(std::memory_order_relaxed), syncs);
    const storage_report report = writer_->storage();
    EXPECT_EQ(report.sync_failure_count, 1u);
    EXPECT_FALSE(report.is_durability_halted);
    EXPECT_TRUE(contains(report.text, "fdatasync failed"));
    EXPECT_TRUE(contains(report.text, "000000000000.alog (Input/output error)"));
    append_many(500);
    expect_all_after_close(540);
}

TEST_F(Persister, TakesNothingForDurableUntilAFreshFileStands) {
    open(way::hot);
    append_many(20);
    wait_durable();
    const position durable = writer_->durable_position();
    ASSERT_TRUE(comes_true([&] { return list_segment_names(log()).size() == 3; }));
    fsync_call.fail(3, EIO);
    fdatasync_call.fail(1, EIO);
    append_many(20);
    ASSERT_TRUE(comes_true([&] { return writer_->storage().sync_failure_count >= 2; }));
    EXPECT_EQ(writer_->durable_position(), durable);
    EXPECT_EQ(append(*writer_, 10).status, append_status::ok) << "the writer goes on";
    wait_durable();
    EXPECT_EQ(writer_->storage().sync_failure_count, 4u);
    expect_all_after_close(41);
}

TEST_F(Persister, LeavesTheHotTierToTheNextWriterWhenTheDiskRefusesToTheEnd) {
    open(way::hot);
    ASSERT_TRUE(comes_true([&] { return list_segment_names(log()).size() == 3; }));
    fsync_call.fail(1'000'000, EIO);
    fdatasync_call.fail(1'000'000, EIO);
    append_many(150);
    log_reader reader(log(), read_from::first());
    reader.keep_all();
    std::vector<record_view> views;
    record_view view;
    while (reader.poll(view) == read_status::record) {
        views.push_back(view);
    }
    ASSERT_EQ(views.size(), 150u);
    writer_->close();
    EXPECT_EQ(writer_->last_error(), EIO);
    EXPECT_TRUE(fs::exists(log() / hot_tier_name));
    const std::unique_ptr<log_writer> closed = std::move(writer_);
    EXPECT_EQ(read_log(log()).size(), 150u) << "readers find it in memory";
    fsync_call.fail(0, 0);
    fdatasync_call.fail(0, 0);
    open(way::hot);
    EXPECT_TRUE(contains(writer_->recovery_note(), "brought to the disk"));
    EXPECT_EQ(writer_->last_sequence().value, 150u);
    for (const record_view& one : views) {
        const auto wanted = pattern(one.seq.value, 500);
        ASSERT_EQ(std::memcmp(one.payload, wanted.data(), wanted.size()), 0) << one.seq.value;
    }
    append_many(1);
    expect_all_after_close(151);
}

TEST_F(Persister, HaltsDurabilityAfterAFailedSyncInDirectModeAndAppendsGoOn) {
    open(way::direct_ahead);
    append_many(20);
    wait_durable();
    const position durable = writer_->durable_position();
    fdatasync_call.fail(1, EIO);
    append_many(1);
    EXPECT_EQ(writer_->wait_durable(writer_->end(), long_ns), durable_wait::halted);
    const storage_report report = writer_->storage();
    EXPECT_TRUE(report.is_durability_halted);
    EXPECT_EQ(report.sync_failure_count, 1u);
    EXPECT_TRUE(contains(report.text, "nothing more of this log becomes durable"));
    append_many(5000);  // many times the segments it may have, so old ones are given back
    EXPECT_EQ(writer_->durable_position(), durable);
    const std::uint64_t calls = fdatasync_call.calls.load(std::memory_order_relaxed);
    writer_->close();
    EXPECT_EQ(fdatasync_call.calls.load(std::memory_order_relaxed), calls) << "never tried again";
    EXPECT_EQ(writer_->last_error(), EIO);
    EXPECT_EQ(writer_->durable_position(), durable);
    expect_all_after_close(5021);
}

TEST_F(Persister, LeavesAFailedSyncToANextWriterThatWritesTheSegmentToAFreshFile) {
    open(way::direct_ahead);
    append_many(20);
    wait_durable();
    fdatasync_call.fail(1, EIO);
    append_many(20);
    EXPECT_EQ(writer_->wait_durable(writer_->end(), long_ns), durable_wait::halted);
    const ino_t before = inode_of(segment_path(log(), 0));
    writer_.reset();
    open(way::direct_ahead);
    EXPECT_NE(inode_of(segment_path(log(), 0)), before) << "one more sync would prove nothing";
    EXPECT_EQ(writer_->last_sequence().value, 40u);
    EXPECT_EQ(writer_->durable_sequence().value, 40u);
    append_many(1);
    EXPECT_EQ(list_segments(log()).size(), 2u) << "readers may have the old file";
    expect_all_after_close(41);
}

TEST_F(Persister, KeepsWhatSlotsInFlightPointAtAndGivesTheMemoryBack) {
    open(way::hot);
    append_many(3, 400);
    log_reader reader(log(), read_from::first());
    reader.keep_all();
    std::vector<record_view> views;
    for (int i = 0; i < 1500; ++i) {
        record_view view;
        while (reader.poll(view) == read_status::record) {
            views.push_back(view);
        }
        append_many(1, 400);
    }
    wait_durable();
    EXPECT_TRUE(comes_true([&] { return list_segment_names(hot_).size() <= 3; }))
        << "only the current one and two spares stay";
    EXPECT_GE(list_segments(log()).size(), 10u);
    ASSERT_GE(views.size(), 1400u);
    for (const record_view& view : views) {
        const auto wanted = pattern(view.seq.value, 400);
        ASSERT_EQ(std::memcmp(view.payload, wanted.data(), wanted.size()), 0) << view.seq.value;
    }
    writer_.reset();
    for (const record_view& view : views) {
        const auto wanted = pattern(view.seq.value, 400);
        ASSERT_EQ(std::memcmp(view.payload, wanted.data(), wanted.size()), 0) << view.seq.value;
    }
}

TEST_F(Persister, ExchangesMappingsWhileOtherThreadsReadThem) {
    open(way::hot);
    std::atomic<bool> is_over{false};
    std::vector<std::thread> readers;
    std::atomic<std::uint64_t> seen{0};
    for (int i = 0; i < 2; ++i) {
        readers.emplace_back([&] {
            log_reader reader(log(), read_from::first());
            record_view view;
            std::vector<record_view> kept;
            reader.keep_all();
            while (true) {
                const bool is_last_look = is_over.load(std::memory_order_acquire);
                while (reader.poll(view) == read_status::record) {
                    kept.push_back(view);
                    const record_view& old = kept[kept.size() / 2];
                    const auto wanted = pattern(old.seq.value, 300);
                    ASSERT_EQ(std::memcmp(old.payload, wanted.data(), wanted.size()), 0);
                }
                if (is_last_look) {
                    break;
                }
            }
            seen.fetch_add(kept.size(), std::memory_order_relaxed);
        });
    }
    append_many(8000, 300);
    is_over.store(true, std::memory_order_release);
    for (std::thread& reader : readers) {
        reader.join();
    }
    EXPECT_EQ(seen.load(std::memory_order_relaxed), 16'000u);
}

TEST_F(Persister, TellsItsObserverOfEachRecordOnceAndOnlyWhenItIsDurable) {
    for (const way how : {way::direct_ahead, way::hot}) {
        temporary_directory directory;
        noting_observer observer;
        log_options options = options_of(how, directory.path());
        options.observer = &observer;
        std::vector<seen_record> expected;
        for (int life = 0; life < 2; ++life) {
            log_writer writer(directory / "log", options);
            const durable_mark mark = durable_mark::open(directory / "log", writer.uuid());
            observer.mark = &mark;
            for (int i = 0; i < 400; ++i) {
                ASSERT_EQ(append_when_ready(writer, 600).status, append_status::ok);
            }
            writer.close();
            observer.mark = nullptr;
        }
        std::vector<seen_record> told;
        for (const seen_record& record : observer.records) {
            if ((record.flags & record_flag_control) == 0) {
                told.push_back(record);
            }
        }
        EXPECT_EQ(told, read_log(directory / "log"));
        EXPECT_FALSE(observer.is_early);
        EXPECT_TRUE(std::is_sorted(observer.ended.begin(), observer.ended.end()));
        EXPECT_EQ(observer.ended.back(), list_segments(directory / "log").back());
    }
}

TEST_F(Persister, RaisesAnAlarmForALostNameAndMovesToAFreshSegment) {
    open(way::hot);
    append_many(10);
    ASSERT_EQ(writer_->end().value / segment_bytes_min, 0u);
    fs::remove(segment_path(hot_, 0));
    EXPECT_TRUE(comes_true([&] { return writer_->storage().lost_name_count == 1; }));
    EXPECT_TRUE(contains(writer_->storage().text, "000000000000.alog: somebody removed"));
    // Long before the old one is full.
    for (int i = 0; i < 200 && writer_->end().value / segment_bytes_min == 0; ++i) {
        append_many(1, 10);
        ::usleep(2000);
    }
    EXPECT_EQ(writer_->end().value / segment_bytes_min, 1u);
    EXPECT_EQ(writer_->storage().lost_name_count, 1u) << "said once";
    append_many(200);
    const std::size_t count = writer_->last_sequence().value;
    expect_all_after_close(count);
}

TEST_F(Persister, OutlivesACleanerThatTakesTheWholeHotDirectory) {
    open(way::hot);
    append_many(10);
    std::error_code code;  // of files that are being made meanwhile
    do {
        fs::remove_all(hot_, code);
    } while (code);
    // A segment that was being made meanwhile could not be, which passes.
    while (writer_->last_sequence().value < 1000) {
        (void)append(*writer_, 500);
    }
    append_many(1000);
    EXPECT_TRUE(comes_true([&] { return writer_->storage().lost_name_count >= 1; }));
    expect_all_after_close(2000);
}

namespace {

// A reader in a process of its own, which the writer's process cannot help.
class other_process {
public:
    // Reads all there is whenever it is asked to, and answers with how many records it has seen in
    // all, or a negative number.
    explicit other_process(const fs::path& log) {
        EXPECT_EQ(::pipe2(asked_, O_CLOEXEC), 0);
        EXPECT_EQ(::pipe2(told_, O_CLOEXEC), 0);
        child_ = ::fork();
        if (child_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            // As a program of its own would be: it holds neither the log's lock nor its files.
            for (int fd = 3; fd < 1024; ++fd) {
                if (fd != asked_[0] && fd != told_[1]) {
                    ::close(fd);
                }
            }
            serve(log);
        }
    }
    other_process(const other_process&) = delete;
    other_process& operator=(const other_process&) = delete;
    ~other_process() {
        ::kill(child_, SIGKILL);
        ::waitpid(child_, nullptr, 0);
        for (const int end : {asked_[0], asked_[1], told_[0], told_[1]}) {
            ::close(end);
        }
    }
    void ask() { EXPECT_EQ(::write(asked_[1], "r", 1), 1); }
    [[nodiscard]] std::int64_t answer() {
        std::int64_t said = -100;
        EXPECT_EQ(::read(told_[0], &said, sizeof said), static_cast<ssize_t>(sizeof said));
        return said;
    }
    [[nodiscard]] std::int64_t seen() {
        ask();
        return answer();
    }
    void stop() { ::kill(child_, SIGSTOP); }
    void go_on() { ::kill(child_, SIGCONT); }

private:
    [[noreturn]] void serve(const fs::path& log) {
        log_reader reader(log, read_from::first());
        reader.keep_all();
        std::vector<record_view> kept;
        char asked = 0;
        while (::read(asked_[0], &asked, 1) == 1) {
            const std::int64_t said = read_all(reader, kept);
            if (::write(told_[1], &said, sizeof said) != sizeof said) {
                break;
            }
        }
        ::_exit(0);
    }
    static std::int64_t read_all(log_reader& reader, std::vector<record_view>& kept) {
        record_view view;
        for (int idle = 0; idle < 100;) {
            const read_status status = reader.poll(view);
            if (status == read_status::damaged) {
                return -1;
            }
            idle = status == read_status::record ? 0 : idle + 1;
            if (status == read_status::record) {
                kept.push_back(view);
            } else {
                ::usleep(300);  // an idle reader looks for the next segment every 20 ms
            }
        }
        for (const record_view& one : kept) {
            const auto wanted = pattern(one.seq.value, one.payload_size);
            if (std::memcmp(one.payload, wanted.data(), wanted.size()) != 0) {
                return -2;
            }
        }
        return static_cast<std::int64_t>(kept.size());
    }

    int asked_[2] = {-1, -1};
    int told_[2] = {-1, -1};
    pid_t child_ = -1;
};

}  // namespace

TEST_F(Persister, IsFollowedByAReaderInAnotherProcessThroughRetirementAndClose) {
    open(way::hot);
    append_many(10);
    other_process reader(log());
    EXPECT_EQ(reader.seen(), 10);
    std::int64_t count = 10;
    for (const int more : {1, 50, 700, 3, 2000}) {
        append_many(more);
        count += more;
        EXPECT_EQ(reader.seen(), count);
    }
    writer_.reset();
    EXPECT_EQ(reader.seen(), count);
    open(way::hot);
    append_many(5);
    EXPECT_EQ(reader.seen(), count + 5);
}

TEST_F(Persister, IsPinnedByNoStoppedReaderOfAnotherProcess) {
    open(way::hot);
    append_many(10);
    other_process reader(log());
    ASSERT_EQ(reader.seen(), 10);
    const fs::path first = segment_path(hot_, 0);
    const unique_fd hot_file = open_file(first, O_RDONLY);
    reader.stop();
    append_many(2000);
    wait_durable();
    EXPECT_FALSE(fs::exists(first));
    struct stat status {};
    ASSERT_EQ(::fstat(hot_file.get(), &status), 0);
    EXPECT_EQ(status.st_blocks, 0) << "its memory is given back though it is mapped";
    reader.go_on();
    EXPECT_EQ(reader.seen(), 2010);
}

TEST_F(Persister, ShowsOtherProcessesWhatIsDurableOfASegmentThatLostItsName) {
    open(way::hot);
    append_many(10);
    wait_durable();
    fs::remove(segment_path(hot_, 0));
    other_process reader(log());
    EXPECT_EQ(reader.seen(), 10);
    append_many(1);
    wait_durable();
    EXPECT_EQ(reader.seen(), 11);
}

TEST_F(Persister, IsReadByPositionInAnotherProcessToo) {
    open(way::hot);
    std::vector<append_result> results;
    for (int i = 0; i < 600; ++i) {
        results.push_back(append_when_ready(*writer_, 300));
    }
    const pid_t child = ::fork();
    if (child == 0) {
        record_lookup lookup(log(), segment_bytes_min);
        record_view view;
        for (const append_result& result : results) {
            if (!lookup.read(result.at, view) || view.seq != result.seq) {
                ::_exit(1);
            }
        }
        ::_exit(lookup.read({results.back().at.value + 32}, view) ? 2 : 0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

TEST_F(Persister, RefusesACopyOfTheDirectoryWhileTheOriginalIsWritten) {
    open(way::hot);
    append_many(10);
    wait_durable();
    fs::copy(log(), directory_ / "copy");
    const std::string text = thrown_text<locked_error>(
        [&] { log_writer copy(directory_ / "copy", options_of(way::hot, directory_.path())); });
    EXPECT_TRUE(contains(text, "already open for writing"));
    append_many(10);
    expect_all_after_close(20);
}

}  // namespace millrace::engine::test
