#include "engine/table/predicate.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "engine/core/error.hpp"
#include "engine/table/row_text.hpp"

namespace millrace::engine {
namespace {

struct Predicate : ::testing::Test {
    row_schema schema = row_schema::parse(
        "table ORDER_OUT\n"
        "column CL_ORD_ID text(20) key\n"
        "column SIDE character\n"
        "column PRICE decimal\n"
        "column QTY i32\n"
        "column BIG u64\n"
        "column SENT timestamp\n"
        "column ACTIVE boolean\n"
        "column IN text(4)\n"
        "column WIRE bytes\n");
    std::vector<std::byte> buffer = std::vector<std::byte>(schema.payload_size(100));
    row_builder row{schema, buffer};

    Predicate() {
        set("CL_ORD_ID", "ABC-1");
        set("SIDE", "1");
        set("PRICE", "101.50");
        set("QTY", "-7");
        set("BIG", "18446744073709551615");
        set("SENT", "2026-03-01T09:30:00Z");
        set("ACTIVE", "true");
        set("IN", "it's");
        set("WIRE", "35=8");
    }

    void set(std::string_view column, std::string_view value) {
        ASSERT_EQ(parse_value(row, schema.index_of(column), value), "");
    }
    bool holds(std::string_view text) { return predicate(text, schema).evaluate(row.view(), {}); }
    std::string refusal(std::string_view text) {
        try {
            static_cast<void>(predicate(text, schema));
        } catch (const config_error& failure) {
            return failure.what();
        }
        return "(accepted)";
    }
};

TEST_F(Predicate, ThatIsAbsentHoldsForEveryRow) {
    EXPECT_TRUE(predicate{}.evaluate(row.view(), {}));
    EXPECT_TRUE(predicate{}.is_always_true());
    EXPECT_FALSE(predicate("QTY = 0", schema).is_always_true());
}

TEST_F(Predicate, ComparesTexts) {
    EXPECT_TRUE(holds("CL_ORD_ID = 'ABC-1'"));
    EXPECT_FALSE(holds("CL_ORD_ID = 'ABC-'"));
    EXPECT_TRUE(holds("CL_ORD_ID <> 'abc-1'"));
    EXPECT_TRUE(holds("CL_ORD_ID > 'ABC'"));
    EXPECT_TRUE(holds("CL_ORD_ID <= 'ABC-1'"));
    EXPECT_TRUE(holds("\"IN\" = 'it''s'"));
    EXPECT_FALSE(holds("\"IN\" = 'its'"));
    EXPECT_TRUE(holds("WIRE = '35=8'"));
}

TEST_F(Predicate, ComparesNumbersExactly) {
    EXPECT_TRUE(holds("PRICE = 101.5"));
    EXPECT_TRUE(holds("PRICE >= 101.50000"));
    EXPECT_FALSE(holds("PRICE > 101.5"));
    EXPECT_TRUE(holds("PRICE < 1e3"));
    EXPECT_TRUE(holds("QTY = -7"));
    EXPECT_TRUE(holds("QTY = -7.000"));
    EXPECT_TRUE(holds("QTY < -6.5"));
    EXPECT_FALSE(holds("QTY > -6.5"));
    EXPECT_TRUE(holds("QTY > -7.5"));
    EXPECT_FALSE(holds("QTY < -7.5"));
    EXPECT_FALSE(holds("QTY = -7.5"));
    EXPECT_TRUE(holds("QTY != -7.5"));
    EXPECT_TRUE(holds("QTY < 99999999999999999999"));
    EXPECT_TRUE(holds("QTY > -1e50"));
    EXPECT_TRUE(holds("QTY < 1e50 and QTY < 1e-50 and QTY < -1e-50"));
    EXPECT_TRUE(holds("BIG = 18446744073709551615"));
    EXPECT_TRUE(holds("BIG > 18446744073709551614"));
    EXPECT_FALSE(holds("BIG > 18446744073709551615"));
    EXPECT_TRUE(holds("BIG > -1"));
}

TEST_F(Predicate, ComparesTheOtherTypes) {
    EXPECT_TRUE(holds("SIDE = '1' and SIDE < '2' and SIDE != '2'"));
    EXPECT_TRUE(holds("ACTIVE = true and ACTIVE != FALSE"));
    EXPECT_TRUE(holds("SENT = '2026-03-01T09:30:00.000000000Z'"));
    EXPECT_TRUE(holds("SENT < '2026-03-01T09:30:00.000000001Z'"));
    EXPECT_TRUE(holds("SENT > 1000000000"));
    EXPECT_TRUE(holds("SENT >= '2026-03-01T09:30:00'"));
}

TEST_F(Predicate, KnowsInAndLike) {
    EXPECT_TRUE(holds("SIDE in ('2', '1')"));
    EXPECT_FALSE(holds("SIDE not in ('2','1')"));
    EXPECT_TRUE(holds("QTY in (1, 2, -7)"));
    EXPECT_TRUE(holds("PRICE in (101.5)"));
    EXPECT_TRUE(holds("CL_ORD_ID like 'AB%'"));
    EXPECT_TRUE(holds("CL_ORD_ID like '%-1'"));
    EXPECT_TRUE(holds("CL_ORD_ID like '%C-%'"));
    EXPECT_TRUE(holds("CL_ORD_ID like 'ABC-1'"));
    EXPECT_TRUE(holds("CL_ORD_ID like '%'"));
    EXPECT_TRUE(holds("CL_ORD_ID like '%%'"));
    EXPECT_FALSE(holds("CL_ORD_ID like 'ABC'"));
    EXPECT_TRUE(holds("CL_ORD_ID not like 'B%'"));
    EXPECT_TRUE(holds("WIRE like '35=%'"));
    EXPECT_FALSE(holds("\"IN\" like ''"));
}

TEST_F(Predicate, AndBindsCloserThanOrAndNotClosest) {
    EXPECT_TRUE(holds("QTY = -7 or QTY = 1 and QTY = 2"));
    EXPECT_FALSE(holds("(QTY = -7 or QTY = 1) and QTY = 2"));
    EXPECT_TRUE(holds("not QTY = 1 and QTY = -7"));
    EXPECT_FALSE(holds("not (QTY = 1 or QTY = -7)"));
    EXPECT_TRUE(holds("NOT NOT QTY = -7"));
    EXPECT_TRUE(holds("not (not (QTY = -7) or SIDE = '9')"));
}

TEST_F(Predicate, AnEmptyValueEqualsNothingAndHasNoOrder) {
    for (const char* column : {"CL_ORD_ID", "SIDE", "PRICE", "SENT", "WIRE"}) {
        EXPECT_TRUE(holds(std::string(column) + " is not empty")) << column;
        set(column, "");
        EXPECT_TRUE(holds(std::string(column) + " is empty")) << column;
    }
    EXPECT_FALSE(holds("QTY is empty"));
    EXPECT_FALSE(holds("ACTIVE is empty"));
    for (const char* op : {"=", "<", "<=", ">", ">="}) {
        for (const char* operand : {"CL_ORD_ID # 'A'", "SIDE # 'A'", "PRICE # 0", "PRICE # -1",
                                    "SENT # 0", "SENT # '2026-03-01T09:30:00Z'", "WIRE # 'x'"}) {
            std::string text = operand;
            text.replace(text.find('#'), 1, op);
            EXPECT_FALSE(holds(text)) << text;
        }
    }
    EXPECT_TRUE(holds("PRICE != 0 and SENT != 0 and CL_ORD_ID != 'A' and SIDE != 'A'"));
    EXPECT_TRUE(holds("CL_ORD_ID = '' and SIDE = '' and WIRE = ''"));
    EXPECT_FALSE(holds("CL_ORD_ID != '' or SIDE != '' or WIRE != ''"));
    EXPECT_TRUE(holds("CL_ORD_ID like '%' and CL_ORD_ID like ''"));
    EXPECT_FALSE(holds("CL_ORD_ID like 'A%'"));
}

TEST_F(Predicate, SaysWhereAndWhyItWasRefused) {
    EXPECT_EQ(refusal(""), "where, character 1: expected a column, but the condition ends here");
    EXPECT_EQ(refusal("PRICEE > 1"),
              "where, character 1: unknown column PRICEE (did you mean PRICE?) in table ORDER_OUT");
    EXPECT_EQ(
        refusal("QTY = 1 and PRICE > '5'"),
        "where, character 21: column PRICE is a decimal and cannot be compared with the text '5'");
    EXPECT_EQ(refusal("CL_ORD_ID = 5"),
              "where, character 13: column CL_ORD_ID is a text and cannot be compared with '5'");
    EXPECT_EQ(refusal("QTY = true"),
              "where, character 7: column QTY is an integer and cannot be compared with 'true'");
    EXPECT_EQ(refusal("QTY = SIDE"),
              "where, character 7: expected a number, a 'text', true or false, found 'SIDE'");
    EXPECT_EQ(refusal("5 < QTY"), "where, character 1: expected a column, found '5'");
    EXPECT_EQ(refusal("QTY 5"),
              "where, character 5: expected = != < <= > >= in, like, or is, behind column QTY, "
              "found '5'");
    EXPECT_EQ(refusal("QTY = 5x"), "where, character 7: '5x' is not a number");
    EXPECT_EQ(refusal("QTY = 5 QTY = 6"),
              "where, character 9: expected and, or, or the end, found 'QTY'");
    EXPECT_EQ(refusal("(QTY = 5"), "where, character 9: expected ), but the condition ends here");
    EXPECT_EQ(refusal("QTY in 5"), "where, character 8: expected ( behind in, found '5'");
    EXPECT_EQ(refusal("QTY in (5;6)"), "where, character 10: unexpected character ;");
    EXPECT_EQ(refusal("QTY in ()"),
              "where, character 9: expected a number, a 'text', true or false, found ')'");
    EXPECT_EQ(refusal("QTY not = 5"), "where, character 9: expected in or like, found '='");
    EXPECT_EQ(refusal("QTY is 5"), "where, character 8: expected empty, found '5'");
    EXPECT_EQ(refusal("CL_ORD_ID = 'abc"), "where, character 13: the ' is never closed");
    EXPECT_EQ(refusal("CL_ORD_ID like 'a%b'"),
              "where, character 16: like takes a % at the start, at the end, or at both, and "
              "nowhere else");
    EXPECT_EQ(refusal("SIDE like 'a%'"),
              "where, character 11: column SIDE is a character, like is for texts");
    EXPECT_EQ(refusal("SIDE = 'ab'"),
              "where, character 8: column SIDE is a character, but the text 'ab' has 2 bytes");
    EXPECT_EQ(refusal("ACTIVE > true"),
              "where, character 10: column ACTIVE is a boolean, use = or !=");
    EXPECT_EQ(
        refusal("CL_ORD_ID > ''"),
        "where, character 13: nothing is less or greater than ''; use: CL_ORD_ID is [not] empty");
    EXPECT_NE(refusal("SENT > 'now'").find("is a timestamp, and the text 'now' is none"),
              std::string::npos);
    EXPECT_NE(refusal("PRICE > 99999999999999999999").find("more digits"), std::string::npos);
    EXPECT_EQ(refusal("PRICE > 1 \x01"), "where, character 11: unexpected character");
}

TEST_F(Predicate, HoldsItsLimits) {
    const auto nested = [](std::size_t depth) {
        return std::string(depth, '(') + "QTY=1" + std::string(depth, ')');
    };
    EXPECT_EQ(refusal(nested(64)), "(accepted)");
    EXPECT_NE(refusal(nested(65)).find("more than 64 levels"), std::string::npos);
    std::string nots;
    for (int i = 0; i < 2000; ++i) {
        nots += "not ";
    }
    EXPECT_NE(refusal(nots + "QTY=1").find("more than 64 levels"), std::string::npos);
    std::string chain = "QTY=1";
    while (chain.size() + 9 <= predicate::text_size_max) {
        chain += " or QTY=1";
    }
    EXPECT_FALSE(holds(chain));
    EXPECT_TRUE(holds("not (" + chain.substr(0, chain.size() - 9) + ")"));
    EXPECT_NE(refusal(chain + std::string(20, ' ')).find("longer than 16384"), std::string::npos);
}

TEST_F(Predicate, SurvivesBeingMovedAndCopied) {
    predicate original("CL_ORD_ID = 'ABC-1' and \"IN\" like 'it%'", schema);
    const predicate copy = original;
    const predicate moved = std::move(original);
    EXPECT_TRUE(copy.evaluate(row.view(), {}));
    EXPECT_TRUE(moved.evaluate(row.view(), {}));
    EXPECT_EQ(moved.text(), "CL_ORD_ID = 'ABC-1' and \"IN\" like 'it%'");
}

struct PredicateOnMarks : Predicate {
    static constexpr correlation own{0x3943c8b4c2eae241, 7};

