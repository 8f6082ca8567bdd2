// Makes every call fail that a log asks of the file system, one after the other: once, with the
// disk full, and from then on until the log is closed.
//
// Whatever fails: what was appended stays readable, and what was said to be durable is there after
// a loss of power that leaves nothing but what was synced. A sync that failed has lost what it
// should have written (disk_model.hpp), so that one more sync of the same file proves nothing.
#include <gtest/gtest.h>
#include <unistd.h>

#include <map>

#include "engine/core/error.hpp"
#include "engine/log/log_storage.hpp"
#include "tests/engine/log/powered_log.hpp"

namespace millrace::engine::test {

namespace {

enum class failure : std::uint8_t { once, disk_full, lasting };

constexpr std::int64_t patience_ns = 300'000'000;

class failing_life {
public:
    failing_life(way how, failure kind, std::uint64_t nth)
        : log_(how),
          model_(log_.root(), [this] { return log_.promise(); }),
          kind_(kind),
          nth_(nth) {
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
        if (!is_ours(site)) {
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

    bool is_ours(const file_call_site& site) const {
        const std::string& root = log_.directory().native();
        if (site.fd < 0) {
            return std::string_view(site.path).starts_with(root);
        }
        char target[4096];
        const std::string link = "/proc/self/fd/" + std::to_string(site.fd);
        const ssize_t size = ::readlink(link.c_str(), target, sizeof target);
        return size > 0 &&
               std::string_view(target, static_cast<std::size_t>(size)).starts_with(root);
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
            const std::int64_t until = monotonic_now_ns() + patience_ns;
            append_status status = append_status::ok;
            while ((status = log_.append_one(writer, size)) != append_status::ok &&
                   monotonic_now_ns() < until) {
                ::usleep(200);
            }
            if (status != append_status::ok) {
                break;
            }
            if (i % 16 == 15) {
                const durable_wait outcome = writer.wait_durable(writer.end(), patience_ns);
                const position durable = writer.durable_position();
                EXPECT_TRUE(outcome != durable_wait::durable || durable >= writer.end());
                if (outcome == durable_wait::halted) {
                    EXPECT_FALSE(writer.storage().text.empty());
                    EXPECT_FALSE(log_.options().storage == storage_mode::hot)
                        << "the hot segment is there to be written again";
                }
            }
        }
        log_.end_life();
        writer.close();
    }

    // All that was appended, though calls failed: the process never died.
    void check_without_power_loss() {
        log_writer writer(log_.log(), log_.options());
        EXPECT_EQ(writer.last_sequence().value, log_.committed_count()) << writer.recovery_note();
        EXPECT_EQ(append_when_ready(writer, 30).status, append_status::ok);
        writer.close();
        log_.check_records(log_.committed_count());
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
    constexpr std::array<std::string_view, 3> kinds = {"Once", "DiskFull", "Lasting"};
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

// Their runtimes have the calls in hand themselves.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool is_sanitized = true;
#else
constexpr bool is_sanitized = false;
#endif

}  // namespace

TEST(LogStorageFailing, TakesASegmentThatCannotBeOpenedForNoAbsentOne) {
    if (is_sanitized) {
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
    EXPECT_EQ(list_segments(directory / "log").size(), 3u);
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
    if (is_sanitized) {
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
                                           failing_case{way::hot, failure::once},
                                           failing_case{way::hot, failure::disk_full},
                                           failing_case{way::hot, failure::lasting}),
                         name_of);

}  // namespace millrace::engine::test
