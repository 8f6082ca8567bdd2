#include "gateway/pipeline/message_pass.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "fix44/dictionary.hpp"
#include "tests/xlator/fix_text.hpp"

namespace millrace::gateway {
namespace {

const std::string header = "34=7|49=ELSEWHERE|52=20240101-10:00:00.000|56=NOBODY|115=DESK|";
const std::string order =
    "60=20240101-10:00:00|11=A1|55=VOD.L|54=1|38=100|40=1|453=2|448=BRK|452=1|448=TRD|452=12|";

class MessagePass : public testing::Test {
protected:
    MessagePass() : schema_("MESSAGES", columns()) {}

    static std::vector<engine::schema_column> columns() {
        engine::schema_column id;
        id.name = "ID";
        id.type = engine::column_type::i64;
        engine::schema_column wire;
        wire.name = "WIRE";
        wire.type = engine::column_type::bytes;
        return {id, wire};
    }

    message_pass::outcome pass(const std::string& message, std::size_t room = 4096) {
        row_.resize(schema_.payload_size(message.size()));
        engine::row_builder row(schema_, row_);
        EXPECT_EQ(row.set_trailing(std::as_bytes(std::span(message))), engine::row_status::ok);
        EXPECT_EQ(row.finish().status, engine::row_status::ok);
        out_.resize(room);
        return pass_.translate(map_row(row.view()), out_);
    }
    // "reason: tag N" of one that is refused.
    std::string refusal(const std::string& message) {
        const message_pass::outcome refused = pass(message);
        EXPECT_FALSE(refused.mapped.is_ok());
        return std::string(refused.reason) + ": " + std::to_string(refused.mapped.tag);
    }

    const engine::row_schema schema_;
    const xlator::dictionary dict_{fix44::dictionary};
    message_pass pass_{1, dict_, {.is_strict = false}};
    std::vector<std::byte> row_;
    std::string out_;
};

TEST_F(MessagePass, KeepsTheBodyByteForByteInTheOrderItCame) {
    const message_pass::outcome passed = pass(tests::frame_of("35=D|" + header + order));
    ASSERT_TRUE(passed.mapped.is_ok()) << passed.reason;
    EXPECT_EQ(passed.msg_type, "D");
    const std::string body = out_.substr(0, passed.mapped.size);
    EXPECT_EQ(tests::with_bars(body), order) << "nothing of header and trailer, nothing sorted";
    std::uint32_t sum = 0;
    for (const char c : body) {
        sum += static_cast<unsigned char>(c);
    }
    EXPECT_EQ(passed.mapped.byte_sum % 256, sum % 256);
}

TEST_F(MessagePass, KeepsDelimitersWithinData) {
    const std::string data = "354=5|355=a|b=c|";
    const message_pass::outcome passed = pass(tests::frame_of("35=D|" + header + order + data));
    ASSERT_TRUE(passed.mapped.is_ok()) << passed.reason << passed.mapped.tag;
    EXPECT_EQ(tests::with_bars(out_.substr(0, passed.mapped.size)), order + data);
}

TEST_F(MessagePass, LeavesASignatureInTheTrailerBehind) {
    const message_pass::outcome passed =
        pass(tests::frame_of("35=D|" + header + order + "93=3|89=abc|"));
    ASSERT_TRUE(passed.mapped.is_ok()) << passed.reason << passed.mapped.tag;
    EXPECT_EQ(tests::with_bars(out_.substr(0, passed.mapped.size)), order);
}

TEST_F(MessagePass, RefusesWhatTheSessionsDictionaryRefuses) {
    EXPECT_EQ(refusal(tests::frame_of("35=D|" + header + "11=A1|")), "required tag is missing: 40");
    EXPECT_EQ(refusal(tests::frame_of("35=D|" + header + order + "18=?|")),
              "value is not one of the tag's values: 18");
    EXPECT_EQ(refusal(tests::frame_of("35=D|" + header + order + "37=X|")),
              "tag is not defined for this message type: 37");
    EXPECT_EQ(refusal(tests::frame_of("35=D|" + header + "115=A|" + order)),
              "tag appears more than once: 115");
    EXPECT_EQ(refusal(tests::frame_of("35=D|" + header + order + "50=DESK|")),
              "tag stands outside its section of the message: 50")
        << "a body in two pieces is none";
    EXPECT_EQ(refusal(tests::frame_of("35=ZZ|" + header + order)),
              "message type is not in the dictionary: 35");
    EXPECT_EQ(refusal(tests::frame_of("35=D|" + header + order, "FIX.4.2")),
              "the session's dictionary is for another BeginString: 8");
}

TEST_F(MessagePass, RefusesWhatIsNoMessageOrTheSessionsOwn) {
    EXPECT_EQ(refusal("no message"),
              "no FIX message, or one with a wrong BodyLength or CheckSum: 0");
    std::string cut = tests::frame_of("35=D|" + header + order);
    cut.pop_back();
    EXPECT_EQ(refusal(cut), "no FIX message, or one with a wrong BodyLength or CheckSum: 0");
    EXPECT_EQ(refusal(""), "there is no message: 0");
    EXPECT_EQ(refusal(tests::frame_of("35=4|" + header + "123=Y|36=99|")),
              "a message of this type is the session's own to send: 35");
}

TEST_F(MessagePass, SaysThatTheRoomIsTooSmall) {
    const message_pass::outcome large = pass(tests::frame_of("35=D|" + header + order), 20);
    EXPECT_EQ(large.mapped.status, xlator::map_status::overflow);
}

}  // namespace
}  // namespace millrace::gateway
