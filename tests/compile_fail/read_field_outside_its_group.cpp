// expect: does not belong to this message or group
#include "fix44/NewOrderSingle.hpp"
#include "xlator/fix/typed_view.hpp"

using namespace millrace::xlator;
using namespace millrace::fix44;

auto run(const typed_message<NewOrderSingle>& order) {
#ifdef MISUSE
    return order.has<PartyID>();
#else
    return order.group<NoPartyIDs>().entry(0).has<PartyID>();
#endif
}
