// The arguments of encode(): which field takes which value.
//
//     set<ClOrdID>("A1"), set<Side>(Side::buy), set<Price>(decimal{10150, -2}),
//     set_if<Account>(account), set_group<NoPartyIDs>(entry(set<PartyID>("BRK"),
//     set<PartyRole>(PartyRole::executing_firm)))
//
// Threading  values; they hold views of the caller's text, which must live until encode() returns
// Errors     a value of the wrong type does not compile; one FIX has no text for is refused by
// encode()
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "xlator/fix/byte_sum.hpp"
#include "xlator/fix/declare.hpp"

namespace millrace::xlator {

namespace detail {

// "=" and SOH included where asked: the constant bytes in front of a value.
template <int Tag>
inline constexpr auto tag_prefix = [] {
    constexpr unsigned digits = digit_count(static_cast<std::uint64_t>(Tag));
    std::array<char, digits + 1> text{};
    write_digits(text.data(), static_cast<std::uint64_t>(Tag), digits);
    text[digits] = '=';
    return text;
}();

struct body_writer {
    char* at = nullptr;
    std::uint32_t fields = 0;           // written so far
    std::uint32_t data_delimiters = 0;  // SOH bytes that are part of data values
    int bad_tag = 0;                    // the first field whose value has no FIX text

    void refuse(int tag) noexcept { bad_tag = bad_tag == 0 ? tag : bad_tag; }
};

template <int Tag>
inline void write_prefix(body_writer& out) noexcept {
    std::memcpy(out.at, tag_prefix<Tag>.data(), tag_prefix<Tag>.size());
    out.at += tag_prefix<Tag>.size();
}

inline void end_field(body_writer& out) noexcept {
    *out.at++ = field_delimiter;
    ++out.fields;
}

inline constexpr std::size_t integer_size_max = 20;

// A value and how it becomes text: size_max() bounds it, size() is exact, write() appends it.
template <class Value>
struct value_writer;

template <>
struct value_writer<std::int64_t> {
    static constexpr std::size_t size_max(std::int64_t) noexcept { return integer_size_max; }
    static bool is_valid(std::int64_t) noexcept { return true; }
    static char* write(char* out, std::int64_t value) noexcept { return write_signed(out, value); }
};

template <>
struct value_writer<decimal> {
    static constexpr std::size_t size_max(decimal) noexcept { return decimal_size_max; }
    static bool is_valid(decimal value) noexcept { return value.is_in_range(); }
    static char* write(char* out, decimal value) noexcept { return write_decimal(out, value); }
};

template <>
struct value_writer<char> {
    static constexpr std::size_t size_max(char) noexcept { return 1; }
    static bool is_valid(char value) noexcept { return value != '\0'; }
    static char* write(char* out, char value) noexcept {
        *out = value;
        return out + 1;
    }
};

template <>
struct value_writer<bool> {
    static constexpr std::size_t size_max(bool) noexcept { return 1; }
    static bool is_valid(bool) noexcept { return true; }
    static char* write(char* out, bool value) noexcept {
        *out = value ? 'Y' : 'N';
        return out + 1;
    }
};

template <>
struct value_writer<utc_timestamp> {
    static constexpr std::size_t size_max(utc_timestamp) noexcept { return utc_timestamp_size_max; }
    static bool is_valid(utc_timestamp value) noexcept { return value.decimals <= 9; }
    static char* write(char* out, utc_timestamp value) noexcept {
        return write_utc_timestamp(out, value);
    }
};

template <>
struct value_writer<std::string_view> {
    static constexpr std::size_t size_max(std::string_view text) noexcept { return text.size(); }
    static bool is_valid(std::string_view text) noexcept { return !text.empty(); }
    static char* write(char* out, std::string_view text) noexcept {
        return copy_bytes(out, text.data(), text.size());
    }
};

// Which numbers are enumerators of a field, as bits where they are small.
template <class Field>
struct enumerator_set {
    static constexpr std::size_t count = Field::values.size();
    static constexpr auto numbers = [] {
        std::array<std::int64_t, count> table{};
        for (std::size_t i = 0; i < count; ++i) {
            typename Field::value_type value{};
            table[i] = from_text<Field>(Field::values[i].value, value)
                           ? static_cast<std::int64_t>(value)
                           : INT64_MIN;
        }
        return table;
    }();
    static constexpr bool is_small = [] {
        bool result = true;
        for (const std::int64_t number : numbers) {
            result = result && number >= 0 && number < 128;
        }
        return result;
    }();
    static constexpr std::array<std::uint64_t, 2> bits = [] {
        std::array<std::uint64_t, 2> table{};
        for (const std::int64_t number : numbers) {
            if (number >= 0 && number < 128) {
                table[static_cast<std::size_t>(number >> 6)] |= std::uint64_t{1} << (number & 63);
            }
        }
        return table;
    }();

