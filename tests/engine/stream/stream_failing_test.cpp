// Makes every call fail, one after the other, that archiving, retention, copying a log and the
// small files beside it ask of the file system: nothing acknowledged is lost, and nothing half made
// or half replaced is read as good.
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>

#include "engine/core/clock.hpp"
#include "engine/core/error.hpp"
#include "engine/log/archive_source.hpp"
#include "engine/log/durable_mark.hpp"
#include "engine/log/salvage.hpp"
#include "engine/log/verify.hpp"
#include "engine/stream/archive_log.hpp"
#include "engine/stream/checkpoint.hpp"
#include "engine/stream/life_file.hpp"
#include "engine/stream/migrate_log.hpp"
#include "engine/stream/reader_cursor.hpp"
#include "engine/stream/retention.hpp"
#include "tests/engine/log/failing_nth.hpp"
#include "tests/engine/stream/stream_test_support.hpp"

namespace millrace::engine::test {
namespace {

class StreamFailing : public ::testing::Test {
protected:
    void SetUp() override {
        if (!can_refuse_calls) {
            GTEST_SKIP() << "calls are not refused under a sanitizer";
        }
    }
    [[nodiscard]] fs::path root() const { return directory_ / "root"; }
    [[nodiscard]] fs::path log() const { return root() / "log"; }
    [[nodiscard]] fs::path archive() const { return root() / "archive"; }

    // A closed table's log of so many segments, with indexes and seals, to begin from again.
    void make_model(std::uint64_t segments) {
        const fs::path model = directory_ / "model/log";
        {
            table_log table(model, tick_table.schema(), tiny_log());
            table.start();
            while (list_segments(model).size() < segments) {
                ASSERT_EQ(append_tick(table, ++last_).status, append_status::ok);
            }
            table.close();
        }
        static_cast<void>(seal_log(model, nullptr));
    }
    void begin_anew() const {
        fs::remove_all(root());
        fs::copy(directory_ / "model", root(), fs::copy_options::recursive);
    }
    // The last tick; each from `first` on is there, in order.
    static std::uint64_t last_tick(const fs::path& directory, std::uint64_t first = 1) {
        log_reader reader(directory, read_from::first());
        record_view record;
        std::uint64_t next = first;
        while (reader.poll(record) == read_status::record) {
            EXPECT_EQ(record.seq.value, next);
            EXPECT_TRUE(is_tick(record.bytes(), next));
            ++next;
        }
        EXPECT_EQ(reader.damage().kind, damage_kind::none) << reader.damage().text();
        return next - 1;
    }

