#include "xlator/fix/decoder.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <memory>
#include <random>
#include <string>

#include "fix44/dictionary.hpp"
#include "tests/xlator/fix_text.hpp"
#include "xlator/fix/encoder.hpp"

namespace millrace::xlator {
namespace {

using namespace fix44;
using tests::frame_of;
using tests::with_soh;

const char header[] = "34=2|49=A|52=20240101-10:00:00.000|56=B|";

class DecoderTest : public testing::Test {
protected:
    decode_result order(const std::string& body) {
        frame_ = frame_of(std::string("35=D|") + header + body);
        return decoder_.decode(frame_);
    }
    void expect_reject(const std::string& body, session_reject_reason reason, int tag) {
        const decode_result result = order(body);
        EXPECT_EQ(result.status, decode_status::rejected) << body;
        EXPECT_EQ(result.reason, reason) << body << describe(result.reason);
        EXPECT_EQ(result.ref_tag, tag) << body;
    }

    const xlator::dictionary dict_{fix44::dictionary};
    decoder decoder_{dict_};
    std::string frame_;
    static constexpr const char* good_ = "11=A1|40=2|44=101.50|54=1|55=VOD|60=20240101-10:00:00|";
};

TEST_F(DecoderTest, ReadsTypedFields) {
    ASSERT_TRUE(order(good_).is_ok());
    const field_scope& message = decoder_.message();
    EXPECT_EQ(decoder_.msg_type(), "D");
    EXPECT_EQ(*message.get<ClOrdID>(), "A1");
    EXPECT_EQ(*message.get<Side>(), Side::buy);
    EXPECT_EQ(*message.get<Price>(), (decimal{10150, -2}));
    EXPECT_EQ(message.get<TransactTime>()->ns, 1'704'103'200'000'000'000);
    EXPECT_EQ(*message.get<MsgSeqNum>(), 2);
    EXPECT_EQ(*message.get<SenderCompID>(), "A");
    EXPECT_TRUE(message.has<Symbol>());
    EXPECT_FALSE(message.has<Account>());
    EXPECT_TRUE(message.get<Account>().is_absent());
    EXPECT_EQ(message.text(55), "VOD");
    EXPECT_EQ(message.text(9999), "");
}

TEST_F(DecoderTest, IteratesFieldsInTheOrderOfTheWire) {
    ASSERT_TRUE(order(good_).is_ok());
    std::string tags;
    for (const field_view field : decoder_.message()) {
        tags += std::to_string(field.tag) + " ";
    }
    EXPECT_EQ(tags, "8 9 35 34 49 52 56 11 40 44 54 55 60 10 ");
}

TEST_F(DecoderTest, ReadsNestedGroups) {
    ASSERT_TRUE(
        order(
            std::string(good_) +
            "453=3|448=P1|447=D|452=1|802=2|523=S1|803=1|523=S2|448=P2|448=P3|452=3|802=1|523=S3|")
            .is_ok());
    const group_view parties = decoder_.message().group<NoPartyIDs>();
    ASSERT_EQ(parties.count(), 3U);
    std::string seen;
    for (const field_scope party : parties) {
        seen += std::string(*party.get<PartyID>()) + ":";
        for (const field_scope sub : party.group<NoPartySubIDs>()) {
            seen += std::string(*sub.get<PartySubID>()) + ",";
        }
        seen += " ";
    }
    EXPECT_EQ(seen, "P1:S1,S2, P2: P3:S3, ");
    EXPECT_EQ(*parties.entry(2).get<PartyRole>(), PartyRole::client_id);
    EXPECT_TRUE(parties.entry(1).get<PartyRole>().is_absent());
    EXPECT_TRUE(parties.entry(3).get<PartyID>().is_absent());
    EXPECT_TRUE(decoder_.message().get<PartyID>().is_absent())
        << "a group's field is no message field";
    EXPECT_TRUE(decoder_.message().group<NoAllocs>().is_empty());
}

TEST_F(DecoderTest, ReadsDataThatHoldsDelimiters) {
    const std::string fields = with_soh(std::string("35=D|") + header + good_) +
                               "354=5\x01"
                               "355=a\x01"
                               "b=c"
                               "\x01";
    const std::string frame = tests::seal(fields);
    ASSERT_TRUE(decoder_.decode(frame).is_ok());
    EXPECT_EQ(*decoder_.message().get<EncodedText>(), std::string_view("a\x01"
                                                                       "b=c",
                                                                       5));
}

TEST_F(DecoderTest, RejectsWithReasonAndTag) {
    using reason = session_reject_reason;
    const std::string good = good_;
    expect_reject("11=A1|40=2|54=1|", reason::required_tag_missing, 60);
    expect_reject(good + "9999=x|", reason::invalid_tag_number, 9999);
    expect_reject(good + "37=x|", reason::tag_not_defined_for_message, 37);
    expect_reject(good + "1=|", reason::tag_without_value, 1);
    expect_reject(good + "13=9|", reason::value_is_incorrect, 13);
    expect_reject(good + "18=1 9 ZZ|", reason::value_is_incorrect, 18);
    expect_reject(good + "38=abc|", reason::incorrect_data_format, 38);
    expect_reject(good + "75=20240231|", reason::incorrect_data_format, 75);
    expect_reject(good + "15=EURO|", reason::incorrect_data_format, 15);
    expect_reject(good + "11=A1|", reason::tag_appears_more_than_once, 11);
    expect_reject(good + "57=X|", reason::tag_out_of_required_order, 57);
    expect_reject(good + "453=2|448=A|", reason::incorrect_num_in_group, 453);
    expect_reject(good + "453=0|448=A|", reason::incorrect_num_in_group, 453);
    expect_reject(good + "453=1|", reason::incorrect_num_in_group, 453);
}

TEST_F(DecoderTest, RejectsInsideGroupsWhatQuickFixDoesNotSee) {
    using reason = session_reject_reason;
    const std::string good = good_;
    expect_reject(good + "453=2|447=D|448=A|", reason::group_fields_out_of_order, 447);
    expect_reject(good + "453=1|448=A|452=1|447=D|", reason::group_fields_out_of_order, 447);
    expect_reject(good + "453=1|448=A|452=99|", reason::value_is_incorrect, 452);
    expect_reject(good + "453=1|448=A|452=x|", reason::incorrect_data_format, 452);
    expect_reject(good + "453=1|448=|", reason::tag_without_value, 448);
    expect_reject(good + "453=1|448=A|802=2|523=S|", reason::incorrect_num_in_group, 802);
    decoder lax{dict_, {.is_strict = false}};
    EXPECT_TRUE(lax.decode(frame_).is_ok());
}

// QuickFIX asks for members of a group that is required itself, and of no other.
TEST_F(DecoderTest, AsksAsQuickFixDoesForRequiredMembersOfGroups) {
    decoder lax{dict_, {.is_strict = false}};
    const auto check = [](decoder& reader, const std::string& text, bool is_accepted, int tag) {
        const decode_result result = reader.decode(frame_of(text));
        EXPECT_EQ(result.is_ok(), is_accepted) << text;
        EXPECT_EQ(result.ref_tag, tag) << text;
        EXPECT_EQ(result.reason, is_accepted ? session_reject_reason::none
                                             : session_reject_reason::required_tag_missing);
    };
    const std::string book = std::string("35=W|") + header + "55=V|268=2|269=0|270=1|";
    check(lax, book + "269=1|270=2|", true, 0);
    check(lax, book + "270=2|", false, 269);
    const std::string strikes = std::string("35=m|") + header + "66=L|422=1|428=1|55=V|711=1|";
    check(lax, strikes + "311=U|", true, 0);
    check(decoder_, strikes + "311=U|", false, 44);
    const std::string quotes =
        std::string("35=i|") + header + "117=Q|296=2|302=A|304=1|295=1|299=E|302=B|";
    check(lax, quotes + "304=1|295=1|299=F|", true, 0);
    check(lax, quotes + "295=1|299=F|", false, 304);
    check(lax, quotes + "304=1|", true, 0);  // NoQuoteEntries stands there through a component
    check(decoder_, quotes + "304=1|", false, 295);
}

TEST_F(DecoderTest, HoldsACounterWithAValueSetAgainstIt) {
    const std::string cross =
        std::string("35=u|") + header + "60=20240101-10:00:00|548=C|549=1|550=0|551=O|55=V|552=3|";
    std::string sides;
    for (const char* side : {"1", "2", "5"}) {
        sides += std::string("54=") + side + "|41=O|11=C|38=1|";
    }
    const decode_result result = decoder_.decode(frame_of(cross + sides));
    EXPECT_EQ(result.reason, session_reject_reason::value_is_incorrect);
    EXPECT_EQ(result.ref_tag, 552);
}

TEST_F(DecoderTest, RejectsAMessageWithoutARequiredHeaderField) {
    const decode_result result = decoder_.decode(frame_of(std::string("35=0|34=2|49=A|56=B|")));
    EXPECT_EQ(result.reason, session_reject_reason::required_tag_missing);
    EXPECT_EQ(result.ref_tag, 52);
}

TEST_F(DecoderTest, RejectsAnUnknownMessageType) {
    const decode_result result = decoder_.decode(frame_of(std::string("35=ZZ|") + header));
    EXPECT_EQ(result.reason, session_reject_reason::invalid_msg_type);
    EXPECT_EQ(result.ref_tag, 35);
}

TEST_F(DecoderTest, NamesTheFindingQuickFixWouldNameFirst) {
    using reason = session_reject_reason;
    // Structure before required, required before values, values by tag.
    expect_reject("11=A1|40=Z|57=X|", reason::tag_out_of_required_order, 57);
    expect_reject("11=A1|40=Z|54=1|", reason::required_tag_missing, 60);
    expect_reject("60=20240101-10:00:00|54=Z|40=Y|11=A1|", reason::value_is_incorrect, 40);
}

TEST_F(DecoderTest, OptionsRelaxTheCheckLikeQuickFixKeys) {
    const std::string user = frame_of(std::string("35=D|") + header + good_ + "5001=x|");
    const std::string unknown = frame_of(std::string("35=D|") + header + good_ + "37=x|");
    const std::string empty = frame_of(std::string("35=D|") + header + good_ + "1=|");
    const std::string unordered = frame_of(std::string("35=D|") + header + good_ + "57=X|");
    decoder relaxed{dict_,
                    {.is_strict = false,
                     .check_field_order = false,
                     .check_have_values = false,
                     .check_user_fields = false,
                     .allow_unknown_fields = true}};
    for (const std::string& frame : {user, unknown, empty, unordered}) {
        EXPECT_FALSE(decoder_.decode(frame).is_ok());
        EXPECT_TRUE(relaxed.decode(frame).is_ok()) << tests::with_bars(frame);
    }
    // The copies in the loop are gone, and with them what the decoder looked at.
    ASSERT_TRUE(relaxed.decode(unordered).is_ok());
    EXPECT_EQ(relaxed.message().text(57), "X");
}

TEST_F(DecoderTest, TellsGarbledFromRejectedAndFromAForeignVersion) {
    for (const char* fields :
         {"35=D|x=1|", "35=D|011=A|", "35=D|-5=A|", "35=D|4294967297=A|", "35=D|=A|", "35=D|11|",
          "35=D|355=abc|", "35=D|354=9|355=abc|", "35=D|354=-1|355=x|", "35=D|354=2|58=x|355=ab|",
          "35=D|10=1|", "35=D|8=FIX.4.4|"}) {
        EXPECT_EQ(decoder_.decode(frame_of(fields)).status, decode_status::garbled) << fields;
        EXPECT_EQ(decoder_.message().begin(), decoder_.message().end());
    }
    EXPECT_EQ(decoder_.decode(frame_of("35=0|34=1|", "FIX.4.2")).status,
              decode_status::unsupported_version);
    EXPECT_EQ(decoder_.decode("").status, decode_status::garbled);
    EXPECT_EQ(decoder_.decode("8=FIX.4.4").status, decode_status::garbled);
}

TEST_F(DecoderTest, ReadsABodyByItself) {
    const std::string body = with_soh(good_);
    EXPECT_TRUE(decoder_.decode_body("D", body).is_ok());
    EXPECT_EQ(*decoder_.message().get<ClOrdID>(), "A1");
    EXPECT_EQ(decoder_.decode_body("D", with_soh("11=A1|")).reason,
              session_reject_reason::required_tag_missing);
    EXPECT_EQ(decoder_.decode_body("D", body + with_soh("49=A|")).reason,
              session_reject_reason::tag_out_of_required_order);
    EXPECT_EQ(decoder_.decode_body("D", body + "58=x").status, decode_status::garbled);
    EXPECT_TRUE(decoder_.decode_body("0", "").is_ok());
}

TEST_F(DecoderTest, RefusesAFrameAboveItsLimitAndTakesOneFullOfTheShortestFields) {
    decoder small{dict_, {.frame_size_max = 256}};
    const std::string large =
        frame_of(std::string("35=D|") + header + good_ + "58=" + std::string(200, 'x') + "|");
    EXPECT_EQ(small.decode(large).status, decode_status::garbled);
    std::string fields = std::string("35=D|") + header;
    while (fields.size() < 220) {
        fields += "1=|";
    }
    EXPECT_EQ(small.decode(frame_of(fields)).status, decode_status::rejected);
}

// Whatever the bytes, nothing is read outside them and the decoder stays usable.
TEST_F(DecoderTest, SurvivesRandomDamage) {
    std::mt19937_64 random{tests::test_seed(6)};
    ASSERT_TRUE(order(std::string(good_) + "453=1|448=A|802=1|523=S|354=3|355=a=b|").is_ok());
    const std::string whole = frame_;
    const std::string fields =
        whole.substr(whole.find("35="), whole.size() - whole.find("35=") - 7);
    for (int i = 0; i < 50'000; ++i) {
        std::string damaged = fields;
        for (std::size_t changes = 1 + random() % 4; changes != 0; --changes) {
            const std::size_t at = random() % damaged.size();
            switch (random() % 3) {
                case 0:
                    damaged[at] =
                        "0123456789=\x01"
                        "A-"[random() % 14];
                    break;
                case 1:
                    damaged.erase(at, 1 + random() % 5);
                    break;
                default:
                    damaged.insert(at, damaged.substr(random() % damaged.size(), random() % 12));
                    break;
            }
            if (damaged.empty()) {
                damaged = "\x01";
            }
        }
        const std::string frame = tests::seal(damaged);
        const auto bytes = std::make_unique<char[]>(frame.size());
        std::memcpy(bytes.get(), frame.data(), frame.size());
        const decode_result result = decoder_.decode({bytes.get(), frame.size()});
        std::size_t total = 0;
        for (const field_view field : decoder_.message()) {
            total += field.value.size();
        }
        ASSERT_LE(total, frame.size());
        ASSERT_TRUE(result.status != decode_status::rejected ||
                    result.reason != session_reject_reason::none);
    }
    EXPECT_TRUE(order(good_).is_ok());
}

TEST_F(DecoderTest, ReadsBackWhatTheEncoderWrote) {
    std::array<char, 1024> body{};
    const encode_result encoded = encode<ExecutionReport>(
        body, set<OrderID>("O1"), set<ExecID>("E1"), set<ExecType>(ExecType::trade),
        set<OrdStatus>(OrdStatus::partially_filled), set<Side>(Side::sell),
        set<LeavesQty>(decimal{505, -1}), set<CumQty>(1), set<AvgPx>(decimal{-1, -18}),
        set_group<NoPartyIDs>(
            entry(set<PartyID>("P"), set_group<NoPartySubIDs>(entry(set<PartySubID>("S"))))));
    ASSERT_TRUE(encoded.is_ok());
    std::array<char, 1024> out{};
    const encode_result framed = frame(out, {"FIX.4.4", "8", 1, "A", {1}, "B"},
                                       {body.data(), encoded.size}, encoded.byte_sum);
    ASSERT_TRUE(framed.is_ok());
    ASSERT_TRUE(decoder_.decode({out.data(), framed.size}).is_ok());
    const field_scope& message = decoder_.message();
    EXPECT_EQ(*message.get<ExecType>(), ExecType::trade);
    EXPECT_EQ(*message.get<LeavesQty>(), (decimal{505, -1}));
    EXPECT_EQ(*message.get<AvgPx>(), (decimal{-1, -18}));
    EXPECT_EQ(
        *message.group<NoPartyIDs>().entry(0).group<NoPartySubIDs>().entry(0).get<PartySubID>(),
        "S");
}

}  // namespace
}  // namespace millrace::xlator
