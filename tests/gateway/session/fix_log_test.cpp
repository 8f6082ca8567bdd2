#include "gateway/session/fix_log.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <numeric>
#include <string>
#include <vector>

#include "gateway/session/doubt_file.hpp"
#include "gateway/session/fix_log_rows.hpp"
#include "gateway/session/life.hpp"
#include "tests/gateway/session/log_test_support.hpp"

namespace millrace::gateway {
namespace {

using engine::append_status;
using test::collecting_sink;
using test::logged_row;
using test::session_name;

std::vector<std::uint32_t> range(std::uint32_t begin, std::uint32_t end) {
    std::vector<std::uint32_t> numbers(end - begin + 1);
    std::iota(numbers.begin(), numbers.end(), begin);
    return numbers;
}

class FixOutLog : public testing::Test {
protected:
    test::open_logs& open() {
        test::open_logs& logs = files.open();
        session = &logs.out.open_session(session_name);
        return logs;
    }
    fix_out_log& out() { return files.logs->out; }

    // One order under the next number; its origin is its number's thousandfold generation plus it.
    void send() {
        const std::uint32_t number = session->next_sender.value;
        outbound_header cause;
        cause.origin = {engine::route_id("orders"), source, ++last_origin};
        cause.correlation = {9, last_origin};
        ASSERT_EQ(out().append_message(*session, {{number}, order_frame(number), &cause}, {1}),
                  append_status::ok);
    }
    void send(int count) {
        for (int i = 0; i < count; ++i) {
            send();
        }
    }
    // The body names the number's place in the log, so that equal numbers are told apart.
    [[nodiscard]] std::string order_frame(std::uint32_t number) const {
        return test::sent_frame("D", number, "11=O" + std::to_string(last_origin) + "|55=ABC|");
    }
    [[nodiscard]] collecting_sink read(std::uint32_t begin, std::uint32_t end) {
        collecting_sink sink;
        EXPECT_TRUE(out().read_messages(*session, {begin}, {end}, sink));
        return sink;
    }
    [[nodiscard]] std::size_t segment_count() {
        return engine::list_segments(out().table().log().directory()).size();
    }

    test::logs_in_directory files;
    engine::log_uuid source{{1, 2, 3}};
    std::uint64_t last_origin = 0;
    session_numbers* session = nullptr;
};

TEST_F(FixOutLog, OpensGenerationOneOfASessionItHasNotSeen) {
    open();
    EXPECT_EQ(session->generation, 1U);
    EXPECT_EQ(session->next_sender, msg_seq_num{1});
    EXPECT_GT(session->creation_time.ns, 0);
    EXPECT_EQ(&out().open_session(session_name), session);
    const std::vector<logged_row> rows = files.out_rows();
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0].text(), "reset 0");
    EXPECT_EQ(rows[0].session, session_name);
    EXPECT_EQ(rows[0].creation_ns, session->creation_time.ns);
}

TEST_F(FixOutLog, KeepsNumbersOriginsAndCreationTimeAcrossRollsAndRestarts) {
    open();
    out().table().bind_route("orders", source);
    out().table().start();
    const engine::timestamp created = session->creation_time;
    send(500);
    EXPECT_GT(segment_count(), 4U);
    for (const bool is_crash : {false, true}) {
        if (is_crash) {
            files.crash();
        }
        open();
        EXPECT_EQ(session->generation, 1U);
        EXPECT_EQ(session->next_sender, msg_seq_num{501});
        EXPECT_EQ(session->creation_time, created);
        EXPECT_EQ(out().table().origins().highest(engine::route_id("orders")),
                  engine::sequence{500});
        EXPECT_EQ(files.out_rows().size(), 501U);
    }
}

