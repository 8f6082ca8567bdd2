// That a message in a row is passed on, or refused, without asking for memory.
#include <gtest/gtest.h>

#include <string>

#include "fix44/dictionary.hpp"
#include "gateway/pipeline/message_pass.hpp"
#include "tests/xlator/allocation_count.hpp"
#include "tests/xlator/fix_text.hpp"

namespace millrace::gateway {
namespace {

using tests::allocations_in;
using tests::frame_of;

const std::string header = "34=7|49=ELSEWHERE|52=20240101-10:00:00.000|56=NOBODY|115=DESK|";
const std::string order =
    "60=20240101-10:00:00|11=AN-IDENTIFIER-OF-MORE-THAN-FIFTEEN-BYTES|55=VOD.L|54=1|38=100|40=1|"
    "453=2|448=BRK|452=1|448=TRD|452=12|354=5|355=a|b=c|";

std::vector<engine::schema_column> columns() {
    engine::schema_column wire;
    wire.name = "WIRE";
    wire.type = engine::column_type::bytes;
    return {wire};
}

class MessagePassAllocation : public testing::Test {
protected:
    message_pass::outcome pass(const std::string& message, std::size_t room = 4096) {
        row_.resize(schema_.payload_size(message.size()));
        engine::row_builder row(schema_, row_);
        EXPECT_EQ(row.set_trailing(std::as_bytes(std::span(message))), engine::row_status::ok);
        EXPECT_EQ(row.finish().status, engine::row_status::ok);
        out_.resize(room);
        message_pass::outcome passed;
        EXPECT_EQ(
            allocations_in([&] { passed = pass_.translate(map_row(row.view()), std::span(out_)); }),
            0U);
        return passed;
    }

    const engine::row_schema schema_{"MESSAGES", columns()};
    const xlator::dictionary dict_{fix44::dictionary};
    message_pass pass_{0, dict_, {.is_strict = false}};
    std::vector<std::byte> row_;
    std::string out_;
};

TEST_F(MessagePassAllocation, IsInTheConstructor) {
    EXPECT_GE(tests::allocations_in([&] { const message_pass made(0, dict_, {}); }), 1U);
}

TEST_F(MessagePassAllocation, IsNotInPassingAMessageOn) {
    EXPECT_TRUE(pass(frame_of("35=D|" + header + order)).mapped.is_ok());
    EXPECT_TRUE(pass(frame_of("35=D|" + header + order + "93=3|89=abc|")).mapped.is_ok());
}

TEST_F(MessagePassAllocation, IsNotInKeepingTheMarkOfWhatMayHaveBeenSent) {
    const message_pass::outcome marked = pass(frame_of("35=D|" + header + "97=Y|" + order));
    ASSERT_TRUE(marked.mapped.is_ok());
    EXPECT_TRUE(marked.is_poss_resend);
    const std::string with_mark = out_.substr(0, marked.mapped.size);
    EXPECT_EQ(marked.mapped.byte_sum, xlator::byte_sum(with_mark));
    const message_pass::outcome plain = pass(frame_of("35=D|" + header + "97=N|" + order));
    ASSERT_TRUE(plain.mapped.is_ok());
    EXPECT_FALSE(plain.is_poss_resend);
    EXPECT_EQ(with_mark, "97=Y\x01" + out_.substr(0, plain.mapped.size));
    EXPECT_EQ(
        pass(frame_of("35=D|" + header + "97=Y|" + order), marked.mapped.size - 1).mapped.status,
        xlator::map_status::overflow);
}

TEST_F(MessagePassAllocation, IsNotInRefusingOne) {
    const auto refused_tag = [&](const std::string& message) {
        const message_pass::outcome refused = pass(message);
        EXPECT_FALSE(refused.mapped.is_ok());
        return refused.mapped.tag;
    };
    EXPECT_EQ(refused_tag(frame_of("35=D|" + header + "11=A1|")), 40);
    EXPECT_EQ(refused_tag(frame_of("35=D|" + header + order + "18=?|")), 18);
    EXPECT_EQ(refused_tag(frame_of("35=D|" + header + order + "37=X|")), 37);
    EXPECT_EQ(refused_tag(frame_of("35=D|" + header + "115=A|" + order)), 115);
    EXPECT_EQ(refused_tag(frame_of("35=D|" + header + order + "50=DESK|")), 50);
    EXPECT_EQ(refused_tag(frame_of("35=ZZ|" + header + order)), 35);
    EXPECT_EQ(refused_tag(frame_of("35=D|" + header + order, "FIX.4.2")), 8);
    EXPECT_EQ(refused_tag(frame_of("35=4|" + header + "123=Y|36=99|")), 35);
    EXPECT_EQ(refused_tag("no message, and longer than fifteen bytes"), 0);
    EXPECT_EQ(refused_tag(""), 0);
    EXPECT_EQ(pass(frame_of("35=D|" + header + order), 20).mapped.status,
              xlator::map_status::overflow);
}

}  // namespace
}  // namespace millrace::gateway
