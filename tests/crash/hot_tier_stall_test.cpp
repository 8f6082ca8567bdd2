// Readers in other processes that stand still, crawl or die on a hot log: the memory the log takes
// stays within its limit, the writer goes on without them, and whoever wakes up finds every record.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <csignal>
#include <memory>

#include "tests/engine/log/log_test_support.hpp"

namespace millrace::engine::test {

namespace {

constexpr std::int64_t long_ns = 60'000'000'000;
constexpr std::size_t payload_bytes = 1500;

// Reads from the first record on to one of this sequence, and checks each. Ends with 0 if all were
// there, in order. `pause_us` after each record makes it crawl.
class reading_process {
public:
    reading_process(const fs::path& log, std::uint64_t last, unsigned pause_us) {
        id_ = ::fork();
        if (id_ != 0) {
            return;
        }
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::_exit(read(log, last, pause_us));
    }
    reading_process(const reading_process&) = delete;
    reading_process& operator=(const reading_process&) = delete;
    ~reading_process() {
        if (id_ > 0) {
            ::kill(id_, SIGKILL);
            (void)wait();
        }
    }

    // From the return on it stands still.
    void stop() const {
        ::kill(id_, SIGSTOP);
        int status = 0;
        ::waitpid(id_, &status, WUNTRACED);
        ASSERT_TRUE(WIFSTOPPED(status)) << "the reader ended by itself, status " << status;
    }
    void go_on() const { ::kill(id_, SIGCONT); }
    void kill() {
        ::kill(id_, SIGKILL);
        (void)wait();
    }
    [[nodiscard]] int wait() {
        int status = 0;
        ::waitpid(std::exchange(id_, 0), &status, 0);
        return status;
    }

private:
    static int read(const fs::path& log, std::uint64_t last, unsigned pause_us) {
        log_reader reader(log, read_from::first());
        record_view view;
        std::uint64_t seq = 0;
        const std::int64_t until = monotonic_now_ns() + 2 * long_ns;
        while (seq < last && monotonic_now_ns() < until) {
            const read_status status = reader.poll(view);
            if (status == read_status::damaged) {
                std::cerr << reader.damage().text() << '\n';
                return 2;
            }
            if (status == read_status::none) {
                ::usleep(100);
                continue;
            }
            if (view.seq.value != ++seq ||
                !std::ranges::equal(view.bytes(), pattern(seq, payload_bytes))) {
                return 3;
            }
            if (pause_us != 0) {
                ::usleep(pause_us);
            }
        }
        return seq == last ? 0 : 4;
    }

    pid_t id_ = 0;
};

std::uint64_t bytes_of_file(int fd) {
    struct stat status {};
    return ::fstat(fd, &status) == 0 ? static_cast<std::uint64_t>(status.st_blocks) * 512 : 0;
}

// Memory, not length: what the files of the directory really take.
std::uint64_t bytes_taken(const fs::path& directory) {
    std::uint64_t bytes = 0;
    std::error_code code;
    for (const fs::directory_entry& entry : fs::directory_iterator(directory, code)) {
        const unique_fd fd(::open(entry.path().c_str(), O_RDONLY | O_CLOEXEC));
        if (fd.is_open() && entry.path().filename() != "owner.lock") {
            bytes += bytes_of_file(fd.get());
        }
    }
    return bytes;
}

class HotTierStall : public ::testing::Test {
protected:
    HotTierStall()
        : options_(options_of(way::hot, directory_.path())),
          writer_(directory_ / "log", options_),
          hot_(directory_ / "hot" / to_string(writer_.uuid()).c_str()) {}

    // Nothing else than the persister may make the writer wait, and what waits is done by itself.
    void write(std::uint64_t count) {
        for (std::uint64_t i = 0; i < count; ++i) {
            ASSERT_EQ(append_when_ready(writer_, payload_bytes).status, append_status::ok);
            if (i % 16 == 0) {
                bytes_max_ = std::max(bytes_max_, bytes_taken(hot_));
            }
        }
        ASSERT_EQ(writer_.wait_durable(writer_.end(), long_ns), durable_wait::durable);
    }
    // How many records fill the hot tier so many times.
    [[nodiscard]] std::uint64_t records_of(std::uint64_t times) const {
        return times * options_.hot_bytes_max / (payload_bytes + record_header_bytes);
    }
    void expect_bounded() const {
        EXPECT_GT(bytes_max_, 0u);
        EXPECT_LE(bytes_max_, options_.hot_bytes_max);
    }

    temporary_directory directory_;
    log_options options_;
    log_writer writer_;
    fs::path hot_;
    std::uint64_t bytes_max_ = 0;
};

}  // namespace

TEST_F(HotTierStall, OfAStoppedReaderPinsNoMemoryAndLosesNothing) {
    write(20);
    const unique_fd first = open_file(hot_ / segment_file_name(0), O_RDONLY);
    const std::uint64_t all = 20 + records_of(20);
    reading_process reader(directory_ / "log", all, 0);
    ::usleep(20'000);  // so that it has the first segment mapped, most times
    reader.stop();
    ASSERT_GT(bytes_of_file(first.get()), 0u);
    write(records_of(20));
    EXPECT_EQ(writer_.last_sequence().value, all) << "written whole while the reader stood still";
    EXPECT_EQ(bytes_of_file(first.get()), 0u) << "given back, though the reader maps it";
    expect_bounded();
    reader.go_on();
    EXPECT_EQ(reader.wait(), 0);
}

TEST_F(HotTierStall, OfReadersStoppedAtAnyMomentKeepsNoneFromTheRest) {
    constexpr int rounds = 30;
    const std::uint64_t all = 20 + rounds * (records_of(1) + 40);
    write(20);
    std::mt19937_64 random(test_seed());
    reading_process one(directory_ / "log", all, 0);
    reading_process other(directory_ / "log", all, 0);
    for (int round = 0; round < rounds; ++round) {
        write(40);
        ::usleep(static_cast<useconds_t>(random() % 2000));
        const reading_process& stopped = round % 2 == 0 ? one : other;
        stopped.stop();
        write(records_of(1));
        stopped.go_on();
    }
    expect_bounded();
    EXPECT_EQ(one.wait(), 0);
    EXPECT_EQ(other.wait(), 0);
}

TEST_F(HotTierStall, OfASlowAndAKilledReaderDelaysNobody) {
    write(20);
    const std::uint64_t all = 20 + records_of(10);
    reading_process slow(directory_ / "log", all, 500);
    reading_process killed(directory_ / "log", all, 0);
    reading_process quick(directory_ / "log", all, 0);
    ::usleep(5000);
    killed.kill();
    write(records_of(10));
    EXPECT_EQ(quick.wait(), 0);
    expect_bounded();
    EXPECT_EQ(slow.wait(), 0) << "it reads from the disk what has left memory";
    writer_.close();
    EXPECT_FALSE(fs::exists(hot_)) << "and nothing is left behind";
}

}  // namespace millrace::engine::test
