#include "xlator/map/value_text.hpp"

#include <gtest/gtest.h>

#include <string>

namespace millrace::xlator::detail {
namespace {

constexpr std::int64_t moment_ns = 1'704'110'705'006'007'008;  // 20240101-12:05:05.006007008

std::string written(const row_value& value, const std::string& format, std::size_t room = 64) {
    value_format form;
    if (!format.empty() && !parse_format(format, form)) {
        return "no format";
    }
    if (!can_have(value.kind, form)) {
        return "not this kind";
    }
    std::string text(room, '\0');
    char* at = text.data();
    switch (write_value(value, form, at, text.data() + text.size())) {
        case map_status::ok:
            return text.substr(0, static_cast<std::size_t>(at - text.data()));
        case map_status::overflow:
            return "overflow";
        default:
            return "bad value";
    }
}

row_value integer(std::int64_t number) {
    return {column_kind::integer, number, {}, {}};
}
row_value number(decimal value) {
    return {column_kind::decimal, 0, value, {}};
}
row_value time(std::int64_t ns) {
    return {column_kind::timestamp, ns, {}, {}};
}
row_value text(std::string_view value) {
    return {column_kind::text, 0, {}, value};
}

TEST(ValueText, IsWrittenPlainAsFixOrPairsHaveIt) {
    EXPECT_EQ(written(integer(-7), ""), "-7");
    EXPECT_EQ(written(number({10150, -2}), ""), "101.50");
    EXPECT_EQ(written(text("A1"), ""), "A1");
    EXPECT_EQ(written(time(moment_ns), ""), "20240101-12:05:05.006");
    EXPECT_EQ(written({column_kind::character, 'B', {}, {}}, ""), "B");
    EXPECT_EQ(written({column_kind::boolean, 1, {}, {}}, ""), "true");
    EXPECT_EQ(written({column_kind::bytes, 0, {}, "x"}, ""), "not this kind");
}

TEST(ValueText, HasAtLeastAsManyDigits) {
    EXPECT_EQ(written(integer(42), "8"), "00000042");
    EXPECT_EQ(written(integer(-42), "4"), "-0042");
    EXPECT_EQ(written(integer(123456), "3"), "123456") << "no digit is cut off";
    EXPECT_EQ(written(integer(INT64_MIN), "1"), "-9223372036854775808");
    EXPECT_EQ(written(integer(0), "0"), "0");
    EXPECT_EQ(written(number({1, 0}), "8"), "not this kind");
    EXPECT_EQ(written(integer(1), "19"), "no format");
    EXPECT_EQ(written(integer(42), "8", 7), "overflow");
    EXPECT_EQ(written(integer(-42), "8", 8), "overflow");
}

TEST(ValueText, HasExactlyAsManyDecimalsAndRoundsNothing) {
    EXPECT_EQ(written(number({1015, -1}), ".2"), "101.50");
    EXPECT_EQ(written(number({10150, -2}), ".0"), "bad value") << "half would be lost";
    EXPECT_EQ(written(number({10100, -2}), ".0"), "101");
    EXPECT_EQ(written(number({1, -3}), ".2"), "bad value");
    EXPECT_EQ(written(number({-5, -1}), ".2"), "-0.50");
    EXPECT_EQ(written(integer(7), ".2"), "7.00");
    EXPECT_EQ(written(number({INT64_MAX, 0}), ".1"), "bad value") << "more than 64 bits hold";
    EXPECT_EQ(written(text("7"), ".2"), "not this kind");
    EXPECT_EQ(written(number({1, 0}), ".19"), "no format");
    EXPECT_EQ(written(number({1, 0}), "."), "no format");
}

TEST(ValueText, WritesATimeByItsPattern) {
    EXPECT_EQ(written(time(moment_ns), "%Y-%m-%dT%H:%M:%S.%6Z"), "2024-01-01T12:05:05.006007Z");
    EXPECT_EQ(written(time(moment_ns), "%d%m at %H%% .%1 %9"), "0101 at 12% .0 006007008");
    EXPECT_EQ(written(time(-1), "%Y%m%d %9"), "19691231 999999999");
    EXPECT_EQ(written(integer(1), "%Y"), "not this kind");
    for (const char* wrong : {"%q", "%Y%", "date", "%0", "%%", ""}) {
        value_format form;
        EXPECT_FALSE(parse_format(wrong, form)) << wrong;
    }
    EXPECT_EQ(written(time(moment_ns), "%Y", 8), "overflow");
}

std::string parts_of(std::string_view text) {
    std::vector<template_part> parts;
    std::string found = parse_template(text, parts);
    for (const template_part& part : parts) {
        found += "[" + part.before + "|" + part.name + "|" + part.format + "]";
    }
    return found;
}

TEST(ValueText, ReadsATemplate) {
    EXPECT_EQ(parts_of("{A}"), "[|A|]");
    EXPECT_EQ(parts_of("ORD-{ACCOUNT}-{@sequence:8}!"), "[ORD-|ACCOUNT|][-|@sequence|8][!||]");
    EXPECT_EQ(parts_of("{{{A:%H:%M}}}"), "[{|A|%H:%M][}||]");
    EXPECT_EQ(parts_of("plain"), "[plain||]");
    EXPECT_EQ(parts_of(""), "");
    EXPECT_EQ(parts_of("{A"), "has a { without its }; a brace itself is written twice");
    EXPECT_EQ(parts_of("A}"), "has a } without its {; a brace itself is written twice");
    EXPECT_EQ(parts_of("{}"), "has {}; expected {NAME} or {NAME:FORMAT}");
    EXPECT_EQ(parts_of("{A:}"), "has {A:}; expected {NAME} or {NAME:FORMAT}");
    EXPECT_EQ(parts_of("{:8}"), "has {:8}; expected {NAME} or {NAME:FORMAT}");
}

}  // namespace
}  // namespace millrace::xlator::detail
