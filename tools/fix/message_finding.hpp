// What is wrong with a message, by its dictionary.
//
// Threading  one thread
// Progress   allocates
#pragma once

#include <string>

#include "tools/fix/message_fields.hpp"
#include "tools/fix/message_source.hpp"

namespace millrace::tools {

struct message_finding {
    std::string text;  // empty: nothing is wrong
    int reason = -1;   // SessionRejectReason(373); -1: none, as of garbled ones
    int tag = 0;       // RefTagID(371); 0: none
};

// `no_dictionary`: why `dict` is null.
[[nodiscard]] message_finding finding_of(const fix_message& message, const xlator::dictionary* dict,
                                         message_decoders& decoders,
                                         const std::string& no_dictionary);

// One line for people: "venue.log:2: offset 90: NewOrderSingle 7: value is ... (373=5), Side(54)"
void append_finding(std::string& out, const message_finding& finding, std::string_view file,
                    const fix_message& message, const xlator::dictionary* dict);
// One object on a line.
void append_finding_json(std::string& out, const message_finding& finding, std::string_view file,
                         const fix_message& message, const xlator::dictionary* dict);

}  // namespace millrace::tools
