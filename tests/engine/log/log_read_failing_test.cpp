// Makes every call fail, one after the other, by which a log is read: when it is opened behind a
// writer that died, and when it is read, verified, indexed, sealed and salvaged.
//
// Whoever cannot read says so, or finds what is there: no record is lost, no log is opened that
// lacks a durable one, nothing half read passes for whole, and a disk's failure is no damage.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <map>
#include <optional>

#include "engine/core/error.hpp"
#include "engine/log/durable_mark.hpp"
#include "engine/log/salvage.hpp"
#include "engine/log/segment_header.hpp"
#include "engine/log/verify.hpp"
#include "tests/engine/log/damage_support.hpp"
#include "tests/engine/log/dying_writer.hpp"
#include "tests/engine/log/failing_nth.hpp"

namespace millrace::engine::test {

namespace {

// On any thread: what opens to look, reads, or maps.
class failing_read final : public file_call_observer {
public:
    failing_read(fs::path root, std::uint64_t nth) : root_(std::move(root)), nth_(nth) {}

    int before(const file_call_site& site) noexcept override {
        const bool is_looking = is_read(site.what) || site.what == file_call::map ||
                                (site.what == file_call::open && !site.is_creating);
        if (!is_looking || !is_below(site, root_) ||
            calls_.fetch_add(1, std::memory_order_relaxed) + 1 != nth_) {
            return 0;
        }
        failed_.store(site.what, std::memory_order_relaxed);
        return EIO;
    }
    void after(const file_call_site&, bool) noexcept override {}

    [[nodiscard]] bool is_reached() const { return calls_.load(std::memory_order_relaxed) >= nth_; }
    [[nodiscard]] file_call failed() const { return failed_.load(std::memory_order_relaxed); }

private:
    fs::path root_;
    std::uint64_t nth_;
    std::atomic<std::uint64_t> calls_{0};
    std::atomic<file_call> failed_{file_call::open};
};

struct refusal {
    std::string text;  // empty: nothing was thrown
    bool is_damage = false;

    [[nodiscard]] bool is_there() const { return !text.empty(); }
};

// For each reading call of `act` below `root`: `prepare`, `act` with that call failing, `check` of
// what it threw. Returns how many calls failed.
template <class Prepare, class Act, class Check>
std::uint64_t fail_each_read(const fs::path& root, Prepare&& prepare, Act&& act, Check&& check) {
    std::map<file_call, int> failed;
    for (std::uint64_t nth = 1;; ++nth) {
        prepare();
        failing_read failing(root, nth);
        refusal thrown;
        try {
            const file_call_observation observation(failing);
            act();
        } catch (const damage_error& failure) {
            thrown = {failure.what(), true};
        } catch (const std::exception& failure) {
            thrown = {failure.what(), false};
        }
        if (!failing.is_reached()) {
            break;
        }
        ++failed[failing.failed()];
        SCOPED_TRACE(std::string(describe(failing.failed())) + ", reading call " +
                     std::to_string(nth) + ": " +
                     (thrown.is_there() ? thrown.text : "nothing was thrown"));
        check(thrown);
        if (::testing::Test::HasFailure()) {
            return nth;
        }
    }
    std::uint64_t count = 0;
    for (const auto& [call, times] : failed) {
        std::cout << "  " << times << " x " << describe(call) << '\n';
        count += static_cast<std::uint64_t>(times);
    }
    return count;
}

std::uint64_t inode_of(const fs::path& file) {
    struct stat status {};
    EXPECT_EQ(::stat(file.c_str(), &status), 0) << file;
    return status.st_ino;
}

void remove_files(const fs::path& directory, std::string_view ending) {
    std::vector<fs::path> found;
    for (const fs::directory_entry& entry : fs::directory_iterator(directory)) {
        if (entry.path().native().ends_with(ending)) {
            found.push_back(entry.path());
        }
    }
    for (const fs::path& file : found) {
        fs::remove(file);
    }
}

// A log whose writer died with records that were not durable: as it was left, again and again.
class dead_log {
public:
    explicit dead_log(way how) : how_(how) {
        fs::create_directories(root());
        EXPECT_TRUE(live_until_killed([this] { write_and_die(); }));
        records_ = read_log(log());
        uuid_ = read_segment_info(log(), 0).uuid;
        durable_ = durable_mark::open(log(), uuid_).durable_sequence().value;
        fs::copy(root(), kept(), fs::copy_options::recursive);
    }

