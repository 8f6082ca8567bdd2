#include <array>
#include <cstdio>

#include "fix44/NewOrderSingle.hpp"
#include "fix44/dictionary.hpp"
#include "xlator/fix/decoder.hpp"
#include "xlator/fix/encoder.hpp"
#include "xlator/fix/printer.hpp"

using namespace millrace::xlator;
using namespace millrace::fix44;

int main() {
    // The body: everything between the header and CheckSum. No allocation; nothing here can throw.
    std::array<char, 1024> body;
    const encode_result encoded = encode<NewOrderSingle>(
        body, set<ClOrdID>("A1"), set<Side>(Side::buy), set<Symbol>("VOD.L"), set<OrderQty>(100),
        set<OrdType>(OrdType::limit), set<Price>(decimal{10150, -2}),
        set<TransactTime>(utc_timestamp{1'704'103'200'000'000'000}),
        set_group<NoPartyIDs>(
            entry(set<PartyID>("BRK"), set<PartyRole>(PartyRole::executing_firm)),
            entry(set<PartyID>("TRD"), set<PartyRole>(PartyRole::executing_trader))));

    // A whole frame around it. In Millrace the session does this part.
    std::array<char, 1024> bytes;
    const encode_result framed =
        frame(bytes, {"FIX.4.4", "D", 1, "ME", {1'704'103'200'000'000'000}, "YOU"},
              {body.data(), encoded.size}, encoded.byte_sum);

    // And back: one dictionary for all, one decoder for each thread.
    const millrace::xlator::dictionary dict{millrace::fix44::dictionary};
    decoder reader{dict};
    const decode_result decoded = reader.decode({bytes.data(), framed.size});
    if (!encoded.is_ok() || !framed.is_ok() || !decoded.is_ok()) {
        return 1;
    }
    const field_scope& order = reader.message();
    const field_value<decimal> price =
        order.get<Price>();  // absent or malformed: false, with the reason
    for (const field_scope party : order.group<NoPartyIDs>()) {
        std::printf("%.*s\n", 3, party.get<PartyID>()->data());
    }
    std::puts(print({bytes.data(), framed.size}, &dict, {.with_names = true}).c_str());
    return price && *price == decimal{1015, -1} &&
                   order.get<Side>().value_or(Side::sell) == Side::buy
               ? 0
               : 1;
}
