// What going on to the next segment costs the thread that appends: no fault, no system call.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/magic.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include <array>
#include <cstddef>
#include <functional>

#include "engine/log/log_storage.hpp"
#include "tests/engine/log/child_says.hpp"
#include "tests/engine/log/log_test_support.hpp"

namespace millrace::engine::test {

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr const char* skipped = "the sanitizer's own pages and system calls would be counted too";
#else
constexpr const char* skipped = nullptr;
#endif

class LogRoll : public ::testing::TestWithParam<way> {
protected:
    void SetUp() override {
        if (skipped != nullptr) {
            GTEST_SKIP() << skipped;
        }
    }
    [[nodiscard]] fs::path log() const { return directory_ / "log"; }
    [[nodiscard]] log_options options() const { return options_of(GetParam(), directory_.path()); }

    temporary_directory directory_;
};

bool is_in_memory(const fs::path& directory) {
    struct statfs status {};
    return ::statfs(directory.c_str(), &status) == 0 && status.f_type == TMPFS_MAGIC;
}

// Of the writing thread, in two rolls: 512 pages are written in the segments it goes on to.
struct roll_cost {
    long minor_faults = 0;
    long major_faults = 0;
};

roll_cost cost_of_two_rolls(const fs::path& log, log_options options) {
    constexpr std::uint64_t mebibyte = 1 << 20;
    options.segment_bytes = mebibyte;
    options.hot_bytes_max = 8 * mebibyte;
    log_writer writer(log, options);
    const std::vector<std::byte> payload(500, std::byte{1});
    const auto append_up_to = [&](std::uint64_t end) {
        for (int i = 0; i < 10'000 && writer.end().value < end; ++i) {
            if (writer.try_append(1, payload).status != append_status::ok) {
                ::usleep(200);  // a spare has its name before it is offered
            }
        }
    };
    // The first roll touches code and stack; then two spares are ready again.
    append_up_to(mebibyte);
    EXPECT_TRUE(comes_true([&] {
        append_up_to(mebibyte + 8192);
        return list_segment_names(log).size() == 4;
    }));
    rusage before{};
    rusage after{};
    ::getrusage(RUSAGE_THREAD, &before);
    append_up_to(3 * mebibyte + 8192);
    ::getrusage(RUSAGE_THREAD, &after);
    EXPECT_GE(writer.end().value, 3 * mebibyte + 8192);
    return {after.ru_minflt - before.ru_minflt, after.ru_majflt - before.ru_majflt};
}

class LogRollOnADisk : public ::testing::Test {
protected:
    void SetUp() override {
        if (skipped != nullptr) {
            GTEST_SKIP() << skipped;
        }
        std::string name = (fs::temp_directory_path() / "millrace-disk-XXXXXX").native();
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        disk_ = name;
    }
    void TearDown() override { fs::remove_all(disk_); }

    fs::path disk_;
};

// Of a stack that grows, say: what is not the segments'.
constexpr long other_faults_max = 4;

}  // namespace

TEST_P(LogRoll, TakesNoFaultOnThePagesOfTheNextSegment) {
    if (!is_in_memory(directory_.path())) {
        GTEST_SKIP() << "the kernel writes pages back when it likes: see the test on a disk";
    }
    const roll_cost cost = cost_of_two_rolls(log(), options());
    EXPECT_EQ(cost.major_faults, 0) << "a page was read in, or made";
    EXPECT_LE(cost.minor_faults, other_faults_max);
}

// A page that was written back is a fault at its next store, and direct mode promises none of them
// away: the kernel may begin to write back by itself, but rarely so soon, and no sync is due.
TEST_F(LogRollOnADisk, TakesNoFaultWhereNothingIsWrittenBack) {
    if (is_in_memory(disk_)) {
        GTEST_SKIP() << disk_ << " is in memory, as where the other test was";
    }
    roll_cost cost{other_faults_max + 1, 1};
    for (int attempt = 0; attempt < 5 && cost.minor_faults > other_faults_max; ++attempt) {
        log_options options = options_of(way::direct_ahead, disk_);
        options.sync_delay_max_ns = 600'000'000'000;
        options.sync_bytes_max = 64 << 20;
        fs::remove_all(disk_ / "log");
        cost = cost_of_two_rolls(disk_ / "log", options);
    }
    EXPECT_EQ(cost.major_faults, 0) << "a page was read in, or made";
    EXPECT_LE(cost.minor_faults, other_faults_max);
}

namespace {

// From here on this thread may read the clock, write to `pipe` and end; anything else it asks of
// the kernel kills it.
void forbid_system_calls(int pipe) {
    // Of the first argument the half that says which descriptor it is; x86-64 is little-endian.
    constexpr std::uint32_t descriptor = offsetof(seccomp_data, args);
    std::array<sock_filter, 8> program{{
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clock_gettime, 5, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit, 4, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 0, 2),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, descriptor),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(pipe), 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_THREAD),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    }};
    const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
        ::_exit(1);
    }
}

}  // namespace

TEST_P(LogRoll, MakesNoSystemCall) {
    const log_options wanted = options();
    const fs::path where = log();
    const char rolled = said_by([&](int pipe) {
        log_writer writer(where, wanted);
        if (!comes_true([&] { return list_segment_names(where).size() >= 3; })) {
            return;  // and says nothing
        }
        const std::vector<std::byte> payload(1000, std::byte{1});
        forbid_system_calls(pipe);
        while (writer.end().value < segment_bytes_min + 8192) {
            (void)writer.try_append(1, payload);
        }
        say_and_end_thread(pipe, 'r');
    });
    EXPECT_EQ(rolled, 'r');
    // The filter itself, by what a roll could ask for.
    const auto expect_forbidden = [](const char* what, const std::function<void()>& ask) {
        const char said = said_by([&](int pipe) {
            forbid_system_calls(pipe);
            ask();
            say_and_end_thread(pipe, 's');
        });
        EXPECT_EQ(said, 0) << what << " passes the filter";
    };
    const unique_fd other = open_file(directory_ / "other", O_RDWR | O_CREAT);
    char byte = 0;
    expect_forbidden("opening", [&] { (void)list_segments(where); });
    expect_forbidden("reading", [&] { (void)!::read(other.get(), &byte, 1); });
    expect_forbidden("writing", [&] { (void)!::write(other.get(), &byte, 1); });
    expect_forbidden("syncing", [&] { ::fdatasync(other.get()); });
}

INSTANTIATE_TEST_SUITE_P(Ways, LogRoll, ::testing::Values(way::direct_ahead, way::hot),
                         [](const auto& param) { return to_text(param.param); });

}  // namespace millrace::engine::test
