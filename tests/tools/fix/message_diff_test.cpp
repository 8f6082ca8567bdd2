#include "tools/fix/message_diff.hpp"

#include <gtest/gtest.h>

#include "tests/xlator/fix_text.hpp"

namespace millrace::tools {
namespace {

fix_message message_of(const std::string& fields, std::uint64_t line) {
    fix_message message;
    message.bytes = tests::frame_of(fields);
    message.is_whole = true;
    message.line = line;
    message.offset = line * 100;
    return message;
}

class MessageDiff : public ::testing::Test {
protected:
    // Of two files, each a list of messages.
    [[nodiscard]] std::string diff(const std::vector<std::string>& left,
                                   const std::vector<std::string>& right,
                                   const diff_options& options = {}) {
        message_diff held(options, dictionaries_);
        std::string out;
        for (std::size_t i = 0; i < std::max(left.size(), right.size()); ++i) {
            if (i < left.size()) {
                held.add(out, message_of(left[i], i + 1), true);
            }
            if (i < right.size()) {
                held.add(out, message_of(right[i], i + 1), false);
            }
        }
        held.end(out, true);
        held.end(out, false);
        count_ = held.difference_count();
        return out;
    }

    dictionary_choice dictionaries_{"FIX44", {}};
    std::size_t count_ = 0;
};

TEST_F(MessageDiff, MindsNeitherOrderNorNumbersNorTimes) {
    EXPECT_EQ(diff({"35=D|34=1|52=20260302-09:30:00|11=A|55=X|", "35=D|34=2|11=B|"},
                   {"35=D|34=9|11=B|", "35=D|34=4|52=20260303-09:30:00|55=X|11=A|"}),
              "");
    EXPECT_EQ(count_, 0U);
}

TEST_F(MessageDiff, NamesEachFieldThatDiffers) {
    EXPECT_EQ(diff({"35=D|11=A|54=1|55=X|44=10.5|"}, {"35=D|11=A|54=2|55=X|38=7|"}),
              "NewOrderSingle ClOrdID(11)=A, lines 1 and 1\n"
              "  OrderQty(38): (absent) -> 7\n"
              "  Price(44): 10.5 -> (absent)\n"
              "  Side(54): 1 (buy) -> 2 (sell)\n");
    EXPECT_EQ(count_, 1U);
}

TEST_F(MessageDiff, HoldsRepeatedFieldsAgainstEachOtherByPlace) {
    EXPECT_EQ(diff({"35=D|11=A|453=2|448=X|448=Y|"}, {"35=D|11=A|453=3|448=X|448=Z|448=W|"}),
              "NewOrderSingle ClOrdID(11)=A, lines 1 and 1\n"
              "  NoPartyIDs(453): 2 -> 3\n"
              "  PartyID(448) in 453[2]: Y -> Z\n"
              "  PartyID(448) in 453[3]: (absent) -> W\n");
    // A role that moved from one party to another.
    EXPECT_EQ(diff({"35=D|11=A|453=2|448=X|447=D|448=Y|"}, {"35=D|11=A|453=2|448=X|448=Y|447=D|"}),
              "NewOrderSingle ClOrdID(11)=A, lines 1 and 1\n"
              "  PartyIDSource(447) in 453[1]: D (proprietary) -> (absent)\n"
              "  PartyIDSource(447) in 453[2]: (absent) -> D (proprietary)\n");
}

TEST_F(MessageDiff, PairsTheNthMessageOfAKeyWithTheNth) {
    EXPECT_EQ(diff({"35=8|11=A|39=0|", "35=8|11=A|39=2|"}, {"35=8|11=A|39=0|", "35=8|11=A|39=1|"}),
              "ExecutionReport ClOrdID(11)=A, lines 2 and 2\n"
              "  OrdStatus(39): 2 (filled) -> 1 (partially_filled)\n");
}

TEST_F(MessageDiff, TellsWhatStandsInOneAlone) {
    EXPECT_EQ(diff({"35=D|11=A|", "35=0|"}, {"35=D|11=B|"}),
              "only in B: NewOrderSingle ClOrdID(11)=B, line 1\n"
              "only in A: NewOrderSingle ClOrdID(11)=A, line 1\n"
              "only in A: Heartbeat, line 2\n");
    EXPECT_EQ(count_, 3U);
}

TEST_F(MessageDiff, TakesOtherTagsToPairByAndToIgnore) {
    diff_options options;
    options.by = {37, 17};
    options.ignored.insert(60);
    EXPECT_EQ(diff({"35=8|37=V|17=E|60=1|11=A|"}, {"35=8|37=V|17=E|60=2|11=B|"}, options),
              "ExecutionReport OrderID(37)=V ExecID(17)=E, lines 1 and 1\n"
              "  ClOrdID(11): A -> B\n");
}

TEST_F(MessageDiff, IsAnObjectALineInJson) {
    diff_options options;
    options.is_json = true;
    EXPECT_EQ(diff({"35=D|11=A|54=1|44=10.5|453=1|448=X|", "35=0|"},
                   {"35=D|11=A|54=2|453=1|448=\xe9|"}, options),
              R"({"a":{"line":1,"offset":100},"b":{"line":1,"offset":100},"msg_type":"D",)"
              R"("message":"NewOrderSingle","by":[{"tag":11,"name":"ClOrdID","value":"A"}],)"
              R"("fields":[{"place":"44","tag":44,"name":"Price","a":{"value":"10.5"}},)"
              R"({"place":"54","tag":54,"name":"Side","a":{"value":"1","meaning":"buy"},)"
              R"("b":{"value":"2","meaning":"sell"}},)"
              R"({"place":"453[1].448","tag":448,"name":"PartyID","a":{"value":"X"},)"
              "\"b\":{\"value\":\"\\u00e9\"}}]}\n"
              R"({"a":{"line":2,"offset":200},"msg_type":"0","message":"Heartbeat","by":[]})"
              "\n");
    EXPECT_EQ(count_, 2U);
    EXPECT_EQ(diff({"35=D|11=A|"}, {"35=D|11=A|"}, options), "");
}

}  // namespace
}  // namespace millrace::tools
