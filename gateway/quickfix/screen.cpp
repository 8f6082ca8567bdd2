#include "gateway/quickfix/screen.hpp"

#include <algorithm>
#include <cstring>

#include "gateway/quickfix/check_sum.hpp"

namespace millrace {
namespace gateway {

namespace {

constexpr char soh = '\x01';
constexpr std::size_t msg_type_bytes_max = 32;
constexpr std::uint32_t int32_max = 0x7fffffff;

// The place of the first SOH in [at, end), or end. Eight bytes a step: values are short, and a call
// per field costs more than the search itself.
const char* find_soh(const char* at, const char* end) noexcept {
    constexpr std::uint64_t ones = 0x0101010101010101u;
    while (end - at >= 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, at, sizeof word);
        word ^= ones * static_cast<unsigned char>(soh);
        const std::uint64_t zero_bytes = (word - ones) & ~word & (ones << 7);
        if (zero_bytes != 0) {
            return at + (__builtin_ctzll(zero_bytes) >> 3);
        }
        at += 8;
    }
    while (at < end && *at != soh) {
        ++at;
    }
    return at;
}

// Leading zeros are allowed, as they are in the library; the value must fit its signed 32 bits.
bool parse_decimal(const char* at, const char* end, std::uint32_t& value) noexcept {
    if (at == end) {
        return false;
    }
    std::uint64_t sum = 0;
    for (; at < end; ++at) {
        if (!is_digit(*at)) {
            return false;
        }
        sum = sum * 10 + static_cast<std::uint64_t>(*at - '0');
        if (sum > int32_max) {
            return false;
        }
    }
    value = static_cast<std::uint32_t>(sum);
    return true;
}

bool is_flag_set(const char* at, const char* end) noexcept {
    return end - at == 1 && *at == 'Y';
}

class screen_pass {
public:
    screen_pass(const char* data, std::size_t size, const data_field_table& data_fields,
                frame_facts& facts) noexcept
        : data_(data),
          end_(data + size - trailer_bytes),
          data_fields_(data_fields),
          facts_(facts) {}

    garble_reason read_opening(std::size_t frame_bytes, bool validate_length) noexcept;
    garble_reason read_fields() noexcept;

private:
    enum : std::uint32_t { seen_34 = 1, seen_43 = 2, seen_49 = 4, seen_52 = 8, seen_56 = 16 };

    field_span span_of(const char* begin, const char* end) const noexcept {
        field_span span;
        span.offset = static_cast<std::uint32_t>(begin - data_);
        span.size = static_cast<std::uint32_t>(end - begin);
        return span;
    }
    bool read_tag(std::uint32_t& tag, bool& is_positive) noexcept;
    bool is_sequence_reset() const noexcept {
        return facts_.msg_type.size == 1 && data_[facts_.msg_type.offset] == '4';
    }
    bool first_time(std::uint32_t bit) noexcept {
        const bool is_first = (seen_ & bit) == 0;
        seen_ |= bit;
        return is_first;
    }
    garble_reason note(std::uint32_t tag, const char* value, const char* value_end) noexcept;
    void note_text(std::uint32_t tag, const char* value, const char* value_end) noexcept;
    garble_reason note_once(std::uint32_t bit, field_span& span, const char* value,
                            const char* value_end) noexcept;
    void note_first(field_span& span, const char* value, const char* value_end) noexcept {
        if (!span.is_present()) {
            span = span_of(value, value_end);
        }
    }

