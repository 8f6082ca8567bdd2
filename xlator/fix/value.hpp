// FIX value types: what C++ type stands for a field, and the checks FIX asks of its text.
//
// Progress  no allocation, no exception
// Errors    parse functions return false and leave the value untouched
// Source    FIX 4.4 vol. 1, data types
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

#include "xlator/fix/decimal.hpp"
#include "xlator/fix/digits.hpp"
#include "xlator/fix/reflection.hpp"
#include "xlator/fix/reject_reason.hpp"
#include "xlator/fix/utc_timestamp.hpp"

namespace millrace::xlator {

namespace detail {

template <field_type Type>
constexpr auto native_value() {
    if constexpr (is_decimal(Type)) {
        return decimal{};
    } else if constexpr (is_integer(Type)) {
        return std::int64_t{};
    } else if constexpr (Type == field_type::character) {
        return char{};
    } else if constexpr (Type == field_type::boolean) {
        return bool{};
    } else if constexpr (Type == field_type::utc_timestamp) {
        return utc_timestamp{};
    } else {
        return std::string_view{};
    }
}

}  // namespace detail

// decimal, std::int64_t, char, bool, utc_timestamp or std::string_view.
template <field_type Type>
using native_type = decltype(detail::native_value<Type>());

[[nodiscard]] inline bool parse_boolean(std::string_view text, bool& value) noexcept {
    if (text.size() != 1 || (text[0] != 'Y' && text[0] != 'N')) {
        return false;
    }
    value = text[0] == 'Y';
    return true;
}

// Reads text as the native type of Type. Types that stay text are checked for their format.
template <field_type Type>
[[nodiscard]] bool parse_native(std::string_view text, native_type<Type>& value) noexcept;

// Whether text is a value of this type; an empty text is none. Data may hold any byte.
[[nodiscard]] bool has_format(field_type type, std::string_view text) noexcept;

// A Field's value type is its enum class where it has a value set, else the native type.
template <class Field>
inline constexpr bool has_enum =
    Field::form == enum_form::character || Field::form == enum_form::integer ||
    Field::form == enum_form::text;

// The wire text of an enumerator; empty if the number is none of the set.
template <class Field>
requires has_enum<Field>
[[nodiscard]] constexpr std::string_view to_text(typename Field::value_type value) noexcept {
    if constexpr (Field::form == enum_form::text) {
        const auto index = static_cast<std::size_t>(value);
        return index < Field::values.size() ? Field::values[index].value : std::string_view{};
    } else if constexpr (Field::form == enum_form::character) {
        for (const enum_value_info& known : Field::values) {
            if (known.value[0] == static_cast<char>(value)) {
                return known.value;
            }
        }
        return {};
    } else {
        for (const enum_value_info& known : Field::values) {
            std::int64_t number = 0;
            if (parse_signed(known.value, number) && number == static_cast<std::int64_t>(value)) {
                return known.value;
            }
        }
        return {};
    }
}

// false: text is none of the field's values.
template <class Field>
requires has_enum<Field>
[[nodiscard]] constexpr bool from_text(std::string_view text,
                                       typename Field::value_type& value) noexcept {
    using value_type = typename Field::value_type;
    for (std::size_t i = 0; i < Field::values.size(); ++i) {
        if (Field::values[i].value != text) {
            continue;
        }
        if constexpr (Field::form == enum_form::text) {
            value = static_cast<value_type>(i);
        } else if constexpr (Field::form == enum_form::character) {
            value = static_cast<value_type>(text[0]);
        } else {
            std::int64_t number = 0;
            if (!parse_signed(text, number)) {
                return false;
            }
            value = static_cast<value_type>(number);
        }
        return true;
    }
    return false;
}

// What a typed read found: a value, or why there is none.
template <class Value>
struct field_value {
    Value value{};
    session_reject_reason reason = session_reject_reason::required_tag_missing;

    [[nodiscard]] bool is_absent() const noexcept {
        return reason == session_reject_reason::required_tag_missing;
    }
    [[nodiscard]] explicit operator bool() const noexcept {
        return reason == session_reject_reason::none;
    }
    // REQUIRES *this is true.
    [[nodiscard]] const Value& operator*() const noexcept { return value; }
    [[nodiscard]] const Value* operator->() const noexcept { return &value; }
    [[nodiscard]] Value value_or(Value other) const noexcept { return *this ? value : other; }
};

// Reads the text of a field that is present.
template <class Field>
[[nodiscard]] field_value<typename Field::value_type> parse_field(std::string_view text) noexcept {
    field_value<typename Field::value_type> result;
    if (text.empty()) {
        result.reason = session_reject_reason::tag_without_value;
    } else if constexpr (has_enum<Field>) {
        if (from_text<Field>(text, result.value)) {
            result.reason = session_reject_reason::none;
        } else {
            result.reason = has_format(Field::type, text)
                                ? session_reject_reason::value_is_incorrect
                                : session_reject_reason::incorrect_data_format;
        }
    } else {
        result.reason = parse_native<Field::type>(text, result.value)
                            ? session_reject_reason::none
                            : session_reject_reason::incorrect_data_format;
    }
    return result;
}

template <field_type Type>
bool parse_native(std::string_view text, native_type<Type>& value) noexcept {
    if constexpr (is_decimal(Type)) {
        return parse_decimal(text, value);
    } else if constexpr (is_integer(Type)) {
        std::int64_t number = 0;
        if (!has_format(Type, text) || !parse_signed(text, number)) {
            return false;
        }
        value = number;
        return true;
    } else if constexpr (Type == field_type::character) {
        if (text.size() != 1) {
            return false;
        }
        value = text[0];
        return true;
    } else if constexpr (Type == field_type::boolean) {
        return parse_boolean(text, value);
    } else if constexpr (Type == field_type::utc_timestamp) {
        return parse_utc_timestamp(text, value);
    } else {
        if (!has_format(Type, text)) {
            return false;
        }
        value = text;
        return true;
    }
}

}  // namespace millrace::xlator
