// Typed, zero-copy access to a decoded message, its header and trailer, and its repeating groups.
//
//     const auto price = message.get<Price>();          // field_value<decimal>
//     for (const field_scope party : message.group<NoPartyIDs>()) { use(*party.get<PartyID>()); }
//
// Threading  a view of a decoder's state: valid until its next decode() and while the bytes live
// Progress   no allocation, no exception
// Errors     an absent or malformed value is a field_value that is false and carries
// SessionRejectReason(373)
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "xlator/fix/value.hpp"

namespace millrace::xlator {

namespace detail {

// One field in the order of the wire. Level 0 is the message, 1 an entry of its group, and so on.
struct field_ref {
    std::uint64_t key = 0;  // level << 32 | tag
    std::uint32_t offset = 0;
    std::uint32_t size = 0;
    std::uint32_t starts_entry = 0;
    std::uint32_t end = 0;  // of a group's counter: index behind the group's last field

    [[nodiscard]] std::uint32_t tag() const noexcept { return static_cast<std::uint32_t>(key); }
    [[nodiscard]] std::uint32_t level() const noexcept {
        return static_cast<std::uint32_t>(key >> 32);
    }
};

[[nodiscard]] constexpr std::uint64_t field_key(std::uint32_t level, std::uint32_t tag) noexcept {
    return static_cast<std::uint64_t>(level) << 32 | tag;
}

}  // namespace detail

struct field_view {
    int tag = 0;
    std::string_view value;
    std::uint32_t level = 0;  // how many groups it is in
};

class group_view;

// The fields of one level: a message, or one entry of a group.
class field_scope {
public:
    class iterator {
    public:
        iterator(const char* bytes, const detail::field_ref* at) noexcept
            : bytes_(bytes), at_(at) {}
        field_view operator*() const noexcept {
            return {static_cast<int>(at_->tag()), {bytes_ + at_->offset, at_->size}, at_->level()};
        }
        iterator& operator++() noexcept {
            ++at_;
            return *this;
        }
        bool operator==(const iterator& other) const noexcept { return at_ == other.at_; }

    private:
        const char* bytes_;
        const detail::field_ref* at_;
    };

    field_scope() = default;
    field_scope(const char* bytes, const detail::field_ref* all, const detail::field_ref* first,
                const detail::field_ref* last, std::uint32_t level) noexcept
        : bytes_(bytes), all_(all), first_(first), last_(last), level_(level) {}

    template <class Field>
    [[nodiscard]] bool has() const noexcept {
        return find(Field::tag) != nullptr;
    }
    template <class Field>
    [[nodiscard]] field_value<typename Field::value_type> get() const noexcept {
        const detail::field_ref* found = find(Field::tag);
        return found == nullptr ? field_value<typename Field::value_type>{}
                                : parse_field<Field>(text_of(*found));
    }
    // Any tag, also one the dictionary does not know; empty if absent.
    [[nodiscard]] std::string_view text(int tag) const noexcept {
        const detail::field_ref* found = find(tag);
        return found == nullptr ? std::string_view{} : text_of(*found);
    }
    [[nodiscard]] bool has(int tag) const noexcept { return find(tag) != nullptr; }

    // Empty if the group is absent.
    template <class Counter>
    [[nodiscard]] group_view group() const noexcept;
    [[nodiscard]] group_view group(int counter_tag) const noexcept;

    // All fields in the order of the wire, those of groups included.
    [[nodiscard]] iterator begin() const noexcept { return {bytes_, first_}; }
    [[nodiscard]] iterator end() const noexcept { return {bytes_, last_}; }

private:
    [[nodiscard]] const detail::field_ref* find(int tag) const noexcept {
        const std::uint64_t key = detail::field_key(level_, static_cast<std::uint32_t>(tag));
        for (const detail::field_ref* at = first_; at != last_; ++at) {
            if (at->key == key) {
                return at;
            }
        }
        return nullptr;
    }
    [[nodiscard]] std::string_view text_of(const detail::field_ref& found) const noexcept {
        return {bytes_ + found.offset, found.size};
    }

    const char* bytes_ = nullptr;
    const detail::field_ref* all_ = nullptr;
    const detail::field_ref* first_ = nullptr;
    const detail::field_ref* last_ = nullptr;
    std::uint32_t level_ = 0;
};

// The entries of a repeating group.
class group_view {
public:
    class iterator {
    public:
        iterator(const group_view& group, const detail::field_ref* at) noexcept
            : group_(&group), at_(at), next_(group.entry_end(at)) {}
        field_scope operator*() const noexcept {
            return {group_->bytes_, group_->all_, at_, next_, group_->level_};
        }
        iterator& operator++() noexcept {
            at_ = next_;
            next_ = group_->entry_end(at_);
            return *this;
        }
        bool operator==(const iterator& other) const noexcept { return at_ == other.at_; }

    private:
        const group_view* group_;
        const detail::field_ref* at_;
        const detail::field_ref* next_;
    };

    group_view() = default;
    group_view(const char* bytes, const detail::field_ref* all, const detail::field_ref* first,
               const detail::field_ref* last, std::uint32_t level) noexcept
        : bytes_(bytes), all_(all), first_(first), last_(last), level_(level) {}

    [[nodiscard]] iterator begin() const noexcept { return {*this, first_}; }
    [[nodiscard]] iterator end() const noexcept { return {*this, last_}; }
    [[nodiscard]] bool is_empty() const noexcept { return first_ == last_; }
    [[nodiscard]] std::size_t count() const noexcept {
        std::size_t entries = 0;
        for (const detail::field_ref* at = first_; at != last_; at = entry_end(at)) {
            ++entries;
        }
        return entries;
    }
    // The entry with this index from 0; an empty scope if there are not so many.
    [[nodiscard]] field_scope entry(std::size_t index) const noexcept {
        const detail::field_ref* at = first_;
        for (; index != 0 && at != last_; --index) {
            at = entry_end(at);
        }
        return {bytes_, all_, at, entry_end(at), level_};
    }

private:
    [[nodiscard]] const detail::field_ref* entry_end(const detail::field_ref* at) const noexcept {
        if (at == last_) {
            return last_;
        }
        for (++at; at != last_; ++at) {
            if (at->starts_entry != 0 && at->level() == level_) {
                return at;
            }
        }
        return last_;
    }

    const char* bytes_ = nullptr;
    const detail::field_ref* all_ = nullptr;
    const detail::field_ref* first_ = nullptr;
    const detail::field_ref* last_ = nullptr;
    std::uint32_t level_ = 0;
};

template <class Counter>
group_view field_scope::group() const noexcept {
    static_assert(is_integer(Counter::type), "group<> takes a group's counter");
    return group(Counter::tag);
}

inline group_view field_scope::group(int counter_tag) const noexcept {
    const detail::field_ref* counter = find(counter_tag);
    if (counter == nullptr || counter->end == 0) {
        return {};
    }
    return {bytes_, all_, counter + 1, all_ + counter->end, level_ + 1};
}

}  // namespace millrace::xlator