    const char* const data_;
    const char* const end_;  // where the trailer begins
    const char* at_ = nullptr;
    const data_field_table& data_fields_;
    frame_facts& facts_;
    std::uint32_t seen_ = 0;
};

garble_reason screen_pass::read_opening(std::size_t frame_bytes, bool validate_length) noexcept {
    at_ = data_;
    if (std::memcmp(at_, "8=FIX", 5) != 0) {
        return garble_reason::begin_string;
    }
    const char* value_end = find_soh(at_, end_);
    facts_.begin_string = span_of(at_ + 2, value_end);
    at_ = value_end + 1;
    if (end_ - at_ < 4 || at_[0] != '9' || at_[1] != '=') {
        return garble_reason::body_length;
    }
    value_end = find_soh(at_, end_);
    std::uint32_t body_bytes = 0;
    if (!parse_decimal(at_ + 2, value_end, body_bytes)) {
        return garble_reason::body_length;
    }
    at_ = value_end + 1;
    if (at_ > end_) {
        return garble_reason::body_length;
    }
    facts_.body_offset = static_cast<std::uint32_t>(at_ - data_);
    if (validate_length && body_bytes != frame_bytes - trailer_bytes - facts_.body_offset) {
        return garble_reason::body_length;
    }
    if (end_ - at_ < 3 || std::memcmp(at_, "35=", 3) != 0) {
        return garble_reason::msg_type;
    }
    value_end = find_soh(at_, end_);
    facts_.msg_type = span_of(at_ + 3, value_end);
    if (value_end == end_ || facts_.msg_type.size > msg_type_bytes_max ||
        !std::all_of(at_ + 3, value_end, [](char byte) { return byte > ' ' && byte < 127; })) {
        return garble_reason::msg_type;
    }
    facts_.is_admin = facts_.msg_type.size == 1 && std::memchr("0A12345", at_[3], 7) != nullptr;
    at_ = value_end + 1;
    return garble_reason::none;
}

bool screen_pass::read_tag(std::uint32_t& tag, bool& is_positive) noexcept {
    is_positive = true;
    if (at_ < end_ && *at_ == '-') {
        is_positive = false;
        ++at_;
    }
    const char* const first = at_;
    std::uint64_t sum = 0;
    while (at_ < end_ && is_digit(*at_)) {
        sum = sum * 10 + static_cast<std::uint64_t>(*at_ - '0');
        if (sum > int32_max) {
            return false;
        }
        ++at_;
    }
    if (at_ == first || at_ == end_ || *at_ != '=') {
        return false;
    }
    ++at_;
    tag = static_cast<std::uint32_t>(sum);
    is_positive = is_positive && tag != 0;
    return true;
}

garble_reason screen_pass::read_fields() noexcept {
    std::uint32_t previous_tag = 35;
    const char* previous_value = at_;
    const char* previous_end = at_;
    while (at_ < end_) {
        std::uint32_t tag = 0;
        bool is_positive = false;
        if (!read_tag(tag, is_positive)) {
            return garble_reason::tag;
        }
        const char* const value = at_;
        const char* value_end = nullptr;
        if (is_positive && data_fields_.is_data(tag, facts_.is_admin)) {
            std::uint32_t size = 0;
            if (previous_tag != data_field_table::length_tag_of(tag) ||
                !parse_decimal(previous_value, previous_end, size) ||
                size >= static_cast<std::uint64_t>(end_ - value) || value[size] != soh ||
                data_fields_.is_barred(tag)) {
                return garble_reason::data_length;
            }
            value_end = value + size;
            if (!data_fields_.may_hold_soh(tag) && find_soh(value, value_end) != value_end) {
                return garble_reason::data_length;
            }
        } else {
            value_end = find_soh(value, end_);
            if (value_end == end_) {
                return garble_reason::tag;
            }
            if (is_positive) {
                const garble_reason reason = note(tag, value, value_end);
                if (reason != garble_reason::none) {
                    return reason;
                }
            }
        }
        previous_tag = is_positive ? tag : 0;
        previous_value = value;
        previous_end = value_end;
        at_ = value_end + 1;
    }
    return garble_reason::none;
}

garble_reason screen_pass::note_once(std::uint32_t bit, field_span& span, const char* value,
                                     const char* value_end) noexcept {
    if (!first_time(bit)) {
        return garble_reason::repeated_field;
    }
    span = span_of(value, value_end);
    return garble_reason::none;
}

void screen_pass::note_text(std::uint32_t tag, const char* value, const char* value_end) noexcept {
    switch (tag) {
        case 11:
            note_first(facts_.cl_ord_id, value, value_end);
            break;
        case 41:
            note_first(facts_.orig_cl_ord_id, value, value_end);
            break;
        case 57:
            note_first(facts_.target_sub_id, value, value_end);
            break;
        case 58:
            note_first(facts_.text, value, value_end);
            break;
        case 98:
            note_first(facts_.encrypt_method, value, value_end);
            break;
        case 553:
            note_first(facts_.user_name, value, value_end);
            break;
        case 554:
            note_first(facts_.password, value, value_end);
            break;
        case 1128:
            note_first(facts_.appl_ver_id, value, value_end);
            break;
        default:
            break;
    }
}

garble_reason screen_pass::note(std::uint32_t tag, const char* value,
                                const char* value_end) noexcept {
    const auto number = [&](std::uint32_t& into) {
        return parse_decimal(value, value_end, into) ? garble_reason::none : garble_reason::number;
    };
    switch (tag) {
        case 8:
        case 9:
        case 10:
        case 35:
            return garble_reason::repeated_field;
        case 34:
            facts_.has_number = true;
            if (!first_time(seen_34)) {
                return garble_reason::repeated_field;
            }
            if (number(facts_.number.value) != garble_reason::none) {
                return garble_reason::number;
            }
            return facts_.number.is_none() && !is_sequence_reset() ? garble_reason::number
                                                                   : garble_reason::none;
        case 43:
            facts_.poss_dup = is_flag_set(value, value_end);
            return first_time(seen_43) ? garble_reason::none : garble_reason::repeated_field;
        case 49:
            return note_once(seen_49, facts_.sender, value, value_end);
        case 52:
            return note_once(seen_52, facts_.sending_time, value, value_end);
        case 56:
            return note_once(seen_56, facts_.target, value, value_end);
        case 7:
            return number(facts_.begin_seq_no);
        case 16:
            return number(facts_.end_seq_no);
        case 36:
            return number(facts_.new_seq_no);
        case 108:
            facts_.has_heart_bt_int = true;
            return number(facts_.heart_bt_int_s);
        case 97:
            facts_.poss_resend = is_flag_set(value, value_end);
            break;
        case 123:
            facts_.gap_fill = is_flag_set(value, value_end);
            break;
        case 141:
            facts_.reset_seq_num = is_flag_set(value, value_end);
            break;
        default:
            note_text(tag, value, value_end);
            break;
    }
    return garble_reason::none;
}

// The trailer is seven bytes at a fixed place; its digits must say the sum of all bytes before it.
bool is_trailer_good(const char* data, std::size_t size, bool validate_sum) noexcept {
    const char* const trailer = data + size - trailer_bytes;
    return is_trailer(trailer) && trailer[-1] == soh && (!validate_sum || is_sum_right(data, size));
}

}  // namespace

const char* to_text(garble_reason reason) noexcept {
    switch (reason) {
        case garble_reason::none:
            return "none";
        case garble_reason::too_short:
            return "too short for a FIX message";
        case garble_reason::too_long:
            return "longer than the limit";
        case garble_reason::begin_string:
            return "BeginString (8) is not first";
        case garble_reason::body_length:
            return "BodyLength (9) is not second or not the length of the body";
        case garble_reason::msg_type:
            return "MsgType (35) is not third or not printable";
        case garble_reason::check_sum:
            return "CheckSum (10) is not last, not three digits, or not the sum of the bytes";
        case garble_reason::tag:
            return "a field without a 32-bit decimal tag, a '=' or an end";
        case garble_reason::number:
            return "one of 7, 16, 34, 36, 108 is no 32-bit decimal, or 34 is 0";
        case garble_reason::data_length:
            return "a data field whose length does not stand before it or does not end it on a "
                   "field boundary";
        case garble_reason::repeated_field:
            return "a header field that must be single appears twice";
    }
    return "unknown";
}

bool screened_frame::equals(field_span span, const char* text, std::size_t size) const noexcept {
    return span.size == size && std::memcmp(data_ + span.offset, text, size) == 0;
}

screened_frame screen_frame(const char* data, std::size_t size, const data_field_table& data_fields,
                            const screen_options& options) noexcept {
    // 8=FIX.4.0, 9=5, 35=0 and the trailer, each with its SOH.
    constexpr std::size_t frame_bytes_min = 10 + 4 + 5 + trailer_bytes;
    screened_frame frame;
    frame.data_ = data;
    frame.size_ = size;
    if (size < frame_bytes_min) {
        frame.reason_ = garble_reason::too_short;
        return frame;
    }
    if (size > options.frame_bytes_max) {
        frame.reason_ = garble_reason::too_long;
        return frame;
    }
    screen_pass pass{data, size, data_fields, frame.facts_};
    frame.reason_ = pass.read_opening(size, options.validate_length_and_checksum);
    if (frame.reason_ != garble_reason::none) {
        return frame;
    }
    if (!is_trailer_good(data, size, options.validate_length_and_checksum)) {
        frame.reason_ = garble_reason::check_sum;
        return frame;
    }
    frame.reason_ = pass.read_fields();
    return frame;
}

}  // namespace gateway
}  // namespace millrace
