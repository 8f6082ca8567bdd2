// That what encodes, decodes and looks at messages asks for no memory.
#include <gtest/gtest.h>

#include <array>
#include <new>
#include <string>
#include <vector>

#include "fix44/ExecutionReport.hpp"
#include "fix44/MarketDataRequest.hpp"
#include "fix44/NewOrderSingle.hpp"
#include "fix44/dictionary.hpp"
#include "tests/xlator/allocation_count.hpp"
#include "tests/xlator/fix_text.hpp"
#include "xlator/fix/constant_setting.hpp"
#include "xlator/fix/fix_stream.hpp"

namespace millrace::xlator {
namespace {

using namespace fix44;
using tests::allocations_in;
using tests::frame_of;

constexpr utc_timestamp noon{1'704'110'400'000'000'000};

// Longer than what std::string keeps within itself.
const std::string long_id = "AN-IDENTIFIER-OF-MORE-THAN-FIFTEEN-BYTES";
const std::string header = "34=2|49=A|52=20240101-10:00:00.000|56=B|";
const std::string good =
    "11=" + long_id + "|18=1 9|38=100|40=2|44=101.50|54=1|55=VOD.L|60=20240101-10:00:00|";
const std::string groups = "453=2|448=BRK|452=1|802=2|523=S1|523=S2|448=TRD|452=12|";

const xlator::dictionary& tables() {
    static const xlator::dictionary one{fix44::dictionary};
    return one;
}

// Calls of operator new itself, which the compiler leaves in, unlike new-expressions.
TEST(AllocationCount, CountsEveryFormOfNew) {
    constexpr std::align_val_t wide{64};
    EXPECT_EQ(allocations_in([] { ::operator delete(::operator new(8)); }), 1U);
    EXPECT_EQ(allocations_in([] { ::operator delete[](::operator new[](8)); }), 1U);
    EXPECT_EQ(allocations_in([] { ::operator delete(::operator new(8, wide), wide); }), 1U);
    EXPECT_EQ(allocations_in([] { ::operator delete[](::operator new[](8, wide), wide); }), 1U);
    EXPECT_EQ(allocations_in([] { ::operator delete(::operator new(8, std::nothrow)); }), 1U);
    EXPECT_EQ(allocations_in([] { ::operator delete[](::operator new[](8, std::nothrow)); }), 1U);
    EXPECT_EQ(
        allocations_in([] { ::operator delete(::operator new(8, wide, std::nothrow), wide); }), 1U);
    EXPECT_EQ(
        allocations_in([] { ::operator delete[](::operator new[](8, wide, std::nothrow), wide); }),
        1U);
    EXPECT_EQ(allocations_in([] {}), 0U);
}

template <class... Settings>
void expect_order(encode_status status, const Settings&... settings) {
    std::array<char, 1024> out;
    encode_result made;
    EXPECT_EQ(allocations_in([&] {
                  made = encode<NewOrderSingle>(out, set<ClOrdID>(long_id), set<Side>(Side::buy),
                                                set<TransactTime>(noon),
                                                set<OrdType>(OrdType::limit), settings...);
              }),
              0U);
    EXPECT_EQ(made.status, status);
}

TEST(Encoder, AllocatesNothingForWhatItWrites) {
    expect_order(encode_status::ok);
    expect_order(encode_status::ok, set<Symbol>("VOD.L"), set<Price>(decimal{10150, -2}),
                 set<OrderQty>(100), set<TradeDate>("20240102"), set<SolicitedFlag>(true),
                 set_if<Account>(std::optional<std::string_view>{}),
                 set_constant<HandlInst, HandlInst::manual_order_best_execution>());
    expect_order(encode_status::ok, set<EncodedText>(std::string_view("a\x01"
                                                                      "b=",
                                                                      4)));
    expect_order(
        encode_status::ok,
        set_group<NoPartyIDs>(
            entry(set<PartyID>("BRK")),
            entry(set<PartyID>(long_id), set_group<NoPartySubIDs>(entry(set<PartySubID>("S1")),
                                                                  entry(set<PartySubID>("S2"))))));
    const std::vector<std::string> ids{"A", long_id, "C"};
    expect_order(encode_status::ok, set_group_each<NoPartyIDs>(ids, [](const std::string& id) {
                     return entry(set<PartyID>(id));
                 }));
}

TEST(Encoder, AllocatesNothingForWhatItRefuses) {
    using enum encode_status;
    const std::string smuggled = long_id + "\x01" + "44=1";
    expect_order(bad_value, set<Account>(""));
    expect_order(bad_value, set<Account>(smuggled));
    expect_order(bad_value, set<CommType>(static_cast<CommType::value_type>('Z')));
    expect_order(bad_value, set<Price>(decimal{1, 99}));
    expect_order(bad_value, set<TradeDate>("20240231"));
    expect_order(bad_value, set_group<NoPartyIDs>(entry(set<PartyID>(smuggled))));
    expect_order(overflow, set<Text>(std::string(2048, 'x')));
    std::array<char, 512> out;
    const std::vector<std::string> none;
    encode_result made;
    EXPECT_EQ(allocations_in([&] {
                  made = encode<MarketDataRequest>(
                      out, set<MDReqID>(long_id),
                      set<SubscriptionRequestType>(SubscriptionRequestType::snapshot),
                      set<MarketDepth>(1),
                      set_group<NoMDEntryTypes>(entry(set<MDEntryType>(MDEntryType::bid))),
                      set_group_each<NoRelatedSym>(none, [](const std::string& symbol) {
                          return entry(set<Symbol>(symbol));
                      }));
              }),
              0U);
    EXPECT_EQ(made.tag, 146) << "a required group of an empty range";
}

TEST(Frame, AllocatesNothingToWriteOrToFindOne) {
    const std::string body = tests::with_soh(good);
    const frame_header head{"FIX.4.4", "D", 7, long_id, noon, long_id};
    std::array<char, 1024> out;
    encode_result made;
    EXPECT_EQ(allocations_in([&] { made = frame(out, head, body, byte_sum(body)); }), 0U);
    ASSERT_TRUE(made.is_ok());
    for (const std::size_t size : {made.size, made.size - 1, std::size_t{0}}) {
        scan_result scanned;
        EXPECT_EQ(allocations_in([&] { scanned = scan_frame({out.data(), size}); }), 0U);
        EXPECT_EQ(scanned.status == scan_status::frame, size == made.size);
    }
}

class DecoderAllocation : public testing::Test {
protected:
    void expect(decoder& reader, const std::string& frame, decode_status status) {
        decode_result found;
        EXPECT_EQ(allocations_in([&] { found = reader.decode(frame); }), 0U);
        EXPECT_EQ(found.status, status) << tests::with_bars(frame);
    }
    // By the strict check and, with the same verdict, by the one that is not.
    void expect_both(const std::string& fields, decode_status status) {
        expect(strict_, frame_of(fields), status);
        expect(lax_, frame_of(fields), status);
    }