// Whoever is killed between the two finds a number used that no row stands for.
TEST_F(FixOutLog, TakesNoSnapshotAheadOfTheRowThatMadeItRoll) {
    open();
    out().table().start();
    send(500);
    engine::log_reader reader(out().table().log().directory(), engine::read_from::first(), true);
    engine::record_view record;
    std::uint32_t said = 0;
    int compared = 0;
    while (reader.next_position() < out().table().log().end()) {
        if (reader.poll(record) != engine::read_status::record) {
            ASSERT_TRUE(reader.damage().kind == engine::damage_kind::none);
            continue;
        }
        if (record.is_control(engine::control_type::snapshot)) {
            EXPECT_TRUE(engine::visit_snapshot(
                record.bytes(),
                [&](engine::snapshot_section kind, std::span<const std::byte> content) {
                    session_table table;
                    if (kind == engine::snapshot_section::sessions_out) {
                        EXPECT_TRUE(table.read_snapshot(content));
                        said = table.at(session_name).next_sender.value;
                    }
                }));
        } else if (!record.is_control() && said != 0) {
            const logged_row row =
                test::to_logged<fix_out_row>(engine::row_view(fix_out_schema(), record.bytes()));
            EXPECT_EQ(row.number, said);
            said = 0;
            ++compared;
        }
    }
    EXPECT_GT(compared, 3);
}

TEST_F(FixOutLog, ReadsEveryMessageHoweverOldAndWhateverTheIndexHolds) {
    for (const std::size_t capacity : {0, 1, 8, 1024}) {
        files.current = "index" + std::to_string(capacity);
        files.options.resend_index_capacity = capacity;
        last_origin = 0;
        open();
        out().table().start();
        send(400);
        ASSERT_GT(segment_count(), 3U);
        for (const bool is_reopened : {false, true}) {
            if (is_reopened) {
                open();
            }
            EXPECT_EQ(read(1, 400).numbers(), range(1, 400));
            EXPECT_EQ(read(1, 1).numbers(), range(1, 1));
            EXPECT_EQ(read(150, 260).numbers(), range(150, 260));
            EXPECT_EQ(read(393, 400).numbers(), range(393, 400));
            EXPECT_EQ(read(390, 400).numbers(), range(390, 400));
            EXPECT_EQ(read(400, 400).numbers(), range(400, 400));
            EXPECT_EQ(read(395, 999).numbers(), range(395, 400));  // what there is
            EXPECT_TRUE(read(401, 500).frames.empty());
            EXPECT_EQ(test::field_of(read(77, 77).frames.at(0), 11), "O77");
        }
    }
}

TEST_F(FixOutLog, SearchesOnceForManySlices) {
    files.options.resend_index_capacity = 8;
    files.options.found_messages_max = 100;
    open();
    out().table().start();
    send(400);
    const auto read_slices = [&] {
        std::vector<std::uint32_t> all;
        for (std::uint32_t begin = 1; begin <= 400; begin += 10) {
            const auto numbers = read(begin, begin + 9).numbers();
            all.insert(all.end(), numbers.begin(), numbers.end());
        }
        return all;
    };
    std::uint64_t before = out().search_count();
    EXPECT_EQ(read_slices(), range(1, 400));
    EXPECT_EQ(out().search_count() - before, 4U);  // a hundred messages each
    // As a session asks, which looks behind the slice first, and beside another one.
    session_numbers& other = out().open_session("FIX.4.4:OURS->OTHER");
    before = out().search_count();
    for (std::uint32_t begin = 1; begin <= 391; begin += 10) {
        EXPECT_EQ(out().gap_end(*session, {begin + 9}, {400}), msg_seq_num{begin + 9});
        EXPECT_EQ(read(begin, begin + 9).numbers(), range(begin, begin + 9));
        EXPECT_TRUE(out().gap_end(other, {1}, {1}) == msg_seq_num{1});
    }
    EXPECT_LE(out().search_count() - before, 12U);
    before = out().search_count() - 4;
    EXPECT_EQ(read(390, 395).numbers(), range(390, 395));
    EXPECT_EQ(out().search_count() - before, 4U);
    // What is numbered meanwhile is not in what was found; what gets another meaning is not kept.
    send(20);
    EXPECT_EQ(read(395, 420).numbers(), range(395, 420));
    ASSERT_EQ(out().append_set(*session, {300}, {1}), append_status::ok);
    EXPECT_EQ(read(295, 350).numbers(), range(295, 299));
    send(60);
    EXPECT_EQ(test::field_of(read(310, 310).frames.at(0), 11), "O431");
    EXPECT_EQ(read(200, 400).numbers(), range(200, 359));
}

