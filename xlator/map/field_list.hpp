// A struct and a message type joined field by field: one list for both directions.
//
//     constexpr auto orders = fields_of<NewOrderSingle>(
//         member<ClOrdID>(&order::id), member<Side>(&order::side, {{'B', Side::buy}}),
//         member_or<Account>(&order::account, "HOUSE"), always<OrdType>(OrdType::limit));
//
//     orders.encode(out, row, set<TransactTime>(now));           // and what is not in the struct
//     orders.decode(decoder.message(), decoder.msg_type(), row);
//
// A member holds a field's value where it is of its type, or one that converts to it and back: any
// integer up to 64 bits with a sign, a text with view() and assign(), a struct of mantissa and
// exponent, one with ns. No value: an empty std::optional or text, character 0, time 0, a null
// decimal; with pairs, what is in none of them and is the member's first state. A field without a
// value is left out, and a message without a field empties its member.
//
// Threading  constant; any thread
// Progress   no allocation but where a member is a std::string, no exception
// Errors     a field of another message, and a member that cannot hold its field, do not compile; a
//            required field without a value, and a value that does not fit, are a status with tag
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "xlator/fix/encoder.hpp"
#include "xlator/fix/message_view.hpp"
#include "xlator/map/map_result.hpp"

namespace millrace::xlator {

// One translation between a member's value and an enumerator.
template <class Member, class Field>
struct enum_pair {
    Member member;
    typename Field::value_type value;
};

namespace detail {

template <class Member>
concept text_like = requires(const Member& text) {
    { text.view() } -> std::convertible_to<std::string_view>;
};
template <class Member>
concept decimal_like = requires(const Member& number) {
    number.mantissa;
    number.exponent;
};
template <class Member>
concept time_like = requires(const Member& time) {
    time.ns;
};

template <class Member>
inline constexpr bool is_optional = false;
template <class Value>
inline constexpr bool is_optional<std::optional<Value>> = true;

// A member as a field's value, where it has one.
template <class Value, class Member>
[[nodiscard]] constexpr std::optional<Value> value_in(const Member& member) noexcept {
    if constexpr (is_optional<Member>) {
        return member ? value_in<Value>(*member) : std::nullopt;
    } else if constexpr (std::is_same_v<Value, std::string_view>) {
        std::string_view text;
        if constexpr (text_like<Member>) {
            text = member.view();
        } else {
            text = member;
        }
        return text.empty() ? std::nullopt : std::optional(text);
    } else if constexpr (std::is_same_v<Value, decimal> && decimal_like<Member>) {
        if constexpr (requires { member.is_null(); }) {
            if (member.is_null()) {
                return std::nullopt;
            }
        }
        return decimal{member.mantissa, member.exponent};
    } else if constexpr (std::is_same_v<Value, decimal>) {
        return decimal{static_cast<std::int64_t>(member), 0};
    } else if constexpr (std::is_same_v<Value, utc_timestamp>) {
        if (member.ns == 0) {
            return std::nullopt;
        }
        if constexpr (std::is_same_v<Member, utc_timestamp>) {
            return member;
        } else {
            return utc_timestamp{member.ns, 3};
        }
    } else if constexpr (std::is_same_v<Value, char>) {
        return member == '\0' ? std::nullopt : std::optional(member);
    } else {
        return static_cast<Value>(member);
    }
}

template <class Member>
[[nodiscard]] constexpr bool store_integer(std::int64_t number, Member& member) noexcept {
    if (!std::in_range<Member>(number)) {
        return false;
    }
    member = static_cast<Member>(number);
    return true;
}

// False: the member cannot hold the value.
template <class Value, class Member>
[[nodiscard]] constexpr bool store_in(const Value& value, Member& member) noexcept {
    if constexpr (is_optional<Member>) {
        return store_in(value, member.emplace());
    } else if constexpr (std::is_same_v<Value, std::string_view> && text_like<Member>) {
        return member.assign(value);
    } else if constexpr (std::is_same_v<Value, decimal> && decimal_like<Member>) {
        member = Member{};
        member.mantissa = value.mantissa;
        member.exponent = value.exponent;
        return true;
    } else if constexpr (std::is_same_v<Value, decimal>) {
        std::int64_t whole = 0;
        return rescale(value, 0, whole) && store_integer(whole, member);
    } else if constexpr (std::is_same_v<Value, std::int64_t>) {
        return store_integer(value, member);
    } else if constexpr (std::is_same_v<Value, utc_timestamp> &&
                         !std::is_same_v<Member, utc_timestamp>) {
        member.ns = value.ns;
        return true;
    } else {
        member = value;
        return true;
    }
}

// Unsigned 64-bit numbers may not fit into a field's value.
template <class Member>
inline constexpr bool fits_integer =
    std::is_integral_v<Member> && !std::is_same_v<Member, bool> && !std::is_same_v<Member, char> &&
    (sizeof(Member) < sizeof(std::int64_t) || std::is_signed_v<Member>);

template <class Value, class Member>
inline constexpr bool can_hold = [] {
    if constexpr (is_optional<Member>) {
        return can_hold<Value, typename Member::value_type>;
    } else if constexpr (std::is_same_v<Value, std::string_view>) {
        // An array of characters may have no end within itself.
        return text_like<Member> || (std::is_convertible_v<const Member&, std::string_view> &&
                                     !std::is_array_v<Member> && !std::is_pointer_v<Member>);
    } else if constexpr (std::is_same_v<Value, decimal>) {
        return decimal_like<Member> || fits_integer<Member>;
    } else if constexpr (std::is_same_v<Value, std::int64_t>) {
        return fits_integer<Member>;
    } else if constexpr (std::is_same_v<Value, utc_timestamp>) {
        return time_like<Member>;
    } else {
        return std::is_same_v<Value, Member>;
    }
}();

template <class Message, class Field>
consteval bool is_required_in() {
    for (const member_info& member : members_of<Message>) {
        if (member.tag == Field::tag) {
            return member.is_required;
        }
    }
    return false;
}

}  // namespace detail

// A field that lies in a member of the struct.
template <class Field, class Row, class Member, std::size_t Pairs>
struct member_field {
    using field = Field;
    using value_type = typename Field::value_type;
    static constexpr bool is_constant = false;

