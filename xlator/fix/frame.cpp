#include "xlator/fix/frame.hpp"

#include <algorithm>
#include <cstring>

namespace millrace::xlator {

namespace {

constexpr std::size_t begin_string_size_max = 16;  // "FIXT.1.1" and then some
constexpr std::size_t length_digits_max = 9;
constexpr std::size_t trailer_size = 7;  // 10=ddd|
// Every BeginString is FIX.x.y or FIXT.x.y; a lone 8= is too often the end of another tag to begin
// a frame with.
constexpr std::string_view begin_mark = "8=FIX";

// Reads the text up to the next delimiter; what a limited field may look like before it is
// complete.
enum class read_status { complete, more, bad };

read_status read_text(std::string_view bytes, std::size_t& at, std::size_t size_max,
                      std::string_view& text) noexcept {
    const std::size_t end = std::min(bytes.size(), at + size_max + 1);
    for (std::size_t i = at; i < end; ++i) {
        if (bytes[i] == field_delimiter) {
            text = bytes.substr(at, i - at);
            at = i + 1;
            return text.empty() ? read_status::bad : read_status::complete;
        }
    }
    return end == at + size_max + 1 ? read_status::bad : read_status::more;
}

// Whether bytes at `at` continue with prefix.
read_status read_prefix(std::string_view bytes, std::size_t& at, std::string_view prefix) noexcept {
    const std::size_t left = std::min(prefix.size(), bytes.size() - at);
    if (bytes.substr(at, left) != prefix.substr(0, left)) {
        return read_status::bad;
    }
    if (left < prefix.size()) {
        return read_status::more;
    }
    at += left;
    return read_status::complete;
}

// How many bytes to give up: up to the next place where a frame begins, or may begin at the end of
// the bytes.
std::size_t next_begin(std::string_view bytes, std::size_t from) noexcept {
    while (from < bytes.size()) {
        const auto* found = static_cast<const char*>(
            std::memchr(bytes.data() + from, begin_mark.front(), bytes.size() - from));
        if (found == nullptr) {
            break;
        }
        from = static_cast<std::size_t>(found - bytes.data());
        const std::size_t left = std::min(begin_mark.size(), bytes.size() - from);
        if (bytes.substr(from, left) == begin_mark.substr(0, left)) {
            return from;
        }
        ++from;
    }
    return bytes.size();
}

scan_result garbled(garble_reason reason, std::size_t size) noexcept {
    return {scan_status::garbled, reason, size};
}

bool is_check_sum(std::string_view digits, std::uint32_t sum) noexcept {
    std::uint64_t value = 0;
    return parse_unsigned(digits, value) && value == (sum & 0xFF);
}

struct head {
    std::uint64_t body_length = 0;
    std::size_t size = 0;  // up to and with the delimiter of 9=
};

// 8=...|9=...|35=; more: the bytes end before it is sure.
read_status read_head(std::string_view bytes, std::size_t frame_size_max, head& result,
                      garble_reason& reason) noexcept {
    std::size_t at = 0;
    std::string_view text;
    reason = garble_reason::no_begin_string;
    read_status status = read_prefix(bytes, at, begin_mark);
    if (status == read_status::complete) {
        reason = garble_reason::bad_begin_string;
        status = read_text(bytes, at, begin_string_size_max, text);
    }
    if (status == read_status::complete) {
        reason = garble_reason::bad_body_length;
        status = read_prefix(bytes, at, "9=");
    }
    if (status == read_status::complete) {
        status = read_text(bytes, at, length_digits_max, text);
    }
    if (status != read_status::complete) {
        return status;
    }
    if (!parse_unsigned(text, result.body_length) ||
        result.body_length + at + trailer_size > frame_size_max) {
        return read_status::bad;
    }
    result.size = at;
    reason = garble_reason::no_msg_type;
    return read_prefix(bytes, at, "35=");
}

}  // namespace

scan_result scan_frame(std::string_view bytes, std::size_t frame_size_max) noexcept {
    if (bytes.empty()) {
        return {};
    }
    head found;
    garble_reason reason = garble_reason::none;
    switch (read_head(bytes, frame_size_max, found, reason)) {
        case read_status::more:
            return {};
        case read_status::bad:
            return garbled(reason, next_begin(bytes, 1));
        case read_status::complete:
            break;
    }
    const auto trailer = found.size + static_cast<std::size_t>(found.body_length);
    const std::size_t size = trailer + trailer_size;
    if (bytes.size() < size) {
        // What is already wrong must not make the reader wait for bytes that may never come.
        const std::string_view expected =
            "\x01"
            "10=";
        const std::size_t left = bytes.size() > trailer - 1 ? bytes.size() - (trailer - 1) : 0;
        const std::size_t seen = std::min(left, expected.size());
        if (seen != 0 && bytes.substr(trailer - 1, seen) != expected.substr(0, seen)) {
            return garbled(garble_reason::bad_trailer, next_begin(bytes, 1));
        }
        return {};
    }
    const std::string_view tail = bytes.substr(trailer, trailer_size);
    if (bytes[trailer - 1] != field_delimiter || tail.substr(0, 3) != "10=" ||
        tail.back() != field_delimiter) {
        return garbled(garble_reason::bad_trailer, next_begin(bytes, 1));
    }
    if (!is_check_sum(tail.substr(3, 3), byte_sum(bytes.substr(0, trailer)))) {
        return garbled(garble_reason::bad_check_sum, size);
    }
    return {scan_status::frame, garble_reason::none, size};
}

bool split_frame(std::string_view frame, frame_parts& parts) noexcept {
    std::size_t at = 0;
    std::string_view length;
    if (frame.size() < trailer_size || read_prefix(frame, at, "8=") != read_status::complete ||
        read_text(frame, at, begin_string_size_max, parts.begin_string) != read_status::complete ||
        read_prefix(frame, at, "9=") != read_status::complete ||
        read_text(frame, at, length_digits_max, length) != read_status::complete ||
        read_prefix(frame, at, "35=") != read_status::complete ||
        read_text(frame, at, frame.size(), parts.msg_type) != read_status::complete) {
        return false;
    }
    parts.fields_offset = at;
    parts.trailer_offset = frame.size() - trailer_size;
    return parts.trailer_offset >= at && frame[parts.trailer_offset - 1] == field_delimiter &&
           frame.substr(parts.trailer_offset, 3) == "10=" && frame.back() == field_delimiter;
}

namespace {

inline char* put(char* out, std::string_view prefix, std::string_view value) noexcept {
    out = copy_bytes(out, prefix.data(), prefix.size());
    out = copy_bytes(out, value.data(), value.size());
    *out = field_delimiter;
    return out + 1;
}

// Of texts that are not empty, the one that smuggles in a delimiter.
int delimiter_tag(const frame_header& header) noexcept {
    const auto holds = [](std::string_view text) {
        return text.find(field_delimiter) != std::string_view::npos;
    };
    return holds(header.begin_string)     ? 8
           : holds(header.msg_type)       ? 35
           : holds(header.sender_comp_id) ? 49
                                          : 56;
}

int bad_header_tag(const frame_header& header) noexcept {
    const auto is_bad = [](std::string_view text) { return text.empty(); };
    return is_bad(header.begin_string)        ? 8
           : is_bad(header.msg_type)          ? 35
           : header.msg_seq_num == 0          ? 34
           : is_bad(header.sender_comp_id)    ? 49
           : header.sending_time.decimals > 9 ? 52
           : is_bad(header.target_comp_id)    ? 56
                                              : 0;
}

}  // namespace

encode_result frame(std::span<char> out, const frame_header& header, std::string_view body,
                    std::uint32_t body_sum) noexcept {
    const int bad_tag = bad_header_tag(header);
    if (bad_tag != 0) {
        return {encode_status::bad_value, bad_tag, 0, 0};
    }
    // 8=|9=|35=|34=|49=|52=|56=|10=ddd| with the longest numbers and time
    constexpr std::size_t fixed_size =
        3 + 3 + 9 + 4 + 4 + 20 + 4 + 4 + utc_timestamp_size_max + 4 + 7;
    const std::size_t bound = fixed_size + header.begin_string.size() + header.msg_type.size() +
                              header.sender_comp_id.size() + header.target_comp_id.size() +
                              body.size();
    if (bound > out.size()) {
        return {encode_status::overflow, 0, 0, 0};
    }
    const unsigned number_digits = digit_count(header.msg_seq_num);
    constexpr std::size_t tags_size = 3 + 3 + 3 + 3 + 3;  // 35= 34= 49= 52= 56=
    constexpr std::size_t delimiters_size = 5;
    const std::size_t length = tags_size + delimiters_size + header.msg_type.size() +
                               number_digits + header.sender_comp_id.size() +
                               utc_timestamp_size(header.sending_time) +
                               header.target_comp_id.size() + body.size();
    char* at = put(out.data(), "8=", header.begin_string);
    at = copy_bytes(at, "9=", 2);
    at = write_unsigned(at, length);
    *at++ = field_delimiter;
    at = put(at, "35=", header.msg_type);
    at = copy_bytes(at, "34=", 3);
    at = write_digits(at, header.msg_seq_num, number_digits);
    *at++ = field_delimiter;
    at = put(at, "49=", header.sender_comp_id);
    at = copy_bytes(at, "52=", 3);
    at = write_utc_timestamp(at, header.sending_time);
    *at++ = field_delimiter;
    at = put(at, "56=", header.target_comp_id);
    const byte_totals totals = count_bytes({out.data(), static_cast<std::size_t>(at - out.data())});
    constexpr std::uint32_t header_fields = 7;
    if (totals.delimiters != header_fields) [[unlikely]] {
        return {encode_status::bad_value, delimiter_tag(header), 0, 0};
    }
    const std::uint32_t sum = body_sum + totals.sum;
    if (!body.empty()) {
        std::memcpy(at, body.data(), body.size());
    }
    at += body.size();
    std::memcpy(at, "10=", 3);
    at = write_digits(at + 3, sum & 0xFF, 3);
    *at++ = field_delimiter;
    encode_result result;
    result.size = static_cast<std::size_t>(at - out.data());
    result.byte_sum = sum;
    return result;
}

}  // namespace millrace::xlator
