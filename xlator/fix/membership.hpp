// Which fields a message or a group entry has, as the compiler knows it: for encoders, and for
// views of what was decoded.
//
// Threading  types and constants only
// Errors     a field of another message does not compile
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "xlator/fix/reflection.hpp"

namespace millrace::xlator::detail {

template <const auto& Members>
struct scope {
    static constexpr std::span<const member_info> members{Members};
};

template <const group_info* Group>
struct group_scope {
    static constexpr std::span<const member_info> members = Group->members;
};

template <class Scope>
consteval std::size_t member_index(int tag) {
    for (std::size_t i = 0; i < Scope::members.size(); ++i) {
        if (Scope::members[i].tag == tag) {
            return i;
        }
    }
    return SIZE_MAX;
}

template <class Scope>
consteval bool is_group_counter(int tag) {
    const std::size_t index = member_index<Scope>(tag);
    return index != SIZE_MAX && Scope::members[index].is_group;
}

template <class Scope>
consteval const group_info* group_of(int tag) {
    const std::size_t index = member_index<Scope>(tag);
    return index == SIZE_MAX ? nullptr : Scope::members[index].group;
}

template <class Scope>
consteval bool is_required(int tag) {
    const std::size_t index = member_index<Scope>(tag);
    return index != SIZE_MAX && Scope::members[index].is_required;
}

// The name of a field as a template argument, so that the compiler's message shows it.
struct field_name {
    char text[48]{};
    consteval explicit field_name(std::string_view name) {
        for (std::size_t i = 0; i < name.size() && i + 1 < sizeof(text); ++i) {
            text[i] = name[i];
        }
    }
};

template <class Where, class Field, bool IsMember>
constexpr bool field_is_a_member() {
    static_assert(IsMember,
                  "this field does not belong to this message or group (see Field, Where)");
    return true;
}

}  // namespace millrace::xlator::detail
