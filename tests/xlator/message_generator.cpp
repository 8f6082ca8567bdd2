#include "tests/xlator/message_generator.hpp"

#include <algorithm>

#include "tests/xlator/fix_text.hpp"

namespace millrace::tests {

using xlator::field_info;
using xlator::field_type;
using xlator::member_info;
using xlator::message_info;

namespace {

constexpr int tag_signature_length = 93;
constexpr int tag_signature = 89;

std::string two(std::size_t value) {
    return (value < 10 ? "0" : "") + std::to_string(value);
}

raw_field field_of(int tag, std::string value) {
    return {tag, std::move(value), false};
}

}  // namespace

std::string message_generator::text(std::size_t size_max) {
    static const std::string letters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 .-_/=";
    std::string result;
    for (std::size_t i = 1 + below(size_max); i != 0; --i) {
        result += letters[below(letters.size())];
    }
    return result;
}

std::string message_generator::number(std::size_t digits_max) {
    std::string result = std::to_string(1 + below(9));
    for (std::size_t i = below(digits_max); i != 0; --i) {
        result += static_cast<char>('0' + below(10));
    }
    return result;
}

std::string message_generator::date() {
    return "20" + two(below(40)) + two(1 + below(12)) + two(1 + below(28));
}

std::string message_generator::time() {
    std::string result = two(below(24)) + ":" + two(below(60)) + ":" + two(below(60));
    return chance(50) ? result + "." + two(below(100)) + std::to_string(below(10)) : result;
}

std::string message_generator::text_for(field_type type) {
    switch (type) {
        case field_type::local_mkt_date:
        case field_type::utc_date:
            return date();
        case field_type::utc_time:
            return time();
        case field_type::month_year:
            return date().substr(0, 6) + (chance(30) ? "w" + std::to_string(1 + below(5)) : "");
        case field_type::tz_time:
            return time().substr(0, 8) + (chance(50) ? "Z" : "+01:30");
        case field_type::tz_timestamp:
            return date() + "-" + time().substr(0, 8) + (chance(50) ? "Z" : "-05");
        case field_type::currency:
            return chance(50) ? "EUR" : "USD";
        case field_type::country:
            return "GB";
        case field_type::multiple_char_value:
            return chance(50) ? "A" : "A C";
        case field_type::multiple_value_string:
            return chance(50) ? "AB" : "AB C";
        default:
            return text(12);
    }
}

std::string message_generator::value_for(const field_info& field) {
    if (!field.values.empty()) {
        std::string value(field.values[below(field.values.size())].value);
        if (field.form == xlator::enum_form::tokens && chance(40)) {
            value += ' ';
            value += field.values[below(field.values.size())].value;
        }
        return value;
    }
    // Numbers of messages and seconds, for which early versions have no type of their own.
    constexpr int counts[] = {7, 16, 34, 36, 108};
    if (std::find(std::begin(counts), std::end(counts), field.tag) != std::end(counts)) {
        return number(5);
    }
    if (xlator::is_decimal(field.type)) {
        return (chance(20) ? "-" : "") + number(7) + (chance(60) ? "." + number(4) : "");
    }
    switch (field.type) {
        case field_type::integer:
            return (chance(20) ? "-" : "") + number(6);
        case field_type::seq_num:
        case field_type::length:
        case field_type::num_in_group:
            return number(5);
        case field_type::day_of_month:
            return std::to_string(1 + below(31));
        case field_type::character:
            return std::string(1, static_cast<char>('A' + below(26)));
        case field_type::boolean:
            return chance(50) ? "Y" : "N";
        case field_type::utc_timestamp:
            return date() + "-" + time();
        default:
            return text_for(field.type);
    }
}

void message_generator::add_member(raw_fields& fields, const member_info& member, int depth,
                                   const body_shape& shape) {
    const field_info& field = *dict_.find_field(member.tag);
    if (field.data_tag != 0) {
        return;  // comes with its data
    }
    if (member.group != nullptr) {
        const std::size_t entries =
            1 + below(field.values.empty() ? shape.entries_max : field.values.size());
        fields.push_back(field_of(member.tag, std::to_string(entries)));
        for (std::size_t i = 0; i < entries; ++i) {
            add_members(fields, {member.group->members.begin(), member.group->members.end()},
                        depth + 1, shape);
        }
        return;
    }
    std::string value = value_for(field);
    if (field.length_tag != 0) {
        // The screen lets no delimiter into a data field that stands in groups of groups, and takes
        // what is behind one in XML for the next field.
        if (field.type == field_type::xml_data) {
            if (chance(10)) {
                value += '\x01';
                value += "58=" + text(4);
            }
        } else {
            value[below(value.size())] = depth < 2 && chance(8) ? '\x01' : '=';
        }
        fields.push_back(field_of(field.length_tag, std::to_string(value.size())));
    }
    fields.push_back(field_of(member.tag, std::move(value)));
}

void message_generator::add_members(raw_fields& fields, std::vector<member_info> members, int depth,
                                    const body_shape& shape) {
    if (depth == 0) {
        std::sort(members.begin(), members.end(),
                  [](const member_info& a, const member_info& b) { return a.tag < b.tag; });
    }
    for (std::size_t i = 0; i < members.size(); ++i) {
        const bool is_delimiter = depth != 0 && i == 0;
        const int wanted = members[i].group != nullptr ? shape.percent / 2 : shape.percent;
        if (members[i].is_required || is_delimiter || chance(wanted)) {
            add_member(fields, members[i], depth, shape);
        }
    }
}

void message_generator::add_header(raw_fields& fields, const message_info& message) {
    fields.push_back(field_of(35, std::string(message.msg_type)));
    std::vector<member_info> members;
    for (const member_info& member : info_.header) {
        if (member.tag != 8 && member.tag != 9 && member.tag != 35) {
            members.push_back(member);
        }
    }
    add_members(fields, std::move(members), 0, {.percent = 10});
}

// CheckSum(10) is the frame's; the signature alone has its length not just below it.
void message_generator::add_trailer(raw_fields& fields) {
    if (chance(5)) {
        const std::string signature = text(12);
        fields.push_back(field_of(tag_signature_length, std::to_string(signature.size())));
        fields.push_back(field_of(tag_signature, signature));
    }
}

raw_fields message_generator::valid_body(const message_info& message, const body_shape& shape) {
    raw_fields fields;
    add_members(fields, {message.members.begin(), message.members.end()}, 0, shape);
    return fields;
}

raw_message message_generator::valid_message(const message_info& message) {
    raw_message made{std::string(info_.begin_string), {}};
    add_header(made.fields, message);
    const raw_fields body = valid_body(message, {.percent = static_cast<int>(5 + below(30))});
    made.fields.insert(made.fields.end(), body.begin(), body.end());
    add_trailer(made.fields);
    return made;
}

std::string message_generator::odd_value() {
    using namespace std::string_literals;
    static const std::string values[] = {""s,
                                         ""s,
                                         "x"s,
                                         "-"s,
                                         "0"s,
                                         "-1"s,
                                         "00"s,
                                         "-0"s,
                                         "1."s,
                                         ".5"s,
                                         "-.5"s,
                                         "."s,
                                         "-."s,
                                         "1.2.3"s,
                                         "1e5"s,
                                         "+1"s,
                                         "Y"s,
                                         "N"s,
                                         "YES"s,
                                         "20240230"s,
                                         "20241301"s,
                                         "20240101-24:00:00"s,
                                         "20240101-23:59:60"s,
                                         "20240101-10:00:60"s,
                                         "20240101-10:00:61"s,
                                         "20240131-10:00:00.123456789"s,
                                         "20240131-10:00:00.1234567890"s,
                                         "20240101-10:00:00."s,
                                         "10:00:00.1234567890"s,
                                         "99999999999"s,
                                         "12345678901234567890123"s,
                                         "1 2"s,
                                         " "s,
                                         "1  2"s,
                                         "1 "s,
                                         "abc def"s,
                                         "2024"s,
                                         "202413"s,
                                         "1\0"s,
                                         "\xC3\xA9"s};
    return values[below(std::size(values))];
}

// Also numbers that are a small one again in 32 bits.
std::string message_generator::odd_count() {
    const std::size_t count = below(4);
    if (chance(10)) {
        return std::to_string((std::uint64_t{1} << 32) + count);
    }
    return (count == 0 && chance(30) ? "-" : "") + std::to_string(count);
}

void message_generator::change_field(raw_fields& fields, std::size_t at) {
    switch (below(60)) {
        case 0:
            fields[at].has_leading_zero = true;
            break;
        case 1:
        case 2:
            fields[at].value += text(3);
            break;
        default:
            fields[at].value = odd_value();
            break;
    }
}

void message_generator::add_foreign_field(raw_fields& fields, std::size_t at) {
    raw_field added;
    switch (below(3)) {
        case 0:
            added = field_of(static_cast<int>(1 + below(1700)), text(4));
            break;
        case 1:
            added = field_of(static_cast<int>(5000 + below(5000)), text(4));
            break;
        default: {
            const field_info& any = info_.fields[below(info_.fields.size())];
            added = field_of(any.tag, value_for(any));
            break;
        }
    }
    fields.insert(fields.begin() + static_cast<std::ptrdiff_t>(at), std::move(added));
}

void message_generator::move_field(raw_fields& fields, std::size_t at) {
    const raw_field moved = fields[at];
    fields.erase(fields.begin() + static_cast<std::ptrdiff_t>(at));
    const std::size_t to = 1 + below(fields.size());
    fields.insert(fields.begin() + static_cast<std::ptrdiff_t>(to), moved);
}

void message_generator::change_counts(raw_fields& fields) {
    for (raw_field& field : fields) {
        const field_info* info = dict_.find_field(field.tag);
        const bool is_counter =
            info != nullptr && info->name.starts_with("No") && xlator::is_integer(info->type);
        if (is_counter && chance(50)) {
            field.value = odd_count();
        }
    }
}

void message_generator::change_type(raw_message& message) {
    if (chance(5)) {
        message.begin_string = chance(50) ? "FIX.4.4" : "FIX.4.9";
    } else if (chance(50)) {
        message.fields[0].value = "ZZ";
    } else {
        message.fields[0].value = info_.messages[below(info_.messages.size())].msg_type;
    }
}

void message_generator::mutate(raw_message& message) {
    raw_fields& fields = message.fields;
    const std::size_t at = 1 + below(fields.size() - 1);  // 35 stays first, or the frame is garbled
    switch (below(11)) {
        case 0:
            fields.erase(fields.begin() + static_cast<std::ptrdiff_t>(at));
            break;
        case 1: {
            const raw_field again = fields[at];
            fields.insert(fields.begin() + static_cast<std::ptrdiff_t>(at), again);
            break;
        }
        case 2:
            std::swap(fields[at], fields[1 + below(fields.size() - 1)]);
            break;
        case 3:
        case 4:
        case 5:
            change_field(fields, at);
            break;
        case 6:
        case 7:
            add_foreign_field(fields, at);
            break;
        case 8:
            move_field(fields, at);
            break;
        case 9:
            change_counts(fields);
            break;
        default:
            change_type(message);
            break;
    }
}

std::string message_generator::to_text(const raw_fields& fields) {
    std::string text;
    for (const raw_field& field : fields) {
        text += (field.has_leading_zero ? "0" : "") + std::to_string(field.tag) + '=' +
                field.value + '\x01';
    }
    return text;
}

std::string message_generator::to_frame(const raw_message& message) {
    return seal(to_text(message.fields), message.begin_string);
}

}  // namespace millrace::tests
