// Kills a log's writer again and again, at any instant, and looks whether the log is still true.
//
// The writer is a child process that says through a pipe which sequence it has been given. A reader
// follows it all the while. After each kill: everything said must be there, nothing that was read
// may have changed or gone, and the next writer must be able to go on. So for every way to write a
// log; and at each of the crash points inside the log, one after the other.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <map>
#include <memory>
#include <set>

#include "engine/log/crash_point.hpp"
#include "tests/crash/kill_tally.hpp"
#include "tests/engine/log/log_test_support.hpp"

namespace millrace::engine::test {

namespace {

constexpr int kills_per_log = 60;
constexpr int hits_least = 10;  // of each crash point

// Of each way to write a log, beside those at crash points.
int random_kills_wanted() {
    return number_wanted("MILLRACE_KILLS", kills_per_log);
}

#if MILLRACE_HAS_CRASH_POINTS
constexpr std::uint64_t kills_least = 500;
#else
constexpr std::uint64_t kills_least = 3 * kills_per_log;
#endif
// Of the ordinary run; who asks for another number of kills gets that.
const bool is_number_required =
    std::getenv("MILLRACE_KILLS") == nullptr && (kill_tally::get().require(kills_least), true);

std::size_t size_of(std::uint64_t seq) {
    return seq * 7919 % 500;
}

// Never returns. Leftover bytes of aborted claims and short commits are part of the game.
[[noreturn]] void write_until_killed(const fs::path& directory, const log_options& options,
                                     int acks, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    log_writer writer(directory, options);
    while (true) {
        if (random() % 4 == 0) {
            log_claim claim = claim_when_ready(writer, 2, 1 + random() % 1000);
            std::memset(claim.payload().data(), 0xff, claim.payload().size());
        }
        const std::uint64_t seq = writer.last_sequence().value + 1;
        const std::vector<std::byte> payload = pattern(seq, size_of(seq));
        log_claim claim = claim_when_ready(writer, 1, payload.size() + random() % 64);
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

// Two short lives that pass every point they can, ended at the one armed. Never returns.
[[noreturn]] void live_until_point(const fs::path& directory, const log_options& options, int acks,
                                   std::string_view point, std::uint64_t nth) {
    arm_crash_point(point, nth);
    for (int life = 0; life < 2; ++life) {
        log_writer writer(directory, options);
        for (int i = 0; i < 300; ++i) {
            const std::uint64_t seq = writer.last_sequence().value + 1;
            log_claim claim = claim_when_ready(writer, 1, size_of(seq));
            const std::vector<std::byte> payload = pattern(seq, size_of(seq));
            std::copy(payload.begin(), payload.end(), claim.payload().begin());
            if (claim.commit().status != append_status::ok ||
                ::write(acks, &seq, sizeof seq) != sizeof seq) {
                ::_exit(1);
            }
            if (i % 100 == 99 &&
                writer.wait_durable(writer.end(), 10'000'000'000) != durable_wait::durable) {
                ::_exit(2);
            }
        }
    }
    ::_exit(0);
}

class killed_log {
public:
    explicit killed_log(way how) : how_(how) {}

    void run_once(int kill) {
        int acks[2];
        ASSERT_EQ(::pipe2(acks, O_CLOEXEC), 0);
        const std::uint64_t child_seed = random_();
        const pid_t child = fork_writer(
            acks, [&] { write_until_killed(directory(), options(), acks[1], child_seed); });
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
        check_after_kill(true, kill % 8 == 7);
    }

    // Whether the point was reached.
    void run_to_point(std::string_view point, std::uint64_t nth, bool& is_reached) {
        int acks[2];
        ASSERT_EQ(::pipe2(acks, O_CLOEXEC), 0);
        const pid_t child = fork_writer(
            acks, [&] { live_until_point(directory(), options(), acks[1], point, nth); });
        int status = 0;
        while (::waitpid(child, &status, WNOHANG) == 0) {
            follow_for(
                acks[0], [] { return false; }, std::chrono::microseconds(500));
        }
        take_acks(acks[0]);
        ::close(acks[0]);
        is_reached = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
        ASSERT_TRUE(is_reached || (WIFEXITED(status) && WEXITSTATUS(status) == 0))
            << "the writer ended by itself, status " << status;
        // Every other time it is the next writer that recovers, and may be killed at that.
        check_after_kill(nth % 2 == 0, true);
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
    log_options options() const { return options_of(how_, directory_.path()); }

    template <class Write>
    pid_t fork_writer(int (&acks)[2], Write&& write) {
        const pid_t child = ::fork();
        if (child == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            ::close(acks[0]);
            write();
        }
        ::close(acks[1]);
        ::fcntl(acks[0], F_SETFL, O_NONBLOCK);
        return child;
    }

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
    void check_after_kill(bool with_writer, bool with_reboot) {
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
        if (with_reboot) {
            check_after_reboot();
        }
        if (!with_writer) {
            return;
        }
        log_writer writer(directory(), options());
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

    // A copy of the directory has the disk's files alone, as a host that was started anew.
    void check_after_reboot() {
        if (how_ == way::synchronous) {
            return;
        }
        const log_uuid uuid = read_segment_info(directory(), list_segments(directory())[0]).uuid;
        const std::uint64_t durable =
            durable_mark::open(directory(), uuid).durable_sequence().value;
        ASSERT_LE(durable, seen_.size()) << "durable, and not committed";
        const fs::path copy = directory_ / "reboot";
        fs::copy(directory(), copy);
        {
            log_options after = small_log();
            const log_writer writer(copy, after);
            ASSERT_GE(writer.last_sequence().value, durable) << "a durable record has gone";
        }
        const std::vector<seen_record> records = read_log(copy);
        expect_contiguous(records);
        for (std::size_t i = 0; i < records.size(); ++i) {
            ASSERT_EQ(records[i].at, seen_[i].at);
            ASSERT_EQ(records[i].payload, pattern(i + 1, size_of(i + 1)));
        }
        fs::remove_all(copy);
    }

    way how_;
    temporary_directory directory_;
    std::mt19937_64 random_{test_seed()};
    std::unique_ptr<log_reader> reader_;
    std::vector<trace> seen_;
    std::uint64_t acked_ = 0;
    std::uint64_t last_seen_ = 0;
    std::map<std::string, int> outcomes_;
};

}  // namespace

class LogKill : public ::testing::TestWithParam<way> {};

TEST_P(LogKill, NothingAcknowledgedOrReadIsEverLostOrChanged) {
    for (int killed = 0; killed < random_kills_wanted(); killed += kills_per_log) {
        killed_log log(GetParam());
        for (int kill = 0; kill < kills_per_log; ++kill) {
            SCOPED_TRACE("kill " + std::to_string(killed + kill));
            log.run_once(kill);
            if (::testing::Test::HasFatalFailure()) {
                return;
            }
            kill_tally::get().at_random(to_text(GetParam()));
        }
        log.check_all();
    }
}

INSTANTIATE_TEST_SUITE_P(Ways, LogKill,
                         ::testing::Values(way::synchronous, way::direct_ahead, way::hot),
                         [](const auto& param) { return to_text(param.param); });

#if MILLRACE_HAS_CRASH_POINTS

class LogCrashPoint : public ::testing::Test {
protected:
    // Kills at the point until it was hit often enough, or is not on this way's path. The first way
    // that passes a point is killed there the most.
    void kill_at(killed_log& log, way how, std::string_view point) {
        int misses = 0;
        const std::uint64_t end =
            std::max(hits_wanted(), kill_tally::get().hits(point) + hits_wanted() / 3);
        const bool is_of_recovery = point.starts_with("join.") || point.starts_with("replace.") ||
                                    point.starts_with("recover.");
        for (std::uint64_t nth = 1; kill_tally::get().hits(point) < end && misses < 3;
             nth = nth % 4 + 1) {
            SCOPED_TRACE(to_text(how) + ", " + std::string(point) + " " + std::to_string(nth));
            bool is_reached = false;
            if (is_of_recovery) {
                // Leaves something to recover from; an odd number leaves it to the next life.
                log.run_to_point("commit.before_word", 151, is_reached);
                note("commit.before_word", is_reached);
            }
            log.run_to_point(point, is_of_recovery ? 1 : nth, is_reached);
            if (HasFatalFailure()) {
                return;
            }
            note(point, is_reached);
            misses = is_reached ? 0 : misses + 1;
        }
    }

    // Those of what stands beside a log are in checkpoint_kill_test.cpp and upkeep_kill_test.cpp.
    static std::vector<std::string_view> log_points() {
        std::vector<std::string_view> points;
        for (const std::string_view point : crash_point_names()) {
            const std::string_view part = point.substr(0, point.find('.'));
            if (part != "checkpoint" && part != "cursor" && part != "retain" && part != "archive" &&
                part != "copy" && part != "salvage" && part != "migrate") {
                points.push_back(point);
            }
        }
        return points;
    }

    static std::uint64_t hits_wanted() {
        return static_cast<std::uint64_t>(number_wanted("MILLRACE_POINT_KILLS", hits_least));
    }
    static void note(std::string_view point, bool is_reached) {
        if (is_reached) {
            kill_tally::get().at_point(point);
        }
    }
};

TEST_F(LogCrashPoint, EachIsReachedOftenAndNoneLosesOrChangesARecord) {
    for (const way how : {way::direct_ahead, way::hot, way::synchronous}) {
        // A log for a few points, lest it grow long.
        const std::vector<std::string_view> all = log_points();
        const std::span<const std::string_view> points = all;
        for (std::size_t begin = 0; begin < points.size(); begin += 6) {
            killed_log log(how);
            for (const std::string_view point :
                 points.subspan(begin, std::min<std::size_t>(6, points.size() - begin))) {
                kill_at(log, how, point);
                if (HasFatalFailure()) {
                    return;
                }
            }
        }
    }
    for (const std::string_view point : log_points()) {
        EXPECT_GE(kill_tally::get().hits(point), std::uint64_t{hits_least})
            << point << " was passed too seldom";
    }
}

#endif

}  // namespace millrace::engine::test