    // The log's directory stays the same one, by which the hot tier knows it.
    void restore() const {
        for (const fs::path& part : {log(), root() / "hot"}) {
            for (const fs::directory_entry& entry : fs::directory_iterator(part)) {
                fs::remove_all(entry.path());
            }
        }
        fs::copy(kept(), root(),
                 fs::copy_options::recursive | fs::copy_options::overwrite_existing);
    }

    [[nodiscard]] fs::path root() const { return directory_ / "root"; }
    [[nodiscard]] fs::path log() const { return root() / "log"; }
    [[nodiscard]] log_options options() const {
        log_options options = options_of(how_, root());
        options.sync_delay_max_ns = 600'000'000'000;
        return options;
    }
    [[nodiscard]] const log_uuid& uuid() const { return uuid_; }
    [[nodiscard]] std::uint64_t count() const { return records_.size(); }
    [[nodiscard]] std::uint64_t durable() const { return durable_; }
    [[nodiscard]] fs::path newest() const {
        return segment_path(log(), records_.back().at.value / segment_bytes_min);
    }
    // What a restart of the host leaves; in direct mode too with a gap in what was not durable.
    void restart() const {
        const std::uint64_t first_lost = records_[durable_].at.value % segment_bytes_min;
        overwrite(newest(), (first_lost + 4095) / 4096 * 4096, std::vector<std::byte>(4096));
        restart_host(log());
    }
    // Opens it, goes on, closes. Returns the last sequence found.
    std::uint64_t open_and_go_on() const {
        log_writer writer(log(), options());
        const std::uint64_t found = writer.last_sequence().value;
        EXPECT_EQ(append_when_ready(writer, 30).status, append_status::ok);
        EXPECT_EQ(wait_for_the_disk(writer), durable_wait::durable);
        writer.close();
        return found;
    }
    // These of the first life, and `more` behind them.
    void expect_records(std::uint64_t kept, std::uint64_t more) const {
        const std::vector<seen_record> found = read_log(log());
        ASSERT_EQ(found.size(), kept + more);
        for (std::uint64_t i = 0; i < kept; ++i) {
            ASSERT_EQ(found[i], records_[i]);
        }
    }

private:
    [[nodiscard]] fs::path kept() const { return directory_ / "kept"; }

    void write_and_die() const {
        fs::create_directories(root() / "hot");
        log_writer writer(log(), options());
        for (int i = 0; i < 150; ++i) {
            EXPECT_EQ(append_when_ready(writer, 900).status, append_status::ok);
        }
        EXPECT_EQ(wait_for_the_disk(writer), durable_wait::durable);
        const sequence sealed = read_segment_info(log(), 2).previous_last_sequence;
        EXPECT_TRUE(comes_true([&] { return writer.storage().sealed_sequence >= sealed; }));
        for (int i = 0; i < 15; ++i) {
            EXPECT_EQ(append_when_ready(writer, 900).status, append_status::ok);
        }
        kill_self();
    }

