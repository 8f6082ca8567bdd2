#include "tests/xlator/differential/message_generator.hpp"

#include <algorithm>

#include "tests/xlator/fix_text.hpp"

namespace millrace::tests {

using xlator::field_info;
using xlator::field_type;
using xlator::member_info;
using xlator::message_info;

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

namespace {

std::string two(std::size_t value) {
    return (value < 10 ? "0" : "") + std::to_string(value);
}

}  // namespace

std::string message_generator::value_for(const field_info& field) {
    const auto date = [&] {
        return "20" + two(below(40)) + two(1 + below(12)) + two(1 + below(28));
    };
    const auto time = [&] {
        std::string result = two(below(24)) + ":" + two(below(60)) + ":" + two(below(60));
        return chance(50) ? result + "." + two(below(100)) + std::to_string(below(10)) : result;
    };
    if (!field.values.empty()) {
        std::string value(field.values[below(field.values.size())].value);
        if (field.form == xlator::enum_form::tokens && chance(40)) {
            value += ' ';
            value += field.values[below(field.values.size())].value;
        }
        return value;
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
        case field_type::local_mkt_date:
        case field_type::utc_date:
            return date();
        case field_type::utc_time:
            return time();
        case field_type::month_year:
            return "20" + two(below(40)) + two(1 + below(12));
        case field_type::currency:
            return chance(50) ? "EUR" : "USD";
        case field_type::country:
            return "GB";
        default:
            return text(12);
    }
}

void message_generator::add_member(std::vector<raw_field>& fields, const member_info& member,
                                   int depth, int percent) {
    const field_info& field = *dict_.find_field(member.tag);
    if (field.data_tag != 0) {
        return;  // comes with its data
    }
    if (member.group != nullptr) {
        const std::size_t entries = 1 + below(field.values.empty() ? 3 : field.values.size());
        fields.push_back({member.tag, std::to_string(entries)});
        for (std::size_t i = 0; i < entries; ++i) {
            add_members(fields, {member.group->members.begin(), member.group->members.end()},
                        depth + 1, percent);
        }
        return;
    }
    std::string value = value_for(field);
    if (field.length_tag != 0) {
        // In a group of a group QuickFIX does not know a data field, and ends it at a delimiter.
        value[below(value.size())] = depth < 2 && chance(50) ? '\x01' : '=';
        fields.push_back({field.length_tag, std::to_string(value.size())});
    }
    fields.push_back({member.tag, std::move(value)});
}

void message_generator::add_members(std::vector<raw_field>& fields,
                                    std::vector<member_info> members, int depth, int percent) {
    if (depth == 0) {
        std::sort(members.begin(), members.end(),
                  [](const member_info& a, const member_info& b) { return a.tag < b.tag; });
    }
    for (std::size_t i = 0; i < members.size(); ++i) {
        const bool is_delimiter = depth != 0 && i == 0;
        const int wanted = members[i].group != nullptr ? percent / 2 : percent;
        if (members[i].is_required || is_delimiter || chance(wanted)) {
            add_member(fields, members[i], depth, percent);
        }
    }
}

void message_generator::add_header(std::vector<raw_field>& fields, const message_info& message) {
    fields.push_back({35, std::string(message.msg_type)});
    std::vector<member_info> members;
    for (const member_info& member : info_.header) {
        if (member.tag != 8 && member.tag != 9 && member.tag != 35) {
            members.push_back(member);
        }
    }
    add_members(fields, std::move(members), 0, 10);
}

std::vector<raw_field> message_generator::valid_message() {
    const message_info& message = info_.messages[below(info_.messages.size())];
    std::vector<raw_field> fields;
    add_header(fields, message);
    add_members(fields, {message.members.begin(), message.members.end()}, 0,
                static_cast<int>(5 + below(30)));
    return fields;
}

std::string message_generator::odd_value() {
    static const std::string values[] = {"",
                                         "x",
                                         "-",
                                         "0",
                                         "-1",
                                         "00",
                                         "1.",
                                         ".5",
                                         ".",
                                         "1.2.3",
                                         "1e5",
                                         "+1",
                                         "Y",
                                         "N",
                                         "YES",
                                         "20240230",
                                         "20241301",
                                         "20240101-24:00:00",
                                         "20240101-23:59:60",
                                         "20240101-10:00:60",
                                         "20240131-10:00:00.123456789",
                                         "20240101-10:00:00.",
                                         "99999999999",
                                         "12345678901234567890123",
                                         "1 2",
                                         " ",
                                         "1  2",
                                         "abc def",
                                         "2024",
                                         "202413",
                                         "\xC3\xA9"};
    return values[below(std::size(values))];
}

void message_generator::mutate(std::vector<raw_field>& fields) {
    const std::size_t at = 1 + below(fields.size() - 1);  // 35 stays first, or the frame is garbled
    const auto field_at = [&](std::size_t i) {
        return fields.begin() + static_cast<std::ptrdiff_t>(i);
    };
    switch (below(11)) {
        case 0:
            fields.erase(field_at(at));
            break;
        case 1:
            fields.insert(field_at(at), fields[at]);
            break;
        case 2:
            std::swap(fields[at], fields[1 + below(fields.size() - 1)]);
            break;
        case 3:
        case 4:
            fields[at].value = odd_value();
            break;
        case 5:
            fields.insert(field_at(at), {static_cast<int>(1 + below(1200)), text(4)});
            break;
        case 6:
            fields.insert(field_at(at), {static_cast<int>(5000 + below(5000)), text(4)});
            break;
        case 7: {
            const field_info& any = info_.fields[below(info_.fields.size())];
            fields.insert(field_at(at), {any.tag, value_for(any)});
            break;
        }
        case 8: {
            const raw_field moved = fields[at];
            fields.erase(field_at(at));
            fields.insert(field_at(1 + below(fields.size())), moved);
            break;
        }
        case 9:
            for (raw_field& field : fields) {
                const field_info* info = dict_.find_field(field.tag);
                if (info != nullptr && info->type == field_type::num_in_group && chance(50)) {
                    field.value = std::to_string(below(4));
                }
            }
            break;
        default:
            fields[0].value =
                chance(50) ? "ZZ"
                           : std::string(info_.messages[below(info_.messages.size())].msg_type);
            break;
    }
}

std::string message_generator::to_frame(const std::vector<raw_field>& fields) {
    std::string text;
    for (const raw_field& field : fields) {
        text += std::to_string(field.tag) + '=' + field.value + '\x01';
    }
    return seal(text);
}

}  // namespace millrace::tests
