// A row by its schema: a view that reads one in place, a builder that writes one into a buffer.
//
// Threading  one thread at a time; views may share immutable bytes
// Progress   no call allocates
// Invariant  what finish() accepted passes row_view::check(); padding and unused bytes are zero
// Units      payload: envelope, fixed part, trailing bytes (record.hpp); indices as in the schema
// Errors     row_status; reading a column as a type it is not is a programmer error
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "engine/core/assert.hpp"
#include "engine/core/types.hpp"
#include "engine/table/record.hpp"
#include "engine/table/schema.hpp"
#include "engine/table/values.hpp"

namespace millrace::engine {

enum class row_status : std::uint8_t {
    ok,
    wrong_type,      // the column does not hold such a value
    out_of_range,    // the integer does not fit the column
    too_long,        // the text or the trailing bytes do not fit
    no_empty_value,  // integers and booleans always have a value
    key_empty,       // a key column has no value
    wrong_size,      // the payload is not as long as the schema says
    bad_envelope,    // operation, flags or version unknown
    bad_text,        // a text's size is beyond its capacity
    bad_boolean,     // neither 0 nor 1
};

[[nodiscard]] std::string_view to_string(row_status status) noexcept;

class row_view {
public:
    // Whether the payload is a row of the schema; afterwards every accessor stays within it.
    [[nodiscard]] static row_status check(const row_schema& schema,
                                          std::span<const std::byte> payload) noexcept;

    // REQUIRES: check() said ok; schema and payload outlive the view.
    row_view(const row_schema& schema, std::span<const std::byte> payload) noexcept
        : schema_(&schema), payload_(payload) {
        MILLRACE_DCHECK(check(schema, payload) == row_status::ok, "not a row of this schema");
    }

    [[nodiscard]] const row_schema& schema() const noexcept { return *schema_; }
    [[nodiscard]] std::span<const std::byte> payload() const noexcept { return payload_; }
    [[nodiscard]] row_envelope envelope() const noexcept {
        row_envelope value;
        std::memcpy(&value, payload_.data(), sizeof value);
        return value;
    }
    [[nodiscard]] engine::operation operation() const noexcept {
        return static_cast<engine::operation>(payload_[0]);
    }
    // The names in the envelope; they live as long as the payload.
    [[nodiscard]] std::string_view event() const noexcept {
        return name_at(offsetof(row_envelope, event));
    }
    [[nodiscard]] std::string_view user() const noexcept {
        return name_at(offsetof(row_envelope, user));
    }
    // A row without a correlation begins a chain: the chain is known by that row's own.
    [[nodiscard]] correlation correlation_or(const correlation& own) const noexcept {
        correlation value;
        std::memcpy(&value, payload_.data() + offsetof(row_envelope, correlation), sizeof value);
        return value == correlation{} ? own : value;
    }

    // Any integer column; REQUIRES: an u64 column's value fits.
    [[nodiscard]] std::int64_t integer(std::size_t index) const noexcept;
    // Any unsigned integer column.
    [[nodiscard]] std::uint64_t unsigned_integer(std::size_t index) const noexcept;
    [[nodiscard]] decimal decimal_value(std::size_t index) const noexcept {
        return load<decimal>(typed(index, column_type::decimal));
    }
    [[nodiscard]] char character(std::size_t index) const noexcept {
        return load<char>(typed(index, column_type::character));
    }
    // A text or the trailing vartext column; lives as long as the payload.
    [[nodiscard]] std::string_view text(std::size_t index) const noexcept;
    [[nodiscard]] engine::timestamp timestamp(std::size_t index) const noexcept {
        return load<engine::timestamp>(typed(index, column_type::timestamp));
    }
    [[nodiscard]] bool boolean(std::size_t index) const noexcept {
        return load<std::uint8_t>(typed(index, column_type::boolean)) != 0;
    }
    // Empty where the schema has no trailing column.
    [[nodiscard]] std::span<const std::byte> trailing() const noexcept {
        return payload_.subspan(row_envelope_size + schema_->fixed_size());
    }
    [[nodiscard]] bool is_empty(std::size_t index) const noexcept;

