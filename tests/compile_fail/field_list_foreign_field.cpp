// expect: this field does not belong to this message or group
#include "fix44/NewOrderSingle.hpp"
#include "xlator/map/field_list.hpp"

using namespace millrace::xlator;
using namespace millrace::fix44;

struct order {
    std::string_view id;
};

auto list() {
#ifdef MISUSE
    return fields_of<NewOrderSingle>(member<PartyID>(&order::id));
#else
    return fields_of<NewOrderSingle>(member<ClOrdID>(&order::id));
#endif
}
