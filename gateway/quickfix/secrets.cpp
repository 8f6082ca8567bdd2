#include "gateway/quickfix/secrets.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "gateway/quickfix/check_sum.hpp"

namespace millrace {
namespace gateway {

namespace {

constexpr char soh = '\x01';
constexpr char hidden = '*';
constexpr std::uint64_t number_max = 0x7fffffff;

// Digits from `at` on; behind the last of them. What is too large stays so.
const char* read_number(const char* at, const char* end, std::uint64_t& value) noexcept {
    value = 0;
    for (; at < end && is_digit(*at); ++at) {
        value = std::min(value * 10 + static_cast<std::uint64_t>(*at - '0'), number_max + 1);
    }
    return at;
}

// Whether a tag and its = stand here.
bool is_field_begin(const char* at, const char* end) noexcept {
    std::uint64_t tag = 0;
    const char* const behind = read_number(at, end, tag);
    return behind != at && behind < end && *behind == '=';
}

struct field {
    std::uint64_t tag = 0;
    const char* value = nullptr;
    const char* end = nullptr;  // of the value
};

// Field by field, as the screen has seen them.
class logon_fields {
public:
    logon_fields(const char* begin, const char* end, const data_field_table& data_fields) noexcept
        : at_(begin), end_(end), data_fields_(data_fields) {}

    bool next(field& found) noexcept {
        if (at_ >= end_) {
            return false;
        }
        const field before = found;
        const char* const behind = read_number(at_, end_, found.tag);
        const bool has_tag = behind != at_ && behind < end_ && *behind == '=';
        found.tag = has_tag && found.tag <= number_max ? found.tag : 0;
        found.value = has_tag ? behind + 1 : at_;
        found.end = std::find(found.value, end_, soh);
        const auto tag = static_cast<std::uint32_t>(found.tag);
        if (data_fields_.is_data(tag, true) && before.tag == data_field_table::length_tag_of(tag)) {
            std::uint64_t size = 0;
            if (read_number(before.value, before.end, size) == before.end &&
                size < static_cast<std::uint64_t>(end_ - found.value) && found.value[size] == soh) {
                found.end = std::max(found.end, found.value + size);
            }
        }
        at_ = found.end == end_ ? end_ : found.end + 1;
        return true;
    }
    const char* pass_value(const field& found) const noexcept { return found.end; }

private:
    const char* at_;
    const char* const end_;
    const data_field_table& data_fields_;
};

// Whatever could be a field, wherever it stands. Only the end of a value that is asked for is
// looked for: bytes that are no message may hold a tag at every second place.
class possible_fields {
public:
    possible_fields(const char* begin, const char* end,
                    const data_field_table& data_fields) noexcept
        : begin_(begin), at_(begin), end_(end), data_fields_(data_fields) {}

    bool next(field& found) noexcept {
        while (at_ < end_) {
            if (!is_digit(*at_) || (at_ != begin_ && is_digit(at_[-1]))) {
                ++at_;
                continue;
            }
            std::uint64_t number = 0;
            const char* const behind = read_number(at_, end_, number);
            at_ = behind;
            if (behind == end_ || *behind != '=') {
                continue;
            }
            const std::uint64_t tag_before = found.tag;
            found.tag = number <= number_max ? number : 0;
            found.value = at_ = behind + 1;
            const auto tag = static_cast<std::uint32_t>(found.tag);
            stated_size_ = data_fields_.is_data(tag, true) &&
                                   tag_before == data_field_table::length_tag_of(tag)
                               ? last_number_
                               : 0;
            static_cast<void>(read_number(at_, end_, last_number_));
            return true;
        }
        return false;
    }
    // Up to where the next field could begin: a separator inside a value may be what makes the
    // frame none. Goes on there, also within what a length before it covers: bytes of another field
    // may look like that length.
    const char* pass_value(const field& found) noexcept {
        const char* end = std::find(found.value, end_, soh);
        while (end != end_ && end + 1 != end_ && !is_field_begin(end + 1, end_)) {
            end = std::find(end + 1, end_, soh);
        }
        at_ = end;
        return stated_size_ <= static_cast<std::uint64_t>(end_ - found.value)
                   ? std::max(end, found.value + stated_size_)
                   : end;
    }

private:
    const char* const begin_;
    const char* at_;
    const char* const end_;
    const data_field_table& data_fields_;
    std::uint64_t last_number_ = 0;  // with which the last field's value begins
    std::uint64_t stated_size_ = 0;  // of this value, by the field before it
};

// By as much as the bytes before it changed the sum: a right one stays right, a wrong one wrong.
void move_check_sum(char* to, const char* from, std::size_t size) noexcept {
    if (size < trailer_bytes || !is_trailer(to + size - trailer_bytes)) {
        return;
    }
    char* const digits = to + size - trailer_bytes + 3;
    const unsigned stated = stated_sum(to + size - trailer_bytes);
    const std::size_t counted = size - trailer_bytes;
    const unsigned change = sum_of(to, counted) - sum_of(from, counted);
    if (change == 0) {
        return;  // also of what no sum could be, such as 999
    }
    const unsigned moved = (stated + change) & 0xffu;
    digits[0] = static_cast<char>('0' + moved / 100);
    digits[1] = static_cast<char>('0' + moved / 10 % 10);
    digits[2] = static_cast<char>('0' + moved % 10);
}

class copy_pass {
public:
    copy_pass(char* to, const char* from, std::size_t size) noexcept
        : to_(to), from_(from), size_(size), copied_(from) {}

