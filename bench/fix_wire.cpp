#include "bench/fix_wire.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <ctime>

namespace millrace::bench {

namespace {

constexpr std::int64_t ns_per_day = 86'400'000'000'000;

std::uint8_t byte_sum(std::string_view bytes) {
    unsigned sum = 0;
    for (const char c : bytes) {
        sum += static_cast<unsigned char>(c);
    }
    return static_cast<std::uint8_t>(sum);
}

// Of the value behind "\x01TAG=", or 0.
std::size_t value_at(const std::string& bytes, const char* tag) {
    const std::size_t at = bytes.find(soh + std::string(tag) + "=");
    return at == std::string::npos ? 0 : at + std::strlen(tag) + 2;
}

void read_number(std::string_view value, std::uint64_t& number) {
    std::from_chars(value.data(), value.data() + value.size(), number);
}

void copy_text(char (&to)[16], std::string_view value) {
    std::memcpy(to, value.data(), std::min(value.size(), sizeof to - 1));
}

// visit(tag, value) answers whether there is more to look at.
template <class Visitor>
void visit_fields(std::string_view frame, Visitor&& visit) {
    const char* at = frame.data();
    const char* const end = at + frame.size();
    bool is_wanted = true;
    while (is_wanted && at < end) {
        unsigned tag = 0;
        while (*at != '=') {
            tag = tag * 10 + static_cast<unsigned>(*at++ - '0');
        }
        const char* const begin = ++at;
        while (*at != soh) {
            ++at;
        }
        is_wanted = visit(tag, std::string_view(begin, static_cast<std::size_t>(at++ - begin)));
    }
}

}  // namespace

void put_digits(char* at, std::uint64_t value, std::size_t digits) {
    for (std::size_t i = digits; i > 0; --i) {
        at[i - 1] = static_cast<char>('0' + value % 10);
        value /= 10;
    }
}

wire_template::wire_template(const std::string& body_with_bars) {
    std::string body = body_with_bars;
    std::replace(body.begin(), body.end(), '|', soh);
    bytes_ = std::string("8=FIX.4.4") + soh + "9=" + std::to_string(body.size()) + soh + body +
             "10=000" + soh;
    msg_seq_num_ = value_at(bytes_, "34");
    cl_ord_id_ = value_at(bytes_, "11");
    time_ = value_at(bytes_, "52");
}

void wire_template::put_date(std::int64_t day) {
    day_ = day;
    const std::time_t seconds = day * (ns_per_day / 1'000'000'000);
    std::tm date{};
    ::gmtime_r(&seconds, &date);
    char* const at = bytes_.data() + time_;
    put_digits(at, static_cast<std::uint64_t>(date.tm_year + 1900), 4);
    put_digits(at + 4, static_cast<std::uint64_t>(date.tm_mon + 1), 2);
    put_digits(at + 6, static_cast<std::uint64_t>(date.tm_mday), 2);
}

std::string_view wire_template::patch(numbers wanted, std::int64_t utc_ns) {
    put_digits(bytes_.data() + msg_seq_num_, wanted.msg_seq_num, number_digits);
    if (cl_ord_id_ != 0) {
        put_digits(bytes_.data() + cl_ord_id_, wanted.cl_ord_id, number_digits);
    }
    if (utc_ns / ns_per_day != day_) {
        put_date(utc_ns / ns_per_day);
    }
    const auto ms = static_cast<std::uint64_t>(utc_ns % ns_per_day / 1'000'000);
    char* const time = bytes_.data() + time_ + std::strlen("20260301-");
    put_digits(time, ms / 3'600'000, 2);
    put_digits(time + 3, ms / 60'000 % 60, 2);
    put_digits(time + 6, ms / 1000 % 60, 2);
    put_digits(time + 9, ms % 1000, 3);
    const std::size_t trailer = bytes_.size() - 7;
    put_digits(bytes_.data() + trailer + 3, byte_sum({bytes_.data(), trailer}), 3);
    return bytes_;
}

std::uint64_t wire_template::cl_ord_id_of(std::string_view frame) const {
    std::uint64_t number = 0;
    read_number(frame.substr(cl_ord_id_, number_digits), number);
    return number;
}

wire_template make_order() {
    return wire_template(
        "35=D|34=00000000|49=MILLRACE|52=20260301-09:30:00.000|56=VENUE|11=00000000|1=ACC-1|21=1|"
        "38=1000000|40=2|44=1.08215|54=1|55=EURUSD|59=0|60=20260301-09:30:00.000|");
}

wire_template make_report(std::string_view sender) {
    return wire_template(
        "35=8|34=00000000|49=VENUE|52=20260301-09:30:00.000|56=" + std::string(sender) +
        "|1=ACC-1|6=1.08214|11=00000000|14=1000000|17=E-4711|31=1.08214|"
        "32=1000000|37=O-4711|38=1000000|39=2|40=2|44=1.08215|54=1|55=EURUSD|"
        "60=20260301-09:30:00.000|150=F|151=0|");
}

std::size_t frame_size(std::string_view bytes) {
    constexpr std::size_t before_length = 12;  // 8=FIX.4.4| 9=
    const void* const end =
        bytes.size() > before_length
            ? std::memchr(bytes.data() + before_length, soh, bytes.size() - before_length)
            : nullptr;
    if (end == nullptr) {
        return 0;
    }
    const char* const length_end = static_cast<const char*>(end);
    std::size_t body = 0;
    std::from_chars(bytes.data() + before_length, length_end, body);
    const std::size_t size = static_cast<std::size_t>(length_end - bytes.data()) + 1 + body + 7;
    return size <= bytes.size() ? size : 0;
}

bool is_checksum_right(std::string_view frame) {
    const std::size_t trailer = frame.size() - 7;
    unsigned stated = 0;
    std::from_chars(frame.data() + trailer + 3, frame.data() + trailer + 6, stated);
    return frame.substr(trailer, 3) == "10=" && frame.back() == soh &&
           stated == byte_sum(frame.substr(0, trailer));
}

frame_head read_head(std::string_view frame) {
    frame_head head;
    visit_fields(frame, [&](unsigned tag, std::string_view value) {
        switch (tag) {
            case 11:
                read_number(value, head.cl_ord_id);
                return false;
            case 34:
                read_number(value, head.msg_seq_num);
                break;
            case 35:
                head.msg_type = value.size() == 1 ? value[0] : '?';
                break;
            case 49:
                head.sender = value;
                break;
            case 112:
                head.test_req_id = value;
                break;
            default:
                break;
        }
        return true;
    });
    return head;
}

execution_row walk_report(std::string_view frame) {
    execution_row row;
    visit_fields(frame, [&](unsigned tag, std::string_view value) {
        ++row.field_count;
        switch (tag) {
            case 34:
                read_number(value, row.msg_seq_num);
                break;
            case 11:
                read_number(value, row.cl_ord_id);
                break;
            case 32:
                read_number(value, row.last_qty);
                break;
            case 55:
                copy_text(row.symbol, value);
                break;
            case 31:
                copy_text(row.last_px, value);
                break;
            case 150:
                row.exec_type = value[0];
                break;
            case 39:
                row.ord_status = value[0];
                break;
            default:
                break;
        }
        return true;
    });
    return row;
}

bool is_expected(const execution_row& row, std::uint64_t number) {
    return row.cl_ord_id == number && row.field_count == 25 && row.last_qty == 1'000'000 &&
           row.exec_type == 'F' && std::strcmp(row.last_px, "1.08214") == 0;
}

}  // namespace millrace::bench
