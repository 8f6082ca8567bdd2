// expect: the length of a data field is written with the data
#include "fix44/NewOrderSingle.hpp"
#include "xlator/fix/encoder.hpp"

using namespace millrace::xlator;
using namespace millrace::fix44;

template <class... Settings>
auto order(std::span<char> out, const Settings&... settings) {
    return encode<NewOrderSingle>(out, set<Side>(Side::buy), set<TransactTime>(utc_timestamp{}),
                                  set<OrdType>(OrdType::limit), settings...);
}

auto run(std::span<char> out) {
#ifdef MISUSE
    return order(out, set<ClOrdID>("A1"), set<EncodedTextLen>(1), set<EncodedText>("x"));
#else
    return order(out, set<ClOrdID>("A1"), set<EncodedText>("x"));
#endif
}
