#include "gateway/pipeline/fix_fields.hpp"

#include <gtest/gtest.h>

#include <array>

#include "engine/core/error.hpp"
#include "engine/table/predicate.hpp"
#include "engine/table/row_text.hpp"
#include "tests/gateway/pipeline/config_support.hpp"
#include "tests/xlator/fix_text.hpp"

namespace millrace::gateway {
namespace {

// As FIX_IN, of which this is enough.
const engine::row_schema& messages() {
    static const engine::row_schema one("FIX_IN", {{"MSG_TYPE", engine::column_type::text, 6},
                                                   {"WIRE", engine::column_type::bytes}});
    return one;
}

class FixFields : public testing::Test {
protected:
    FixFields() : dictionaries_(test::dictionaries()) {}

    [[nodiscard]] bool holds(const std::string& where, const std::string& fields) {
        std::string reason;
        const auto lent = fields_of(messages(), "", dictionaries_, reason);
        EXPECT_NE(lent, nullptr) << reason;
        const engine::predicate condition(where, messages(), lent.get());
        const std::string frame = tests::frame_of(fields);
        std::array<std::byte, 2048> room{};
        engine::row_builder row(messages(), room);
        EXPECT_EQ(engine::parse_value(row, messages().index_of("MSG_TYPE"), "8"), "");
        EXPECT_EQ(row.set_trailing(std::as_bytes(std::span(frame.data(), frame.size()))),
                  engine::row_status::ok);
        const auto finished = row.finish();
        return condition.evaluate(
            engine::row_view(messages(), std::span(room).first(finished.size)), {});
    }

    map_dictionaries dictionaries_;
};

const std::string report =
    "35=8|34=9|49=V|52=20260302-09:30:00.250|56=M|11=A1|37=V1|17=E1|150=F|39=1|54=1|55=VOD.L|"
    "30=XLON|31=101.50|32=250|14=250|151=750|6=101.5|453=2|448=BRK|452=1|448=TRD|452=12|114=Y|";

TEST_F(FixFields, StandBesideColumnsAndAreComparedAsTheyAreTyped) {
    EXPECT_TRUE(holds("MsgType = '8' and LastMkt = 'XLON'", report));
    EXPECT_TRUE(holds("MSG_TYPE = '8' and lastmkt = 'XLON'", report)) << "whatever the case";
    EXPECT_TRUE(holds("LastPx = 101.5 and LastQty > 100 and CumQty <= 250.0", report));
    EXPECT_TRUE(holds("Side in ('1', '2') and ExecType = 'F'", report));
    EXPECT_TRUE(holds("MsgSeqNum = 9", report));
    EXPECT_TRUE(holds("SendingTime >= '2026-03-02T09:30:00.25Z'", report));
    EXPECT_FALSE(holds("SendingTime > '2026-03-02T09:30:00.25Z'", report));
    EXPECT_TRUE(holds("LocateReqd = true", report));
    EXPECT_TRUE(holds("Symbol like 'VOD%'", report));
    EXPECT_TRUE(holds("PartyID = 'BRK'", report)) << "the first entry's";
}

TEST_F(FixFields, ThatAreAbsentOrNoneOfTheirTypeAreEmpty) {
    EXPECT_TRUE(holds("Text is empty and MaxFloor is empty", report));
    EXPECT_FALSE(holds("MaxFloor < 1", report));
    EXPECT_TRUE(holds("LastQty is empty", "35=8|32=many|"));
    EXPECT_TRUE(holds("Side is empty", "35=8|54=12|"));
    EXPECT_TRUE(holds("LastPx = 0.5 and LastQty = 5", "35=8|31=.5|32=5.|")) << "as FIX writes them";
    EXPECT_TRUE(holds("LastPx is empty", "35=8|31=1e5|"));
    EXPECT_TRUE(holds("SendingTime is empty", "35=8|52=yesterday|"));
}

TEST_F(FixFields, AreNotFoundInDataThatLooksLikeThem) {
    const std::string data =
        "x\x01"
        "54=2\x01";
    EXPECT_TRUE(
        holds("Side = '1'", "35=8|95=" + std::to_string(data.size()) + "|96=" + data + "|54=1|"));
}

TEST_F(FixFields, AreThoseOfTheDictionaryNamed) {
    std::string reason;
    const auto old = fields_of(messages(), "FIX40", dictionaries_, reason);
    ASSERT_NE(old, nullptr) << reason;
    EXPECT_FALSE(old->find("PartyID").has_value());
    EXPECT_TRUE(old->find("ClOrdID").has_value());
    EXPECT_EQ(fields_of(messages(), "FIX4O", dictionaries_, reason), nullptr);
    EXPECT_NE(reason.find("unknown dictionary 'FIX4O'"), std::string::npos) << reason;
    const engine::row_schema plain("T", {{"A", engine::column_type::i64}});
    reason.clear();
    EXPECT_EQ(fields_of(plain, "", dictionaries_, reason), nullptr);
    EXPECT_EQ(reason, "");
    EXPECT_EQ(fields_of(plain, "FIX44", dictionaries_, reason), nullptr);
    EXPECT_EQ(reason, "table T has no column of bytes that could hold a message");
}

}  // namespace
}  // namespace millrace::gateway
