// Kills the process that keeps a checkpoint, at its crash points and at any moment: the next start
// finds the last completed sequence it was told of, or the one that was just being written.
#include "engine/stream/checkpoint.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>

#include "engine/log/crash_point.hpp"
#include "tests/crash/kill_tally.hpp"
#include "tests/engine/log/log_test_support.hpp"

namespace millrace::engine::test {

namespace {

// Outlives the child that wrote it.
class shared_number {
public:
    shared_number()
        : page_(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {}
    shared_number(const shared_number&) = delete;
    shared_number& operator=(const shared_number&) = delete;
    ~shared_number() { ::munmap(page_, 4096); }
    [[nodiscard]] std::atomic_ref<std::uint64_t> value() const {
        return std::atomic_ref<std::uint64_t>(*static_cast<std::uint64_t*>(page_));
    }

private:
    void* page_;
};

class kept_checkpoint {
public:
    // One life of the keeper, ended by a signal. `point` may be empty: then it is killed soon.
    void live(std::string_view point, std::uint64_t nth, useconds_t soon) {
        const pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (!point.empty()) {
                arm_crash_point(point, nth);
            }
            checkpoint one(path(), "route", source_, {});
            for (std::uint64_t next = one.highest().value + 1;; ++next) {
                one.update({next});
                told_.value().store(next, std::memory_order_relaxed);
            }
        }
        if (point.empty()) {
            ::usleep(soon);
            ::kill(child, SIGKILL);
        }
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "status " << status;
    }

    void check() {
        const std::uint64_t told = told_.value().load(std::memory_order_relaxed);
        const checkpoint next(path(), "route", source_, {});
        EXPECT_GE(next.highest().value, told) << "a completed record would be sent again";
        EXPECT_LE(next.highest().value, told + 1) << "a record would be left out";
        told_.value().store(next.highest().value, std::memory_order_relaxed);
    }

private:
    [[nodiscard]] fs::path path() const { return directory_ / "route.checkpoint"; }

    temporary_directory directory_;
    log_uuid source_ = random_log_uuid();
    shared_number told_;
};

}  // namespace

TEST(CheckpointKill, LosesAtMostTheUpdateUnderWay) {
    std::mt19937_64 random(test_seed());
    kept_checkpoint kept;
    const int wanted = number_wanted("MILLRACE_KILLS", 50);
    for (int kill = 0; kill < wanted && !::testing::Test::HasFailure(); ++kill) {
        kept.live({}, 0, static_cast<useconds_t>(random() % 3000));
        kept.check();
        kill_tally::get().at_random("checkpoint");
    }
}

#if MILLRACE_HAS_CRASH_POINTS

TEST(CheckpointKill, HoldsAtEachOfItsCrashPoints) {
    kept_checkpoint kept;
    const int wanted = number_wanted("MILLRACE_POINT_KILLS", 10);
    int points = 0;
    for (const std::string_view point : crash_point_names()) {
        if (!point.starts_with("checkpoint.")) {
            continue;
        }
        ++points;
        for (std::uint64_t nth = 1; nth <= static_cast<std::uint64_t>(wanted); ++nth) {
            SCOPED_TRACE(std::string(point) + " " + std::to_string(nth));
            kept.live(point, nth, 0);
            ASSERT_FALSE(HasFatalFailure());
            kept.check();
            kill_tally::get().at_point(point);
        }
    }
    EXPECT_EQ(points, 2);
}

#endif

}  // namespace millrace::engine::test
