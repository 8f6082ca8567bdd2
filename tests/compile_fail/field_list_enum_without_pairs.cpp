// expect: this member cannot hold the field's value
#include "fix44/NewOrderSingle.hpp"
#include "xlator/map/field_list.hpp"

using namespace millrace::xlator;
using namespace millrace::fix44;

struct order {
    char side = '\0';
};

auto list() {
#ifdef MISUSE
    return fields_of<NewOrderSingle>(member<Side>(&order::side));
#else
    return fields_of<NewOrderSingle>(member<Side>(&order::side, {{'B', Side::buy}}));
#endif
}