    // The fixed part, for code that was compiled against the schema's offsets.
    [[nodiscard]] const std::byte* fixed() const noexcept {
        return payload_.data() + row_envelope_size;
    }

private:
    [[nodiscard]] std::string_view name_at(std::size_t offset) const noexcept {
        const char* const name = reinterpret_cast<const char*>(payload_.data() + offset);
        return {name, ::strnlen(name, sizeof(short_name))};
    }
    [[nodiscard]] const schema_column& typed(std::size_t index,
                                             [[maybe_unused]] column_type type) const noexcept {
        MILLRACE_DCHECK(index < schema_->column_count(), "no such column");
        MILLRACE_DCHECK(schema_->column(index).type == type, "the column is of another type");
        return schema_->column(index);
    }
    template <class Value>
    [[nodiscard]] Value load(const schema_column& column) const noexcept {
        Value value;
        std::memcpy(&value, fixed() + column.offset, sizeof value);
        return value;
    }

    const row_schema* schema_;
    std::span<const std::byte> payload_;
};

class row_builder {
public:
    // Clears the row. REQUIRES: buffer holds schema.payload_size() bytes or more (asserted); both
    // outlive this.
    row_builder(const row_schema& schema, std::span<std::byte> buffer) noexcept;

    // Back to an insert without names, in which every column is empty, 0 or false.
    void clear() noexcept;

    void set_envelope(const row_envelope& envelope) noexcept {
        std::memcpy(buffer_.data(), &envelope, sizeof envelope);
    }
    [[nodiscard]] row_status set_integer(std::size_t index, std::int64_t value) noexcept;
    [[nodiscard]] row_status set_unsigned_integer(std::size_t index, std::uint64_t value) noexcept;
    [[nodiscard]] row_status set_decimal(std::size_t index, decimal value) noexcept;
    [[nodiscard]] row_status set_character(std::size_t index, char value) noexcept;
    // A text column, or the trailing vartext column.
    [[nodiscard]] row_status set_text(std::size_t index, std::string_view value) noexcept;
    [[nodiscard]] row_status set_timestamp(std::size_t index, timestamp value) noexcept;
    [[nodiscard]] row_status set_boolean(std::size_t index, bool value) noexcept;
    // The trailing column of either kind.
    [[nodiscard]] row_status set_trailing(std::span<const std::byte> value) noexcept;
    [[nodiscard]] row_status set_empty(std::size_t index) noexcept;

    struct result {
        row_status status = row_status::ok;
        std::size_t size = 0;  // of the payload, from the start of the buffer
    };
    // The row may be changed and finished again.
    [[nodiscard]] result finish() const noexcept;

    [[nodiscard]] const row_schema& schema() const noexcept { return *schema_; }
    // What has been set so far; REQUIRES: the envelope is valid.
    [[nodiscard]] row_view view() const noexcept { return {*schema_, payload()}; }
    [[nodiscard]] std::span<const std::byte> payload() const noexcept {
        return buffer_.first(schema_->payload_size(trailing_size_));
    }

private:
    [[nodiscard]] bool is_of_type(std::size_t index, column_type type) const noexcept {
        MILLRACE_DCHECK(index < schema_->column_count(), "no such column");
        return schema_->column(index).type == type;
    }
    template <class Value>
    void store(std::size_t index, Value value) noexcept {
        std::memcpy(fixed() + schema_->column(index).offset, &value, sizeof value);
    }
    [[nodiscard]] std::byte* fixed() const noexcept { return buffer_.data() + row_envelope_size; }

    const row_schema* schema_;
    std::span<std::byte> buffer_;
    std::size_t trailing_size_ = 0;
};

}  // namespace millrace::engine
