// Routes whose source lost its end with the host's power, after they had done what stood there.
#include "gateway/pipeline/route_past.hpp"

#include <gtest/gtest.h>

#include "engine/core/error.hpp"
#include "engine/log/durable_mark.hpp"
#include "engine/log/hot_tier.hpp"
#include "gateway/pipeline/reader_progress.hpp"
#include "gateway/session/fix_tables.hpp"
#include "tests/engine/stream/host_restart.hpp"
#include "tests/gateway/pipeline/pipeline_support.hpp"

namespace millrace::gateway::test {
namespace {

const std::string copying = std::string(tables_text) + client_text("copier") +
                            route_text("name = \"copy\"\ntable = \"COPY\"\nstart = \"first\"");
// Hot, and synced only when somebody waits for it.
const std::string synced_late = replaced(copying, "[engine]\n",
                                         "[engine]\nstorage = \"hot\"\nsync_bytes_max = \"1GiB\"\n"
                                         "sync_delay_max_us = 60000000\n");
const std::string watching = std::string(tables_text) + client_text("watcher") +
                             route_text(
                                 "name = \"watch\"\nhandler = \"on_order\"\n"
                                 "start = \"first\"");

class RoutePast : public PipelineTest {
protected:
    static std::function<void(pipeline&)> with(recording_handler& handler) {
        return [&handler](pipeline& made) {
            made.set_handler("on_order", event_handler::of(handler));
        };
    }
    // A run that does what its source holds, and orders first to last besides.
    void run_to(const std::string& text, const std::string& route, std::uint64_t first,
                std::uint64_t last, std::uint64_t sequence,
                const std::function<void(pipeline&)>& prepare = {}) {
        run once(*this, text, prepare);
        append_orders(once.source(), first, last);
        once.start();
        wait_for_highest(route, sequence);
        once.stop();
    }
    void lose_power(std::uint64_t survivor) {
        engine::test::restart_host_under(path());
        engine::test::lose_records_behind(data("ORDER_OUT"), survivor);
    }
    // By a writer of its own, before `run` runs again.
    void append_elsewhere(std::uint64_t first, std::uint64_t last) {
        const pipeline_config config = parse_config(path() / "test.toml", copying);
        engine::table_log table(
            data("ORDER_OUT"), config.find_table("ORDER_OUT")->schema,
            engine::table_log_options{.segment_bytes = 1 << 20, .purpose = "test"});
        append_orders(table, first, last);
    }
    [[nodiscard]] std::vector<std::string> ids(std::string_view table) const {
        const engine::row_schema schema = engine::row_schema::parse(
            engine::log_reader(data(table), engine::read_from::first()).schema());
        std::vector<std::string> found;
        for (const kept_row& row : rows(table)) {
            found.emplace_back(engine::row_view(schema, row.payload).text(0));
        }
        return found;
    }
    [[nodiscard]] std::vector<std::uint64_t> marked_rows(std::string_view table) const {
        std::vector<std::uint64_t> marked;
        for (const kept_row& row : rows(table)) {
            if (row.envelope.is_redelivered()) {
                marked.push_back(row.seq.value);
            }
        }
        return marked;
    }
    // Orders 1 to 10 are done, 1 to 7 are durable; `on_disk` gets the source as it is then.
    void run_to_an_undurable_end(const std::filesystem::path& on_disk) {
        run once(*this, synced_late);
        once.start();
        append_orders(once.source(), 1, 7);
        ASSERT_EQ(once.source().wait_durable(once.source().log().end(), 30'000'000'000),
                  engine::durable_wait::durable);
        append_orders(once.source(), 8, 10);
        wait_for_highest("copy", 10);
        copy_while_written(data("ORDER_OUT"), on_disk);
        once.stop();
    }
    // The persister may have written more than it had synced.
    void lose_undurable_bytes() const {
        const auto mark = engine::durable_mark::open(
            data("ORDER_OUT"), engine::read_segment_info(data("ORDER_OUT"), 0).uuid);
        EXPECT_EQ(mark.durable_sequence().value, 7U);
        engine::test::lose_bytes_behind(data("ORDER_OUT"), mark.durable_position());
    }
    // A spare segment may get its name, and lose its temporary one, meanwhile.
    static void copy_while_written(const std::filesystem::path& from,
                                   const std::filesystem::path& to) {
        std::error_code failure;
        for (int i = 0; i == 0 || (failure && i < 100); ++i) {
            std::filesystem::remove_all(to);
            std::filesystem::copy(from, to, std::filesystem::copy_options::recursive, failure);
        }
        ASSERT_FALSE(failure) << failure.message();
    }
    [[nodiscard]] std::string findings(const std::string& route) const {
        const auto file = path() / "data/lost" / route;
        return std::filesystem::exists(file) ? engine::read_whole_file(file) : std::string();
    }
    [[nodiscard]] std::string finding_of(std::uint64_t first, std::uint64_t last) const {
        return "log " + to_string(engine::read_segment_info(data("ORDER_OUT"), 0).uuid) + " from " +
               std::to_string(first) + " to " + std::to_string(last) + "\n";
    }
    [[nodiscard]] std::size_t lines_with(const std::string& part) {
        const auto all = lines();
        return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [&](const auto& one) {
            return one.find(part) != std::string::npos;
        }));
    }
    [[nodiscard]] std::uint64_t progress(const std::string& text) const {
        return find_progress(parse_config(path() / "test.toml", text)).front().done.value;
    }
    void expect_refused(const std::string& text) {
        try {
            run again(*this, text);
            FAIL() << "the route went on";
        } catch (const engine::damage_error& failure) {
            EXPECT_NE(std::string(failure.what()).find("has come to sequence 10, but the log ends"),
                      std::string::npos)
                << failure.what();
        }
        EXPECT_EQ(findings("copy"), "");
    }
};

TEST_F(RoutePast, PassesOverNoNewRecordUnderASequenceThatWasDone) {
    run_to(copying, "copy", 1, 10, 10);
    lose_power(7);
    append_elsewhere(101, 102);
    EXPECT_EQ(progress(copying), 7U) << "as retention has to see it";
    run_to(copying, "copy", 103, 104, 11);
    std::vector<std::uint64_t> origins = range(1, 10);
    origins.insert(origins.end(), {8, 9, 10, 11});
    EXPECT_EQ(origins_of(rows("COPY")), origins);
    const std::vector<std::string> all = ids("COPY");
    EXPECT_EQ(std::vector<std::string>(all.begin() + 10, all.end()),
              (std::vector<std::string>{"A101", "A102", "A103", "A104"}));
    EXPECT_EQ(marked_rows("COPY"), range(11, 13)) << "as many as were lost may come again";
    EXPECT_EQ(findings("copy"), finding_of(8, 10));
    EXPECT_EQ(lines_with("records 8 to 10 were done by this route and are gone"), 1U);
    EXPECT_EQ(progress(copying), 11U);
}

// The source's directory as its writer left it when the power went: nothing of it is made up here
// but that the disk forgot what no sync had told it to keep.
TEST_F(RoutePast, FindsWhatAHotSourceLostThatNobodyHadSyncedYet) {
    const std::filesystem::path on_disk = path() / "on_disk";
    run_to_an_undurable_end(on_disk);
    std::filesystem::remove_all(data("ORDER_OUT"));
    std::filesystem::rename(on_disk, data("ORDER_OUT"));
    engine::test::restart_host_under(path());
    lose_undurable_bytes();
    EXPECT_EQ(
        engine::log_reader(data("ORDER_OUT"), engine::read_from::tail()).last_sequence().value, 7U);
    run_to(synced_late, "copy", 101, 102, 9);
    EXPECT_EQ(findings("copy"), finding_of(8, 10));
    std::vector<std::uint64_t> origins = range(1, 10);
    origins.insert(origins.end(), {8, 9});
    EXPECT_EQ(origins_of(rows("COPY")), origins);
    EXPECT_EQ(ids("COPY").back(), "A102");
}

// A container made anew on a host that runs on: the memory is gone, and an operator says to go on.
TEST_F(RoutePast, PassesOverNoNewRecordBehindAHotTierThatWasGivenUp) {
    const std::filesystem::path on_disk = path() / "on_disk";
    run_to_an_undurable_end(on_disk);
    for (const auto& entry : std::filesystem::directory_iterator(data("ORDER_OUT"))) {
        std::filesystem::remove_all(entry.path());
    }
    for (const auto& entry : std::filesystem::directory_iterator(on_disk)) {
        std::filesystem::copy(entry.path(), data("ORDER_OUT") / entry.path().filename(),
                              std::filesystem::copy_options::recursive);
    }
    EXPECT_THROW(append_elsewhere(101, 102), engine::damage_error) << "nobody has said so yet";
    lose_undurable_bytes();
    static_cast<void>(engine::recover_hot_tier(data("ORDER_OUT"), engine::hot_loss::accepted));
    append_elsewhere(101, 104);  // beyond what the route has done
    EXPECT_EQ(progress(synced_late), 7U);
    run_to(synced_late, "copy", 105, 105, 12);
    EXPECT_EQ(findings("copy"), finding_of(8, 10));
    EXPECT_EQ(lines_with("a hot tier was given up, and the source log"), 1U);
    std::vector<std::uint64_t> origins = range(1, 10);
    origins.insert(origins.end(), {8, 9, 10, 11, 12});
    EXPECT_EQ(origins_of(rows("COPY")), origins);
    const std::vector<std::string> all = ids("COPY");
    EXPECT_EQ(std::vector<std::string>(all.begin() + 10, all.end()),
              (std::vector<std::string>{"A101", "A102", "A103", "A104", "A105"}));
}

TEST_F(RoutePast, GoesOnBehindASourceThatIsShorterThanItsProgress) {
    run_to(copying, "copy", 1, 10, 10);
    lose_power(7);
    EXPECT_EQ(progress(copying), 7U);
    {
        run idle(*this, copying, {}, false);
        idle.start();
        idle.stop();
    }
    EXPECT_EQ(rows("COPY").size(), 10U);
    run_to(copying, "copy", 101, 101, 8);
    EXPECT_EQ(ids("COPY").back(), "A101");
    EXPECT_EQ(lines_with("have lost"), 0U);
    EXPECT_EQ(lines_with("has lost its end"), 1U) << "found once, not at each start";
}

TEST_F(RoutePast, OffersAHandlerWhatCameBehindTheLossMarked) {
    recording_handler before;
    run_to(watching, "watch", 1, 10, 10, with(before));
    lose_power(7);
    append_elsewhere(101, 102);
    EXPECT_EQ(progress(watching), 7U);
    recording_handler after;
    run_to(watching, "watch", 103, 104, 11, with(after));
    EXPECT_EQ(after.seen(), range(8, 11));
    const std::vector<std::uint64_t> marked = after.redelivered();
    ASSERT_GE(marked.size(), 3U);
    EXPECT_EQ(marked[2], 10U);
    EXPECT_EQ(findings("watch"), finding_of(8, 10));
}

TEST_F(RoutePast, FindsTheSameAfterASecondCrashWhereverThatComes) {
    run_to(copying, "copy", 1, 10, 10);
    lose_power(7);
    append_elsewhere(101, 102);
    const std::string life = engine::read_whole_file(path() / "data/lives/copy");
    std::filesystem::copy(data("COPY"), path() / "copy_before");
    // Killed when all was cut back, and nothing new done.
    { run cut(*this, copying); }
    EXPECT_NE(engine::read_whole_file(path() / "data/lives/copy"), life);
    // The power goes again, and what the kill came behind was not durable: the life's note first,
    // then the cut back too. The finding was durable before either.
    engine::write_file_atomically(path() / "data/lives/copy", life);
    { run again(*this, copying); }
    EXPECT_EQ(findings("copy"), finding_of(8, 10));
    engine::write_file_atomically(path() / "data/lives/copy", life);
    std::filesystem::remove_all(data("COPY"));
    std::filesystem::rename(path() / "copy_before", data("COPY"));
    run_to(copying, "copy", 103, 104, 11);
    EXPECT_EQ(findings("copy"), finding_of(8, 10));
    std::vector<std::uint64_t> origins = range(1, 10);
    origins.insert(origins.end(), {8, 9, 10, 11});
    EXPECT_EQ(origins_of(rows("COPY")), origins);
    EXPECT_EQ(marked_rows("COPY"), range(11, 13));
}

TEST_F(RoutePast, MarksAfterASecondKillWhatMayRepeatWhatWasLost) {
    run_to(copying, "copy", 1, 10, 10);
    lose_power(7);
    run_to(copying, "copy", 101, 101, 8);
    run_to(copying, "copy", 102, 104, 11);  // under the same boot, with no loss behind it
    EXPECT_EQ(marked_rows("COPY"), range(11, 13));
}

TEST_F(RoutePast, IsCutBackAgainByASecondLossOfPower) {
    run_to(copying, "copy", 1, 10, 10);
    lose_power(7);
    run_to(copying, "copy", 101, 105, 12);
    lose_power(9);
    append_elsewhere(201, 202);
    run_to(copying, "copy", 203, 203, 12);
    EXPECT_EQ(findings("copy"), finding_of(8, 10) + finding_of(10, 12));
    const std::vector<std::string> all = ids("COPY");
    EXPECT_EQ(
        std::vector<std::string>(all.begin() + 10, all.end()),
        (std::vector<std::string>{"A101", "A102", "A103", "A104", "A105", "A201", "A202", "A203"}));
}

TEST_F(RoutePast, ParksNothingForARecordThatIsGone) {
    const std::string parking = watching + "on_nack = \"park\"\n";
    recording_handler refusing;
    refusing.decide = [](std::uint64_t sequence) {
        return sequence == 9 || sequence == 3 ? answer::nack : answer::ack;
    };
    run_to(parking, "watch", 1, 10, 10, with(refusing));
    lose_power(7);
    append_elsewhere(101, 103);
    recording_handler after;
    run_to(parking, "watch", 104, 104, 11, with(after));
    EXPECT_EQ(after.seen(), range(8, 11)) << "the ninth was parked, and is another one now";
    EXPECT_EQ(origins_of(rows("REJECT_watcher")), (std::vector<std::uint64_t>{3, 9}));
}

TEST_F(RoutePast, ChangesNothingWhereNothingWasLost) {
    run_to(copying, "copy", 1, 10, 10);
    engine::test::restart_host_under(path());
    append_elsewhere(11, 12);
    EXPECT_EQ(progress(copying), 10U);
    run_to(copying, "copy", 13, 13, 13);
    EXPECT_EQ(origins_of(rows("COPY")), range(1, 13));
    EXPECT_TRUE(marked_rows("COPY").empty());
    EXPECT_EQ(findings("copy"), "");
    EXPECT_EQ(lines_with("lost"), 0U);
}

TEST_F(RoutePast, RefusesAShorterSourceUnderTheSameBoot) {
    run_to(copying, "copy", 1, 10, 10);
    // No kill does that; an older copy, put back with its mark, does.
    engine::test::lose_records_behind(data("ORDER_OUT"), 7);
    expect_refused(copying);
}

TEST_F(RoutePast, RefusesAShorterSourceOfWhichNoRunWasNoted) {
    run_to(copying, "copy", 1, 10, 10);
    lose_power(7);
    std::filesystem::remove(path() / "data/lives/copy");
    expect_refused(copying);
}

TEST_F(RoutePast, WaitsForAStartThatIsStillToCome) {
    const std::string late =
        std::string(tables_text) + client_text("copier") +
        route_text("name = \"copy\"\ntable = \"COPY\"\nstart = {sequence = 20}");
    {
        run once(*this, late);
        append_orders(once.source(), 1, 10);
    }
    lose_power(7);
    run_to(late, "copy", 8, 21, 21);
    EXPECT_EQ(origins_of(rows("COPY")), (std::vector<std::uint64_t>{20, 21}));
    EXPECT_EQ(findings("copy"), "");
}

// What FIX_IN lost the protocol fetches again, marked by the venue itself.
TEST_F(RoutePast, OffersMarkedWhatAVenueSaysItSentBefore) {
    std::ofstream(path() / "sessions.cfg")
        << "[DEFAULT]\nConnectionType=acceptor\nStartTime=00:00:00\nEndTime=00:00:00\n"
           "DataDictionary=FIX44.xml\nSocketAcceptHost=127.0.0.1\nSocketAcceptPort=0\n"
           "[SESSION]\nBeginString=FIX.4.4\nSenderCompID=MILLRACE\nTargetCompID=VENUE\n";
    {
        engine::table_log in(data("venue/FIX_IN"), fix_in_schema(),
                             {.segment_bytes = 1 << 20, .purpose = "test"});
        for (std::uint32_t number = 1; number <= 4; ++number) {
            fix_in_row row;
            ASSERT_TRUE(row.message.session.assign("FIX.4.4:MILLRACE->VENUE"));
            ASSERT_TRUE(row.message.kind.assign(kind::application));
            ASSERT_TRUE(row.message.msg_type.assign("8"));
            row.message.msg_seq_num = number;
            row.message.next_sender = 1;
            row.message.next_target = number + 1;
            row.message.poss_dup = number == 3 ? 1 : 0;
            std::vector<std::byte> payload(engine::row_envelope_size + sizeof row);
            const engine::row_envelope envelope;
            std::memcpy(payload.data(), &envelope, sizeof envelope);
            std::memcpy(payload.data() + sizeof envelope, &row, sizeof row);
            ASSERT_EQ(in.try_append(payload).status, engine::append_status::ok);
        }
    }
    const std::string listening =
        std::string(tables_text) +
        "[[gateway]]\nname = \"venue\"\nsettings = \"sessions.cfg\"\n"
        "[[client]]\nname = \"watcher\"\nstream = \"venue.FIX_IN\"\n" +
        route_text("name = \"watch\"\nhandler = \"on_order\"\nstart = \"first\"");
    recording_handler handler;
    run once(*this, listening, with(handler));
    once.start();
    wait_for_highest("watch", 4);
    once.stop();
    EXPECT_EQ(handler.seen(), range(1, 4));
    EXPECT_EQ(handler.redelivered(), range(3, 3));
}

TEST_F(RoutePast, RefusesFindingsThatSayNothing) {
    run_to(copying, "copy", 1, 3, 3);
    engine::ensure_directory(path() / "data/lost");
    for (const char* const bad : {"nonsense\n", "log 12 from 1 to 2\n", "log\n"}) {
        engine::write_file_atomically(path() / "data/lost/copy", bad);
        EXPECT_THROW(run(*this, copying), engine::damage_error) << bad;
    }
}

}  // namespace
}  // namespace millrace::gateway::test
