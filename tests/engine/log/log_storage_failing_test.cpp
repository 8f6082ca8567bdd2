// Makes every call fail that a log asks of the file system, one after the other: once, with the
// disk full, once where it reads, and from then on until the log is closed.
//
// Whatever fails: what was appended stays readable, and what was said to be durable is there after
// a loss of power that leaves nothing but what was synced. A sync that failed has lost what it
// should have written (disk_model.hpp), so that one more sync of the same file proves nothing.
// Behind a call that failed once, appends go on and all becomes durable; but in direct mode behind
// a sync that failed nothing does in that life.
#include <gtest/gtest.h>
#include <unistd.h>

#include <map>

#include "engine/core/error.hpp"
#include "engine/log/log_storage.hpp"
#include "engine/log/verify.hpp"
#include "tests/engine/log/failing_nth.hpp"
#include "tests/engine/log/powered_log.hpp"

namespace millrace::engine::test {

namespace {

enum class failure : std::uint8_t { once, disk_full, lasting, read };

constexpr std::int64_t patience_ns = 80'000'000;  // with a disk that stays broken

class failing_life {
public:
    failing_life(way how, failure kind, std::uint64_t nth)
        : log_(how),
          model_(log_.root(), [this] { return log_.promise(); }),
          kind_(kind),
          nth_(nth) {
        model_.keeps_moments = false;  // only the last is looked at
        model_.refuse = [this](const file_call_site& site) { return refusal(site); };
    }

    // Whether the script came to the nth call.
    bool run() {
        power_cut_moment last;
        {
            const file_call_observation observation(model_);
            live(70, 900);
            live(30, 1500);
            last = model_.capture();
        }
        check_without_power_loss();
        log_.check(last, survivors::none_of(last));
        std::mt19937_64 random(test_seed() + nth_);
        log_.check(last, survivors::random_of(last, random));
        return calls_.load(std::memory_order_relaxed) >= nth_;
    }

    [[nodiscard]] std::string text() const {
        return std::string(
                   describe(static_cast<file_call>(failed_call_.load(std::memory_order_relaxed)))) +
               ", call " + std::to_string(nth_);
    }
    [[nodiscard]] file_call failed_call() const {
        return static_cast<file_call>(failed_call_.load(std::memory_order_relaxed));
    }

private:
    int refusal(const file_call_site& site) {
        if (is_read(site.what) != (kind_ == failure::read) || !is_below(site, log_.directory())) {
            return 0;
        }
        const std::uint64_t call = calls_.fetch_add(1, std::memory_order_relaxed) + 1;
        const bool is_hit = kind_ == failure::lasting
                                ? call >= nth_ && is_broken_.load(std::memory_order_relaxed)
                                : call == nth_;
        if (!is_hit) {
            return 0;
        }
        if (call == nth_) {
            failed_call_.store(static_cast<int>(site.what), std::memory_order_relaxed);
        }
        return kind_ == failure::disk_full ? ENOSPC : EIO;
    }

    // Opens the log, however many attempts it takes, appends, waits, closes.
    void live(int count, std::size_t size) {
        is_broken_.store(true, std::memory_order_relaxed);
        for (int attempt = 0; attempt < 3; ++attempt) {
            try {
                log_writer writer(log_.log(), log_.options());
                EXPECT_EQ(writer.last_sequence().value, log_.committed_count())
                    << writer.recovery_note();
                log_.begin_life(writer);
                use(writer, count, size);
                log_.end_life();
                return;
            } catch (const io_error&) {
            } catch (const config_error&) {
            }
            // Nothing was promised, and a disk that stays broken is put right before the next.
            is_broken_.store(attempt == 0, std::memory_order_relaxed);
        }
        ADD_FAILURE() << "the log does not open any more";
    }

    void use(log_writer& writer, int count, std::size_t size) {
        for (int i = 0; i < count; ++i) {
            const append_status status = append_patiently(writer, size);
            if (status != append_status::ok) {
                EXPECT_EQ(kind_, failure::lasting)
                    << "appends stay refused (" << describe(status)
                    << ") after one failed call: " << writer.storage().text;
                break;
            }
            if (i % 16 == 15) {
                check_wait(writer, writer.wait_durable(writer.end(), patience_ns));
            }
        }
        if (kind_ != failure::lasting) {
            check_all_durable(writer);
        }
        log_.end_life();
        writer.close();
    }

    append_status append_patiently(log_writer& writer, std::size_t size) {
        const std::int64_t until =
            monotonic_now_ns() + (kind_ == failure::lasting ? patience_ns : patience::ns());
        append_status status = append_status::ok;
        while ((status = log_.append_one(writer, size)) != append_status::ok &&
               monotonic_now_ns() < until) {
            ::usleep(200);
        }
        return status;
    }

    void check_wait(const log_writer& writer, durable_wait outcome) const {
        const position durable = writer.durable_position();
        EXPECT_TRUE(outcome != durable_wait::durable || durable >= writer.end());
        if (outcome == durable_wait::halted) {
            EXPECT_FALSE(writer.storage().text.empty());
            EXPECT_FALSE(is_hot()) << "the hot segment is there to be written again";
        }
    }

    void check_all_durable(log_writer& writer) const {
        const durable_wait outcome = wait_for_the_disk(writer);
        const bool has_lost_sync = !is_hot() && writer.storage().sync_failure_count > 0;
        EXPECT_EQ(outcome, has_lost_sync ? durable_wait::halted : durable_wait::durable)
            << writer.storage().text;
        EXPECT_EQ(writer.storage().is_durability_halted, has_lost_sync);
        EXPECT_TRUE(!has_lost_sync || failed_call() == file_call::fdatasync)
            << "halted by a call that is no sync";
    }

