// Where our decoder and QuickFIX may differ, each with what bears us out.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "tests/xlator/differential/fix_version.hpp"
#include "tests/xlator/message_generator.hpp"

namespace millrace::tests {

enum class disagreement : std::uint8_t {
    leading_zero,
    wrapped_count,
    xml_data,
    foreign_field,
    application_value,
};

struct disagreement_rule {
    const char* name;
    const char* ours;  // what our decoder does
    const char* rule;  // why
    bool is_frequent;  // seen in any run of some ten thousand messages
};

// By the enumerator. docs/testing.md has the same table.
inline constexpr std::array<disagreement_rule, 5> disagreement_rules = {{
    {"leading_zero", "a tag such as 055 is garbled",
     "FIX 4.4 vol. 1, data types, TagNum: positive, without leading zeros", true},
    {"wrapped_count", "a counter of 4294967298 or -0 matches no entries: 373=16",
     "FIX 4.4 vol. 1, data types, NumInGroup: positive; QuickFIX lets it wrap in 32 bits", true},
    {"xml_data", "SecurityXML(1185) is as long as 1184 says, delimiters and all, or garbled",
     "FIX 5.0 SP1, data types, XMLData: data behind its length; QuickFIX knows no such type", true},
    {"foreign_field", "a field of the application is checked, and no session message's: 373=2",
     "FIXT 1.1, SessionRejectReason(373): 0 is for a number that is no tag, 2 for this", true},
    {"application_value", "a value that only the application lists is one: 373=18",
     "FIX 5.0 SP1, SessionRejectReason(373): 18 is there; FIXT11.xml ends at 17", false},
}};

// The class of two verdicts that differ, or of two accepted messages with different fields.
// REQUIRES both decoders looked at the message last.
[[nodiscard]] std::optional<disagreement> classify(fix_version& version, const raw_message& message,
                                                   const xlator::decode_result& ours,
                                                   const oracle_verdict& theirs);

}  // namespace millrace::tests