    decoder strict_{tables()};
    decoder lax_{tables(), {.is_strict = false}};
};

TEST_F(DecoderAllocation, IsInTheConstructor) {
    EXPECT_GE(allocations_in([] { const decoder made(tables()); }), 1U);
}

TEST_F(DecoderAllocation, IsNotInDecodingWhatIsClean) {
    expect_both("35=D|" + header + good, decode_status::ok);
    expect_both("35=D|" + header + good + groups + "354=5|355=a|b=c|", decode_status::ok);
    expect_both("35=0|" + header, decode_status::ok);
    const std::string body = tests::with_soh(good + groups);
    decode_result found;
    EXPECT_EQ(allocations_in([&] { found = strict_.decode_body("D", body); }), 0U);
    EXPECT_TRUE(found.is_ok());
}

TEST_F(DecoderAllocation, IsNotInSayingWhatIsWrong) {
    using enum decode_status;
    const std::string order = "35=D|" + header + good;
    for (const std::string wrong :
         {"9999=x|", "37=x|", "1=|", "13=9|", "18=1 9 ZZ|", "38=abc|", "11=A1|", "57=X|",
          "453=2|448=A|", "5001=x|", "453=1|", "40=2|"}) {
        expect_both(order + wrong, rejected);
    }
    expect_both("35=D|" + header + "11=A1|40=2|54=1|", rejected);
    expect_both("35=W|" + header + "55=V|268=2|269=0|270=1|270=2|", rejected);
    expect_both("35=ZZ|" + header, rejected);
    for (const std::string wrong :
         {"453=1|448=A|452=x|", "453=2|447=D|448=A|", "453=1|448=A|802=2|523=S|", "75=20240231|"}) {
        expect(strict_, frame_of(order + wrong), rejected);
        expect(lax_, frame_of(order + wrong), ok);
    }
    std::string many = order;
    for (int i = 0; i < 2000; ++i) {
        many += "58=again|";
    }
    expect_both(many, rejected);
    decode_result found;
    const std::string body = tests::with_soh(good + "49=A|");
    EXPECT_EQ(allocations_in([&] { found = strict_.decode_body("D", body); }), 0U);
    EXPECT_EQ(found.status, rejected);
}

TEST_F(DecoderAllocation, IsNotInRefusingWhatIsNoMessage) {
    for (const char* fields :
         {"35=D|x=1|", "35=D|011=A|", "35=D|11|", "35=D|354=9|355=abc|", "35=D|10=1|"}) {
        expect_both(fields, decode_status::garbled);
    }
    for (const char* bytes : {"", "8=FIX.4.4", "no message, and longer than fifteen bytes"}) {
        expect(strict_, bytes, decode_status::garbled);
    }
    expect(strict_, frame_of("35=0|" + header, "FIX.4.2"), decode_status::unsupported_version);
    decode_result found;
    const std::string body = tests::with_soh(good) + "58=x";
    EXPECT_EQ(allocations_in([&] { found = strict_.decode_body("D", body); }), 0U);
    EXPECT_EQ(found.status, decode_status::garbled);
}

TEST_F(DecoderAllocation, IsNotInReadingFieldsAndGroups) {
    const std::string frame =
        frame_of("35=D|" + header + good + groups + "78=2|79=X|80=1|79=Y|80=no number|");
    ASSERT_TRUE(lax_.decode(frame).is_ok());
    std::size_t found = 0;
    EXPECT_EQ(allocations_in([&] {
                  const field_scope& order = lax_.message();
                  found += *order.get<ClOrdID>() == long_id ? 1U : 0U;
                  found += *order.get<Side>() == Side::buy ? 1U : 0U;
                  found += *order.get<Price>() == decimal{10150, -2} ? 1U : 0U;
                  found += order.get<TransactTime>()->ns != 0 ? 1U : 0U;
                  found += order.get<Account>().is_absent() ? 1U : 0U;
                  found += order.text(55) == "VOD.L" && order.has<Symbol>() ? 1U : 0U;
                  for (const field_scope party : order.group<NoPartyIDs>()) {
                      found += party.has<PartyID>() ? 1U : 0U;
                      for (const field_scope sub : party.group<NoPartySubIDs>()) {
                          found += sub.get<PartySubID>()->size() == 2 ? 1U : 0U;
                      }
                  }
                  found += order.group<NoPartyIDs>().entry(1).has<PartyRole>() ? 1U : 0U;
                  const auto malformed = order.group<NoAllocs>().entry(1).get<AllocQty>();
                  found += !malformed && !malformed.is_absent() ? 1U : 0U;
                  for (const field_view field : order) {
                      found += field.tag == 523 ? 1U : 0U;
                  }
              }),
              0U);
    EXPECT_EQ(found, 14U);
}

TEST(FixStream, AllocatesNothingToMatch) {
    auto fills =
        stream_of<ExecutionReport>(tables(), [](const typed_message<ExecutionReport>& report) {
            const auto market = report.get<LastMkt>();
            return market && *market == "XLON";
        });
    const auto report_of = [](const std::string& more) {
        return frame_of("35=8|" + header + "6=1|11=" + long_id +
                        "|14=1|17=E1|37=V1|39=1|54=1|55=VOD.L|150=F|151=1|" + more);
    };
    const auto expect = [&](const std::string& frame, bool is_match) {
        const typed_message<ExecutionReport>* found = nullptr;
        EXPECT_EQ(allocations_in([&] { found = fills.match(frame); }), 0U);
        EXPECT_EQ(found != nullptr, is_match) << tests::with_bars(frame);
    };
    expect(report_of("30=XLON|5001=venue|"), true);
    expect(report_of("30=XPAR|"), false);
    expect(report_of("30=XLON|44=not a price|"), false);
    expect(frame_of("35=0|" + header), false);
    expect("8=FIX.4.4", false);
    EXPECT_EQ(fills.refused_count(), 1U);
}

}  // namespace
}  // namespace millrace::xlator
