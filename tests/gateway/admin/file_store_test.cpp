// What QuickFIX has stored becomes a session's, and what is not whole does not.
#include "gateway/admin/file_store.hpp"

#include <fstream>

#include "engine/core/error.hpp"
#include "gateway/admin/stopped_gateway.hpp"
#include "tests/gateway/admin/admin_support.hpp"
#include "tests/gateway/admin/stock_store.hpp"

namespace millrace::gateway {
namespace {

class FileStoreImport : public test::AdministeredGateway {
protected:
    FileStoreImport() {
        stopped.directory = options.directory;
        stopped.logs = options.logs;
        spec.name = test::administered;
        spec.begin_string = "FIX.4.4";
        spec.sender = "OURS";
        spec.target = "PEER";
        agent.reset();
        peer.leave();
        std::filesystem::remove_all(options.directory);  // a gateway that has never run
    }

    [[nodiscard]] static std::string frame(std::uint32_t number, const std::string& type,
                                           const std::string& body,
                                           const std::string& time = test::sending_time()) {
        return test::frame_of("35=" + type + "|34=" + std::to_string(number) +
                              "|49=OURS|52=" + time + "|56=PEER|" + body);
    }
    // A Logon, orders and a Heartbeat: numbers 1 to 5.
    [[nodiscard]] static std::map<int, std::string> day() {
        return {{1, frame(1, "A", "98=0|108=30|554=hunter2|")},
                {2, frame(2, "D", "11=S2|" + std::string(test::order_body).substr(6))},
                {3, frame(3, "D", "11=S3|" + std::string(test::order_body).substr(6))},
                {4, frame(4, "0", "")},
                {5, frame(5, "D", "11=S5|" + std::string(test::order_body).substr(6))}};
    }
    long write(const std::map<int, std::string>& messages, int next_sender, int next_target) {
        return test::write_stock_store(store(), {"FIX.4.4", "OURS", "PEER"}, messages, next_sender,
                                       next_target);
    }
    [[nodiscard]] std::string store() const { return (directory / "store").native(); }
    [[nodiscard]] std::filesystem::path file(const std::string& ending) const {
        return directory / "store" / ("FIX.4.4-OURS-PEER." + ending);
    }
    void change(const std::string& ending, const std::string& text) const {
        std::ofstream(file(ending), std::ios::binary | std::ios::trunc) << text;
    }
    [[nodiscard]] std::string refusal() {
        try {
            static_cast<void>(import_stopped(stopped, spec, store()));
        } catch (const std::exception& failure) {
            return failure.what();
        }
        return "accepted";
    }

