// expect: cannot convert|invalid conversion|conversion from
#include "fix44/NewOrderSingle.hpp"
#include "xlator/fix/message_view.hpp"

using namespace millrace::xlator;
using namespace millrace::fix44;

auto run(const field_scope& message) {
#ifdef MISUSE
    std::int64_t price = *message.get<Price>();
    return price;
#else
    decimal price = *message.get<Price>();
    return price;
#endif
}
