#include "xlator/fix/encoder.hpp"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fix44/Heartbeat.hpp"
#include "fix44/Logon.hpp"
#include "fix44/MarketDataRequest.hpp"
#include "fix44/NewOrderSingle.hpp"
#include "fix44/OrderCancelReject.hpp"
#include "fix44/dictionary.hpp"
#include "tests/xlator/fix_text.hpp"
#include "xlator/fix/constant_setting.hpp"
#include "xlator/fix/decoder.hpp"
#include "xlator/fix/raw_setting.hpp"

namespace millrace::xlator {
namespace {

using namespace fix44;

constexpr utc_timestamp noon{1'700'000'000'123'000'000};

template <class... Settings>
encode_result encode_order(std::span<char> out, const Settings&... settings) {
    return encode<NewOrderSingle>(out, set<ClOrdID>("A1"), set<Side>(Side::buy),
                                  set<TransactTime>(noon), set<OrdType>(OrdType::limit),
                                  settings...);
}

template <class... Settings>
std::string order_text(const Settings&... settings) {
    std::array<char, 1024> out{};
    const encode_result result = encode_order(out, settings...);
    EXPECT_TRUE(result.is_ok()) << result.tag;
    const std::string body(out.data(), result.size);
    EXPECT_EQ(result.byte_sum, byte_sum(body));
    return tests::with_bars(body);
}

TEST(Encoder, WritesAValueThatTheDictionaryDoesNotKnow) {
    const auto with = [](const char* side) {
        std::array<char, 256> out{};
        const encode_result made =
            encode<NewOrderSingle>(out, set<ClOrdID>("A1"), set_raw<Side>(side),
                                   set<TransactTime>(noon), set<OrdType>(OrdType::limit));
        return made.is_ok() ? tests::with_bars({out.data(), made.size})
                            : "refused " + std::to_string(made.tag);
    };
    EXPECT_EQ(with("X"), "11=A1|40=2|54=X|60=20231114-22:13:20.123|");
    EXPECT_EQ(with("XY"), "refused 54") << "no character";
    EXPECT_EQ(with(""), "refused 54");
    EXPECT_EQ(with("\x01"), "refused 54");
    const dictionary dict{fix44::dictionary};
    decoder reader{dict, {.is_strict = false}};
    const std::string body = tests::with_soh("54=X|");  // the message refers to it
    static_cast<void>(reader.decode_body("D", body));
    EXPECT_EQ(reader.message().text(Side::tag), "X");
}

TEST(Encoder, WritesConstantsAsAnyOtherSetting) {
    std::array<char, 512> constant{};
    std::array<char, 512> plain{};
    const encode_result made = encode<NewOrderSingle>(
        constant, set_constant<OrdType, OrdType::limit>(), set<ClOrdID>("A1"),
        set_constant<Side, Side::buy>(), set<TransactTime>(utc_timestamp{}),
        set_constant<Account, "HOUSE">(), set_constant<SolicitedFlag, true>(),
        set_constant<OrderQty, 100>(),
        set_group<NoPartyIDs>(
            entry(set_constant<PartyRole, PartyRole::executing_firm>(), set<PartyID>("B"))));
    const encode_result expected = encode<NewOrderSingle>(
        plain, set<OrdType>(OrdType::limit), set<ClOrdID>("A1"), set<Side>(Side::buy),
        set<TransactTime>(utc_timestamp{}), set<Account>("HOUSE"), set<SolicitedFlag>(true),
        set<OrderQty>(100),
        set_group<NoPartyIDs>(entry(set<PartyRole>(PartyRole::executing_firm), set<PartyID>("B"))));
    ASSERT_TRUE(made.is_ok());
    EXPECT_EQ(std::string_view(constant.data(), made.size),
              std::string_view(plain.data(), expected.size));
    EXPECT_EQ(made.byte_sum, expected.byte_sum);
}

TEST(Encoder, WritesFieldsByTagWhateverTheOrderOfTheArguments) {
    EXPECT_EQ(order_text(set<Symbol>("VOD.L"), set<Price>(decimal{10150, -2}), set<OrderQty>(100),
                         set<Account>("ACC")),
              "1=ACC|11=A1|38=100|40=2|44=101.50|54=1|55=VOD.L|60=20231114-22:13:20.123|");
    EXPECT_EQ(order_text(set<Account>("ACC"), set<OrderQty>(100), set<Price>(decimal{10150, -2}),
                         set<Symbol>("VOD.L")),
              "1=ACC|11=A1|38=100|40=2|44=101.50|54=1|55=VOD.L|60=20231114-22:13:20.123|");
}

TEST(Encoder, WritesAMessageWithoutFields) {
    std::array<char, 8> out{};
    const encode_result result = encode<Heartbeat>(out);
    EXPECT_TRUE(result.is_ok());
    EXPECT_EQ(result.size, 0U);
    EXPECT_EQ(result.byte_sum, 0U);
}

TEST(Encoder, LeavesOutEmptyOptionals) {
    const std::string base = order_text();
    EXPECT_EQ(order_text(set_if<Account>(std::optional<std::string_view>{})), base);
    EXPECT_EQ(order_text(set_if<Account>("")), base);
    EXPECT_EQ(order_text(set_if<Price>(std::optional<decimal>{})), base);
    EXPECT_EQ(order_text(set_if<Account>("X")), "1=X|" + base);
    EXPECT_EQ(order_text(set_if<Account>(std::optional<std::string_view>{"X"})), "1=X|" + base);
}

TEST(Encoder, WritesGroupsAtTheirCounterAndMembersInDictionaryOrder) {
    EXPECT_EQ(order_text(set_group<NoPartyIDs>(
                  entry(set<PartyRole>(PartyRole::executing_firm), set<PartyID>("BRK"),
                        set<PartyIDSource>(PartyIDSource::proprietary)),
                  entry(set<PartyID>("TRD"),
                        set_group<NoPartySubIDs>(entry(set<PartySubID>("S1")),
                                                 entry(set<PartySubIDType>(PartySubIDType::person),
                                                       set<PartySubID>("S2")))))),
              "11=A1|40=2|54=1|60=20231114-22:13:20.123|"
              "453=2|448=BRK|447=D|452=1|448=TRD|802=2|523=S1|523=S2|803=2|");
}

struct party {
    std::string id;
    PartyRole::value_type role;
};

TEST(Encoder, WritesOneEntryForEachItemOfARange) {
    const auto to_entry = [](const party& p) {
        return entry(set<PartyID>(p.id), set<PartyRole>(p.role));
    };
    const std::string base = order_text();
    std::vector<party> parties;
    EXPECT_EQ(order_text(set_group_each<NoPartyIDs>(parties, to_entry)), base);
    parties = {{"A", PartyRole::client_id}, {"B", PartyRole::executing_firm}};
    EXPECT_EQ(order_text(set_group_each<NoPartyIDs>(parties, to_entry)),
              base + "453=2|448=A|452=3|448=B|452=1|");
}

TEST(Encoder, RefusesARequiredGroupOfAnEmptyRange) {
    std::array<char, 512> out{};
    std::vector<std::string> symbols{"VOD.L", "BARC.L"};
    const auto request = [&] {
        return encode<MarketDataRequest>(
            out, set<MDReqID>("R1"),
            set<SubscriptionRequestType>(SubscriptionRequestType::snapshot), set<MarketDepth>(1),
            set_group<NoMDEntryTypes>(entry(set<MDEntryType>(MDEntryType::bid))),
            set_group_each<NoRelatedSym>(
                symbols, [](const std::string& symbol) { return entry(set<Symbol>(symbol)); }));
    };
    const encode_result filled = request();
    ASSERT_TRUE(filled.is_ok());
    EXPECT_EQ(tests::with_bars({out.data(), filled.size}),
              "146=2|55=VOD.L|55=BARC.L|262=R1|263=0|264=1|267=1|269=0|");
    symbols.clear();
    const encode_result empty = request();
    EXPECT_EQ(empty.status, encode_status::bad_value);
    EXPECT_EQ(empty.tag, 146);
}

TEST(Encoder, WritesADataFieldBehindItsLengthAndAllowsAnyByteInIt) {
    EXPECT_EQ(order_text(set<EncodedText>(std::string_view("a\x01"
                                                           "b=",
                                                           4))),
              "11=A1|40=2|54=1|60=20231114-22:13:20.123|354=4|355=a|b=|");
}

TEST(Encoder, EncodesEveryKindOfValue) {
    std::array<char, 512> out{};
    const encode_result result = encode<Logon>(
        out, set<HeartBtInt>(30), set<EncryptMethod>(EncryptMethod::none),
        set<ResetSeqNumFlag>(true), set<NextExpectedMsgSeqNum>(std::uint32_t{7}),
        set_group<NoMsgTypes>(entry(set<RefMsgType>("8"), set<MsgDirection>(MsgDirection::send))));
    ASSERT_TRUE(result.is_ok());
    EXPECT_EQ(tests::with_bars({out.data(), result.size}),
              "98=0|108=30|141=Y|384=1|372=8|385=S|789=7|");
}

TEST(Encoder, RefusesValuesWithoutFixTextAndNamesTheTag) {
    std::array<char, 1024> out{};
    const auto tag_of = [&](const auto&... settings) {
        const encode_result result = encode_order(out, settings...);
        EXPECT_EQ(result.status, encode_status::bad_value);
        return result.tag;
    };
    EXPECT_EQ(tag_of(set<Account>("")), 1);
    EXPECT_EQ(tag_of(set<Account>("A\x01"
                                  "44=1")),
              1);
    EXPECT_EQ(tag_of(set<CommType>(static_cast<CommType::value_type>('Z'))), 13);
    EXPECT_EQ(tag_of(set<Price>(decimal{1, 99})), 44);
    EXPECT_EQ(tag_of(set<TradeDate>("20240231")), 75);
    EXPECT_EQ(tag_of(set<Currency>("EURO")), 15);
    EXPECT_EQ(tag_of(set<ExpireTime>(utc_timestamp{0, 12})), 126);
    EXPECT_EQ(tag_of(set<SecurityType>(static_cast<SecurityType::value_type>(9'999))), 167);
    EXPECT_EQ(tag_of(set_group<NoPartyIDs>(entry(set<PartyID>("A\x01"
                                                              "B")))),
              448);
    EXPECT_EQ(tag_of(set_group<NoPartyIDs>(entry(set<PartyID>("")))), 448);
}

TEST(Encoder, NeverWritesBeyondItsBuffer) {
    const auto settings = [](auto&& encode_with) {
        return encode_with(set<Symbol>("VOD.L"), set<Price>(decimal{10150, -2}),
                           set_group<NoPartyIDs>(entry(set<PartyID>("BROKER-ID-0123456789"))));
    };
    bool has_fitted = false;
    for (std::size_t size = 0; size < 400; ++size) {
        // Exactly this many bytes on the heap: the address sanitizer sees one too many.
        const auto bytes = std::make_unique<char[]>(size);
        const encode_result result = settings([&](const auto&... each) {
            return encode_order({bytes.get(), size}, each...);
        });
        EXPECT_FALSE(has_fitted && !result.is_ok()) << size;
        has_fitted = result.is_ok();
        if (!has_fitted) {
            EXPECT_EQ(result.status, encode_status::overflow);
        }
    }
    EXPECT_TRUE(has_fitted);
}

TEST(Encoder, BodySizeMaxIsEnough) {
    const auto id = set<ClOrdID>("A1");
    const auto reject = [&](std::span<char> out) {
        return encode<OrderCancelReject>(
            out, set<OrderID>("O"), id, set<OrigClOrdID>("A0"), set<OrdStatus>(OrdStatus::filled),
            set<CxlRejResponseTo>(CxlRejResponseTo::order_cancel_request));
    };
    const std::size_t size = body_size_max(
        set<OrderID>("O"), id, set<OrigClOrdID>("A0"), set<OrdStatus>(OrdStatus::filled),
        set<CxlRejResponseTo>(CxlRejResponseTo::order_cancel_request));
    std::vector<char> out(size);
    EXPECT_TRUE(reject(out).is_ok());
    EXPECT_EQ(reject(std::span(out).first(size - 1)).status, encode_status::overflow);
}

}  // namespace
}  // namespace millrace::xlator