    stopped_gateway stopped;
    session_spec spec;
};

TEST_F(FileStoreImport, GoesOnWithNumbersAndMessages) {
    const long began_s = write(day(), 6, 41);
    const session_outcome imported = import_stopped(stopped, spec, store());
    EXPECT_TRUE(imported.is_done) << imported.said();
    EXPECT_EQ(imported.said(),
              std::string_view("5 messages are imported, and 0 left out that were stored and never "
                               "sent; next numbers are 6, and 41 expected, of generation 1"));
    EXPECT_EQ(imported.before.next_sender, msg_seq_num{1});
    EXPECT_EQ(imported.after.next_sender, msg_seq_num{6});
    open();
    EXPECT_EQ(view().next_sender, msg_seq_num{6});
    EXPECT_EQ(view().next_target, msg_seq_num{41});
    EXPECT_EQ(agent->session().ledger().creation_time_ns(), began_s * 1'000'000'000);
    // The peer asks the new engine for what it lacks of the old one.
    answers = false;
    ASSERT_TRUE(run_until([&] { return peer.has_heard("A"); }));
    EXPECT_EQ(test::field_of(peer.frames[0], 34), "6");
    peer.say("A", 41, "98=0|108=30|");
    ASSERT_TRUE(run_until([&] { return agent->is_logged_on(); }));
    peer.frames.clear();
    peer.say("2", 42, "7=2|16=0|");
    peer.say("1", 43, "112=END|");
    ASSERT_TRUE(run_until([&] { return peer.has_heard("0"); }));
    std::string got;
    for (const std::string& one : peer.frames) {
        got += test::field_of(one, 35) + test::field_of(one, 34) + test::field_of(one, 11) + " ";
    }
    EXPECT_EQ(got, "D2S2 D3S3 44 D5S5 46 07 ");
}

TEST_F(FileStoreImport, KeepsNoSecretOfALogon) {
    write(day(), 6, 1);
    EXPECT_TRUE(import_stopped(stopped, spec, store()).is_done);
    for (const auto& entry : std::filesystem::directory_iterator(options.directory / "FIX_OUT")) {
        if (entry.is_regular_file()) {
            EXPECT_EQ(engine::read_whole_file(entry.path()).find("hunter2"), std::string::npos)
                << entry.path();
        }
    }
}

TEST_F(FileStoreImport, LeavesOutWhatWasStoredAndNeverSent) {
    write(day(), 5, 3);
    const session_outcome imported = import_stopped(stopped, spec, store());
    EXPECT_EQ(imported.said().find("4 messages are imported, and 1 left out"), 0U);
    EXPECT_EQ(imported.after.next_sender, msg_seq_num{5});
}

TEST_F(FileStoreImport, TakesHolesAndAnEmptyStore) {
    std::map<int, std::string> messages = day();
    messages.erase(3);
    write(messages, 9, 2);
    EXPECT_TRUE(import_stopped(stopped, spec, store()).is_done);
    EXPECT_EQ(import_stopped(stopped, spec, store()).said().find("the session has used numbers"),
              0U)
        << "a second time";
    std::filesystem::remove_all(options.directory);
    std::filesystem::remove_all(store());
    write({}, 1, 1);
    EXPECT_TRUE(import_stopped(stopped, spec, store()).is_done);
}

// Segments are rolled, the disk is waited for, and there is a hole.
TEST_F(FileStoreImport, TakesALongStore) {
    stopped.logs.table.is_synchronous = false;
    stopped.logs.table.segment_bytes = engine::segment_bytes_min;
    stopped.logs.undurable_records_max = 1;
    std::map<int, std::string> messages;
    for (int number = 1; number <= 3'000; ++number) {
        if (number != 1'500) {
            messages[number] = frame(static_cast<std::uint32_t>(number), "0", "");
        }
    }
    write(messages, 3'001, 8);
    const session_outcome imported = import_stopped(stopped, spec, store());
    EXPECT_TRUE(imported.is_done) << imported.said();
    EXPECT_EQ(imported.said().find("2999 messages are imported"), 0U);
    EXPECT_EQ(imported.after.next_sender, msg_seq_num{3'001});
    EXPECT_EQ(imported.after.next_target, msg_seq_num{8});
}

// The record of FIX_OUT is new, the order is not.
TEST_F(FileStoreImport, KeepsTheAgeOfAnOrder) {
    std::map<int, std::string> messages = day();
    messages[2] =
        frame(2, "D", "11=S2|" + std::string(test::order_body).substr(6), "20260301-09:30:00.000");
    write(messages, 6, 1);
    EXPECT_TRUE(import_stopped(stopped, spec, store()).is_done);
    options.session.resends.ages = {{"D", std::int64_t{3'600'000} * test::ms_ns}};
    open();
    answers = false;
    ASSERT_TRUE(run_until([&] { return peer.has_heard("A"); }));
    peer.say("A", 1, "98=0|108=30|");
    ASSERT_TRUE(run_until([&] { return agent->is_logged_on(); }));
    peer.frames.clear();
    peer.say("2", 2, "7=2|16=3|");
    ASSERT_TRUE(run_until([&] { return peer.has_heard("D"); }));
    EXPECT_EQ(test::field_of(peer.frames.front(), 35), "4");
    EXPECT_EQ(test::field_of(peer.frames.back(), 11), "S3");
    EXPECT_EQ(agent->session().counters.undelivered.value(), 1U);
}

TEST_F(FileStoreImport, RefusesASessionThatHasNumbersOfItsOwn) {
    open();
    ASSERT_TRUE(log_on());
    write(day(), 6, 41);
    EXPECT_THROW(static_cast<void>(import_stopped(stopped, spec, store())), engine::locked_error);
    agent.reset();
    const session_outcome refused = import_stopped(stopped, spec, store());
    EXPECT_FALSE(refused.is_done);
    EXPECT_EQ(
        refused.said(),
        std::string_view("the session has used numbers: next are 2, and 2 expected. `millrace "
                         "session reset` gives them up"));
    session_command reset;
    reset.verb = session_verb::reset;
    EXPECT_TRUE(change_stopped(stopped, test::administered, true, reset).is_done);
    EXPECT_TRUE(import_stopped(stopped, spec, store()).is_done);
    open();
    EXPECT_EQ(view().generation, 2U);
    EXPECT_EQ(view().next_sender, msg_seq_num{6});
}

TEST_F(FileStoreImport, RefusesWhatIsNotWholeAndChangesNothing) {
    EXPECT_NE(refusal().find("FIX.4.4-OURS-PEER.seqnums"), std::string::npos) << "no store";
    write(day(), 6, 41);
    const std::string numbers = engine::read_whole_file(file("seqnums"));
    const std::string places = engine::read_whole_file(file("header"));
    const std::string bytes = engine::read_whole_file(file("body"));
    const std::string began = engine::read_whole_file(file("session"));
    for (const char* wrong : {"", "7", "7 : ", "7 : 0", "a : 7", "7 : 8 9", "4294967295 : 1"}) {
        change("seqnums", wrong);
        EXPECT_NE(refusal().find("expected both next numbers"), std::string::npos) << wrong;
    }
    change("seqnums", numbers);
    change("session", "yesterday");
    EXPECT_NE(refusal().find("expected when the numbers began"), std::string::npos);
    change("session", began);
    for (const char* wrong : {"1,0 ", "x,0,9 ", "0,0,9 ", "1,0,0 ", "1,-5,9 "}) {
        change("header", places + wrong);
        EXPECT_NE(refusal().find("at byte " + std::to_string(places.size()) + " stands no place"),
                  std::string::npos)
            << wrong;
    }
    change("header", "3,0,90 ");
    EXPECT_NE(refusal().find("at byte 0 stands no message with number 3"), std::string::npos);
    change("header", places);
    change("body", bytes.substr(0, bytes.size() - 1));
    EXPECT_NE(refusal().find("ends within message 5"), std::string::npos);
    change("body",
           bytes.substr(0, bytes.size() - 2) + (bytes.end()[-2] == '0' ? "1" : "0") + "\x01");
    EXPECT_NE(refusal().find("stands no message with number 5"), std::string::npos);
    change("body", bytes);
    spec.target = "OTHER";
    EXPECT_NE(refusal().find("FIX.4.4-OURS-OTHER.seqnums"), std::string::npos);
    spec.target = "PEER";
    EXPECT_FALSE(std::filesystem::exists(options.directory / "FIX_OUT"));
    // A place that was being written when the engine ended is none.
    change("header", places + "6,70");
    EXPECT_EQ(refusal(), "accepted");
}

}  // namespace
}  // namespace millrace::gateway
