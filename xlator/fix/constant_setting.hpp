// An argument of encode() whose whole field is known to the compiler, and written as one piece:
//
//     set_constant<OrdType, OrdType::limit>(), set_constant<Account, "HOUSE">()
//
// Threading  values without state
// Errors     what FIX has no text for does not compile
#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <string_view>

#include "xlator/fix/setting.hpp"

namespace millrace::xlator {

// A text as a template argument.
template <std::size_t Size>
struct constant_text {
    char text[Size]{};

    // NOLINTNEXTLINE(google-explicit-constructor): so that a literal can be one
    consteval constant_text(const char (&literal)[Size]) {
        for (std::size_t i = 0; i < Size; ++i) {
            text[i] = literal[i];
        }
    }
    [[nodiscard]] constexpr std::string_view view() const noexcept { return {text, Size - 1}; }
};

namespace detail {

// "40=2" and its delimiter.
template <class Field, class Value>
consteval auto constant_bytes(const Value& value) {
    struct made {
        std::array<char, 128> text{};
        std::size_t size = 0;
    } field;
    constexpr auto& prefix = tag_prefix<Field::tag>;
    char* at = field.text.data();
    const auto put = [&](std::string_view bytes) {
        for (const char c : bytes) {
            *at++ = c;
        }
    };
    put({prefix.data(), prefix.size()});
    if constexpr (std::is_same_v<Value, std::string_view>) {
        put(value);
    } else if constexpr (has_enum<Field>) {
        put(to_text<Field>(value));
    } else if constexpr (std::is_same_v<typename Field::value_type, bool>) {
        put(value ? "Y" : "N");
    } else if constexpr (std::is_same_v<typename Field::value_type, char>) {
        *at++ = value;
    } else {
        at = write_signed(at, static_cast<std::int64_t>(value));
    }
    *at++ = field_delimiter;
    field.size = static_cast<std::size_t>(at - field.text.data());
    return field;
}

}  // namespace detail

// Bytes: what detail::constant_bytes() made.
template <class Field, auto Bytes>
struct constant_setting {
    using field = Field;
    static constexpr int tag = Field::tag;
    static constexpr int sort_tag = Field::tag;
    static constexpr bool is_always_set = true;
    static constexpr bool answers_for_required = true;

    [[nodiscard]] static constexpr std::size_t size_max() noexcept { return Bytes.size; }

    template <class Scope>
    void write(detail::body_writer& out) const noexcept {
        std::memcpy(out.at, Bytes.text.data(), Bytes.size);
        out.at += Bytes.size;
        ++out.fields;
    }
    [[nodiscard]] static constexpr int delimiter_tag() noexcept { return 0; }
};

template <class Field, auto Value>
[[nodiscard]] constexpr auto set_constant() noexcept {
    detail::check_value<Field, decltype(Value)>();
    static_assert(!std::is_same_v<typename Field::value_type, utc_timestamp> &&
                      !std::is_same_v<typename Field::value_type, std::string_view>,
                  "set_constant<> takes an enumerator, a number, a character, a Boolean or a text");
    if constexpr (has_enum<Field>) {
        static_assert(detail::enum_writer<Field>::is_valid(Value),
                      "this number is none of the field's enumerators");
    }
    return constant_setting<Field, detail::constant_bytes<Field>(Value)>{};
}

template <class Field, constant_text Text>
[[nodiscard]] constexpr auto set_constant() noexcept {
    detail::check_value<Field, std::string_view>();
    static_assert(!detail::needs_format_check(Field::type) && Field::length_tag == 0,
                  "the compiler cannot check a text of this type: use set<>");
    static_assert(!Text.view().empty() &&
                      Text.view().find(field_delimiter) == std::string_view::npos &&
                      Text.view().size() <= 100,
                  "a constant text has 1 to 100 bytes, and no delimiter");
    return constant_setting<Field, detail::constant_bytes<Field>(Text.view())>{};
}

}  // namespace millrace::xlator