TEST_F(FixOutLog, ReadsOnlyTheCurrentGeneration) {
    open();
    out().table().start();
    send(200);
    ASSERT_EQ(out().append_reset(*session, 2, engine::utc_now()), append_status::ok);
    EXPECT_EQ(session->next_sender, msg_seq_num{1});
    EXPECT_TRUE(read(1, 200).frames.empty());
    send(3);
    const collecting_sink found = read(1, 200);
    EXPECT_EQ(found.numbers(), range(1, 3));
    EXPECT_EQ(test::field_of(found.frames.at(0), 11), "O201");
    open();
    EXPECT_EQ(read(1, 200).numbers(), range(1, 3));
    EXPECT_EQ(session->generation, 2U);
}

TEST_F(FixOutLog, FindsMessagesBeforeANumberThatWasSetForward) {
    open();
    out().table().start();
    send(100);
    const std::size_t segments = segment_count();
    while (segment_count() == segments) {
        send();
    }
    const std::uint32_t last = session->next_sender.value - 1;
    ASSERT_EQ(out().append_set(*session, {last + 1000}, {1}), append_status::ok);
    send(200);
    EXPECT_EQ(read(50, 52).numbers(), range(50, 52));
    EXPECT_EQ(read(last, last + 1001).numbers(),
              (std::vector<std::uint32_t>{last, last + 1000, last + 1001}));
    open();
    EXPECT_EQ(session->next_sender.value, last + 1200);
    EXPECT_EQ(read(50, 52).numbers(), range(50, 52));
}

TEST_F(FixOutLog, ReadsTheNewestOfMessagesWhoseNumberWasSetBack) {
    open();
    out().table().start();
    send(150);
    ASSERT_EQ(out().append_set(*session, {100}, {1}), append_status::ok);
    EXPECT_EQ(read(98, 150).numbers(), range(98, 99));
    send(20);
    const collecting_sink found = read(90, 150);
    EXPECT_EQ(found.numbers(), range(90, 119));
    EXPECT_EQ(test::field_of(found.frames.at(9), 11), "O99");
    EXPECT_EQ(test::field_of(found.frames.at(10), 11), "O151");
}

// Else a message that is no more would look unproven for ever.
TEST_F(FixOutLog, KnowsTheLastApplicationMessageBelowANumberThatWasSetBack) {
    open();
    out().table().start();
    send(9);
    EXPECT_EQ(session->last_application, msg_seq_num{9});
    ASSERT_EQ(out().append_set(*session, {5}, {1}), append_status::ok);
    EXPECT_EQ(session->last_application, msg_seq_num{4});
    ASSERT_EQ(out().append_set(*session, {20}, {1}), append_status::ok);
    EXPECT_EQ(session->last_application, msg_seq_num{4});
    open();
    EXPECT_EQ(session->last_application, msg_seq_num{4});
    out().table().start();
    send();
    EXPECT_EQ(session->last_application, msg_seq_num{20});
}

TEST_F(FixOutLog, KeepsSessionsOfOneLogApart) {
    open();
    out().table().start();
    session_numbers& other = out().open_session("FIX.4.4:OURS->OTHER");
    for (int i = 0; i < 150; ++i) {
        send();
        const std::string frame = test::sent_frame("0", other.next_sender.value, "112=x|");
        ASSERT_EQ(out().append_message(other, {other.next_sender, frame, nullptr}, {5}),
                  append_status::ok);
    }
    ASSERT_EQ(out().append_reset(other, 2, engine::utc_now()), append_status::ok);
    EXPECT_EQ(read(1, 150).numbers(), range(1, 150));
    EXPECT_EQ(session->generation, 1U);
    collecting_sink sink;
    EXPECT_TRUE(out().read_messages(other, {1}, {150}, sink));
    EXPECT_TRUE(sink.frames.empty());
    open();
    EXPECT_EQ(session->next_sender, msg_seq_num{151});
    EXPECT_EQ(out().open_session("FIX.4.4:OURS->OTHER").generation, 2U);
}

