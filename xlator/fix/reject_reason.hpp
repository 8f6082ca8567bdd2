// Why a message is refused, in FIX's own numbers, so that a Reject(35=3) needs no table.
//
// Source  FIX 4.4 vol. 2, SessionRejectReason(373)
#pragma once

#include <cstdint>
#include <string_view>

namespace millrace::xlator {

enum class session_reject_reason : std::int16_t {
    none = -1,  // nothing to refuse
    invalid_tag_number = 0,
    required_tag_missing = 1,
    tag_not_defined_for_message = 2,
    undefined_tag = 3,
    tag_without_value = 4,
    value_is_incorrect = 5,
    incorrect_data_format = 6,
    comp_id_problem = 9,
    sending_time_accuracy_problem = 10,
    invalid_msg_type = 11,
    tag_appears_more_than_once = 13,
    tag_out_of_required_order = 14,
    group_fields_out_of_order = 15,
    incorrect_num_in_group = 16,
    value_includes_delimiter = 17,
    other = 99,
};

// A short sentence for Text(58).
[[nodiscard]] constexpr std::string_view describe(session_reject_reason reason) noexcept {
    switch (reason) {
        case session_reject_reason::none:
            return "no problem";
        case session_reject_reason::invalid_tag_number:
            return "tag is not in the dictionary";
        case session_reject_reason::required_tag_missing:
            return "required tag is missing";
        case session_reject_reason::tag_not_defined_for_message:
            return "tag is not defined for this message type";
        case session_reject_reason::undefined_tag:
            return "tag is undefined";
        case session_reject_reason::tag_without_value:
            return "tag has no value";
        case session_reject_reason::value_is_incorrect:
            return "value is not one of the tag's values";
        case session_reject_reason::incorrect_data_format:
            return "value has the wrong format for its type";
        case session_reject_reason::comp_id_problem:
            return "CompID is wrong";
        case session_reject_reason::sending_time_accuracy_problem:
            return "SendingTime is too far off";
        case session_reject_reason::invalid_msg_type:
            return "message type is not in the dictionary";
        case session_reject_reason::tag_appears_more_than_once:
            return "tag appears more than once";
        case session_reject_reason::tag_out_of_required_order:
            return "tag stands outside its section of the message";
        case session_reject_reason::group_fields_out_of_order:
            return "fields of a repeating group are out of order";
        case session_reject_reason::incorrect_num_in_group:
            return "count of a repeating group does not match its entries";
        case session_reject_reason::value_includes_delimiter:
            return "value contains the field delimiter";
        case session_reject_reason::other:
            return "other reason";
    }
    return "unknown reason";
}

}  // namespace millrace::xlator
