// Kills the process that removes a log's old segments, archives them, copies a log into a new one,
// or moves a reader's cursor, at its crash points and at any moment. No record is lost that was to
// stay, no part of a copy passes for the whole, what was begun can be done again, and a cursor
// stands where it was last said to, or where it was just going.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <functional>

#include "engine/core/clock.hpp"
#include "engine/log/crash_point.hpp"
#include "engine/log/index.hpp"
#include "engine/log/salvage.hpp"
#include "engine/log/seal_file.hpp"
#include "engine/log/verify.hpp"
#include "engine/stream/archive_log.hpp"
#include "engine/stream/migrate_log.hpp"
#include "engine/stream/reader_cursor.hpp"
#include "engine/stream/retention.hpp"
#include "tests/crash/kill_tally.hpp"
#include "tests/engine/stream/stream_test_support.hpp"

namespace millrace::engine::test {

namespace {

constexpr std::uint64_t segment_count = 5;
constexpr std::uint64_t kept_count = 2;  // by retention
const row_schema wider = row_schema::parse(
    "table TICK\ncolumn SIDE text(2)\ncolumn NUMBER u64 key\ncolumn SYMBOL text(14)\n"
    "column NOTE bytes\n");

// When a child's life is to end: at the nth pass of a point, or, without one, some time after.
struct moment {
    std::string_view point;
    std::uint64_t nth = 1;
    useconds_t soon = 0;
};

// Whether the child was killed; else it came to its end before.
bool is_killed(const moment& when, const std::function<void()>& act) {
    const pid_t child = ::fork();
    EXPECT_GE(child, 0);
    if (child == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (!when.point.empty()) {
            arm_crash_point(when.point, when.nth);
        }
        act();
        ::_exit(::testing::Test::HasFailure() ? 1 : 0);
    }
    if (when.point.empty()) {
        ::usleep(when.soon);
        ::kill(child, SIGKILL);
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    const bool was_killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    EXPECT_TRUE(was_killed || (WIFEXITED(status) && WEXITSTATUS(status) == 0))
        << "it ended by itself, status " << status;
    return was_killed;
}

// A closed table's log with indexes and seals, to begin from again.
class UpkeepKill : public ::testing::Test {
protected:
    void SetUp() override {
        const fs::path model = directory_ / "model/log";
        table_log table(model, tick_table.schema(), tiny_log());
        table.start();
        while (list_segments(model).size() < segment_count) {
            ASSERT_EQ(append_tick(table, ++last_).status, append_status::ok);
        }
        table.close();
        static_cast<void>(index_log(model));
        static_cast<void>(seal_log(model, nullptr));
        begin_anew();
    }
    [[nodiscard]] fs::path root() const { return directory_ / "root"; }
    [[nodiscard]] fs::path log() const { return root() / "log"; }
    [[nodiscard]] fs::path archive() const { return root() / "archive"; }

    void begin_anew() const {
        fs::remove_all(root());
        fs::copy(directory_ / "model", root(), fs::copy_options::recursive);
    }
    void expect_ticks_from(std::uint64_t first) const {
        log_reader reader(log(), read_from::first());
        record_view record;
        while (reader.poll(record) == read_status::record) {
            ASSERT_EQ(record.seq.value, first);
            ASSERT_TRUE(is_tick(record.bytes(), first));
            ++first;
        }
        ASSERT_EQ(reader.damage().kind, damage_kind::none) << reader.damage().text();
        ASSERT_EQ(first, last_ + 1) << "records are gone that were to stay";
    }

    void retain() const {
        retention_policy policy;
        policy.segments_max = kept_count;
        apply_retention(log(), plan_retention(log(), policy, {}, utc_now(), false));
    }
    void check_retained() const {
        const std::uint64_t first = list_segments(log()).front();
        EXPECT_LE(first, segment_count - kept_count);
        EXPECT_EQ(list_segments(log()).size(), segment_count - first) << "a hole";
        expect_ticks_from(last_sequence_before(log(), first).value + 1);
        EXPECT_NE(verify_log(log()).result(), verdict::damaged);
    }
    void finish_retention() const {
        retain();
        EXPECT_EQ(list_segments(log()).size(), kept_count);
        for (std::uint64_t index = 0; index < segment_count - kept_count; ++index) {
            EXPECT_FALSE(fs::exists(log() / index_file_name(index))) << index;
            EXPECT_FALSE(fs::exists(log() / seal_file_name(index))) << index;
        }
        check_retained();
        EXPECT_EQ(verify_log(log()).result(), verdict::clean);
    }

    void archive_and_delete() const {
        (void)archive_log(log(), archive(), {.level = 1, .is_deleted = true});
    }
    void check_archived() const {
        expect_ticks_from(1);
        EXPECT_NE(verify_log(log()).result(), verdict::damaged);
    }
    void finish_archiving() const {
        archive_and_delete();
        EXPECT_EQ(list_segments(log()).size(), 1u);
        check_archived();
        EXPECT_EQ(verify_log(archive()).result(), verdict::clean);
    }

    [[nodiscard]] fs::path out() const { return root() / "out"; }
    [[nodiscard]] fs::path beside_out() const { return root() / "out.tmp"; }
    void copy_by(bool is_migration) const {
        if (fs::exists(out())) {
            return;  // the last attempt was killed behind that
        }
        if (is_migration) {
            (void)migrate_log(log(), out(), wider, row_map::mode::exact);
        } else {
            (void)salvage_log(log(), out());
        }
    }
    // The new log is whole, or is not there under any name.
    void check_copied() const {
        EXPECT_TRUE(list_segments(beside_out()).empty()) << "a part passes for a log";
        if (fs::exists(out())) {
            const verify_report report = verify_log(out());
            EXPECT_EQ(report.result(), verdict::clean);
            EXPECT_EQ(report.record_count, last_);
            EXPECT_EQ(report.last_sequence.value, last_);
        }
        expect_ticks_from(1);
        EXPECT_FALSE(is_lock_held(log() / "writer.lock"));
    }
    void finish_copying(bool is_migration) const {
        fs::remove_all(out());  // so that what is left of a copy that has its name is met too
        copy_by(is_migration);
        EXPECT_TRUE(fs::exists(out()));
        EXPECT_FALSE(fs::exists(beside_out()));
        check_copied();
    }

    // Killed twice: while it is done, and every other time while it is done again.
    bool is_survived(const moment& when, const std::function<void()>& act,
                     const std::function<void()>& check, const std::function<void()>& finish) {
        begin_anew();
        const bool was_killed = is_killed(when, act);
        check();
        if (when.nth % 2 == 1) {
            (void)is_killed({when.point, 1, when.soon / 2}, act);
            check();
        }
        finish();
        return was_killed;
    }

    temporary_directory directory_;
    std::uint64_t last_ = 0;
};

// Outlives the child that moved it.
class told_sequence {
public:
    told_sequence()
        : page_(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {}
    told_sequence(const told_sequence&) = delete;
    told_sequence& operator=(const told_sequence&) = delete;
    ~told_sequence() { ::munmap(page_, 4096); }
    [[nodiscard]] std::atomic_ref<std::uint64_t> value() const {
        return std::atomic_ref<std::uint64_t>(*static_cast<std::uint64_t*>(page_));
    }

private:
    void* page_;
};

// Reads on from its cursor, and begins again where the log ends.
void follow(const fs::path& log, const told_sequence& told) {
    reader_cursor cursor(log, "risk");
    while (true) {
        log_reader reader(log, read_from::at_sequence(cursor.seq().next()));
        record_view record;
        while (reader.poll(record) == read_status::record) {
            cursor.update(record);
            told.value().store(record.seq.value, std::memory_order_relaxed);
        }
        told.value().store(0, std::memory_order_relaxed);
        cursor.set(find_cursor_state(log, read_from::first()));
    }
}

void check_cursor(const fs::path& log, const told_sequence& told, std::uint64_t last) {
    const std::uint64_t said = told.value().load(std::memory_order_relaxed);
    const std::uint64_t found = reader_cursor(log, "risk").seq().value;
    const bool is_going_back = said == 0 && found == last;
    EXPECT_TRUE(is_going_back || found == said || found == said + 1)
        << "said " << said << ", found " << found;
    told.value().store(found, std::memory_order_relaxed);
}

}  // namespace

TEST_F(UpkeepKill, AtAnyMomentLosesNothingThatWasToStay) {
    std::mt19937_64 random(test_seed());
    const int wanted = number_wanted("MILLRACE_KILLS", 30);
    const told_sequence told;
    for (int kill = 0; kill < wanted && !HasFailure(); ++kill) {
        SCOPED_TRACE("kill " + std::to_string(kill));
        const moment when{{}, 1 + random() % 2, static_cast<useconds_t>(random() % 4000)};
        if (is_survived(
                when, [this] { retain(); }, [this] { check_retained(); },
                [this] { finish_retention(); })) {
            kill_tally::get().at_random("retention");
        }
        if (is_survived(
                {{}, when.nth, 4 * when.soon}, [this] { archive_and_delete(); },
                [this] { check_archived(); }, [this] { finish_archiving(); })) {
            kill_tally::get().at_random("archiving");
        }
        for (const bool is_migration : {false, true}) {
            if (is_survived(
                    {{}, when.nth, when.soon}, [&] { copy_by(is_migration); },
                    [this] { check_copied(); }, [&] { finish_copying(is_migration); })) {
                kill_tally::get().at_random(is_migration ? "migration" : "salvage");
            }
        }
    }
    begin_anew();
    for (int kill = 0; kill < wanted && !HasFailure(); ++kill) {
        EXPECT_TRUE(is_killed({{}, 1, static_cast<useconds_t>(random() % 3000)},
                              [&] { follow(log(), told); }));
        check_cursor(log(), told, last_);
        kill_tally::get().at_random("cursor");
    }
}

#if MILLRACE_HAS_CRASH_POINTS

TEST_F(UpkeepKill, AtEachCrashPointLosesNothingThatWasToStay) {
    const auto wanted = static_cast<std::uint64_t>(number_wanted("MILLRACE_POINT_KILLS", 10));
    const told_sequence told;
    int points = 0;
    for (const std::string_view point : crash_point_names()) {
        const std::string_view part = point.substr(0, point.find('.'));
        const bool is_copied = part == "copy" || part == "salvage" || part == "migrate";
        points += part == "retain" || part == "archive" || part == "cursor" || is_copied ? 1 : 0;
        begin_anew();
        told.value().store(0, std::memory_order_relaxed);
        for (std::uint64_t kill = 0; kill < wanted && !HasFailure(); ++kill) {
            SCOPED_TRACE(std::string(point) + ", kill " + std::to_string(kill));
            bool is_reached = true;
            if (part == "retain") {
                const bool is_once = point == "retain.noted";
                is_reached = is_survived(
                    {point, is_once ? 1 : 1 + kill % (segment_count - kept_count), 0},
                    [this] { retain(); }, [this] { check_retained(); },
                    [this] { finish_retention(); });
            } else if (part == "archive") {
                const bool is_once = point == "archive.listed" || point == "archive.linked";
                is_reached = is_survived(
                    {point, is_once ? 1 : 1 + kill % (segment_count - 1), 0},
                    [this] { archive_and_delete(); }, [this] { check_archived(); },
                    [this] { finish_archiving(); });
            } else if (is_copied) {
                const std::uint64_t nth = part == "copy" ? 1 : 1 + kill % segment_count;
                const auto is_copy_survived = [&](bool is_migration) {
                    return is_survived(
                        {point, nth, 0}, [&] { copy_by(is_migration); }, [this] { check_copied(); },
                        [&] { finish_copying(is_migration); });
                };
                is_reached = (part == "salvage" || is_copy_survived(true)) &&
                             (part == "migrate" || is_copy_survived(false));
            } else if (part == "cursor") {
                is_reached = is_killed({point, 1 + kill % 10, 0}, [&] { follow(log(), told); });
                check_cursor(log(), told, last_);
            } else {
                break;
            }
            EXPECT_TRUE(is_reached) << "the point was not passed";
            kill_tally::get().at_point(point);
        }
    }
    EXPECT_EQ(points, 17);
}

#endif

}  // namespace millrace::engine::test