TEST_F(FixOutLog, CommitsAResetWithItsOwnRow) {
    open();
    out().table().bind_route("orders", source);
    out().table().start();
    send(5);
    ASSERT_EQ(out().append_reset(*session, 2, engine::utc_now()), append_status::ok);
    const engine::timestamp created = session->creation_time;
    files.crash();  // before anything follows the reset
    open();
    EXPECT_EQ(session->generation, 2U);
    EXPECT_EQ(session->next_sender, msg_seq_num{1});
    EXPECT_EQ(session->creation_time, created);
    EXPECT_TRUE(session->is_fresh);
    EXPECT_EQ(out().table().origins().highest(engine::route_id("orders")), engine::sequence{5});
}

TEST_F(FixOutLog, RefusesWhatDoesNotFitAndUsesNoNumberForIt) {
    open();
    const std::string frame = test::sent_frame("D", 1, "11=A|58=" + std::string(9000, 'x') + "|");
    EXPECT_EQ(out().append_message(*session, {{1}, frame, nullptr}, {1}), append_status::too_large);
    EXPECT_EQ(session->next_sender, msg_seq_num{1});
    EXPECT_TRUE(session->is_fresh);
    EXPECT_EQ(files.out_rows().size(), 1U);
    send();
    EXPECT_EQ(session->next_sender, msg_seq_num{2});
}

TEST_F(FixOutLog, KnowsRecentOrdersAgainAfterARestart) {
    test::open_logs& logs = open();
    EXPECT_EQ(logs.correlations.find("O3"), engine::correlation{});
    send(5);
    EXPECT_EQ(logs.correlations.find("O3"), (engine::correlation{9, 3}));
    EXPECT_EQ(open().correlations.find("O3"), (engine::correlation{9, 3}));
    files.options.correlation_lookback_segments = 0;
    EXPECT_EQ(open().correlations.find("O3"), engine::correlation{});
}

TEST_F(FixOutLog, CutsLongTextsInColumnsAndKeepsTheWire) {
    open();
    const std::string id(60, 'i');
    const std::string frame = test::sent_frame("D", 1, "43=Y|57=DESK|11=" + id + "|41=OLD|");
    ASSERT_EQ(out().append_message(*session, {{1}, frame, nullptr}, {4}), append_status::ok);
    const logged_row row = files.out_rows().back();
    EXPECT_EQ(row.text(), "application D 1 " + id.substr(0, 38));
    EXPECT_EQ(row.wire, frame);
    EXPECT_TRUE(row.poss_dup);
    EXPECT_EQ(row.next_sender, 2U);
    EXPECT_EQ(row.next_target, 4U);
    EXPECT_FALSE(row.envelope.has_origin());
}

TEST_F(FixOutLog, FillsItsColumnsFromTheFieldsOfTheFrameAndFromNothingThatLooksLikeOne) {
    open();
    using made_frame = fix_out_log::made_frame;
    const auto columns_of = [&](const std::string& frame, const made_frame* made = nullptr) {
        const fix_out_log::message sent{session->next_sender, frame, nullptr, made};
        EXPECT_EQ(out().append_message(*session, sent, {1}), append_status::ok);
        engine::log_reader reader(files.directory / "logs" / "FIX_OUT", engine::read_from::first());
        std::string text;
        for (engine::record_view record; reader.poll(record) == engine::read_status::record;) {
            const engine::row_view row(fix_out_schema(), record.bytes());
            const fix_message_columns columns = detail::load_row<fix_out_row>(row).message;
            text = std::string(columns.msg_type.view()) + " " + std::string(columns.sender.view()) +
                   " " + std::string(columns.target.view()) + " " +
                   std::string(columns.cl_ord_id.view()) + " " +
                   std::string(columns.orig_cl_ord_id.view()) + " " +
                   std::string(columns.internal_target.view()) + " " +
                   std::to_string(columns.poss_dup);
        }
        return text;
    };
    EXPECT_EQ(columns_of(test::sent_frame("G", 1, "43=Y|57=DESK|1=A|11=NEW|11=LATER|41=OLD|")),
              "G OURS STOCK NEW OLD DESK 1");
    EXPECT_EQ(
        columns_of(test::sent_frame("D", 2, "43=N|11=A 11=B|1==2|111=C|411=D|5=7|3==Y|58==|")),
        "D OURS STOCK A 11=B   0");
    EXPECT_EQ(columns_of(test::sent_frame("D", 3, "11=|55=" + std::string(40, 's') + "|41=|")),
              "D OURS STOCK    0");
    const made_frame made{"G", "WE", "YOU",
                          "11=NEW\x01"
                          "41=OLD\x01"
                          "57=DESK\x01"};
    EXPECT_EQ(columns_of(test::sent_frame("D", 4, "11=A|"), &made), "G WE YOU NEW OLD DESK 0")
        << "what its maker says is not looked for";
}

