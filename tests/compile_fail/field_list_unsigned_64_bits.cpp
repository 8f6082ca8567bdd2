// expect: this member cannot hold the field's value
#include "fix44/NewOrderSingle.hpp"
#include "xlator/map/field_list.hpp"

using namespace millrace::xlator;
using namespace millrace::fix44;

struct order {
    std::uint64_t any = 0;
    std::uint32_t small = 0;
};

auto list() {
#ifdef MISUSE
    return fields_of<NewOrderSingle>(member<OrderQty>(&order::any));
#else
    return fields_of<NewOrderSingle>(member<OrderQty>(&order::small));
#endif
}
