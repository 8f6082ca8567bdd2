#include "engine/log/log_helper.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "engine/core/process_clock.hpp"
#include "tests/engine/log/failing_calls.hpp"
#include "tests/engine/log/log_test_support.hpp"

namespace millrace::engine::test {

namespace {

// Nothing below a directory gets its name while it is held, so whoever makes segments there waits.
class slow_disk final : public file_call_observer {
public:
    explicit slow_disk(fs::path directory) : directory_(std::move(directory)) {}
    int before(const file_call_site& site) noexcept override {
        if (site.what == file_call::rename &&
            std::string_view(site.target).starts_with(directory_.native())) {
            while (is_held_.load(std::memory_order_acquire)) {
                waiting_count_.fetch_add(1, std::memory_order_relaxed);
                ::usleep(1000);
            }
        }
        return 0;
    }
    void after(const file_call_site&, bool) noexcept override {}
    void hold() { is_held_.store(true, std::memory_order_release); }
    void release() { is_held_.store(false, std::memory_order_release); }
    [[nodiscard]] bool has_waiter() const {
        return waiting_count_.load(std::memory_order_relaxed) > 0;
    }

private:
    fs::path directory_;
    std::atomic<bool> is_held_{false};
    std::atomic<int> waiting_count_{0};
};

// On the disk, where a temporary_directory is in memory.
class disk_directory {
public:
    disk_directory() {
        std::string name = (fs::temp_directory_path() / "millrace-XXXXXX").native();
        if (::mkdtemp(name.data()) == nullptr) {
            throw std::runtime_error("cannot make a temporary directory like " + name);
        }
        path_ = name;
    }
    disk_directory(const disk_directory&) = delete;
    disk_directory& operator=(const disk_directory&) = delete;
    ~disk_directory() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    [[nodiscard]] const fs::path& path() const { return path_; }

private:
    fs::path path_;
};

dev_t device_of(const fs::path& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 ? status.st_dev : 0;
}

// A log whose helper hangs, held by its disk.
class LogHelperOnASlowDisk : public ::testing::Test {
protected:
    void SetUp() override {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
        GTEST_SKIP() << "calls are not observed under a sanitizer";
#endif
        fast_.emplace(other_.path() / "log", options_of(way::direct_ahead, other_.path()));
        slow_.emplace(directory_ / "slow", options_of(way::direct_ahead, directory_.path()));
        disk_.hold();
        const bool is_stuck = comes_true([&] {
            (void)append(*slow_, 5000);
            return disk_.has_waiter();
        });
        ASSERT_TRUE(is_stuck);
    }
    void TearDown() override {
        disk_.release();  // first: a close waits for its helper
        slow_.reset();
        fast_.reset();
    }

    const disk_directory other_;
    temporary_directory directory_;
    slow_disk disk_{directory_ / "slow"};
    file_call_observation observation_{disk_};
    std::optional<log_writer> slow_;
    std::optional<log_writer> fast_;  // on another file system, where there is one
};

}  // namespace

TEST_F(LogHelperOnASlowDisk, HoldsUpNoLogOnAnother) {
    if (device_of(other_.path()) == device_of(directory_.path())) {
        GTEST_SKIP() << "there is one file system here";
    }
    while (fast_->end().value < 6 * segment_bytes_min) {
        ASSERT_EQ(append_when_ready(*fast_, 5000).status, append_status::ok);
    }
}

TEST_F(LogHelperOnASlowDisk, DoesNotStopTheClock) {
    const std::uint64_t before = read_clock_status().looks;
    EXPECT_TRUE(comes_true([&] { return read_clock_status().looks >= before + 5; }));
    EXPECT_TRUE(read_clock_status().is_calibrated());
}

}  // namespace millrace::engine::test
