// expect: group<> takes a group's counter
#include "fix44/NewOrderSingle.hpp"
#include "xlator/fix/message_view.hpp"

using namespace millrace::xlator;
using namespace millrace::fix44;

auto run(const field_scope& message) {
#ifdef MISUSE
    return message.group<Account>().count();
#else
    return message.group<NoPartyIDs>().count();
#endif
}
