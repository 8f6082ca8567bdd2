// Declares a table against a plain struct, which then is the row: nothing is converted.
//
//   struct order {
//       text<20> cl_ord_id{};
//       char side = 0;
//       decimal price{};
//   };
//   inline const auto order_table = table_of<order>(
//       "ORDER_OUT", key("CL_ORD_ID", &order::cl_ord_id), column("SIDE", &order::side),
//       column("PRICE", &order::price));
//
// Threading  a typed_table is immutable; append() is called on the writer's thread
// Progress   append() and as() allocate nothing
// Invariant  the struct's layout is the schema's: the compiler checks sizes, table_of() offsets
// Errors     table_of() throws config_error; append() answers row_status and the writer's status
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/table/row.hpp"

namespace millrace::engine {

template <class Row, class Member, bool IsKey>
struct typed_column {
    using member_type = Member;
    static constexpr bool is_key = IsKey;
    std::string_view name;
    Member Row::*member;
};

template <class Row, class Member>
[[nodiscard]] constexpr typed_column<Row, Member, true> key(std::string_view name,
                                                            Member Row::*member) {
    return {name, member};
}
template <class Row, class Member>
[[nodiscard]] constexpr typed_column<Row, Member, false> column(std::string_view name,
                                                                Member Row::*member) {
    return {name, member};
}

struct trailing_column {
    std::string_view name;
    column_type type;
};
// The one column behind the struct; its bytes are handed to append() beside the row.
[[nodiscard]] constexpr trailing_column trailing_bytes(std::string_view name) {
    return {name, column_type::bytes};
}
[[nodiscard]] constexpr trailing_column trailing_text(std::string_view name) {
    return {name, column_type::vartext};
}

namespace detail {

template <class Value>
struct text_capacity_of : std::integral_constant<std::size_t, 0> {};
template <std::size_t Capacity>
struct text_capacity_of<text<Capacity>> : std::integral_constant<std::size_t, Capacity> {};

template <class Value>
[[nodiscard]] consteval column_type integer_type_of() {
    constexpr column_type signed_types[] = {column_type::i8, column_type::i16, column_type::i32,
                                            column_type::i64};
    constexpr column_type unsigned_types[] = {column_type::u8, column_type::u16, column_type::u32,
                                              column_type::u64};
    constexpr std::size_t index = sizeof(Value) == 1   ? 0
                                  : sizeof(Value) == 2 ? 1
                                  : sizeof(Value) == 4 ? 2
                                                       : 3;
    return std::is_signed_v<Value> ? signed_types[index] : unsigned_types[index];
}

template <class Value>
[[nodiscard]] consteval column_type column_type_of() {
    if constexpr (std::is_enum_v<Value>) {
        return column_type_of<std::underlying_type_t<Value>>();
    } else if constexpr (std::is_same_v<Value, bool>) {
        return column_type::boolean;
    } else if constexpr (std::is_same_v<Value, char>) {
        return column_type::character;
    } else if constexpr (std::is_same_v<Value, decimal>) {
        return column_type::decimal;
    } else if constexpr (std::is_same_v<Value, timestamp>) {
        return column_type::timestamp;
    } else if constexpr (text_capacity_of<Value>::value != 0) {
        return column_type::text;
    } else {
        static_assert(
            std::is_integral_v<Value> && sizeof(Value) <= 8,
            "a column is an integer, a char, a bool, a decimal, a timestamp or a text<N>");
        return integer_type_of<Value>();
    }
}

template <class Value>
[[nodiscard]] bool is_empty_value(const Value& value) noexcept {
    if constexpr (std::is_enum_v<Value>) {
        return is_empty_value(static_cast<std::underlying_type_t<Value>>(value));
    } else if constexpr (text_capacity_of<Value>::value != 0) {
        return value.is_empty();
    } else if constexpr (std::is_same_v<Value, decimal>) {
        return value.is_null();
    } else if constexpr (std::is_same_v<Value, timestamp>) {
        return value.ns == 0;
    } else if constexpr (std::is_same_v<Value, char>) {
        return value == '\0';
    } else {
        return false;
    }
}

struct member_layout {
    std::size_t end = 0;
    std::size_t alignment = 1;
    std::size_t used = 0;  // without padding
};

[[nodiscard]] consteval std::size_t align_up(std::size_t size, std::size_t alignment) {
    return (size + alignment - 1) / alignment * alignment;
}

struct padding {
    std::size_t offset = 0;
    std::size_t size = 0;
};

template <std::size_t MemberCount>
struct row_layout {
    std::size_t size = 0;
    std::array<padding, MemberCount + 1> paddings{};  // before each member, and at the end
};

// Where the compiler puts the members, one behind the other, and the bytes it leaves between.
template <class... Columns>
[[nodiscard]] consteval row_layout<sizeof...(Columns)> layout_of() {
    row_layout<sizeof...(Columns)> layout;
    std::size_t alignment_max = 1;
    std::size_t index = 0;
    const auto pad = [&](std::size_t alignment) {
        const std::size_t aligned = (layout.size + alignment - 1) / alignment * alignment;
        layout.paddings[index++] = {layout.size, aligned - layout.size};
        layout.size = aligned;
    };
    const auto add = [&]<class Column>() {
        if constexpr (!std::is_same_v<Column, trailing_column>) {
            using member = typename Column::member_type;
            pad(alignof(member));
            layout.size += sizeof(member);
            alignment_max = alignment_max < alignof(member) ? alignof(member) : alignment_max;
        }
    };
    (add.template operator()<Columns>(), ...);
    pad(alignment_max);
    return layout;
}

// A log_writer is told the record's type; a table_log knows it, and watches what is committed.
template <class Writer>
[[nodiscard]] auto claim_row(Writer& writer, std::size_t size) noexcept {
    if constexpr (requires { writer.try_claim(row_record_type, size); }) {
        return writer.try_claim(row_record_type, size);
    } else {
        return writer.try_claim(size);
    }
}
template <class Writer, class Claim>
[[nodiscard]] auto commit_row(Writer& writer, Claim& claim, std::size_t size) noexcept {
    if constexpr (requires { writer.commit(claim, size); }) {
        return writer.commit(claim, size);
    } else {
        return claim.commit();
    }
}

}  // namespace detail

// What append() did: `row` says whether the row was fit, `log` what the writer answered.
template <class WriterResult>
struct row_append_result {
    row_status row = row_status::ok;
    WriterResult log{};
    [[nodiscard]] explicit operator bool() const noexcept {
        return row == row_status::ok && log.status == decltype(log.status)::ok;
    }
};

template <class Row, class... Columns>
class typed_table {
    static_assert(std::is_trivially_copyable_v<Row> && std::is_standard_layout_v<Row>,
                  "a row is a plain struct");
    static constexpr auto layout = detail::layout_of<Columns...>();
    static_assert(layout.size == sizeof(Row),
                  "the columns must name every member of the row struct, in its order");

public:
    using row_type = Row;