    way how_;
    temporary_directory directory_;
    std::vector<seen_record> records_;
    log_uuid uuid_;
    std::uint64_t durable_ = 0;
};

class DeadLogReadFailing : public ::testing::TestWithParam<way> {
protected:
    void SetUp() override {
        if (!can_refuse_calls) {
            GTEST_SKIP() << "calls are not refused under a sanitizer";
        }
    }
};

}  // namespace

TEST_P(DeadLogReadFailing, IsOpenedWithAllItsRecordsOrNotAtAll) {
    const dead_log dead(GetParam());
    ASSERT_LT(dead.durable(), dead.count());
    std::uint64_t found = 0;
    std::uint64_t inode = 0;
    const std::uint64_t calls = fail_each_read(
        dead.root(),
        [&] {
            dead.restore();
            inode = inode_of(dead.newest());
            found = 0;
        },
        [&] { found = dead.open_and_go_on(); },
        [&](const refusal& thrown) {
            EXPECT_FALSE(thrown.is_damage);
            if (!thrown.is_there()) {
                EXPECT_EQ(found, dead.count());
                EXPECT_NE(inode_of(dead.newest()), inode)
                    << "what was not durable is synced where a sync may have lost it";
            }
            const std::uint64_t more = thrown.is_there() ? 0 : 1;
            EXPECT_EQ(dead.open_and_go_on(), dead.count() + more);
            dead.expect_records(dead.count(), more + 1);
            EXPECT_NE(verify_log(dead.log()).result(), verdict::damaged);
        });
    EXPECT_GT(calls, 20u);
}

TEST_P(DeadLogReadFailing, IsOpenedAfterALossOfPowerWithWhatWasDurableOrNotAtAll) {
    const dead_log dead(GetParam());
    std::uint64_t found = 0;
    const std::uint64_t calls = fail_each_read(
        dead.root(),
        [&] {
            dead.restore();
            dead.restart();
            found = 0;
        },
        [&] { found = dead.open_and_go_on(); },
        [&](const refusal& thrown) {
            EXPECT_FALSE(thrown.is_damage);
            EXPECT_TRUE(thrown.is_there() || found >= dead.durable()) << found;
            const std::uint64_t again = dead.open_and_go_on();
            const std::uint64_t kept = thrown.is_there() ? again : found;
            EXPECT_GE(kept, dead.durable());
            dead.expect_records(kept, again - kept + 1);
        });
    EXPECT_GT(calls, 20u);
}

// What proves that records were durable is the mark, or the seals: each by itself here.
TEST_P(DeadLogReadFailing, IsNeverOpenedWithoutARecordThatWasDurable) {
    const dead_log dead(GetParam());
    for (const bool is_sealed : {false, true}) {
        const auto lose_durable_records = [&] {
            dead.restore();
            restart_host(dead.log());
            const std::uint64_t newest = list_segments(dead.log()).back();
            const fs::path before = segment_path(dead.log(), newest - 1);
            fs::remove(segment_path(dead.log(), newest));
            change_boot_id(before);
            overwrite(before, 8192, std::vector<std::byte>(segment_bytes_min - 8192));
            if (is_sealed) {
                fs::remove(dead.log() / durable_mark_name);
            } else {
                remove_files(dead.log(), ".seal");
            }
        };
        lose_durable_records();
        EXPECT_THROW(log_writer(dead.log(), dead.options()), damage_error);
        const std::uint64_t calls = fail_each_read(
            dead.root(), lose_durable_records, [&] { log_writer(dead.log(), dead.options()); },
            [&](const refusal& thrown) {
                EXPECT_TRUE(thrown.is_there()) << "opened though durable records are gone";
                EXPECT_THROW(log_writer(dead.log(), dead.options()), damage_error);
            });
        EXPECT_GT(calls, 10u);
    }
}

INSTANTIATE_TEST_SUITE_P(Ways, DeadLogReadFailing, ::testing::Values(way::direct_ahead, way::hot),
                         [](const auto& param) { return to_text(param.param); });

namespace {

// Closed, in four segments, with indexes and seals.
class LogReadFailing : public ::testing::Test {
protected:
    void SetUp() override {
        if (!can_refuse_calls) {
            GTEST_SKIP() << "calls are not refused under a sanitizer";
        }
        write_quarter_mebibyte(log());
        static_cast<void>(index_log(log()));
        static_cast<void>(seal_log(log(), nullptr));
        records_ = read_log(log());
    }
    [[nodiscard]] fs::path log() const { return directory_ / "log"; }
    [[nodiscard]] fs::path out() const { return directory_ / "out"; }
    void expect_whole() const {
        const verify_report report = verify_log(log(), {.thread_count = 1});
        EXPECT_EQ(report.result(), verdict::clean) << all_text(report);
        EXPECT_EQ(report.record_count, records_.size());
        EXPECT_EQ(report.index_count, 4u) << all_text(report);
        EXPECT_EQ(report.head.last_sequence, records_.back().seq) << all_text(report);
    }

