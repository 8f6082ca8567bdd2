#include "gateway/intake/read_request.hpp"

#include "engine/core/number.hpp"

namespace millrace::gateway {

namespace {

using engine::read_from;
using engine::read_until;

std::string not_one(std::string_view setting, const place_text& place, std::string_view expected) {
    std::string reason(setting);
    reason += place.member.empty() ? ": '" + place.value + "'" : ": " + place.member;
    return reason + " is none of its values; expected " + std::string(expected);
}

// A place by one member, as both begin and end know it; else the reason.
std::string parse_place(std::string_view setting, const place_text& place, read_from& from) {
    std::uint64_t number = 0;
    if (place.member == "time") {
        engine::timestamp time;
        if (!engine::parse(place.value, time)) {
            return std::string(setting) + ": '" + place.value +
                   "' is not a time: expected 2026-03-01T09:30:00.5Z or nanoseconds since 1970";
        }
        from = read_from::at_time(time);
        return {};
    }
    if (place.member != "sequence" && place.member != "offset") {
        return not_one(setting, place, "sequence, time or offset");
    }
    if (!engine::parse_number(place.value, number)) {
        return std::string(setting) + ": " + place.member + ": '" + place.value +
               "' is not a number";
    }
    from = place.member == "sequence" ? read_from::at_sequence({number})
                                      : read_from::at_position({number});
    return {};
}

std::string parse_begin(const std::vector<place_text>& places, read_from& from) {
    constexpr std::string_view expected =
        R"("first", "tail", {"sequence": N}, {"time": "..."} or {"offset": N})";
    if (places.size() != 1) {
        return "@read: " + std::to_string(places.size()) + " places in its object; expected " +
               std::string(expected);
    }
    const place_text& place = places.front();
    if (!place.member.empty()) {
        return parse_place("@read", place, from);
    }
    if (place.value != "first" && place.value != "tail") {
        return not_one("@read", place, expected);
    }
    from = place.value == "first" ? read_from::first() : read_from::tail();
    return {};
}

std::string parse_end(const std::vector<place_text>& places, read_until& until) {
    if (places.empty()) {
        return "@until: no place in its object; expected sequence, time or offset";
    }
    for (const place_text& place : places) {
        if (place.member.empty()) {
            until.is_tail = place.value == "tail";
            return until.is_tail ? std::string()
                                 : not_one("@until", place,
                                           R"("tail", or an object of sequence, time or offset)");
        }
        read_from end;
        if (std::string reason = parse_place("@until", place, end); !reason.empty()) {
            return reason;
        }
        switch (end.what) {
            case read_from::kind::at_sequence:
                until.seq = end.seq;
                break;
            case read_from::kind::at_time:
                until.time = end.time;
                break;
            default:
                until.at = end.at;
                break;
        }
    }
    return {};
}

}  // namespace

std::string fill_read_request(const row_settings& settings, read_request& request) {
    if (!settings.read) {
        return std::string(settings.until ? "@until" : "@where") +
               " is a part of a reading: give it beside @read";
    }
    if (settings.has_row) {
        return "@read stands with no column: a line asks for rows or is one";
    }
    if (settings.operation || settings.event) {
        return std::string(settings.operation ? "@operation" : "@event") +
               " is about rows that are appended, and this line reads";
    }
    if (std::string reason = parse_begin(*settings.read, request.from); !reason.empty()) {
        return reason;
    }
    if (settings.until) {
        if (std::string reason = parse_end(*settings.until, request.until); !reason.empty()) {
            return reason;
        }
    }
    if (request.until.ends_before(request.from)) {
        return "@until: the range ends before it begins, at @read";
    }
    request.where = settings.where.value_or("");
    return {};
}

}  // namespace millrace::gateway
