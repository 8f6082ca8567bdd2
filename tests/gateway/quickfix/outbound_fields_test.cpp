// Fields that a session adds to what it sends.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/gateway/quickfix/port_test_support.hpp"

namespace millrace::gateway {
namespace {

using test::field_of;
using test::log_on;
using test::order_body;
using test::pump;
using test::side;
using test::with_pipes;

std::string refusal(const std::string& keys) {
    try {
        check_outbound_fields(test::spec_of(test::settings_text("initiator", "A", "B", keys)));
        return {};
    } catch (const settings_error& failure) {
        return failure.what();
    }
}

// Without what differs from run to run.
std::string shape(const std::string& frame) {
    std::string shown;
    for (std::size_t at = 0; at < frame.size();) {
        const std::size_t end = frame.find('\x01', at);
        const std::string field = frame.substr(at, end - at);
        const std::string tag = field.substr(0, field.find('='));
        shown += tag == "9" || tag == "10" || tag == "52" || tag == "122" ? tag : field;
        shown += '|';
        at = end + 1;
    }
    return shown;
}

TEST(OutboundFields, StandWhereTheDictionaryPutsThemOnTheFirstSendAndOnAResend) {
    side initiator("initiator", "A", "B",
                   "OutboundField1=SenderSubID=DESK 7\nOutboundField2=58=static\n"
                   "OutboundField3=Account=ACC\n");
    side acceptor("acceptor", "B", "A");
    log_on(initiator, acceptor);
    ASSERT_EQ(initiator.send("D", order_body), send_status::sent);
    const std::string sent = initiator.wire.frames.front();
    EXPECT_EQ(shape(sent),
              "8=FIX.4.4|9|35=D|34=2|49=A|50=DESK 7|52|56=B|1=ACC|11=A1|21=1|38=100|40=2|44=10.25|"
              "54=1|55=ABC|58=static|59=0|60=20260301-09:30:00.000|10|");
    EXPECT_EQ(initiator.store.frames.at(2), sent);
    pump(initiator, acceptor);
    EXPECT_EQ(initiator.receive_message("2", 2, "7=1|16=0|").status, receive_status::ok);
    ASSERT_EQ(initiator.wire.frames.size(), 2U);
    EXPECT_EQ(shape(initiator.wire.frames[1]),
              "8=FIX.4.4|9|35=D|34=2|43=Y|49=A|50=DESK 7|52|56=B|122|1=ACC|11=A1|21=1|38=100|40=2|"
              "44=10.25|54=1|55=ABC|58=static|59=0|60=20260301-09:30:00.000|10|");
    // Administrative messages have the header field, and the others where they are declared.
    EXPECT_EQ(field_of(initiator.wire.frames[0], 35), "4");
    EXPECT_EQ(field_of(initiator.wire.frames[0], 50), "DESK 7");
    EXPECT_EQ(field_of(initiator.wire.frames[0], 58), "");
    EXPECT_EQ(field_of(initiator.store.frames.at(1), 50), "DESK 7");
    EXPECT_EQ(field_of(initiator.store.frames.at(1), 1), "");
}

TEST(OutboundFields, LeaveAMessageItsOwnValueAndABodyItsOwnOrder) {
    side initiator("initiator", "A", "B", "OutboundField1=50=DESK\nOutboundField2=1=ACC\n");
    side acceptor("acceptor", "B", "A");
    log_on(initiator, acceptor);
    ASSERT_EQ(initiator.send("D", "50=MINE|" + std::string(order_body) + "1=OWN|"),
              send_status::sent);
    EXPECT_EQ(field_of(initiator.wire.frames.back(), 50), "MINE");
    EXPECT_EQ(field_of(initiator.wire.frames.back(), 1), "OWN");
    ASSERT_EQ(initiator.send("D", "55=ABC|54=1|60=20260301-09:30:00.000|11=A9|40=1|38=5|"),
              send_status::sent);
    EXPECT_EQ(shape(initiator.wire.frames.back()),
              "8=FIX.4.4|9|35=D|34=3|49=A|50=DESK|52|56=B|55=ABC|54=1|60=20260301-09:30:00.000|"
              "11=A9|40=1|38=5|1=ACC|10|");
    // A message that does not know the field goes without it.
    ASSERT_EQ(initiator.send("c", "320=R|321=0|"), send_status::sent);
    EXPECT_EQ(field_of(initiator.wire.frames.back(), 50), "DESK");
    EXPECT_EQ(field_of(initiator.wire.frames.back(), 1), "");
}

TEST(OutboundFields, AreTakenByTagWithoutADictionary) {
    side initiator("initiator", "A", "B",
                   "UseDataDictionary=N\nOutboundField=50=DESK\nOutboundField1=5001=X\n");
    side acceptor("acceptor", "B", "A", "UseDataDictionary=N\n");
    log_on(initiator, acceptor);
    ASSERT_EQ(initiator.send("D", order_body), send_status::sent);
    EXPECT_EQ(field_of(initiator.wire.frames.back(), 5001), "X");
    EXPECT_EQ(field_of(initiator.wire.frames.back(), 50), "DESK");
    EXPECT_EQ(field_of(initiator.store.frames.at(1), 50), "DESK");
    EXPECT_EQ(field_of(initiator.store.frames.at(1), 5001), "");
}

TEST(OutboundFields, AreRefusedWithTheirLineWhereTheyCannotStand) {
    const std::string at = "test.cfg:9: OutboundField ";
    const std::pair<const char*, std::string> cases[] = {
        {"5001=X",
         at + "5001=X: the session's dictionary does not declare this field, neither in the header "
              "nor in a message"},
        {"1128=9", at + "1128=9: this field is the session's to set"},
        {"49=X", at + "49=X: this field is the session's to set"},
        {"Nonsense=X", at + "Nonsense=X: the session's dictionary has no field of this name"},
        {"554=X", at + "554=X: a secret is no static field; see Password and PasswordFile"},
        {"355=X", at + "355=X: a field of data needs its length before it, and cannot be static"},
        {"93=4", at + "93=4: no field of the trailer can be added"},
        {"453=1", at + "453=1: the counter of a group cannot be static"},
        {"54=x", at + "54=x: the dictionary does not list this value"},
        {"4294967346=X", at + "4294967346=X: expected a tag from 1 to 2147483647"}};
    for (const auto& [field, reason] : cases) {
        EXPECT_EQ(refusal("OutboundField1=" + std::string(field) + "\n"), reason);
    }
    EXPECT_EQ(refusal("OutboundField1=50=A\nOutboundField2=SenderSubID=B\n"),
              "test.cfg:10: OutboundField SenderSubID: this field is given twice");
    EXPECT_EQ(refusal("OutboundField1=50\n"),
              "test.cfg:9: OutboundField1=50: expected a tag or a name, = and a value, such as "
              "50=DESK");
    EXPECT_EQ(refusal("OutboundField1=58=" + std::string(200, 'x') + "\n"),
              "test.cfg:9: OutboundField 58: all static fields together have at most 192 bytes");
    EXPECT_EQ(refusal("OutboundRoutingTag=5001\n"),
              "test.cfg:9: OutboundRoutingTag 5001: the session's dictionary does not declare this "
              "field, neither in the header nor in a message");
    EXPECT_EQ(refusal("OutboundRoutingTag=115\n"), "");
    EXPECT_EQ(refusal("UseDataDictionary=N\nOutboundField1=Account=X\n"),
              "test.cfg:10: OutboundField Account=X: without a dictionary a field is named by its "
              "tag");
    EXPECT_EQ(refusal("OutboundField1=54=1\n"), "");
}

TEST(OutboundFields, MayBeHeaderFieldsOfAVenuesOwnDictionary) {
    EXPECT_TRUE(side("initiator", "A", "B").port->is_header_field(50));
    EXPECT_FALSE(side("initiator", "C", "D").port->is_header_field(58));
}

}  // namespace
}  // namespace millrace::gateway
