// A decoded message whose type the compiler knows: a field or group that the message, or the entry
// of its group, cannot have does not compile.
//
//     void on_fill(const typed_message<ExecutionReport>& report) { use(*report.get<LastQty>()); }
//
// Threading  as the field_scope behind it (message_view.hpp)
// Progress   no allocation, no exception; the same code as without a type
#pragma once

#include <cstddef>
#include <string_view>

#include "xlator/fix/declare.hpp"
#include "xlator/fix/membership.hpp"
#include "xlator/fix/message_view.hpp"

namespace millrace::xlator {

template <class Where, class Scope>
class typed_group;

// One level of it: Where is the message or the counter, for the compiler's words.
template <class Where, class Scope>
class typed_scope {
public:
    typed_scope() = default;
    // REQUIRES: `fields` is such a message or entry.
    explicit typed_scope(const field_scope& fields) noexcept : fields_(fields) {}

    template <class Field>
    [[nodiscard]] bool has() const noexcept {
        static_assert(is_member<Field>);
        return fields_.has<Field>();
    }
    template <class Field>
    [[nodiscard]] field_value<typename Field::value_type> get() const noexcept {
        static_assert(is_member<Field>);
        return fields_.get<Field>();
    }
    template <class Counter>
    [[nodiscard]] auto group() const noexcept {
        static_assert(is_member<Counter>);
        static_assert(detail::is_group_counter<Scope>(Counter::tag),
                      "group<> takes a group's counter");
        constexpr const group_info* group = detail::group_of<Scope>(Counter::tag);
        return typed_group<Counter, detail::group_scope<group>>(fields_.group<Counter>());
    }
    // For what the dictionary does not know: any tag, whatever type.
    [[nodiscard]] const field_scope& fields() const noexcept { return fields_; }
    operator const field_scope&() const noexcept { return fields_; }  // NOLINT: it is one

private:
    template <class Field>
    static constexpr bool is_member = detail::field_is_a_member<
        Where, Field, detail::member_index<Scope>(Field::tag) != SIZE_MAX>();

    field_scope fields_;
};

template <class Message>
using typed_message = typed_scope<Message, detail::scope<members_of<Message>>>;

// The entries of a repeating group.
template <class Where, class Scope>
class typed_group {
public:
    class iterator {
    public:
        explicit iterator(const group_view::iterator& at) noexcept : at_(at) {}
        typed_scope<Where, Scope> operator*() const noexcept {
            return typed_scope<Where, Scope>(*at_);
        }
        iterator& operator++() noexcept {
            ++at_;
            return *this;
        }
        bool operator==(const iterator& other) const noexcept { return at_ == other.at_; }

    private:
        group_view::iterator at_;
    };

    explicit typed_group(const group_view& entries) noexcept : entries_(entries) {}

    [[nodiscard]] iterator begin() const noexcept { return iterator(entries_.begin()); }
    [[nodiscard]] iterator end() const noexcept { return iterator(entries_.end()); }
    [[nodiscard]] bool is_empty() const noexcept { return entries_.is_empty(); }
    [[nodiscard]] std::size_t count() const noexcept { return entries_.count(); }
    // The entry with this index from 0; an empty scope if there are not so many.
    [[nodiscard]] typed_scope<Where, Scope> entry(std::size_t index) const noexcept {
        return typed_scope<Where, Scope>(entries_.entry(index));
    }

private:
    group_view entries_;
};

}  // namespace millrace::xlator
