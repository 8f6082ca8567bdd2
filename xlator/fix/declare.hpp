// The words generated declarations are made of, and the step from declarations to reflection
// tables.
//
// A generated message is a list: message<"D", required<ClOrdID>, optional<Account>,
// required<Instrument>, ...>. Everything a message can do (encode, decode, validate, print) is a
// template over such a list.
//
// Threading  types and constants only
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <type_traits>

#include "xlator/fix/reflection.hpp"
#include "xlator/fix/value.hpp"

namespace millrace::xlator {

// Text as a template argument.
template <std::size_t Size>
struct fixed_text {
    char text[Size]{};
    consteval fixed_text(const char (&source)[Size]) {  // NOLINT: "D" is meant to convert
        for (std::size_t i = 0; i < Size; ++i) {
            text[i] = source[i];
        }
    }
    [[nodiscard]] constexpr std::string_view view() const noexcept { return {text, Size - 1}; }
};

template <int Tag, field_type Type, enum_form Form = enum_form::none>
struct field {
    static constexpr int tag = Tag;
    static constexpr field_type type = Type;
    static constexpr enum_form form = Form;
    static constexpr int length_tag = 0;
    static constexpr int data_tag = 0;
    static constexpr std::array<enum_value_info, 0> values{};
    using value_type = native_type<Type>;
};

// A field that may hold any byte; LengthTag's field stands before it and is written with it.
template <int Tag, int LengthTag, field_type Type = field_type::data>
struct data_field : field<Tag, Type> {
    static constexpr int length_tag = LengthTag;
};

// The length of DataTag's field.
template <int Tag, int DataTag, field_type Type = field_type::length>
struct length_field : field<Tag, Type> {
    static constexpr int data_tag = DataTag;
};

template <class... Members>
struct member_list {};

// Members: required<X> or optional<X>, X a field, a group or a component.
template <class Member>
struct required {};
template <class Member>
struct optional {};

struct component_tag {};
template <class... Members>
struct component : component_tag {
    using members = member_list<Members...>;
};

struct group_tag {};
template <class Counter, class... Members>
struct group : group_tag {
    static_assert(sizeof...(Members) > 0, "a group needs a first member, its delimiter");
    using counter = Counter;
    using members = member_list<Members...>;
};

struct message_tag {};
template <fixed_text MsgType, class... Members>
struct message : message_tag {
    static constexpr std::string_view msg_type = MsgType.view();
    using members = member_list<Members...>;
};

namespace detail {

template <class List>
struct flattened;

template <class Group>
inline constexpr auto group_members = flattened<typename Group::members>::table;

template <class Group>
inline constexpr group_info group_table{Group::counter::tag, Group::counter::name,
                                        group_members<Group>};

template <class Member>
consteval std::size_t member_count();

template <class... Members>
consteval std::size_t list_count(member_list<Members...>) {
    return (std::size_t{0} + ... + member_count<Members>());
}

template <class Member>
struct member_traits;
template <class Member>
struct member_traits<required<Member>> {
    using type = Member;
    static constexpr bool is_required = true;
};
template <class Member>
struct member_traits<optional<Member>> {
    using type = Member;
    static constexpr bool is_required = false;
};

template <class Member>
consteval std::size_t member_count() {
    using type = typename member_traits<Member>::type;
    if constexpr (std::is_base_of_v<component_tag, type>) {
        return list_count(typename type::members{});
    } else {
        return 1;
    }
}

template <class... Members>
constexpr void append_list(member_list<Members...>, bool is_required, bool is_direct,
                           member_info*& at);

// A required member of an optional component is optional: FIX asks for it only with the component.
template <class Member>
constexpr void append_member(bool is_list_required, bool is_direct, member_info*& at) {
    using type = typename member_traits<Member>::type;
    constexpr bool is_declared_required = member_traits<Member>::is_required;
    const bool is_required = is_list_required && is_declared_required;
    if constexpr (std::is_base_of_v<component_tag, type>) {
        append_list(typename type::members{}, is_required, false, at);
    } else if constexpr (std::is_base_of_v<group_tag, type>) {
        *at++ = {type::counter::tag,
                 type::counter::name,
                 is_required,
                 &group_table<type>,
                 true,
                 is_declared_required,
                 is_direct};
    } else {
        *at++ = {type::tag, type::name,           is_required, nullptr,
                 false,     is_declared_required, is_direct};
    }
}

template <class... Members>
constexpr void append_list(member_list<Members...>, [[maybe_unused]] bool is_required,
                           [[maybe_unused]] bool is_direct, [[maybe_unused]] member_info*& at) {
    (append_member<Members>(is_required, is_direct, at), ...);
}

template <class List>
struct flattened {
    static constexpr auto table = [] {
        std::array<member_info, list_count(List{})> members{};
        member_info* at = members.data();
        append_list(List{}, true, true, at);
        return members;
    }();
};

}  // namespace detail

// Members of a message or component in dictionary order, components expanded.
template <class Declared>
inline constexpr auto members_of = detail::flattened<typename Declared::members>::table;

template <class Field>
[[nodiscard]] constexpr field_info describe_field() {
    return {Field::tag,    Field::name,       Field::type,    Field::form,
            Field::values, Field::length_tag, Field::data_tag};
}

template <class Message>
[[nodiscard]] constexpr message_info describe_message() {
    return {Message::msg_type, Message::name, Message::is_admin, members_of<Message>};
}

}  // namespace millrace::xlator
