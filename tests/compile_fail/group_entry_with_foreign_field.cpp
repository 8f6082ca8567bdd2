// expect: this field does not belong to this message or group
#include "fix44/NewOrderSingle.hpp"
#include "xlator/fix/encoder.hpp"

using namespace millrace::xlator;
using namespace millrace::fix44;

template <class... Settings>
auto order(std::span<char> out, const Settings&... settings) {
    return encode<NewOrderSingle>(out, set<Side>(Side::buy), set<TransactTime>(utc_timestamp{}),
                                  set<OrdType>(OrdType::limit), settings...);
}

auto run(std::span<char> out) {
#ifdef MISUSE
    return order(out, set<ClOrdID>("A1"),
                 set_group<NoPartyIDs>(entry(set<PartyID>("A"), set<Account>("B"))));
#else
    return order(
        out, set<ClOrdID>("A1"),
        set_group<NoPartyIDs>(entry(set<PartyID>("A"), set<PartyRole>(PartyRole::client_id))));
#endif
}
