#include "engine/table/row.hpp"

#include <algorithm>
#include <utility>

namespace millrace::engine {

namespace {

template <class Value>
Value load_at(const std::byte* from) noexcept {
    Value value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

template <class Integer, class Value>
bool fits(Value value) noexcept {
    return std::in_range<Integer>(value);
}

template <class Integer, class Value>
bool store_if_fits(std::byte* to, Value value) noexcept {
    if (!fits<Integer>(value)) {
        return false;
    }
    const auto narrow = static_cast<Integer>(value);
    std::memcpy(to, &narrow, sizeof narrow);
    return true;
}

template <class Value>
row_status store_integer(const schema_column& column, std::byte* to, Value value) noexcept {
    bool stored = false;
    switch (column.type) {
        case column_type::i8:
            stored = store_if_fits<std::int8_t>(to, value);
            break;
        case column_type::i16:
            stored = store_if_fits<std::int16_t>(to, value);
            break;
        case column_type::i32:
            stored = store_if_fits<std::int32_t>(to, value);
            break;
        case column_type::i64:
            stored = store_if_fits<std::int64_t>(to, value);
            break;
        case column_type::u8:
            stored = store_if_fits<std::uint8_t>(to, value);
            break;
        case column_type::u16:
            stored = store_if_fits<std::uint16_t>(to, value);
            break;
        case column_type::u32:
            stored = store_if_fits<std::uint32_t>(to, value);
            break;
        case column_type::u64:
            stored = store_if_fits<std::uint64_t>(to, value);
            break;
        default:
            return row_status::wrong_type;
    }
    return stored ? row_status::ok : row_status::out_of_range;
}

}  // namespace

std::string_view to_string(row_status status) noexcept {
    switch (status) {
        case row_status::ok:
            return "ok";
        case row_status::wrong_type:
            return "the column is of another type";
        case row_status::out_of_range:
            return "the integer does not fit the column";
        case row_status::too_long:
            return "the value is longer than the column";
        case row_status::no_empty_value:
            return "the column cannot be empty";
        case row_status::key_empty:
            return "a key column is empty";
        case row_status::wrong_size:
            return "the payload is not as long as the schema says";
        case row_status::bad_envelope:
            return "the envelope has an unknown operation, flag or version";
        case row_status::bad_text:
            return "a text claims to be longer than its column";
        case row_status::bad_boolean:
            return "a boolean is neither 0 nor 1";
    }
    return "unknown";
}

row_status row_view::check(const row_schema& schema, std::span<const std::byte> payload) noexcept {
    const std::size_t least = schema.payload_size();
    if (payload.size() < least || (payload.size() > least && !schema.has_trailing())) {
        return row_status::wrong_size;
    }
    if (!load_at<row_envelope>(payload.data()).is_valid()) {
        return row_status::bad_envelope;
    }
    for (const std::size_t index : schema.checked_columns()) {
        const schema_column& column = schema.column(index);
        const std::byte* const from = payload.data() + row_envelope_size + column.offset;
        if (column.type == column_type::boolean) {
            if (load_at<std::uint8_t>(from) > 1) {
                return row_status::bad_boolean;
            }
        } else if (load_at<std::uint16_t>(from) > column.text_capacity) {
            return row_status::bad_text;
        }
    }
    return row_status::ok;
}

std::int64_t row_view::integer(std::size_t index) const noexcept {
    const schema_column& column = schema_->column(index);
    const std::byte* const from = fixed() + column.offset;
    switch (column.type) {
        case column_type::i8:
            return load_at<std::int8_t>(from);
        case column_type::i16:
            return load_at<std::int16_t>(from);
        case column_type::i32:
            return load_at<std::int32_t>(from);
        case column_type::i64:
            return load_at<std::int64_t>(from);
        default:
            break;
    }
    const std::uint64_t value = unsigned_integer(index);
    MILLRACE_DCHECK(fits<std::int64_t>(value), "an u64 beyond the range of an i64");
    return static_cast<std::int64_t>(value);
}

std::uint64_t row_view::unsigned_integer(std::size_t index) const noexcept {
    const schema_column& column = schema_->column(index);
    const std::byte* const from = fixed() + column.offset;
    switch (column.type) {
        case column_type::u8:
            return load_at<std::uint8_t>(from);
        case column_type::u16:
            return load_at<std::uint16_t>(from);
        case column_type::u32:
            return load_at<std::uint32_t>(from);
        case column_type::u64:
            return load_at<std::uint64_t>(from);
        default:
            MILLRACE_DCHECK(false, "not an unsigned integer column");
            return 0;
    }
}

std::string_view row_view::text(std::size_t index) const noexcept {
    const schema_column& column = schema_->column(index);
    if (column.type == column_type::vartext) {
        const std::span<const std::byte> bytes = trailing();
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }
    MILLRACE_DCHECK(column.type == column_type::text, "not a text column");
    const std::byte* const from = fixed() + column.offset;
    return {reinterpret_cast<const char*>(from + sizeof(std::uint16_t)),
            std::min<std::size_t>(load_at<std::uint16_t>(from), column.text_capacity)};
}

bool row_view::is_empty(std::size_t index) const noexcept {
    const schema_column& column = schema_->column(index);
    switch (column.type) {
        case column_type::decimal:
            return decimal_value(index).is_null();
        case column_type::character:
            return character(index) == '\0';
        case column_type::text:
            return text(index).empty();
        case column_type::timestamp:
            return timestamp(index).ns == 0;
        case column_type::bytes:
        case column_type::vartext:
            return trailing().empty();
        default:
            return false;
    }
}

row_builder::row_builder(const row_schema& schema, std::span<std::byte> buffer) noexcept
    : schema_(&schema), buffer_(buffer) {
    MILLRACE_ASSERT(buffer.size() >= schema.payload_size(),
                    "the buffer holds no row of the schema");
    clear();
}

void row_builder::clear() noexcept {
    set_envelope(row_envelope{});
    const std::span<const std::byte> empty = schema_->empty_fixed();
    std::copy(empty.begin(), empty.end(), fixed());
    trailing_size_ = 0;
}

row_status row_builder::set_integer(std::size_t index, std::int64_t value) noexcept {
    const schema_column& column = schema_->column(index);
    return store_integer(column, fixed() + column.offset, value);
}

row_status row_builder::set_unsigned_integer(std::size_t index, std::uint64_t value) noexcept {
    const schema_column& column = schema_->column(index);
    return store_integer(column, fixed() + column.offset, value);
}

row_status row_builder::set_decimal(std::size_t index, decimal value) noexcept {
    if (!is_of_type(index, column_type::decimal)) {
        return row_status::wrong_type;
    }
    value.zero = 0;
    store(index, value.is_null() ? decimal{} : value);
    return row_status::ok;
}

row_status row_builder::set_character(std::size_t index, char value) noexcept {
    if (!is_of_type(index, column_type::character)) {
        return row_status::wrong_type;
    }
    store(index, value);
    return row_status::ok;
}

row_status row_builder::set_text(std::size_t index, std::string_view value) noexcept {
    if (is_of_type(index, column_type::vartext)) {
        return set_trailing(std::as_bytes(std::span(value)));
    }
    if (!is_of_type(index, column_type::text)) {
        return row_status::wrong_type;
    }
    const schema_column& column = schema_->column(index);
    if (value.size() > column.text_capacity) {
        return row_status::too_long;
    }
    store(index, static_cast<std::uint16_t>(value.size()));
    std::byte* const bytes = fixed() + column.offset + sizeof(std::uint16_t);
    const std::size_t stored = column.size - sizeof(std::uint16_t);
    std::memset(bytes, 0, stored);
    std::copy_n(reinterpret_cast<const std::byte*>(value.data()), value.size(), bytes);
    return row_status::ok;
}

row_status row_builder::set_timestamp(std::size_t index, engine::timestamp value) noexcept {
    if (!is_of_type(index, column_type::timestamp)) {
        return row_status::wrong_type;
    }
    store(index, value);
    return row_status::ok;
}

row_status row_builder::set_boolean(std::size_t index, bool value) noexcept {
    if (!is_of_type(index, column_type::boolean)) {
        return row_status::wrong_type;
    }
    store(index, static_cast<std::uint8_t>(value ? 1 : 0));
    return row_status::ok;
}

row_status row_builder::set_trailing(std::span<const std::byte> value) noexcept {
    if (!schema_->has_trailing()) {
        return row_status::wrong_type;
    }
    if (value.size() > buffer_.size() - schema_->payload_size()) {
        return row_status::too_long;
    }
    std::copy(value.begin(), value.end(), fixed() + schema_->fixed_size());
    trailing_size_ = value.size();
    return row_status::ok;
}

row_status row_builder::set_empty(std::size_t index) noexcept {
    const schema_column& column = schema_->column(index);
    if (!has_empty_value(column.type)) {
        return row_status::no_empty_value;
    }
    if (is_trailing(column.type)) {
        trailing_size_ = 0;
        return row_status::ok;
    }
    const std::span<const std::byte> empty = schema_->empty_fixed();
    std::memcpy(fixed() + column.offset, empty.data() + column.offset, column.size);
    return row_status::ok;
}

row_builder::result row_builder::finish() const noexcept {
    row_envelope envelope;
    std::memcpy(&envelope, buffer_.data(), sizeof envelope);
    if (!envelope.is_valid()) {
        return {row_status::bad_envelope, 0};
    }
    const row_view row(*schema_, payload());
    for (const std::size_t index : schema_->key_columns()) {
        if (row.is_empty(index)) {
            return {row_status::key_empty, 0};
        }
    }
    return {row_status::ok, schema_->payload_size(trailing_size_)};
}

}  // namespace millrace::engine