    typed_table(std::string_view name, Columns... columns)
        : schema_(std::string(name), describe(columns...)), columns_(columns...) {
        std::size_t index = 0;
        (check_offset(index++, columns), ...);
    }

    [[nodiscard]] const row_schema& schema() const noexcept { return schema_; }

    // Whether a payload from a log is a row of this table; as<Row>() relies on it.
    [[nodiscard]] row_status check(std::span<const std::byte> payload) const noexcept {
        return row_view::check(schema_, payload);
    }

    // REQUIRES: payload has exactly schema().payload_size(trailing.size()) bytes, aligned to 8.
    [[nodiscard]] row_status write(std::span<std::byte> payload, const Row& row,
                                   const row_envelope& envelope = {},
                                   std::span<const std::byte> trailing = {}) const noexcept {
        if (const row_status status = check_row(row, trailing); status != row_status::ok) {
            return status;
        }
        put(payload, row, envelope, trailing);
        return row_status::ok;
    }

    // Writer is a table_log, a log_writer, or whatever claims and commits as one of them.
    template <class Writer>
    [[nodiscard]] auto append(Writer& writer, const Row& row, const row_envelope& envelope = {},
                              std::span<const std::byte> trailing = {}) const noexcept {
        const std::size_t size = schema_.payload_size(trailing.size());
        using writer_result = decltype(detail::claim_row(writer, size).commit());
        row_append_result<writer_result> result;
        result.row = check_row(row, trailing);
        if (result.row != row_status::ok) {
            return result;
        }
        auto claim = detail::claim_row(writer, size);
        if (!claim) {
            result.log.status = claim.status();
            return result;
        }
        put(claim.payload(), row, envelope, trailing);
        result.log = detail::commit_row(writer, claim, size);
        return result;
    }

private:
    [[nodiscard]] static std::vector<schema_column> describe(const Columns&... columns) {
        return {describe_one(columns)...};
    }
    template <class Member, bool IsKey>
    [[nodiscard]] static schema_column describe_one(
        const typed_column<Row, Member, IsKey>& column) {
        return {.name = std::string(column.name),
                .type = detail::column_type_of<Member>(),
                .text_capacity = detail::text_capacity_of<Member>::value,
                .is_key = IsKey};
    }
    [[nodiscard]] static schema_column describe_one(const trailing_column& column) {
        return {.name = std::string(column.name), .type = column.type};
    }

