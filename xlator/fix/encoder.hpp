// Writes the body of a message: encode<NewOrderSingle>(out, set<ClOrdID>("A1"),
// set<Side>(Side::buy), ...).
//
// A body is everything between the standard header and CheckSum(10); MsgType(35) belongs to the
// header.
//
// Threading  a function of its arguments; any thread
// Progress   no allocation, no exception; one pass to write, one to sum
// Invariant  fields come out by tag ascending, a group at its counter's tag, its members in
// dictionary order,
//            whatever the order of the arguments (QuickFIX's order; sorted at compile time)
// Units      size: bytes
// Errors     a missing required field, a field of another message and a wrong type do not compile;
// a value FIX
//            has no text for, an empty range for a required group, or too small a buffer, is a
//            status with the tag
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <tuple>
#include <utility>

#include "xlator/fix/membership.hpp"
#include "xlator/fix/setting.hpp"

namespace millrace::xlator {

enum class encode_status : std::uint8_t {
    ok,
    overflow,   // the buffer is too small; nothing of it is meaningful
    bad_value,  // the field `tag` has no FIX text: empty, a delimiter inside, a wrong format, no
                // such enumerator, a required group without entries
};

struct [[nodiscard]] encode_result {
    encode_status status = encode_status::ok;
    int tag = 0;                 // where status is bad_value
    std::size_t size = 0;        // bytes of the body
    std::uint32_t byte_sum = 0;  // the body's part of CheckSum(10)

    [[nodiscard]] bool is_ok() const noexcept { return status == encode_status::ok; }
};

namespace detail {

template <class Where, field_name Name, bool IsPresent>
constexpr bool required_field_is_set() {
    static_assert(IsPresent,
                  "a required field of the message or group entry is not set (see Name)");
    return true;
}

template <class Where, class Field, bool IsOnce>
constexpr bool field_is_set_once() {
    static_assert(IsOnce, "this field is set twice (see Field)");
    return true;
}

// The first required member that no setting answers for, or SIZE_MAX.
template <class Scope, class... Settings>
consteval std::size_t first_missing() {
    for (std::size_t i = 0; i < Scope::members.size(); ++i) {
        [[maybe_unused]] const int tag = Scope::members[i].tag;
        const bool is_set = (false || ... ||
                             (Settings::answers_for_required &&
                              (Settings::tag == tag || Settings::sort_tag == tag)));
        if (Scope::members[i].is_required && !is_set) {
            return i;
        }
    }
    return SIZE_MAX;
}

template <class Where, class Scope, class... Settings>
consteval bool check_settings() {
    [[maybe_unused]] constexpr auto times = []([[maybe_unused]] int tag) {
        return (0 + ... + (Settings::sort_tag == tag ? 1 : 0));
    };
    (field_is_a_member<Where, typename Settings::field,
                       member_index<Scope>(Settings::tag) != SIZE_MAX>(),
     ...);
    (field_is_set_once<Where, typename Settings::field, times(Settings::sort_tag) == 1>(), ...);
    constexpr std::size_t missing = first_missing<Scope, Settings...>();
    if constexpr (missing != SIZE_MAX) {
        return required_field_is_set<Where, field_name{Scope::members[missing].name}, false>();
    }
    return true;
}

// The order in which the arguments are written: by tag for a message, by member for a group entry.
template <class Scope, bool IsGroup, class... Settings>
inline constexpr auto write_order = [] {
    constexpr std::size_t count = sizeof...(Settings);
    std::array<std::size_t, count> order{};
    const std::array<std::size_t, count> keys{
        (IsGroup ? member_index<Scope>(Settings::sort_tag)
                 : static_cast<std::size_t>(Settings::sort_tag))...};
    for (std::size_t i = 0; i < count; ++i) {
        std::size_t at = i;
        for (; at != 0 && keys[order[at - 1]] > keys[i]; --at) {
            order[at] = order[at - 1];
        }
        order[at] = i;
    }
    return order;
}();

template <class Scope, bool IsGroup, class... Settings>
void write_settings(body_writer& out, const std::tuple<const Settings&...>& settings) noexcept {
    [&]<std::size_t... Index>(std::index_sequence<Index...>) {
        constexpr auto& order = write_order<Scope, IsGroup, Settings...>;
        (std::get<order[Index]>(settings).template write<Scope>(out), ...);
    }
    (std::index_sequence_for<Settings...>{});
}

template <class... Settings>
constexpr std::size_t entry_size_max(const entry_settings<Settings...>& entry) noexcept {
    return std::apply([](const auto&... s) { return (std::size_t{0} + ... + s.size_max()); },
                      entry.settings);
}

template <class... Settings>
int entry_delimiter_tag(const entry_settings<Settings...>& entry) noexcept {
    int tag = 0;
    std::apply([&](const auto&... s) { ((tag = tag == 0 ? s.delimiter_tag() : tag), ...); },
               entry.settings);
    return tag;
}

template <class Where, class Scope, class... Settings>
void write_entry(body_writer& out, const entry_settings<Settings...>& entry) noexcept {
    static_assert(check_settings<Where, Scope, Settings...>());
    static_assert(
        (false || ... || (Settings::is_always_set && Settings::tag == Scope::members.front().tag)),
        "a group entry starts with its first member, which must be set with set<>");
    std::apply(
        [&](const Settings&... s) {
            write_settings<Scope, true, Settings...>(out, std::tuple<const Settings&...>{s...});
        },
        entry.settings);
}

}  // namespace detail

// A repeating group with a number of entries known at compile time.
template <class Counter, class... Entries>
struct group_setting {
    using field = Counter;
    static constexpr int tag = Counter::tag;
    static constexpr int sort_tag = tag;
    static constexpr bool is_always_set = sizeof...(Entries) > 0;
    static constexpr bool answers_for_required = is_always_set;

