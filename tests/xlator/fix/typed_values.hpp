// The typed values of a declared message, whatever it is: read from a decoded message by
// get<Field>() and group<Counter>(), and written by encode().
//
//     typed_values<NewOrderSingle> order;
//     order.read(decoder.message());
//     order.write(out);
//
// Units      texts are views of the decoded bytes
#pragma once

#include <optional>
#include <span>
#include <type_traits>
#include <vector>

#include "xlator/fix/encoder.hpp"
#include "xlator/fix/message_view.hpp"

namespace millrace::tests {

// A field or group of a message or entry. IsRequired: set<> writes it, as it is always there.
template <class Type, bool IsRequired>
struct leaf {};

// What a member list comes to without components and lengths, which are written with their data.
template <class... Leaves>
struct leaf_list {};

template <class... A, class... B>
leaf_list<A..., B...> operator+(leaf_list<A...>, leaf_list<B...>) {
    return {};
}

template <bool IsRequired, class Member>
auto leaves_of();

template <bool IsRequired, class... Members>
auto leaves_of_list(xlator::member_list<Members...>) {
    return (leaf_list<>{} + ... + leaves_of<IsRequired, Members>());
}

template <bool IsRequired, class Member>
auto leaves_of() {
    using traits = xlator::detail::member_traits<Member>;
    using type = typename traits::type;
    constexpr bool is_required = IsRequired && traits::is_required;
    if constexpr (std::is_base_of_v<xlator::component_tag, type>) {
        return leaves_of_list<is_required>(typename type::members{});
    } else if constexpr (std::is_base_of_v<xlator::group_tag, type>) {
        return leaf_list<leaf<type, is_required>>{};
    } else if constexpr (type::data_tag != 0) {
        return leaf_list<>{};
    } else {
        return leaf_list<leaf<type, is_required>>{};
    }
}

// An entry has its first member always.
template <class Type, bool IsRequired, class... Rest>
leaf_list<leaf<Type, true>, Rest...> with_delimiter(leaf_list<leaf<Type, IsRequired>, Rest...>) {
    return {};
}

template <class Leaves>
struct scope_values;

template <class Group>
using entry_values =
    scope_values<decltype(with_delimiter(leaves_of_list<true>(typename Group::members{})))>;

template <class Leaf>
struct leaf_value;

template <class Field, bool IsRequired>
struct leaf_value<leaf<Field, IsRequired>> {
    std::optional<typename Field::value_type> value;

    void read_leaf(const xlator::field_scope& from) {
        if (const auto found = from.get<Field>()) {
            value = *found;
        }
    }
    [[nodiscard]] auto setting() const {
        if constexpr (IsRequired) {
            return xlator::set<Field>(*value);
        } else {
            return xlator::set_if<Field>(value);
        }
    }
};

template <class Group, bool IsRequired>
requires std::is_base_of_v<xlator::group_tag, Group>
struct leaf_value<leaf<Group, IsRequired>> {
    std::vector<entry_values<Group>> entries;

    void read_leaf(const xlator::field_scope& from) {
        for (const xlator::field_scope entry : from.group<typename Group::counter>()) {
            entries.emplace_back().read(entry);
        }
    }
    [[nodiscard]] auto setting() const {
        return xlator::set_group_each<typename Group::counter>(
            entries, [](const entry_values<Group>& each) { return each.entry(); });
    }
};

template <class... Leaves>
struct scope_values<leaf_list<Leaves...>> : leaf_value<Leaves>... {
    void read(const xlator::field_scope& from) { (leaf_value<Leaves>::read_leaf(from), ...); }
    [[nodiscard]] auto entry() const { return xlator::entry(leaf_value<Leaves>::setting()...); }
    template <class Message>
    xlator::encode_result write_as(std::span<char> out) const {
        return xlator::encode<Message>(out, leaf_value<Leaves>::setting()...);
    }
};

template <class Message>
struct typed_values : scope_values<decltype(leaves_of_list<true>(typename Message::members{}))> {
    xlator::encode_result write(std::span<char> out) const {
        return this->template write_as<Message>(out);
    }
};

}  // namespace millrace::tests
