// A dialect of FIX 5.0 that its transport completes: one frame there and back.
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "fix50sp2/NewOrderSingle.hpp"
#include "fix50sp2/dictionary.hpp"
#include "tests/xlator/fix_text.hpp"
#include "xlator/fix/decoder.hpp"
#include "xlator/fix/encoder.hpp"

namespace millrace::xlator {
namespace {

TEST(Transport, GivesAFix50DialectItsHeaderItsSessionMessagesAndItsBeginString) {
    const dictionary dict{fix50sp2::dictionary};
    EXPECT_EQ(fix50sp2::dictionary.name, "fix50sp2");
    EXPECT_EQ(fix50sp2::dictionary.begin_string, "FIXT.1.1");
    EXPECT_EQ(fix50sp2::dictionary.messages.size(), 108U + 7U);
    EXPECT_EQ(fix50sp2::dictionary.header.front().name, "BeginString");
    ASSERT_NE(dict.find_message("A"), nullptr);
    EXPECT_TRUE(dict.find_message("A")->is_admin);
    EXPECT_EQ(dict.value_name(35, "D"), "new_order_single");
    EXPECT_EQ(dict.value_name(373, "18"), "invalid_unsupported_application_version");
}

TEST(Transport, LetsTheDecoderReadAFramedOrder) {
    using namespace fix50sp2;
    const dictionary dict{fix50sp2::dictionary};
    decoder reader{dict};
    const std::string fields =
        "35=D|34=2|49=ME|52=20240101-10:00:00|56=YOU|1128=9|11=C1|38=100|40=1|54=1|55=VOD.L|"
        "60=20240101-10:00:00|";
    const std::string frame = tests::frame_of(fields, "FIXT.1.1");
    EXPECT_TRUE(reader.decode(frame).is_ok());
    EXPECT_EQ(reader.message().text(1128), "9");
    EXPECT_EQ(*reader.message().get<Side>(), Side::buy);
    EXPECT_EQ(reader.decode(tests::frame_of(fields, "FIX.4.4")).status,
              decode_status::unsupported_version);
    EXPECT_EQ(reader
                  .decode(tests::frame_of("35=D|34=2|49=ME|52=20240101-10:00:00|56=YOU|11=C1|",
                                          "FIXT.1.1"))
                  .reason,
              session_reject_reason::required_tag_missing);
}

}  // namespace
}  // namespace millrace::xlator
