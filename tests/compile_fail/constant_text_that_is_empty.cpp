// expect: a constant text has 1 to 100 bytes
#include "fix44/NewOrderSingle.hpp"
#include "xlator/fix/constant_setting.hpp"

using namespace millrace::xlator;
using namespace millrace::fix44;

auto run() {
#ifdef MISUSE
    return set_constant<Account, "">();
#else
    return set_constant<Account, "HOUSE">();
#endif
}