    [[nodiscard]] bool is_hot() const { return log_.options().storage == storage_mode::hot; }

    // All that was appended, though calls failed: the process never died.
    void check_without_power_loss() {
        log_writer writer(log_.log(), log_.options());
        EXPECT_EQ(writer.last_sequence().value, log_.committed_count()) << writer.recovery_note();
        EXPECT_EQ(append_when_ready(writer, 30).status, append_status::ok);
        writer.close();
        log_.check_records(log_.committed_count());
        const verify_report report = verify_log(log_.log());
        EXPECT_EQ(report.findings.size(), 0u) << report.findings.front().text();
    }

    powered_log log_;
    disk_model model_;
    failure kind_;
    std::uint64_t nth_;
    std::atomic<std::uint64_t> calls_{0};
    std::atomic<int> failed_call_{0};
    std::atomic<bool> is_broken_{true};
};

struct failing_case {
    way how;
    failure kind;
};

std::string name_of(const ::testing::TestParamInfo<failing_case>& info) {
    constexpr std::array<std::string_view, 4> kinds = {"Once", "DiskFull", "Lasting", "Read"};
    return to_text(info.param.how) + std::string(kinds[static_cast<std::size_t>(info.param.kind)]);
}

class refusing_observer final : public file_call_observer {
public:
    explicit refusing_observer(fs::path path) : path_(std::move(path)) {}
    int before(const file_call_site& site) noexcept override {
        return site.what == file_call::open && path_ == site.path ? EIO : 0;
    }
    void after(const file_call_site&, bool) noexcept override {}

private:
    fs::path path_;
};

}  // namespace

TEST(LogStorageFailing, TakesASegmentThatCannotBeOpenedForNoAbsentOne) {
    if (!can_refuse_calls) {
        GTEST_SKIP() << "calls are not observed under a sanitizer";
    }
    temporary_directory directory;
    {
        log_writer writer(directory / "log", small_log());
        while (list_segments(directory / "log").size() < 3) {
            append(writer, 5000);
        }
    }
    refusing_observer refusing(segment_path(directory / "log", 2));
    const file_call_observation observation(refusing);
    EXPECT_THROW((void)list_segments(directory / "log"), io_error);
    EXPECT_TRUE(
        contains(thrown_text<io_error>([&] { log_writer writer(directory / "log", small_log()); }),
                 "000000000002.alog"));
}

TEST(LogStorageFailing, LeavesNoDirectoryAndNoMarkThatCouldNotBeMadeDurable) {
    const failing_calls_guard calls;
    temporary_directory directory;
    fsync_call.fail(1, EIO);
    EXPECT_THROW(ensure_directory(directory / "a"), io_error);
    EXPECT_FALSE(fs::exists(directory / "a")) << "the next attempt would not sync its name";
    ensure_directory(directory / "a/b/");
    EXPECT_TRUE(fs::is_directory(directory / "a/b"));
    fsync_call.fail(1, EIO);
    const log_uuid uuid = random_log_uuid();
    EXPECT_THROW((void)durable_mark::open_for_writing(directory / "a", uuid), io_error);
    EXPECT_FALSE(fs::exists((directory / "a") / durable_mark_name));
    EXPECT_TRUE(durable_mark::open_for_writing(directory / "a", uuid).is_open());
}

class LogStorageFailingCalls : public ::testing::TestWithParam<failing_case> {};

TEST_P(LogStorageFailingCalls, AtAnyCallLosesNothingAcknowledged) {
    if (!can_refuse_calls) {
        GTEST_SKIP() << "calls are not observed under a sanitizer";
    }
    std::map<file_call, int> failed;
    bool is_reached = true;
    std::uint64_t nth = 0;
    while (is_reached) {
        ++nth;
        failing_life life(GetParam().how, GetParam().kind, nth);
        is_reached = life.run();
        if (::testing::Test::HasFailure()) {
            FAIL() << "after " << life.text();
        }
        failed[life.failed_call()] += is_reached ? 1 : 0;
    }
    for (const auto& [call, count] : failed) {
        std::cout << "  " << count << " x " << describe(call) << '\n';
    }
    if (GetParam().kind == failure::read) {
        EXPECT_GT(failed[file_call::read], 0) << "indexes, seals and the hot tier's place";
        EXPECT_GT(failed[file_call::pread], 10) << "headers";
        return;
    }
    EXPECT_GT(nth, 60u);
    EXPECT_GT(failed[file_call::fdatasync], 0);
    EXPECT_GT(failed[file_call::fsync], 0);
    EXPECT_GT(failed[file_call::rename], 0);
    EXPECT_GT(failed[file_call::allocate], 0);
    EXPECT_TRUE(GetParam().how != way::hot || failed[file_call::pwrite] > 0);
}

INSTANTIATE_TEST_SUITE_P(Ways, LogStorageFailingCalls,
                         ::testing::Values(failing_case{way::direct_ahead, failure::once},
                                           failing_case{way::direct_ahead, failure::disk_full},
                                           failing_case{way::direct_ahead, failure::lasting},
                                           failing_case{way::direct_ahead, failure::read},
                                           failing_case{way::hot, failure::once},
                                           failing_case{way::hot, failure::disk_full},
                                           failing_case{way::hot, failure::lasting},
                                           failing_case{way::hot, failure::read}),
                         name_of);

}  // namespace millrace::engine::test