    PredicateOnMarks() {
        row.set_envelope({.operation = operation::modify, .event = "append", .user = "kim"});
    }
    bool marked(std::string_view text) { return predicate(text, schema).evaluate(row.view(), own); }
};

TEST_F(PredicateOnMarks, ComparesOperationEventAndUser) {
    EXPECT_TRUE(marked("record.operation = 'modify'"));
    EXPECT_FALSE(marked("record.operation = 'insert'"));
    EXPECT_TRUE(marked("record.operation != 'delete'"));
    EXPECT_TRUE(marked("record.operation in ('insert', 'modify')"));
    EXPECT_FALSE(marked("record.operation not in ('insert', 'modify')"));
    EXPECT_TRUE(marked("RECORD.User = 'kim' and record.event like 'app%'"));
    EXPECT_FALSE(marked("record.user = 'event'"));
    EXPECT_TRUE(marked("record.user is not empty and QTY = -7"));
    row.set_envelope({.operation = operation::remove, .event = "sixteen-letters!"});
    EXPECT_TRUE(marked("record.operation = 'delete' and record.user is empty"));
    EXPECT_TRUE(marked("record.event = 'sixteen-letters!'"));
}

TEST_F(PredicateOnMarks, ComparesTheCorrelationOrTheRowsOwn) {
    EXPECT_TRUE(marked("record.correlation = '41e2eac2b4c84339:7'")) << "it begins the chain";
    EXPECT_TRUE(marked("record.correlation = '41e2eac2-b4c8-4339-9a0b-1c2d3e4f5061:7'"));
    EXPECT_FALSE(marked("record.correlation = '41e2eac2b4c84339:8'"));
    EXPECT_TRUE(marked("record.correlation != '41e2eac2b4c84339:8'"));
    row_envelope carried;
    carried.correlation = {0x3943c8b4c2eae241, 1};
    row.set_envelope(carried);
    EXPECT_TRUE(marked("record.correlation in ('0000000000000000:1', '41e2eac2b4c84339:1')"));
    EXPECT_FALSE(marked("record.correlation = '41e2eac2b4c84339:7'")) << "it carries another on";
}

TEST_F(PredicateOnMarks, RefusesWhatAMarkCannotBe) {
    EXPECT_EQ(refusal("record.operation = 'inserted'"),
              "where, character 20: 'inserted' is no operation (did you mean insert?), expected "
              "'insert', 'modify' or 'delete'");
    EXPECT_EQ(refusal("record.operation > 'insert'"),
              "where, character 20: record.operation has no order, use = != or in");
    EXPECT_EQ(refusal("record.operation like 'in%'"),
              "where, character 23: record.operation takes = != and in, not like");
    EXPECT_EQ(refusal("record.correlation = '12:1'"),
              "where, character 22: '12:1' is no correlation: expected the first 16 digits of a "
              "log's uuid, or all of it, and a sequence, as in '41e2eac2b4c84339:1'");
    EXPECT_EQ(refusal("record.correlation = 12"),
              "where, character 22: '12' is no correlation: expected the first 16 digits of a "
              "log's uuid, or all of it, and a sequence, as in '41e2eac2b4c84339:1'");
    EXPECT_EQ(refusal("record.operation is empty"),
              "where, character 26: record.operation is never empty");
    EXPECT_EQ(refusal("record.usr = 'kim'"),
              "where, character 1: there is no 'record.usr' (did you mean record.user?), beside "
              "columns there are record.operation, record.event, record.user and "
              "record.correlation");
    EXPECT_NE(refusal("record.user = 5"), "(accepted)");
}

}  // namespace
}  // namespace millrace::engine