    Member Row::*pointer;
    std::array<enum_pair<Member, Field>, Pairs> pairs;
    std::optional<value_type> otherwise;

    // No value, or bad_value where it has no translation.
    [[nodiscard]] constexpr map_status read(const Row& row,
                                            std::optional<value_type>& value) const noexcept {
        if constexpr (Pairs == 0) {
            value = detail::value_in<value_type>(row.*pointer);
        } else {
            for (const auto& pair : pairs) {
                if (pair.member == row.*pointer) {
                    value = pair.value;
                    return map_status::ok;
                }
            }
            if (!(row.*pointer == Member{})) {
                return map_status::bad_value;
            }
        }
        if (!value) {
            value = otherwise;
        }
        return map_status::ok;
    }

    [[nodiscard]] constexpr bool write(const value_type& value, Row& row) const noexcept {
        if constexpr (Pairs == 0) {
            return detail::store_in(value, row.*pointer);
        } else {
            for (const auto& pair : pairs) {
                if (pair.value == value) {
                    row.*pointer = pair.member;
                    return true;
                }
            }
            return false;
        }
    }

    constexpr void clear(Row& row) const noexcept { row.*pointer = Member{}; }
};

// A field that always has the same value, and is not read.
template <class Field>
struct constant_field {
    using field = Field;
    using value_type = typename Field::value_type;
    static constexpr bool is_constant = true;

    value_type value;

    template <class Row>
    [[nodiscard]] constexpr map_status read(const Row&,
                                            std::optional<value_type>& found) const noexcept {
        found = value;
        return map_status::ok;
    }
};

template <class Field, class Row, class Member>
[[nodiscard]] constexpr member_field<Field, Row, Member, 0> member(Member Row::*pointer) {
    static_assert(detail::can_hold<typename Field::value_type, Member>,
                  "this member cannot hold the field's value: give it the field's type, or pairs");
    return {pointer, {}, std::nullopt};
}

// With translations: a value that is not among them is none.
template <class Field, class Row, class Member, std::size_t Pairs>
[[nodiscard]] constexpr member_field<Field, Row, Member, Pairs> member(
    Member Row::*pointer, const enum_pair<Member, Field> (&pairs)[Pairs]) {
    return {pointer, std::to_array(pairs), std::nullopt};
}

// What a member without a value, or a message without the field, has instead.
template <class Field, class Row, class Member>
[[nodiscard]] constexpr member_field<Field, Row, Member, 0> member_or(
    Member Row::*pointer, const typename Field::value_type& otherwise) {
    auto made = member<Field>(pointer);
    made.otherwise = otherwise;
    return made;
}

template <class Field>
[[nodiscard]] constexpr constant_field<Field> always(const typename Field::value_type& value) {
    return {value};
}

template <class Message, class... Fields>
class field_list {
public:
    constexpr explicit field_list(const Fields&... fields) : fields_(fields...) {}

