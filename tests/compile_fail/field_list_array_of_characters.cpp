// expect: this member cannot hold the field's value
#include "fix44/NewOrderSingle.hpp"
#include "xlator/map/field_list.hpp"

using namespace millrace::xlator;
using namespace millrace::fix44;

struct order {
    char symbol[4];
    std::string_view name;
};

auto list() {
#ifdef MISUSE
    return fields_of<NewOrderSingle>(member<Symbol>(&order::symbol));
#else
    return fields_of<NewOrderSingle>(member<Symbol>(&order::name));
#endif
}