    temporary_directory directory_;
    std::uint64_t last_ = 0;
};

TEST_F(StreamFailing, ArchivingLosesNoRecordAndCanBeDoneAgain) {
    make_model(4);
    const archive_options options{.level = 1, .is_deleted = true};
    const std::uint64_t calls = fail_each_call(
        root(), [&] { begin_anew(); }, [&] { (void)archive_log(log(), archive(), options); },
        [&](bool) {
            EXPECT_EQ(last_tick(log()), last_) << "a record went with its original";
            EXPECT_NE(verify_log(log()).result(), verdict::damaged);
            EXPECT_NO_THROW((void)archive_log(log(), archive(), options));
            EXPECT_EQ(list_segments(log()).size(), 1u);
            EXPECT_EQ(last_tick(log()), last_);
            EXPECT_EQ(verify_log(archive()).result(), verdict::clean);
        });
    EXPECT_GT(calls, 60u);
}

TEST_F(StreamFailing, RetentionLeavesAnUnbrokenRunAndCanBeDoneAgain) {
    make_model(5);
    retention_policy policy;
    policy.segments_max = 2;
    const std::vector<retention_floor> none;
    const auto retain = [&] {
        apply_retention(log(), plan_retention(log(), policy, none, utc_now(), false));
    };
    const std::uint64_t calls = fail_each_call(
        root(), [&] { begin_anew(); }, retain,
        [&](bool) {
            const std::uint64_t first = list_segments(log()).front();
            EXPECT_LE(first, 3u);
            EXPECT_EQ(last_tick(log(), last_sequence_before(log(), first).value + 1), last_);
            EXPECT_NO_THROW(retain());
            EXPECT_EQ(list_segments(log()), (std::vector<std::uint64_t>{3, 4}));
            EXPECT_NE(verify_log(log()).result(), verdict::damaged);
            for (std::uint64_t index = 0; index < 3; ++index) {
                EXPECT_FALSE(fs::exists(log() / seal_file_name(index)));
            }
        });
    EXPECT_GT(calls, 20u);
}

const row_schema wider = row_schema::parse(
    "table TICK\ncolumn SIDE text(2)\ncolumn NUMBER u64 key\ncolumn SYMBOL text(14)\n"
    "column NOTE bytes\n");

TEST_F(StreamFailing, ACopyIsWholeOrNotThereAndCanBeDoneAgain) {
    make_model(3);
    const fs::path out = root() / "out";
    const std::function<void()> copies[] = {
        [&] { (void)salvage_log(log(), out); },
        [&] { (void)migrate_log(log(), out, wider, row_map::mode::exact); }};
    for (const std::function<void()>& copy : copies) {
        const std::uint64_t calls = fail_each_call(
            root(), [&] { begin_anew(); }, copy,
            [&](bool) {
                EXPECT_TRUE(list_segments(root() / "out.tmp").empty());
                if (fs::exists(out)) {
                    EXPECT_EQ(verify_log(out).record_count, last_);
                    fs::remove_all(out);
                }
                EXPECT_NO_THROW(copy());
                EXPECT_FALSE(fs::exists(root() / "out.tmp"));
                EXPECT_EQ(verify_log(out).result(), verdict::clean);
                EXPECT_EQ(verify_log(out).record_count, last_);
                EXPECT_EQ(last_tick(log()), last_);
            });
        EXPECT_GT(calls, 60u);
    }
}

// Asks for the writer's lock whenever a file is opened below a directory.
class asking_writer final : public file_call_observer {
public:
    asking_writer(fs::path log, fs::path below) : log_(std::move(log)), below_(std::move(below)) {}
    int before(const file_call_site& site) noexcept override {
        if (site.what == file_call::open && is_below(site, below_)) {
            try {
                const file_lock writing(log_ / "writer.lock", "test");
                ++admitted;
            } catch (const error&) {
                ++refused;
            }
        }
        return 0;
    }
    void after(const file_call_site&, bool) noexcept override {}