    // A body, as encode<Message>() makes it; `more`: settings of other fields and of groups.
    template <class Row, class... More>
    [[nodiscard]] encode_result encode(std::span<char> out, const Row& row,
                                       const More&... more) const noexcept {
        return std::apply(
            [&](const Fields&... fields) {
                return encode_values(out, std::tuple<const More&...>(more...),
                                     value_for(fields, row)...);
            },
            fields_);
    }

    // Sets the members of the list, and no other.
    template <class Row>
    [[nodiscard]] map_result decode(const field_scope& message, std::string_view msg_type,
                                    Row& row) const noexcept {
        if (msg_type != Message::msg_type) {
            return {map_status::wrong_message, 35, -1, 0, 0};
        }
        map_result result;
        std::apply(
            [&](const Fields&... fields) {
                static_cast<void>((... && read_field(fields, message, row, result)));
            },
            fields_);
        return result;
    }

private:
    template <class Field>
    struct found_value {
        std::optional<typename Field::value_type> value;
        map_status status = map_status::ok;
    };

    template <class Binding, class Row>
    [[nodiscard]] static found_value<typename Binding::field> value_for(const Binding& binding,
                                                                        const Row& row) noexcept {
        found_value<typename Binding::field> found;
        found.status = binding.read(row, found.value);
        if (!found.value && detail::is_required_in<Message, typename Binding::field>()) {
            found.status = map_status::required_empty;
        }
        return found;
    }

    template <class Field>
    [[nodiscard]] static constexpr auto setting_of(const found_value<Field>& found) noexcept {
        if constexpr (detail::is_required_in<Message, Field>()) {
            return set<Field>(*found.value);
        } else {
            return set_if<Field>(found.value);
        }
    }

    template <class... More, class... Found>
    [[nodiscard]] static encode_result encode_values(std::span<char> out,
                                                     const std::tuple<const More&...>& more,
                                                     const Found&... found) noexcept {
        encode_result refused;
        static_cast<void>((... && is_fine(found, refused)));
        if (!refused.is_ok()) [[unlikely]] {
            return refused;
        }
        return std::apply(
            [&](const More&... others) {
                return xlator::encode<Message>(out, setting_of(found)..., others...);
            },
            more);
    }

    template <class Field>
    [[nodiscard]] static bool is_fine(const found_value<Field>& found,
                                      encode_result& refused) noexcept {
        if (found.status != map_status::ok) [[unlikely]] {
            refused.status = encode_status::bad_value;
            refused.tag = Field::tag;
            return false;
        }
        return true;
    }

    template <class Binding, class Row>
    [[nodiscard]] static bool read_field(const Binding& binding, const field_scope& message,
                                         Row& row, map_result& result) noexcept {
        if constexpr (!Binding::is_constant) {
            using bound = typename Binding::field;
            const auto found = message.get<bound>();
            if (found.is_absent()) {
                if (binding.otherwise) {
                    result.status = binding.write(*binding.otherwise, row) ? map_status::ok
                                                                           : map_status::bad_value;
                } else if (detail::is_required_in<Message, bound>()) {
                    result.status = map_status::required_empty;
                } else {
                    binding.clear(row);
                }
            } else if (!found || !binding.write(*found, row)) {
                result.status = map_status::bad_value;
            }
            result.tag = result.is_ok() ? 0 : bound::tag;
        }
        return result.is_ok();
    }

    std::tuple<Fields...> fields_;
};

template <class Message, class... Fields>
[[nodiscard]] constexpr field_list<Message, Fields...> fields_of(const Fields&... fields) {
    static_assert(
        (... && detail::field_is_a_member<Message, typename Fields::field,
                                          detail::member_index<detail::scope<members_of<Message>>>(
                                              Fields::field::tag) != SIZE_MAX>()));
    return field_list<Message, Fields...>(fields...);
}

}  // namespace millrace::xlator
