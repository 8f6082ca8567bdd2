// Kills a log's writer again and again while a streamer and a plain reader follow it in processes
// of their own, and now and then one of them is killed or stopped too.
//
// The followers say through a pipe what they have seen. Whatever they saw must be in the log in the
// end, at the same place, with the same time and bytes: nobody was ever shown a record that a
// killed writer then took back, and nobody missed one.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <csignal>
#include <map>
#include <memory>
#include <set>

#include "engine/core/crc32c.hpp"
#include "tests/crash/kill_tally.hpp"
#include "tests/engine/stream/stream_test_support.hpp"

namespace millrace::engine::test {

namespace {

constexpr int kills_per_log = 40;

int kills_wanted() {
    return number_wanted("MILLRACE_KILLS", kills_per_log);
}

// What a follower saw of one record.
struct sight {
    std::uint64_t seq;
    std::uint64_t at;
    std::int64_t time;
    std::uint32_t crc;
    std::uint32_t size;

    friend bool operator==(const sight&, const sight&) = default;
};

sight sight_of(sequence seq, position at, timestamp time, std::span<const std::byte> bytes) {
    return {seq.value, at.value, time.ns, crc32c(0, bytes.data(), bytes.size()),
            static_cast<std::uint32_t>(bytes.size())};
}

void say(int pipe, const sight& seen) {
    if (::write(pipe, &seen, sizeof seen) != sizeof seen) {
        ::_exit(3);
    }
}

// A child process and what it says.
template <class Message>
class child_process {
public:
    template <class Run>
    explicit child_process(Run&& run) {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) {
            throw std::runtime_error("no pipe");
        }
        id_ = ::fork();
        if (id_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            ::close(ends[0]);
            try {
                run(ends[1]);
            } catch (const std::exception& failure) {
                std::cerr << "follower: " << failure.what() << '\n';
            }
            ::_exit(4);
        }
        ::close(ends[1]);
        pipe_ = unique_fd(ends[0]);
        ::fcntl(pipe_.get(), F_SETFL, O_NONBLOCK);
    }
    child_process(const child_process&) = delete;
    child_process& operator=(const child_process&) = delete;
    ~child_process() { end(); }

    template <class Take>
    void hear(Take&& take) {
        Message said[256];
        ssize_t bytes = 0;
        while ((bytes = ::read(pipe_.get(), said, sizeof said)) > 0) {
            ASSERT_EQ(static_cast<std::size_t>(bytes) % sizeof(Message), 0u);
            for (std::size_t i = 0; i < static_cast<std::size_t>(bytes) / sizeof(Message); ++i) {
                take(said[i]);
            }
        }
    }
    void signal(int number) const { ::kill(id_, number); }
    // True: it lived until now. What it said stays to be heard.
    bool end() {
        if (id_ == 0) {
            return true;
        }
        ::kill(id_, SIGCONT);
        ::kill(id_, SIGKILL);
        int status = 0;
        ::waitpid(std::exchange(id_, 0), &status, 0);
        return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    }

private:
    pid_t id_ = 0;
    unique_fd pipe_;
};

void wait_for_log(const fs::path& log) {
    while (list_segments(log).empty()) {
        ::usleep(500);
    }
}

[[noreturn]] void read_on(const fs::path& log, int pipe) {
    wait_for_log(log);
    log_reader reader(log, read_from::first());
    record_view view;
    read_status status = read_status::none;
    while ((status = reader.poll(view)) != read_status::damaged) {
        if (status == read_status::record) {
            say(pipe, sight_of(view.seq, view.at, view.time, view.bytes()));
        } else {
            ::usleep(100);
        }
    }
    std::cerr << "reader: " << reader.damage().text() << '\n';
    ::_exit(5);
}

[[noreturn]] void stream_on(const fs::path& log, int pipe) {
    wait_for_log(log);
    stream_ring ring(64);
    streamer agent("streamer");
    subscription& client = agent.add(reading(log), ring);
    while (client.state() != stream_state::halted) {
        const int work = agent.do_work();
        ring.poll(
            [&](const stream_slot& slot) {
                say(pipe, sight_of(slot.seq, slot.at, slot.time, slot.bytes()));
            },
            ring.capacity());
        if (work == 0) {
            ::usleep(100);
        }
    }
    std::cerr << "streamer: " << client.halt_reason() << '\n';
    ::_exit(6);
}

[[noreturn]] void write_on(const fs::path& log, const log_options& options, int pipe) {
    log_writer writer(log, options);
    while (true) {
        const std::uint64_t number = writer.last_sequence().value + 1;
        const auto result = tick_table.append(writer, tick_of(number), {}, note_of(number));
        if (result.log.status == append_status::back_pressured) {
            ::usleep(50);
        } else if (!result || ::write(pipe, &number, sizeof number) != sizeof number) {
            ::_exit(1);
        }
    }
}

class followed_log {
public:
    explicit followed_log(way how) : how_(how) {
        for (std::size_t i = 0; i < followers_.size(); ++i) {
            start_follower(i);
        }
    }

