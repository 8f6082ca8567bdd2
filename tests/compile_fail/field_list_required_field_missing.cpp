// expect: a required field of the message or group entry is not set
#include "fix44/NewOrderSingle.hpp"
#include "xlator/map/field_list.hpp"

using namespace millrace::xlator;
using namespace millrace::fix44;

struct order {
    std::string_view id;
};

auto run(std::span<char> out, const order& row) {
    constexpr auto orders = fields_of<NewOrderSingle>(
        member<ClOrdID>(&order::id), always<Side>(Side::buy), always<OrdType>(OrdType::market));
#ifdef MISUSE
    return orders.encode(out, row);
#else
    return orders.encode(out, row, set<TransactTime>(utc_timestamp{}));
#endif
}