    template <class Member, bool IsKey>
    void check_offset(std::size_t index, const typed_column<Row, Member, IsKey>& column) const {
        static const Row probe{};
        const auto* start = reinterpret_cast<const std::byte*>(&probe);
        const auto* member = reinterpret_cast<const std::byte*>(&(probe.*column.member));
        if (schema_.column(index).offset != static_cast<std::size_t>(member - start)) {
            throw config_error("table " + schema_.table_name() + ": column " +
                               std::string(column.name) +
                               " does not stand where the row struct has its member; name the "
                               "columns in the order of the members");
        }
    }
    void check_offset(std::size_t, const trailing_column&) const {}

    [[nodiscard]] row_status check_row(const Row& row,
                                       std::span<const std::byte> trailing) const noexcept {
        if (!trailing.empty() && !schema_.has_trailing()) {
            return row_status::wrong_type;
        }
        const bool has_keys = std::apply(
            [&row](const auto&... columns) { return (has_key(row, columns) && ...); }, columns_);
        return has_keys ? row_status::ok : row_status::key_empty;
    }
    template <class Member, bool IsKey>
    [[nodiscard]] static bool has_key(const Row& row,
                                      const typed_column<Row, Member, IsKey>& column) noexcept {
        if constexpr (IsKey) {
            return !detail::is_empty_value(row.*column.member);
        }
        return true;
    }
    [[nodiscard]] static bool has_key(const Row&, const trailing_column&) noexcept { return true; }

    void put(std::span<std::byte> payload, const Row& row, const row_envelope& envelope,
             std::span<const std::byte> trailing) const noexcept {
        MILLRACE_DCHECK(payload.size() == schema_.payload_size(trailing.size()),
                        "wrong payload size");
        MILLRACE_DCHECK(envelope.is_valid(), "an envelope with unknown marks");
        std::memcpy(payload.data(), &envelope, sizeof envelope);
        std::byte* const fixed = payload.data() + row_envelope_size;
        std::memcpy(fixed, &row, sizeof row);
        clear_padding(fixed, std::make_index_sequence<layout.paddings.size()>{});
        if (!trailing.empty()) {
            std::memcpy(fixed + sizeof row, trailing.data(), trailing.size());
        }
    }
    // What stands between the members may be anything, and equal rows shall be equal bytes.
    template <std::size_t... Indices>
    static void clear_padding(std::byte* fixed, std::index_sequence<Indices...>) noexcept {
        (std::memset(fixed + layout.paddings[Indices].offset, 0, layout.paddings[Indices].size),
         ...);
    }

    row_schema schema_;
    std::tuple<Columns...> columns_;
};

template <class Row, class... Columns>
[[nodiscard]] typed_table<Row, Columns...> table_of(std::string_view name, Columns... columns) {
    return {name, columns...};
}

// The row in place. REQUIRES: typed_table::check() said ok, or this process wrote the record; the
// payload stands aligned to 8, as in a log.
template <class Row>
[[nodiscard]] const Row& as(std::span<const std::byte> payload) noexcept {
    MILLRACE_DCHECK(payload.size() >= row_envelope_size + sizeof(Row), "too short for the row");
    return *reinterpret_cast<const Row*>(payload.data() + row_envelope_size);
}

// The same for whatever carries a payload, such as a record of a log.
template <class Row, class Record>
requires requires(const Record& record) {
    { record.bytes() } -> std::convertible_to<std::span<const std::byte>>;
}
[[nodiscard]] const Row& as(const Record& record) noexcept {
    return as<Row>(std::span<const std::byte>(record.bytes()));
}

}  // namespace millrace::engine