    [[nodiscard]] static constexpr bool contains(std::int64_t number) noexcept {
        if constexpr (is_small) {
            const auto index = static_cast<std::uint64_t>(number);
            return index < 128 && (bits[index >> 6] >> (index & 63) & 1) != 0;
        } else {
            for (const std::int64_t known : numbers) {
                if (known == number) {
                    return true;
                }
            }
            return false;
        }
    }
};

// Enumerators that are their own character or number need no table on the way out.
template <class Field>
struct enum_writer {
    using value_type = typename Field::value_type;
    static constexpr bool is_text = Field::form == enum_form::text;
    static constexpr std::size_t size_max(value_type value) noexcept {
        if constexpr (Field::form == enum_form::character) {
            return 1;
        } else if constexpr (is_text) {
            return to_text<Field>(value).size();
        } else {
            return integer_size_max;
        }
    }
    static constexpr bool is_valid(value_type value) noexcept {
        if constexpr (is_text) {
            return static_cast<std::size_t>(value) < Field::values.size();
        } else {
            return enumerator_set<Field>::contains(static_cast<std::int64_t>(value));
        }
    }
    static char* write(char* out, value_type value) noexcept {
        if constexpr (Field::form == enum_form::character) {
            *out = static_cast<char>(value);
            return out + 1;
        } else if constexpr (is_text) {
            const std::string_view text = to_text<Field>(value);
            return copy_bytes(out, text.data(), text.size());
        } else {
            return write_signed(out, static_cast<std::int64_t>(value));
        }
    }
};

template <class Field>
using writer_of = std::conditional_t<has_enum<Field>, enum_writer<Field>,
                                     value_writer<typename Field::value_type>>;

// Types FIX gives a format beyond "not empty, no delimiter".
[[nodiscard]] constexpr bool needs_format_check(field_type type) noexcept {
    return is_text(type) && !is_data(type) && type != field_type::string &&
           type != field_type::exchange && type != field_type::language;
}

template <class Field, class Value>
constexpr bool is_value_of = [] {
    using wanted = typename Field::value_type;
    using given = std::remove_cvref_t<Value>;
    if constexpr (std::is_same_v<wanted, given>) {
        return true;
    } else if constexpr (has_enum<Field>) {
        return false;
    } else if constexpr (std::is_same_v<wanted, std::string_view>) {
        return std::is_convertible_v<Value, std::string_view>;
    } else if constexpr (std::is_same_v<wanted, std::int64_t> || std::is_same_v<wanted, decimal>) {
        // unsigned 64-bit numbers may not fit and are left to the caller
        return std::is_integral_v<given> && !std::is_same_v<given, bool> &&
               !std::is_same_v<given, char> &&
               (sizeof(given) < sizeof(std::int64_t) || std::is_signed_v<given>);
    } else {
        return false;
    }
}();

template <class Field, class Value>
[[nodiscard]] constexpr typename Field::value_type to_value(const Value& value) noexcept {
    using wanted = typename Field::value_type;
    if constexpr (std::is_same_v<wanted, decimal> && std::is_integral_v<Value>) {
        return decimal{static_cast<std::int64_t>(value), 0};
    } else {
        return wanted{value};
    }
}

template <class Field, class Value>
constexpr void check_value() {
    static_assert(Field::tag > 0, "set<> takes a field of the dictionary");
    static_assert(!std::is_floating_point_v<Value>,
                  "floating point is never exact: use millrace::xlator::decimal");
    static_assert(std::is_floating_point_v<Value> || is_value_of<Field, Value>,
                  "this value has the wrong type for the field (a field with a value set takes its "
                  "own enumerators)");
    static_assert(Field::type != field_type::num_in_group,
                  "a group's counter is written by set_group<>");
    static_assert(Field::data_tag == 0, "the length of a data field is written with the data");
}

}  // namespace detail

// One field and its value.
template <class Field>
struct field_setting {
    using field = Field;
    static constexpr int tag = Field::tag;
    // A data field goes where its length field belongs: the length is written first.
    static constexpr int sort_tag = Field::length_tag != 0 ? Field::length_tag : Field::tag;
    static constexpr bool is_always_set = true;
    static constexpr bool answers_for_required = true;