    int admitted = 0;
    int refused = 0;

private:
    fs::path log_;
    fs::path below_;
};

TEST_F(StreamFailing, NoWriterBeginsWhileItsLogIsCopied) {
    make_model(2);
    for (const bool is_migration : {false, true}) {
        begin_anew();
        asking_writer asking(log(), root() / "out.tmp");
        const file_call_observation observation(asking);
        is_migration ? (void)migrate_log(log(), root() / "out", wider, row_map::mode::exact)
                     : (void)salvage_log(log(), root() / "out");
        EXPECT_EQ(asking.admitted, 0);
        EXPECT_GT(asking.refused, 4);
    }
}

// What a living writer has not made durable stays, also where its lock or its mark cannot be read.
TEST_F(StreamFailing, RetentionNeverTakesWhatMayNotBeDurable) {
    make_model(5);
    const log_uuid uuid = read_segment_info(directory_ / "model/log", 0).uuid;
    const std::uint64_t durable_at = tiny_segment_bytes + 8192;
    retention_policy policy;
    policy.segments_max = 1;
    const std::vector<retention_floor> none;
    std::optional<file_lock> writing;
    std::optional<retention_plan> plan;
    const std::uint64_t calls = fail_each_call(
        root(),
        [&] {
            writing.reset();
            plan.reset();
            begin_anew();
            durable_mark::open_for_writing(log(), uuid).set_durable({durable_at}, {1});
            writing.emplace(log() / "writer.lock", "test");
        },
        [&] { plan = plan_retention(log(), policy, none, utc_now(), true); },
        [&](bool has_thrown) {
            EXPECT_NE(has_thrown, plan.has_value());
            EXPECT_TRUE(!plan || plan->first_kept <= 1) << "segment 1 may not be durable";
        });
    EXPECT_GT(calls, 20u);
}

TEST_F(StreamFailing, ACheckpointIsOpenedAsItIsOrNotAtAll) {
    const fs::path path = root() / "deep/route.checkpoint";
    std::uint64_t found = 0;
    for (const std::uint64_t known : {0, 9}) {
        const std::uint64_t calls = fail_each_call(
            root(),
            [&] {
                fs::remove_all(root());
                fs::create_directories(root());
                if (known != 0) {
                    checkpoint(path, "route", uuid_of(1), {3}).update({known});
                }
            },
            [&] { found = checkpoint(path, "route", uuid_of(1), {3}).highest().value; },
            [&](bool has_thrown) {
                const std::uint64_t right = known != 0 ? known : 3;
                EXPECT_TRUE(has_thrown || found == right) << found;
                EXPECT_EQ(checkpoint(path, "route", uuid_of(1), {3}).highest().value, right);
            });
        EXPECT_GT(calls, known != 0 ? 5u : 20u);
    }
}

TEST_F(StreamFailing, AReadersCursorIsOpenedAsItIsOrNotAtAll) {
    make_model(2);
    std::uint64_t found = 0;
    for (const std::uint64_t known : {0, 9}) {
        const std::uint64_t calls = fail_each_call(
            root(),
            [&] {
                begin_anew();
                if (known != 0) {
                    reader_cursor(log(), "risk")
                        .set(find_cursor_state(log(), read_from::at_sequence({known + 1})));
                }
            },
            [&] { found = reader_cursor(log(), "risk").seq().value; },
            [&](bool has_thrown) {
                EXPECT_TRUE(has_thrown || found == known) << found;
                EXPECT_EQ(reader_cursor(log(), "risk").seq().value, known);
                EXPECT_EQ(read_reader_cursor(log(), "risk").seq.value, known);
            });
        EXPECT_GT(calls, 10u);
    }
}

// The owner goes on only if the file was written; whatever it says else is one of the two lives.
TEST_F(StreamFailing, ALifeFileHoldsTheLastLifeOrThisOne) {
    const fs::path path = root() / "life";
    const auto last_life_closed = [&] {
        fs::remove_all(root());
        life_file last(path);
        last.begin(uuid_of(1), 1);
        last.close();
    };
    std::optional<life_file> life;
    EXPECT_GT(fail_each_call(
                  root(),
                  [&] {
                      last_life_closed();
                      life.emplace(path);
                  },
                  [&] { life->begin(uuid_of(1), 2); },
                  [&](bool has_thrown) {
                      EXPECT_TRUE(has_thrown) << "begun, and it may not be durable";
                      const life_note note = read_life(path).value();
                      EXPECT_EQ(note.is_closed, note.epoch == 1) << "neither life";
                  }),
              8u);
    EXPECT_GT(fail_each_call(
                  root(),
                  [&] {
                      last_life_closed();
                      life.emplace(path);
                      life->begin(uuid_of(1), 2);
                  },
                  [&] { life->close(); },
                  [&](bool has_thrown) {
                      EXPECT_TRUE(has_thrown) << "closed, and it may not be durable";
                      EXPECT_EQ(read_life(path).value().epoch, 2u);
                  }),
              8u);
    EXPECT_GT(fail_each_call(
                  root(), last_life_closed, [&] { life.emplace(path); },
                  [&](bool has_thrown) {
                      EXPECT_TRUE(has_thrown) << "a file that was not read says nothing";
                  }),
              1u);
}

}  // namespace
}  // namespace millrace::engine::test