    std::tuple<Entries...> entries;

    [[nodiscard]] constexpr std::size_t size_max() const noexcept {
        return detail::tag_prefix<tag>.size() + detail::integer_size_max + 1 +
               std::apply(
                   [](const auto&... e) {
                       return (std::size_t{0} + ... + detail::entry_size_max(e));
                   },
                   entries);
    }
    template <class Scope>
    void write(detail::body_writer& out) const noexcept {
        static_assert(detail::is_group_counter<Scope>(tag), "this field is not a group's counter");
        using inner = detail::group_scope<detail::group_of<Scope>(tag)>;
        detail::write_prefix<tag>(out);
        out.at = write_unsigned(out.at, sizeof...(Entries));
        detail::end_field(out);
        std::apply([&](const auto&... e) { (detail::write_entry<Counter, inner>(out, e), ...); },
                   entries);
    }
    [[nodiscard]] int delimiter_tag() const noexcept {
        int found = 0;
        std::apply(
            [&](const auto&... e) {
                ((found = found == 0 ? detail::entry_delimiter_tag(e) : found), ...);
            },
            entries);
        return found;
    }
};

template <class Counter, class... Entries>
[[nodiscard]] constexpr group_setting<Counter, Entries...> set_group(
    const Entries&... entries) noexcept {
    static_assert(is_integer(Counter::type), "set_group<> takes a group's counter");
    static_assert(sizeof...(Entries) > 0, "set_group<> takes at least one entry(...)");
    return {{entries...}};
}

// A repeating group with one entry for each item of a range; left out where the range is empty,
// which encode() refuses if the group is required.
template <class Counter, class Range, class Function>
struct range_group_setting {
    using field = Counter;
    static constexpr int tag = Counter::tag;
    static constexpr int sort_tag = tag;
    static constexpr bool is_always_set = false;
    static constexpr bool answers_for_required = true;  // when it is written

    const Range& range;
    Function to_entry;

    [[nodiscard]] constexpr std::size_t size_max() const noexcept {
        std::size_t size = detail::tag_prefix<tag>.size() + detail::integer_size_max + 1;
        for (const auto& item : range) {
            size += detail::entry_size_max(to_entry(item));
        }
        return size;
    }
    template <class Scope>
    void write(detail::body_writer& out) const noexcept {
        static_assert(detail::is_group_counter<Scope>(tag), "this field is not a group's counter");
        using inner = detail::group_scope<detail::group_of<Scope>(tag)>;
        std::size_t count = 0;
        for ([[maybe_unused]] const auto& item : range) {
            ++count;
        }
        if (count == 0) {
            if constexpr (detail::is_required<Scope>(tag)) {
                out.refuse(tag);
            }
            return;
        }
        detail::write_prefix<tag>(out);
        out.at = write_unsigned(out.at, count);
        detail::end_field(out);
        for (const auto& item : range) {
            detail::write_entry<Counter, inner>(out, to_entry(item));
        }
    }
    [[nodiscard]] int delimiter_tag() const noexcept {
        int found = 0;
        for (const auto& item : range) {
            found = found == 0 ? detail::entry_delimiter_tag(to_entry(item)) : found;
        }
        return found;
    }
};

// to_entry(item) returns entry(...); it runs more than once per item and must give the same each
// time.
template <class Counter, class Range, class Function>
[[nodiscard]] constexpr range_group_setting<Counter, Range, Function> set_group_each(
    const Range& range, Function to_entry) noexcept {
    static_assert(is_integer(Counter::type), "set_group_each<> takes a group's counter");
    return {range, to_entry};
}

namespace detail {

template <class Message, class... Settings>
encode_result encode_roomy(char* out, const Settings&... settings) noexcept {
    using message_scope = scope<members_of<Message>>;
    body_writer writer{out};
    write_settings<message_scope, false, Settings...>(writer,
                                                      std::tuple<const Settings&...>{settings...});
    encode_result result;
    result.size = static_cast<std::size_t>(writer.at - out);
    const byte_totals totals = count_bytes({out, result.size});
    result.byte_sum = totals.sum;
    // Every field wrote one delimiter, so one more means that a text smuggled one in.
    if (totals.delimiters != writer.fields + writer.data_delimiters) [[unlikely]] {
        ((settings.delimiter_tag() != 0 ? writer.refuse(settings.delimiter_tag()) : void()), ...);
    }
    if (writer.bad_tag != 0) [[unlikely]] {
        return {encode_status::bad_value, writer.bad_tag, 0, 0};
    }
    return result;
}

}  // namespace detail

// Encodes a body that surely fits: where out holds at least body_size_max(settings...) bytes.
// Smaller buffers are refused as overflow even where the body would have fitted by a few bytes.
template <class Message, class... Settings>
encode_result encode(std::span<char> out, const Settings&... settings) noexcept {
    static_assert(std::is_base_of_v<message_tag, Message>,
                  "encode<> takes a message of a dictionary");
    static_assert(
        detail::check_settings<Message, detail::scope<members_of<Message>>, Settings...>());
    if ((std::size_t{0} + ... + settings.size_max()) > out.size()) [[unlikely]] {
        return {encode_status::overflow, 0, 0, 0};
    }
    return detail::encode_roomy<Message>(out.data(), settings...);
}

// Bytes that hold any body made of these settings.
template <class... Settings>
[[nodiscard]] constexpr std::size_t body_size_max(const Settings&... settings) noexcept {
    return (std::size_t{0} + ... + settings.size_max());
}

}  // namespace millrace::xlator