    void kill_once() {
        const fs::path where = log();
        log_options options = options_of(how_, directory_.path());
        options.schema = tick_table.schema().to_text();
        child_process<std::uint64_t> writer([&](int pipe) { write_on(where, options, pipe); });
        const std::uint64_t before = acked_;
        const std::int64_t until = monotonic_now_ns() + 30'000'000'000;
        while (acked_ == before && monotonic_now_ns() < until) {
            hear(writer);
        }
        ASSERT_GT(acked_, before) << "the writer does not come to write";
        disturb_one();
        const std::int64_t end =
            monotonic_now_ns() + static_cast<std::int64_t>(random_() % 8'000'000);
        while (monotonic_now_ns() < end) {
            hear(writer);
        }
        EXPECT_TRUE(writer.end()) << "the writer ended by itself";
        hear(writer);
    }

    // All that anybody saw is there, all that was acknowledged too, and everybody sees all of it.
    void check() {
        const std::vector<seen_record> records = read_log(log());
        expect_contiguous(records);
        ASSERT_GE(records.size(), acked_);
        for (const seen_record& record : records) {
            ASSERT_TRUE(is_tick(record.payload, record.seq.value));
        }
        for (const auto& follower : followers_) {
            follower->signal(SIGCONT);
        }
        const std::int64_t until = monotonic_now_ns() + 60'000'000'000;
        for (std::size_t i = 0; i < followers_.size(); ++i) {
            while (seen_[i].size() < records.size() && monotonic_now_ns() < until) {
                hear_followers();
                ::usleep(200);
            }
            ASSERT_EQ(seen_[i].size(), records.size()) << "follower " << i;
            for (const auto& [seq, seen] : seen_[i]) {
                const seen_record& record = records[seq - 1];
                ASSERT_EQ(seen, sight_of(record.seq, record.at, record.time, record.payload))
                    << "follower " << i << " was shown another record " << seq;
            }
            EXPECT_TRUE(followers_[i]->end()) << "follower " << i << " gave up";
        }
    }

private:
    fs::path log() const { return directory_ / "log"; }

    void start_follower(std::size_t i) {
        const fs::path where = log();
        followers_[i] = std::make_unique<child_process<sight>>(
            [&](int pipe) { i % 2 == 0 ? read_on(where, pipe) : stream_on(where, pipe); });
        last_seen_[i] = 0;
    }

    // Stops, wakes, or kills one; what it saw before counts.
    void disturb_one() {
        const std::size_t i = random_() % followers_.size();
        switch (random_() % 4) {
            case 0:
                followers_[i]->signal(SIGSTOP);
                break;
            case 1:
                EXPECT_TRUE(followers_[i]->end()) << "follower " << i << " gave up";
                hear_followers();
                start_follower(i);
                break;
            default:
                followers_[i]->signal(SIGCONT);
        }
    }

    void hear(child_process<std::uint64_t>& writer) {
        writer.hear([this](std::uint64_t number) { acked_ = number; });
        hear_followers();
    }

    void hear_followers() {
        for (std::size_t i = 0; i < followers_.size(); ++i) {
            followers_[i]->hear([&](const sight& seen) {
                ASSERT_EQ(seen.seq, ++last_seen_[i]) << "follower " << i << " skips or repeats";
                const auto [at, is_new] = seen_[i].emplace(seen.seq, seen);
                ASSERT_EQ(at->second, seen) << "follower " << i << " sees a record change";
            });
        }
    }

    way how_;
    temporary_directory directory_;
    std::mt19937_64 random_{test_seed()};
    std::array<std::unique_ptr<child_process<sight>>, 3> followers_;
    std::array<std::uint64_t, 3> last_seen_{};
    std::array<std::map<std::uint64_t, sight>, 3> seen_;
    std::uint64_t acked_ = 0;
};

}  // namespace

class StreamerKill : public ::testing::TestWithParam<way> {};

TEST_P(StreamerKill, NobodyIsShownARecordThatIsTakenBack) {
    for (int killed = 0; killed < kills_wanted(); killed += kills_per_log) {
        followed_log log(GetParam());
        for (int kill = 0; kill < kills_per_log; ++kill) {
            SCOPED_TRACE("kill " + std::to_string(killed + kill));
            log.kill_once();
            if (::testing::Test::HasFailure()) {
                return;
            }
            kill_tally::get().at_random(to_text(GetParam()));
        }
        log.check();
    }
}

INSTANTIATE_TEST_SUITE_P(Ways, StreamerKill,
                         ::testing::Values(way::synchronous, way::direct_ahead, way::hot),
                         [](const auto& param) { return to_text(param.param); });

}  // namespace millrace::engine::test