    typename Field::value_type value;

    [[nodiscard]] constexpr std::size_t size_max() const noexcept {
        std::size_t size =
            detail::tag_prefix<tag>.size() + detail::writer_of<Field>::size_max(value) + 1;
        if constexpr (Field::length_tag != 0) {
            size += detail::tag_prefix<Field::length_tag>.size() + detail::integer_size_max + 1;
        }
        return size;
    }

    template <class Scope>
    void write(detail::body_writer& out) const noexcept {
        using writer = detail::writer_of<Field>;
        if (!writer::is_valid(value)) [[unlikely]] {
            out.refuse(tag);
            return;
        }
        if constexpr (Field::length_tag != 0) {
            detail::write_prefix<Field::length_tag>(out);
            out.at = write_unsigned(out.at, value.size());
            detail::end_field(out);
            out.data_delimiters += count_bytes(value).delimiters;
        } else if constexpr (detail::needs_format_check(Field::type)) {
            if (!has_format(Field::type, value)) [[unlikely]] {
                out.refuse(tag);
                return;
            }
        }
        detail::write_prefix<tag>(out);
        out.at = writer::write(out.at, value);
        detail::end_field(out);
    }

    [[nodiscard]] bool holds_delimiter() const noexcept {
        if constexpr (std::is_same_v<typename Field::value_type, std::string_view>) {
            return Field::length_tag == 0 && value.find(field_delimiter) != std::string_view::npos;
        } else if constexpr (std::is_same_v<typename Field::value_type, char>) {
            return value == field_delimiter;
        } else {
            return false;
        }
    }
    [[nodiscard]] int delimiter_tag() const noexcept { return holds_delimiter() ? tag : 0; }
};

// A field that may be left out.
template <class Field>
struct optional_setting {
    using field = Field;
    static constexpr int tag = Field::tag;
    static constexpr int sort_tag = field_setting<Field>::sort_tag;
    static constexpr bool is_always_set = false;
    static constexpr bool answers_for_required = false;

    field_setting<Field> setting;
    bool is_set = false;

    [[nodiscard]] constexpr std::size_t size_max() const noexcept {
        return is_set ? setting.size_max() : 0;
    }
    template <class Scope>
    void write(detail::body_writer& out) const noexcept {
        if (is_set) {
            setting.template write<Scope>(out);
        }
    }
    [[nodiscard]] int delimiter_tag() const noexcept {
        return is_set ? setting.delimiter_tag() : 0;
    }
};

template <class Field, class Value>
[[nodiscard]] constexpr field_setting<Field> set(const Value& value) noexcept {
    detail::check_value<Field, Value>();
    if constexpr (detail::is_value_of<Field, Value>) {
        return {detail::to_value<Field>(value)};
    } else {
        return {};
    }
}

template <class Field, std::size_t Size>
[[nodiscard]] constexpr field_setting<Field> set(const char (&text)[Size]) noexcept {
    return set<Field>(std::string_view{text});
}

// Left out where the optional is empty.
template <class Field, class Value>
[[nodiscard]] constexpr optional_setting<Field> set_if(const std::optional<Value>& value) noexcept {
    detail::check_value<Field, Value>();
    if (!value) {
        return {};
    }
    return {set<Field>(*value), true};
}

// Left out where the text is empty.
template <class Field>
[[nodiscard]] constexpr optional_setting<Field> set_if(std::string_view text) noexcept {
    detail::check_value<Field, std::string_view>();
    if (text.empty()) {
        return {};
    }
    return {set<Field>(text), true};
}

// One entry of a repeating group.
template <class... Settings>
struct entry_settings {
    std::tuple<Settings...> settings;
};

template <class... Settings>
[[nodiscard]] constexpr entry_settings<Settings...> entry(const Settings&... settings) noexcept {
    return {{settings...}};
}

}  // namespace millrace::xlator
