#include "gateway/pipeline/message_pass.hpp"

#include <algorithm>

#include "gateway/session/outbound.hpp"
#include "xlator/fix/byte_sum.hpp"
#include "xlator/fix/fix_stream.hpp"

namespace millrace::gateway {

namespace {

bool is_member(std::span<const xlator::member_info> members, int tag) noexcept {
    return std::any_of(members.begin(), members.end(),
                       [&](const xlator::member_info& one) { return one.tag == tag; });
}

message_pass::outcome refuse(int tag, std::string_view reason) noexcept {
    message_pass::outcome refused;
    refused.mapped.status = xlator::map_status::bad_value;
    refused.mapped.tag = tag;
    refused.reason = reason;
    return refused;
}

}  // namespace

message_pass::message_pass(std::size_t column, const xlator::dictionary& dict,
                           xlator::decode_options validation)
    : column_(column), dict_(&dict) {
    validation.check_field_order = true;  // else the body would be no one piece
    validation.frame_size_max = xlator::stream_frame_bytes_max;
    decoder_ = std::make_unique<xlator::decoder>(dict, validation);
}

message_pass::outcome message_pass::translate(const map_row& row, std::span<char> out) noexcept {
    if (row.is_empty(column_)) {
        return refuse(0, "there is no message");
    }
    const std::string_view message = row.text(column_);
    const xlator::decode_result decoded = decoder_->decode(message);
    switch (decoded.status) {
        case xlator::decode_status::ok:
            break;
        case xlator::decode_status::garbled:
            return refuse(0, "no FIX message, or one with a wrong BodyLength or CheckSum");
        case xlator::decode_status::unsupported_version:
            return refuse(8, "the session's dictionary is for another BeginString");
        case xlator::decode_status::rejected:
            return refuse(decoded.ref_tag, xlator::describe(decoded.reason));
    }
    outcome passed;
    passed.msg_type = decoder_->msg_type();
    const xlator::message_info* const type = dict_->find_message(passed.msg_type);
    if (type == nullptr || type->is_admin) {
        return refuse(35, "a message of this type is the session's own to send");
    }
    if (passed.msg_type.size() > sizeof(outbound_header::msg_type)) {
        return refuse(35, "the message type is too long");
    }
    const parts found = parts_of(message);
    const std::string_view mark = found.is_poss_resend ? poss_resend_mark : std::string_view();
    passed.is_poss_resend = found.is_poss_resend;
    passed.mapped.size = mark.size() + found.body.size();
    if (passed.mapped.size > out.size()) {
        passed.mapped.status = xlator::map_status::overflow;
        passed.reason = xlator::describe(passed.mapped.status);
        return passed;
    }
    std::copy(mark.begin(), mark.end(), out.begin());
    std::copy(found.body.begin(), found.body.end(), out.begin() + mark.size());
    passed.mapped.byte_sum = xlator::count_bytes({out.data(), passed.mapped.size}).sum;
    return passed;
}

// From the first field that is none of the header's up to the first of the trailer.
message_pass::parts message_pass::parts_of(std::string_view message) const noexcept {
    constexpr int poss_resend = 97;
    parts found;
    const xlator::dictionary_info& info = dict_->info();
    const char* const begin = message.data();
    const char* body = nullptr;
    const char* field_begin = begin;
    for (const xlator::field_view field : decoder_->message()) {
        if (field.level == 0) {
            if (body == nullptr && !is_member(info.header, field.tag)) {
                body = field_begin;
            }
            found.is_poss_resend =
                found.is_poss_resend || (field.tag == poss_resend && field.value == "Y");
            if (is_member(info.trailer, field.tag)) {
                break;
            }
        }
        field_begin = field.value.data() + field.value.size() + 1;
    }
    if (body != nullptr) {
        found.body = {body, static_cast<std::size_t>(field_begin - body)};
    }
    return found;
}

}  // namespace millrace::gateway
