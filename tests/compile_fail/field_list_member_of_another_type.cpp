// expect: this member cannot hold the field's value
#include "fix44/NewOrderSingle.hpp"
#include "xlator/map/field_list.hpp"

using namespace millrace::xlator;
using namespace millrace::fix44;

struct order {
    char side = '\0';
    double price = 0;
    decimal exact_price;
};

auto list() {
#ifdef MISUSE
    return fields_of<NewOrderSingle>(member<Price>(&order::price));
#else
    return fields_of<NewOrderSingle>(member<Price>(&order::exact_price));
#endif
}
