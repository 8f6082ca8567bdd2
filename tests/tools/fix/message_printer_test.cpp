#include "tools/fix/message_printer.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "fix44/dictionary.hpp"
#include "tests/xlator/fix_text.hpp"

namespace millrace::tools {
namespace {

const xlator::dictionary& fix44() {
    static const xlator::dictionary one{millrace::fix44::dictionary};
    return one;
}

fix_message order() {
    fix_message message;
    message.bytes = tests::frame_of(
        "35=D|34=1|49=A|52=20260302-09:30:00|56=B|11=A1|453=1|448=BRK|447=D|452=1|54=1|");
    message.is_whole = true;
    message.line = 3;
    message.offset = 70;
    message.prefix = "20260302-09:30:00.1";
    return message;
}

std::string print(fix_format format, const fix_message& message, bool has_colour = false,
                  std::optional<std::int64_t> since = std::nullopt) {
    message_printer printer({format, '|', has_colour});
    std::string out;
    printer.append(out, message, &fix44(), since);
    return out;
}

TEST(MessagePrinter, PutsAMessageOnALineWithNamesAndMeanings) {
    const std::string line = print(fix_format::line, order(), false, 1'500'000);
    EXPECT_TRUE(line.starts_with("20260302-09:30:00.1  +0.001500000 s  BeginString(8)=FIX.4.4|"))
        << line;
    EXPECT_NE(line.find("|MsgType(35)=D (NewOrderSingle)|"), std::string::npos) << line;
    EXPECT_NE(line.find("|Side(54)=1 (buy)|"), std::string::npos) << line;
    EXPECT_EQ(line.find('\x1b'), std::string::npos);
    EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
}

TEST(MessagePrinter, IndentsGroupsWhetherTheSealIsRightOrNot) {
    fix_message broken = order();
    broken.bytes.replace(broken.bytes.size() - 4, 3, "000");
    for (const fix_message& message : {order(), broken}) {
        const std::string text = print(fix_format::fields, message);
        EXPECT_TRUE(text.starts_with("20260302-09:30:00.1  NewOrderSingle, line 3, offset 70\n"))
            << text;
        EXPECT_NE(text.find("\n  NoPartyIDs(453)       1\n    PartyID(448)        BRK\n"),
                  std::string::npos)
            << text;
    }
    EXPECT_NE(print(fix_format::fields, broken).find("CheckSum(10)          000"),
              std::string::npos)
        << "what stands there is shown";
}

TEST(MessagePrinter, WritesJsonThatIsJsonWhateverTheBytes) {
    fix_message message = order();
    message.bytes = tests::seal(tests::with_soh("35=B|148=quote\" \xff") + "\x01");
    const auto read = nlohmann::json::parse(print(fix_format::json, message));
    EXPECT_EQ(read["line"], 3);
    EXPECT_EQ(read["whole"], true);
    EXPECT_EQ(read["fields"][2]["tag"], 35);
    EXPECT_EQ(read["fields"][2]["meaning"], "News");
    EXPECT_EQ(read["fields"][3]["value"], "quote\" \u00ff");
    const auto grouped = nlohmann::json::parse(print(fix_format::json, order(), false, -5));
    EXPECT_EQ(grouped["since_last_ns"], -5);
    EXPECT_EQ(grouped["fields"][9]["name"], "PartyID");
    EXPECT_EQ(grouped["fields"][9]["level"], 1);
}

TEST(MessagePrinter, ColoursOnlyWhenTold) {
    EXPECT_NE(print(fix_format::line, order(), true).find("\x1b[36mSide(54)\x1b[0m=1"),
              std::string::npos);
}

// A peer's text must not move somebody's terminal.
TEST(MessagePrinter, LetsNoControlCharacterThrough) {
    fix_message message = order();
    message.prefix = "\x1b[2J";
    message.bytes = tests::seal(tests::with_soh("35=B|148=\x1b[2Jx\ny|"));
    for (const fix_format format : {fix_format::line, fix_format::fields, fix_format::json}) {
        EXPECT_EQ(print(format, message).find('\x1b'), std::string::npos);
    }
}

TEST(MessagePrinter, ShowsWhatIsNoFieldAndWhatWasCutShort) {
    fix_message message;
    message.bytes = tests::with_soh("8=FIX.4.4|garbage|54=1");
    const std::string line = print(fix_format::line, message);
    EXPECT_TRUE(line.starts_with("[cut short] BeginString(8)=FIX.4.4|garbage|Side(54)=1")) << line;
}

TEST(MessagePrinter, WritesRawMessagesWithTheSeparatorAskedFor) {
    EXPECT_EQ(print(fix_format::raw, order()), tests::with_bars(order().bytes) + "\n");
}

}  // namespace
}  // namespace millrace::tools
