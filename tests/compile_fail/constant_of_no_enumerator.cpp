// expect: none of the field's enumerators
#include "fix44/NewOrderSingle.hpp"
#include "xlator/fix/constant_setting.hpp"

using namespace millrace::xlator;
using namespace millrace::fix44;

auto run() {
#ifdef MISUSE
    return set_constant<OrdType, OrdType::value_type{'~'}>();
#else
    return set_constant<OrdType, OrdType::limit>();
#endif
}