TEST_F(FixOutLog, KeepsALogonWithoutItsSecretsAndAnOrderWithThem) {
    open();
    const std::string logon = test::sent_frame("A", 1, "98=0|108=30|553=me|554=hunter2|");
    ASSERT_EQ(out().append_message(*session, {{1}, logon}, {1}), append_status::ok);
    // Not the session's: what an application sends must be there to be sent again.
    const std::string request = test::sent_frame("BE", 2, "553=me|554=hunter2|923=1|924=1|");
    ASSERT_EQ(out().append_message(*session, {{2}, request}, {1}), append_status::ok);
    EXPECT_EQ(read(1, 2).frames,
              (std::vector<std::string>{test::sent_frame("A", 1, "98=0|108=30|553=me|554=*******|"),
                                        request}));
}

// Orders and names are nobody's business beside the owner's and the group's.
TEST(FixLogs, AreForOwnerAndGroupAloneWithAllThatLiesBesideThem) {
    const mode_t before = ::umask(022);
    test::logs_in_directory files;
    {
        test::open_logs& logs = files.open();
        logs.out.table().start();
        logs.in.table().start();
        session_numbers& session = logs.out.open_session(session_name);
        const std::string order =
            test::sent_frame("D", 1, "11=A|58=" + std::string(4000, 'x') + "|");
        for (std::uint32_t number = 1; number <= 40; ++number) {  // over the end of a segment
            ASSERT_EQ(logs.out.append_message(session, {{number}, order}, {1}), append_status::ok);
        }
        write_life(files.directory / "logs", {life_state::open, "boot", 1, {}});
        write_doubts(files.directory / "logs", {{}});
    }
    files.logs.reset();
    ::umask(before);
    std::size_t files_seen = 0;
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(files.directory / "logs")) {
        const bool is_directory = entry.is_directory();
        files_seen += is_directory ? 0 : 1;
        EXPECT_EQ(entry.status().permissions(),
                  std::filesystem::perms{is_directory ? 0750U : 0640U})
            << entry.path();
    }
    EXPECT_GT(files_seen, 8U);  // segments, indexes, seals, marks, locks, life, doubt
    EXPECT_EQ(std::filesystem::status(files.directory / "logs").permissions(),
              std::filesystem::perms{0750});
}

TEST(FixInLog, KeepsNoSecretOfALogonWhateverBecameOfIt) {
    test::logs_in_directory files;
    files.options.secrets.add(5001);
    test::open_logs& logs = files.open();
    session_numbers& session = logs.out.open_session(session_name);
    const std::string fields = "98=0|108=30|553=me|554=hunter2|5001=token|";
    const std::string logon = test::received_frame("A", 1, fields);
    const screened_frame good =
        screen_frame(logon.data(), logon.size(), data_field_table::standard(), {});
    ASSERT_TRUE(good.is_passed());
    for (const auto kind : {kind::admin, kind::duplicate, kind::rejected, kind::garbled}) {
        ASSERT_EQ(logs.in.append(session, {kind, &good, 1, {}}, {2}), append_status::ok);
    }
    std::string broken = logon;
    broken.replace(broken.find("35=A"), 4, "xx=A");
    const screened_frame bad =
        screen_frame(broken.data(), broken.size(), data_field_table::standard(), {});
    ASSERT_FALSE(bad.is_passed());
    ASSERT_EQ(logs.in.append(session, {kind::garbled, &bad, 1, {}}, {2}), append_status::ok);
    const std::vector<logged_row> rows = files.in_rows();
    ASSERT_EQ(rows.size(), 5U);
    for (const logged_row& row : rows) {
        EXPECT_EQ(row.wire.size(), logon.size());
        EXPECT_NE(row.wire.find("554=*******\x01"
                                "5001=*****\x01"),
                  std::string::npos)
            << row.text();
    }
    EXPECT_EQ(rows.front().wire,
              test::received_frame("A", 1, "98=0|108=30|553=me|554=*******|5001=*****|"));
}

