// Kills a log's writer again and again, at any instant, and looks whether the log is still true.
//
// The writer is a child process that says through a pipe which sequence it has been given. A reader
// follows it all the while. After each kill: everything said must be there, nothing that was read
// may have changed or gone, and the next writer must be able to go on.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <map>
#include <memory>

#include "tests/engine/log/log_test_support.hpp"

namespace millrace::engine::test {

namespace {

constexpr int kill_count = 60;

std::size_t size_of(std::uint64_t seq) {
    return seq * 7919 % 500;
}

// Never returns. Leftover bytes of aborted claims and short commits are part of the game.
[[noreturn]] void write_until_killed(const fs::path& directory, int acks, std::uint64_t seed) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    std::mt19937_64 random(seed);
    log_writer writer(directory, small_log());
    while (true) {
        if (random() % 4 == 0) {
            log_claim claim = writer.try_claim(2, 1 + random() % 1000);
            std::memset(claim.payload().data(), 0xff, claim.payload().size());
        }
        const std::uint64_t seq = writer.last_sequence().value + 1;
        const std::vector<std::byte> payload = pattern(seq, size_of(seq));
        log_claim claim = writer.try_claim(1, payload.size() + random() % 64);
        std::memset(claim.payload().data(), 0xff, claim.payload().size());
        if (random() % 512 == 0) {
            ::usleep(200);  // so that some kills find a claim half written
        }
        std::copy(payload.begin(), payload.end(), claim.payload().begin());
        const append_result result = claim.commit(payload.size());
        if (result.status != append_status::ok || result.seq.value != seq ||
            ::write(acks, &seq, sizeof seq) != sizeof seq) {
            ::_exit(1);
        }
    }
}

class killed_log {
public:
    void run_once(int kill) {
        int acks[2];
        ASSERT_EQ(::pipe2(acks, O_CLOEXEC), 0);
        const std::uint64_t child_seed = random_();
        const pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            ::close(acks[0]);
            write_until_killed(directory(), acks[1], child_seed);
        }
        ::close(acks[1]);
        ::fcntl(acks[0], F_SETFL, O_NONBLOCK);
        // A quarter of the lives end while the log is opened and recovered, the others some time
        // after.
        const std::uint64_t said_before = acked_;
        follow_for(
            acks[0], [&] { return kill % 4 == 0 || acked_ > said_before; },
            std::chrono::seconds(10));
        follow_for(
            acks[0], [] { return false; }, std::chrono::microseconds(random_() % 15'000));
        ::kill(child, SIGKILL);
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
            << "the writer ended by itself, status " << status;
        take_acks(acks[0]);
        ::close(acks[0]);
        check_after_kill();
    }

    void check_all() {
        const std::vector<seen_record> records = read_log(directory());
        expect_contiguous(records);
        ASSERT_EQ(records.size(), seen_.size());
        for (std::size_t i = 0; i < records.size(); ++i) {
            ASSERT_EQ(records[i].payload, pattern(i + 1, size_of(i + 1)));
            ASSERT_EQ(records[i].at, seen_[i].at);
            ASSERT_EQ(records[i].time, seen_[i].time);
        }
        std::cout << records.size() << " records in " << list_segments(directory()).size()
                  << " segments; what the kills left:\n";
        for (const auto& [what, count] : outcomes_) {
            std::cout << "  " << count << " x " << what << '\n';
        }
        EXPECT_GT(records.size(), 1000u);
        EXPECT_GE(outcomes_.size(), 2u) << "the kills should not all hit the same instant";
    }

private:
    struct trace {
        position at;
        timestamp time;
    };

    fs::path directory() const { return directory_ / "log"; }

    void take_acks(int pipe) {
        std::uint64_t said[1024];
        ssize_t bytes = 0;
        while ((bytes = ::read(pipe, said, sizeof said)) > 0) {
            ASSERT_EQ(bytes % 8, 0);
            acked_ = said[static_cast<std::size_t>(bytes) / 8 - 1];
        }
    }

    template <class Condition>
    void follow_for(int pipe, Condition&& is_enough, std::chrono::microseconds time) {
        const auto until = std::chrono::steady_clock::now() + time;
        while (std::chrono::steady_clock::now() < until && !is_enough()) {
            take_acks(pipe);
            follow();
        }
    }

    void follow() {
        if (!reader_) {
            if (list_segments(directory()).empty()) {
                return;
            }
            reader_ = std::make_unique<log_reader>(directory(), read_from::first());
        }
        record_view view;
        for (int i = 0; i < 200; ++i) {
            const read_status status = reader_->poll(view);
            ASSERT_NE(status, read_status::damaged) << reader_->damage().text();
            if (status == read_status::none) {
                return;
            }
            note(view);
        }
    }

    void note(const record_view& view) {
        const std::uint64_t seq = view.seq.value;
        const seen_record record = copy_record(view);
        ASSERT_EQ(record.payload, pattern(seq, size_of(seq))) << "sequence " << seq;
        if (seq <= seen_.size()) {
            ASSERT_EQ(record.at, seen_[seq - 1].at);
            ASSERT_EQ(record.time, seen_[seq - 1].time);
            return;
        }
        ASSERT_EQ(seq, seen_.size() + 1);
        seen_.push_back({record.at, record.time});
    }

    // A new reader must find what the following one saw; the next writer must count on from there.
    void check_after_kill() {
        if (list_segments(directory()).empty()) {
            ASSERT_EQ(acked_, 0u);
            ++outcomes_["killed before the log had a segment"];
            return;
        }
        const std::uint64_t from = std::max<std::uint64_t>(seen_.size(), 1);
        log_reader reader(directory(), read_from::at_sequence({from}));
        const std::size_t followed = seen_.size();
        record_view view;
        read_status status = read_status::none;
        std::size_t count = 0;
        while ((status = reader.poll(view)) == read_status::record) {
            note(view);
            ++count;
        }
        ASSERT_EQ(status, read_status::none) << reader.damage().text();
        ASSERT_GE(count, followed == 0 ? 0u : 1u) << "a record that was read has gone";
        ASSERT_GE(seen_.size(), acked_) << "a record that was acknowledged has gone";
        ASSERT_LE(seen_.size(), std::max<std::uint64_t>(acked_, last_seen_) + 1)
            << "at most one record was committed and not yet said";
        last_seen_ = seen_.size();
        for (const fs::directory_entry& entry : fs::directory_iterator(directory())) {
            outcomes_["a segment half made"] += entry.path().extension() == ".tmp" ? 1 : 0;
        }
        log_writer writer(directory(), small_log());
        ASSERT_EQ(writer.last_sequence().value, seen_.size());
        const std::string& found = writer.recovery_note();
        if (found.empty()) {
            ++outcomes_["nothing written since the log was closed"];
        } else if (found.starts_with("torn tail")) {
            ++outcomes_["a torn tail"];
        } else {
            ++outcomes_["whole records and no close"];
        }
    }

    temporary_directory directory_;
    std::mt19937_64 random_{test_seed()};
    std::unique_ptr<log_reader> reader_;
    std::vector<trace> seen_;
    std::uint64_t acked_ = 0;
    std::uint64_t last_seen_ = 0;
    std::map<std::string, int> outcomes_;
};

}  // namespace

TEST(LogKill, NothingAcknowledgedOrReadIsEverLostOrChanged) {
    killed_log log;
    for (int kill = 0; kill < kill_count; ++kill) {
        SCOPED_TRACE("kill " + std::to_string(kill));
        log.run_once(kill);
        if (::testing::Test::HasFatalFailure()) {
            return;
        }
    }
    log.check_all();
}

}  // namespace millrace::engine::test
