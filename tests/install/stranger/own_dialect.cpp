#include <array>
#include <string_view>

#include "dialect/TestRequest.hpp"
#include "fix44/TestRequest.hpp"
#include "xlator/fix/encoder.hpp"

// The same message by the stranger's own dialect and by the installed one.
template <class Message, class Field>
bool encodes() {
    std::array<char, 64> bytes{};
    const auto result =
        millrace::xlator::encode<Message>(bytes, millrace::xlator::set<Field>("hello"));
    return result.is_ok() && std::string_view(bytes.data(), result.size) == "112=hello\x01";
}

int main() {
    namespace theirs = millrace::fix44;
    namespace ours = stranger::dialect;
    return encodes<theirs::TestRequest, theirs::TestReqID>() &&
                   encodes<ours::TestRequest, ours::TestReqID>()
               ? 0
               : 1;
}