TEST(FixInLog, TakesInternalTargetFromTheTagItIsTold) {
    test::logs_in_directory files;
    test::open_logs& logs = files.open();
    session_numbers& session = logs.out.open_session(session_name);
    const std::string order =
        test::received_frame("8", 1, "50=THEIRS|57=DESK|11=A|5001=BOOK 4|58=x|");
    const screened_frame frame =
        screen_frame(order.data(), order.size(), data_field_table::standard(), {});
    ASSERT_TRUE(frame.is_passed());
    for (const std::uint32_t tag : {57U, 50U, 5001U, 5002U}) {
        ASSERT_EQ(logs.in.append(session, {kind::application, &frame, 1, {}, tag}, {2}),
                  append_status::ok);
    }
    std::vector<std::string> targets;
    engine::log_reader reader(files.directory / "logs" / "FIX_IN", engine::read_from::first());
    for (engine::record_view record; reader.poll(record) == engine::read_status::record;) {
        const engine::row_view row(fix_in_schema(), record.bytes());
        targets.emplace_back(detail::load_row<fix_in_row>(row).message.internal_target.view());
    }
    EXPECT_EQ(targets, (std::vector<std::string>{"DESK", "THEIRS", "BOOK 4", ""}));
}

TEST(FixInLog, KeepsFramesWithTheirColumnsAndNumbers) {
    test::logs_in_directory files;
    test::open_logs& logs = files.open();
    logs.in.table().start();
    session_numbers session;
    session.name = session_name;
    session.generation = 3;
    session.next_sender = {8};
    const std::string bytes =
        test::received_frame("8", 5, "43=Y|11=" + std::string(60, 'i') + "|41=OLD|");
    const screened_frame frame =
        screen_frame(bytes.data(), bytes.size(), data_field_table::standard(), {});
    ASSERT_TRUE(frame.is_passed()) << to_text(frame.reason());
    for (std::uint32_t number = 6; number < 306; ++number) {  // over several segments
        ASSERT_EQ(logs.in.append(session, {kind::application, &frame, 77, {4, 5}}, {number}),
                  append_status::ok);
    }
    ASSERT_EQ(logs.in.append(session, {kind::set, nullptr, 78, {}}, {400}), append_status::ok);
    std::string broken = bytes.substr(0, 40);
    const screened_frame garbled =
        screen_frame(broken.data(), broken.size(), data_field_table::standard(), {});
    ASSERT_FALSE(garbled.is_passed());
    ASSERT_EQ(logs.in.append(session, {kind::garbled, &garbled, 79, {}}, {400}), append_status::ok);

    const std::vector<logged_row> rows = files.in_rows();
    ASSERT_EQ(rows.size(), 302U);
    EXPECT_EQ(rows[0].text(), "application 8 5 " + std::string(38, 'i'));
    EXPECT_EQ(rows[0].wire, bytes);
    EXPECT_TRUE(rows[0].poss_dup);
    EXPECT_EQ(rows[0].next_sender, 8U);
    EXPECT_EQ(rows[0].next_target, 6U);
    EXPECT_EQ(rows[0].envelope.correlation, (engine::correlation{4, 5}));
    EXPECT_EQ(rows[300].text(), "set 0");
    EXPECT_EQ(rows[301].kind, "garbled");
    EXPECT_EQ(rows[301].wire, broken);

    const session_numbers& again = files.open().in.open_session(session_name);
    EXPECT_EQ(again.generation, 3U);
    EXPECT_EQ(again.next_target, msg_seq_num{400});
}

}  // namespace
}  // namespace millrace::gateway