    temporary_directory directory_;
    std::vector<seen_record> records_;
};

}  // namespace

TEST_F(LogReadFailing, AReaderFindsWhatItSeeksOrSaysThatItCannot) {
    const std::size_t middle = records_.size() / 2;
    const seen_record& sought = records_[middle];
    const std::vector<std::pair<read_from, std::size_t>> places = {
        {read_from::first(), 0},
        {read_from::at_sequence(sought.seq), middle},
        {read_from::at_time(sought.time), middle},
        {read_from::at_position(sought.at), middle}};
    for (const auto& [from, index] : places) {
        const std::vector<seen_record> wanted(records_.begin() + static_cast<std::ptrdiff_t>(index),
                                              records_.end());
        std::optional<log_reader> reader;
        std::vector<seen_record> found;
        read_status status = read_status::none;
        const std::uint64_t calls = fail_each_read(
            directory_.path(), [&] { found.clear(); },
            [&] {
                reader.emplace(log(), from);
                status = drain(*reader, found);
            },
            [&](const refusal& thrown) {
                EXPECT_FALSE(thrown.is_damage);
                if (thrown.is_there()) {
                    return;
                }
                if (status == read_status::none) {
                    status = drain(*reader, found);  // it goes on, once it can
                }
                ASSERT_LE(found.size(), wanted.size());
                EXPECT_TRUE(std::equal(found.begin(), found.end(), wanted.begin()));
                // Or it stopped, at a segment that it could not go on to.
                EXPECT_TRUE(status == read_status::none ? found.size() == wanted.size()
                                                        : found.size() < wanted.size())
                    << reader->damage().text();
            });
        EXPECT_GT(calls, 10u);
    }
}

TEST_F(LogReadFailing, VerificationCallsNothingWholeOrDamagedThatItCouldNotRead) {
    verify_report report;
    const std::uint64_t calls = fail_each_read(
        directory_.path(), [&] { report = {}; },
        [&] { report = verify_log(log(), {.thread_count = 1}); },
        [&](const refusal& thrown) {
            EXPECT_FALSE(thrown.is_damage);
            if (!thrown.is_there()) {
                EXPECT_EQ(report.result(), verdict::clean) << all_text(report);
                EXPECT_EQ(report.record_count, records_.size());
                EXPECT_EQ(report.index_count, 4u);
                EXPECT_EQ(report.head.last_sequence, records_.back().seq);
            }
        });
    EXPECT_GT(calls, 20u);
}

TEST_F(LogReadFailing, AnIndexIsMadeWholeOrMadeAgain) {
    const std::uint64_t calls = fail_each_read(
        directory_.path(), [&] { remove_files(log(), ".idx"); },
        [&] { static_cast<void>(index_log(log())); },
        [&](const refusal& thrown) {
            EXPECT_FALSE(thrown.is_damage);
            if (!thrown.is_there()) {
                expect_whole();
            }
            EXPECT_NE(verify_log(log()).result(), verdict::damaged);
            static_cast<void>(index_log(log()));
            expect_whole();
        });
    EXPECT_GT(calls, 10u);
}

TEST_F(LogReadFailing, SealsAreMadeWholeOrGoneOnWith) {
    const std::uint64_t calls = fail_each_read(
        directory_.path(),
        [&] {
            fs::remove(log() / seal_file_name(2));
            fs::remove(log() / seal_file_name(3));
        },
        [&] { static_cast<void>(seal_log(log(), nullptr)); },
        [&](const refusal& thrown) {
            EXPECT_FALSE(thrown.is_damage);
            if (!thrown.is_there()) {
                expect_whole();
            }
            EXPECT_NE(verify_log(log()).result(), verdict::damaged);
            static_cast<void>(seal_log(log(), nullptr));
            expect_whole();
        });
    EXPECT_GT(calls, 20u);
}

TEST_F(LogReadFailing, SalvageCopiesAllThatIsWholeOrSaysThatItCannot) {
    const seen_record& hit = records_[records_.size() / 2];
    flip_bit(segment_path(log(), hit.at.value / segment_bytes_min),
             hit.at.value % segment_bytes_min + 33, 1);
    salvage_report report;
    const std::uint64_t calls = fail_each_read(
        log(),
        [&] {
            fs::remove_all(out());
            report = {};
        },
        [&] { report = salvage_log(log(), out()); },
        [&](const refusal& thrown) {
            EXPECT_FALSE(thrown.is_damage);
            if (!thrown.is_there()) {
                EXPECT_EQ(report.record_count, records_.size() - 1);
                EXPECT_EQ(read_log(out()).size(), records_.size() - 1);
            }
        });
    EXPECT_GT(calls, 8u);
}

// In a process of its own, which has not read it yet.
TEST(BootIdDeathTest, ThatCannotBeReadIsNoOtherBootAndIsReadAgain) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "calls are not observed under a sanitizer";
#endif
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    const auto read_twice = [] {
        try {
            failing_read failing("/proc/sys/kernel/random", 1);
            const file_call_observation observation(failing);
            static_cast<void>(detail::read_host_identity());
        } catch (const io_error& failure) {
            const bool is_read =
                detail::read_host_identity().boot_id != detail::host_identity{}.boot_id;
            std::exit(failure.error_number() == EIO && is_read ? 7 : 2);
        }
        std::exit(1);
    };
    EXPECT_EXIT(read_twice(), ::testing::ExitedWithCode(7), "");
}

}  // namespace millrace::engine::test
