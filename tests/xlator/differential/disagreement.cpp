#include "tests/xlator/differential/disagreement.hpp"

#include <string>
#include <string_view>

namespace millrace::tests {

namespace {

using xlator::decode_result;
using xlator::decode_status;
using xlator::field_view;
using xlator::session_reject_reason;

bool is_rejected(const decode_result& ours, session_reject_reason reason) {
    return ours.status == decode_status::rejected && ours.reason == reason;
}

bool is_plain_count(std::string_view text) {
    std::uint64_t value = 0;
    return xlator::parse_unsigned(text, value) && value <= INT32_MAX;
}

// A data field whose length does not say just its value, or that has a delimiter in it: then it
// matters who takes it for data.
template <class Predicate>
bool has_odd_data(const xlator::dictionary& dict, const raw_message& message, Predicate is_wanted) {
    const raw_fields& fields = message.fields;
    for (std::size_t i = 1; i < fields.size(); ++i) {
        const xlator::field_info* info = dict.find_field(fields[i].tag);
        const std::string& value = fields[i].value;
        if (info != nullptr && info->length_tag != 0 && is_wanted(*info) &&
            (fields[i - 1].tag != info->length_tag ||
             fields[i - 1].value != std::to_string(value.size()) ||
             value.find('\x01') != std::string::npos)) {
            return true;
        }
    }
    return false;
}

bool has_odd_xml(fix_version& version, const raw_message& message) {
    return has_odd_data(version.tables(), message, [](const xlator::field_info& info) {
        return info.type == xlator::field_type::xml_data;
    });
}

// Where unknown fields are allowed QuickFIX goes on behind one that it does not know, by ascending
// tag.
bool goes_past(fix_version& version, const oracle_verdict& theirs, int tag) {
    return version.allows_unknown_fields() &&
           (theirs.result == oracle_verdict::accepted ||
            (theirs.result == oracle_verdict::rejected && theirs.tag >= tag));
}

// QuickFIX stops at a number it does not know, or takes any value; we know the field, and may mind
// first that its value is wrong or, of data, its length.
bool has_foreign_field(fix_version& version, const raw_message& message, const decode_result& ours,
                       const oracle_verdict& theirs) {
    if (ours.status == decode_status::garbled) {
        return has_odd_data(version.tables(), message, [&](const xlator::field_info& info) {
            return !version.oracle().is_body_field(info.tag);
        });
    }
    if (version.tables().find_field(ours.ref_tag) == nullptr ||
        version.oracle().is_body_field(ours.ref_tag)) {
        return false;
    }
    const bool is_value_wrong = is_rejected(ours, session_reject_reason::value_is_incorrect) ||
                                is_rejected(ours, session_reject_reason::incorrect_data_format);
    const bool is_number_unknown = theirs.result == oracle_verdict::rejected &&
                                   theirs.reason == 0 && theirs.tag == ours.ref_tag;
    return is_number_unknown
               ? is_value_wrong ||
                     is_rejected(ours, session_reject_reason::tag_not_defined_for_message)
               : is_value_wrong && goes_past(version, theirs, ours.ref_tag);
}

bool is_application_value(fix_version& version, const oracle_verdict& theirs) {
    constexpr int tag_reject_reason = 373;
    const std::string value(version.lax().message().text(tag_reject_reason));
    return theirs.result == oracle_verdict::rejected && theirs.reason == 5 &&
           theirs.tag == tag_reject_reason && value == "18" &&
           version.tables().is_value_of(tag_reject_reason, value) &&
           !version.oracle().is_body_value(tag_reject_reason, value);
}

}  // namespace

std::optional<disagreement> classify(fix_version& version, const raw_message& message,
                                     const decode_result& ours, const oracle_verdict& theirs) {
    if (has_odd_xml(version, message)) {
        return disagreement::xml_data;
    }
    if (is_rejected(ours, session_reject_reason::incorrect_num_in_group) &&
        !is_plain_count(version.lax().message().text(ours.ref_tag))) {
        return disagreement::wrapped_count;
    }
    if (has_foreign_field(version, message, ours, theirs)) {
        return disagreement::foreign_field;
    }
    if (is_application_value(version, theirs)) {
        return disagreement::application_value;
    }
    return std::nullopt;
}

}  // namespace millrace::tests