    // Values in the order of their beginnings; one may lie within another.
    void hide(const field& found) noexcept {
        take_over(found.value);
        if (found.end > copied_) {
            std::memset(to_ + (copied_ - from_), hidden,
                        static_cast<std::size_t>(found.end - copied_));
            copied_ = found.end;
        }
    }
    void finish() noexcept {
        take_over(from_ + size_);
        move_check_sum(to_, from_, size_);
    }

private:
    void take_over(const char* end) noexcept {
        if (end > copied_) {
            std::memcpy(to_ + (copied_ - from_), copied_, static_cast<std::size_t>(end - copied_));
            copied_ = end;
        }
    }

    char* const to_;
    const char* const from_;
    const std::size_t size_;
    const char* copied_;  // up to here
};

template <class Fields>
void copy_without(const secret_tags& secrets, Fields fields, copy_pass copy) noexcept {
    field found;
    while (fields.next(found)) {
        if (secrets.has(static_cast<std::uint32_t>(found.tag))) {
            found.end = fields.pass_value(found);
            copy.hide(found);
        }
    }
    copy.finish();
}

}  // namespace

void secret_tags::add(std::uint32_t tag) {
    if (!has(tag)) {
        more_.push_back(tag);
        data_fields_.add_session_field(tag);  // it may be one
    }
}

void secret_tags::add_value(const std::string& value) {
    constexpr std::size_t least = 4;
    value_ = value.size() >= least ? value : std::string();
}

bool secret_tags::may_add(std::uint32_t tag) noexcept {
    static const std::uint32_t needed[] = {
        0,   7,   8,   9,   10,  11,  16,  34,  35,   36,   41,   43,   49,   50,
        52,  56,  57,  89,  90,  91,  93,  95,  97,   98,   108,  112,  115,  116,
        122, 123, 128, 129, 141, 142, 143, 144, 145,  212,  213,  347,  354,  369,
        370, 383, 384, 627, 628, 629, 630, 789, 1128, 1129, 1137, 1156, 1401, 1403};
    return std::find(std::begin(needed), std::end(needed), tag) == std::end(needed) &&
           tag <= number_max;
}

bool secret_tags::has(std::uint32_t tag) const noexcept {
    switch (tag) {
        case 96:
        case 554:
        case 925:
        case 1402:
        case 1404:
            return true;
        default:
            return std::find(more_.begin(), more_.end(), tag) != more_.end();
    }
}

void secret_tags::copy_logon(char* to, const char* from, std::size_t size) const noexcept {
    copy_without(*this, logon_fields(from, from + size, data_fields_), copy_pass(to, from, size));
}

void secret_tags::copy_garbled(char* to, const char* from, std::size_t size) const noexcept {
    copy_without(*this, possible_fields(from, from + size, data_fields_),
                 copy_pass(to, from, size));
}

void secret_tags::hide_in_text(char* text, std::size_t size) const noexcept {
    char* at = text;
    while (!value_.empty() &&
           (at = std::search(at, text + size, value_.begin(), value_.end())) != text + size) {
        std::memset(at, hidden, value_.size());
    }
    possible_fields fields(text, text + size, data_fields_);
    field found;
    while (fields.next(found)) {
        if (has(static_cast<std::uint32_t>(found.tag))) {
            const char* const end =
                std::find_if(found.value, static_cast<const char*>(text + size),
                             [](char byte) { return byte == soh || byte == '|'; });
            std::memset(text + (found.value - text), hidden,
                        static_cast<std::size_t>(end - found.value));
        }
    }
}

}  // namespace gateway
}  // namespace millrace
