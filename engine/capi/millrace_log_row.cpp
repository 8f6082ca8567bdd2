#include <exception>
#include <optional>
#include <span>
#include <string_view>

#include "engine/capi/millrace_log.h"
#include "engine/capi/reader_handle.hpp"

namespace engine = millrace::engine;

namespace {

using engine::column_type;
using engine::schema_column;

millrace_log_bytes to_bytes(std::string_view text) noexcept {
    return {text.data(), text.size()};
}

millrace_log_bytes to_bytes(std::span<const std::byte> bytes) noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

millrace_log_column_type type_of(const schema_column& column) noexcept {
    switch (column.type) {
        case column_type::decimal:
            return millrace_log_decimal_column;
        case column_type::character:
        case column_type::text:
        case column_type::vartext:
            return millrace_log_text_column;
        case column_type::timestamp:
            return millrace_log_timestamp_column;
        case column_type::boolean:
            return millrace_log_boolean_column;
        case column_type::bytes:
            return millrace_log_bytes_column;
        default:
            return millrace_log_integer_column;
    }
}

// ok: the reader has a row whose column is of the type and holds a value, at `place` of the row's
// own schema. none: the value is empty, or the row was written before there was the column; of an
// integer or a boolean only the latter, and it counts as 0.
millrace_log_status look_at(const millrace_log_reader* reader, std::size_t column,
                            millrace_log_column_type type, const void* value,
                            std::size_t& place) noexcept {
    if (reader == nullptr || value == nullptr) {
        return millrace_log_misuse;
    }
    if (!reader->row.has_value()) {
        return millrace_log_no_row;
    }
    if (column >= reader->places.size()) {
        return millrace_log_no_column;
    }
    if (type_of(reader->columns()->column(column)) != type) {
        return millrace_log_wrong_type;
    }
    const std::optional<std::size_t> found = reader->places[column];
    if (!found.has_value() || reader->row->is_empty(*found)) {
        return millrace_log_none;
    }
    place = *found;
    return millrace_log_ok;
}

}  // namespace

const char* millrace_log_table(const millrace_log_reader* reader) noexcept {
    const bool has_table = reader != nullptr && reader->columns() != nullptr;
    return has_table ? reader->columns()->table_name().c_str() : "";
}

std::size_t millrace_log_column_count(const millrace_log_reader* reader) noexcept {
    const bool has_table = reader != nullptr && reader->columns() != nullptr;
    return has_table ? reader->columns()->column_count() : 0;
}

const char* millrace_log_column_name(const millrace_log_reader* reader,
                                     std::size_t column) noexcept {
    return column < millrace_log_column_count(reader)
               ? reader->columns()->column(column).name.c_str()
               : nullptr;
}

millrace_log_status millrace_log_take_columns(millrace_log_reader* reader) noexcept {
    if (reader == nullptr) {
        return millrace_log_misuse;
    }
    try {
        return reader->take_columns() ? millrace_log_ok : millrace_log_none;
    } catch (const std::exception&) {
        return millrace_log_failed;
    }
}

millrace_log_status millrace_log_type_of(const millrace_log_reader* reader, std::size_t column,
                                         millrace_log_column_type* type) noexcept {
    if (reader == nullptr || type == nullptr) {
        return millrace_log_misuse;
    }
    if (column >= millrace_log_column_count(reader)) {
        return millrace_log_no_column;
    }
    *type = type_of(reader->columns()->column(column));
    return millrace_log_ok;
}

millrace_log_status millrace_log_find(const millrace_log_reader* reader, const char* name,
                                      std::size_t* column) noexcept {
    if (reader == nullptr || name == nullptr || column == nullptr) {
        return millrace_log_misuse;
    }
    if (reader->columns() == nullptr) {
        return millrace_log_no_column;
    }
    const std::optional<std::size_t> found = reader->columns()->find(name);
    if (!found.has_value()) {
        return millrace_log_no_column;
    }
    *column = *found;
    return millrace_log_ok;
}

millrace_log_status millrace_log_integer(const millrace_log_reader* reader, std::size_t column,
                                         std::int64_t* value) noexcept {
    std::size_t place = 0;
    const millrace_log_status status =
        look_at(reader, column, millrace_log_integer_column, value, place);
    if (status == millrace_log_none) {
        *value = 0;
        return millrace_log_ok;
    }
    if (status != millrace_log_ok) {
        return status;
    }
    if (reader->columns()->column(column).type == column_type::u64 &&
        reader->row->unsigned_integer(place) > std::uint64_t{INT64_MAX}) {
        return millrace_log_out_of_range;
    }
    *value = reader->row->integer(place);
    return millrace_log_ok;
}

millrace_log_status millrace_log_unsigned(const millrace_log_reader* reader, std::size_t column,
                                          std::uint64_t* value) noexcept {
    std::size_t place = 0;
    const millrace_log_status status =
        look_at(reader, column, millrace_log_integer_column, value, place);
    if (status != millrace_log_ok && status != millrace_log_none) {
        return status;
    }
    if (!engine::is_unsigned_integer(reader->columns()->column(column).type)) {
        return millrace_log_wrong_type;
    }
    *value = status == millrace_log_none ? 0 : reader->row->unsigned_integer(place);
    return millrace_log_ok;
}

millrace_log_status millrace_log_decimal_of(const millrace_log_reader* reader, std::size_t column,
                                            millrace_log_decimal* value) noexcept {
    std::size_t place = 0;
    const millrace_log_status status =
        look_at(reader, column, millrace_log_decimal_column, value, place);
    if (status == millrace_log_ok) {
        const engine::decimal found = reader->row->decimal_value(place);
        *value = {found.mantissa, found.exponent};
    }
    return status;
}

millrace_log_status millrace_log_text(const millrace_log_reader* reader, std::size_t column,
                                      millrace_log_bytes* value) noexcept {
    std::size_t place = 0;
    const millrace_log_status status =
        look_at(reader, column, millrace_log_text_column, value, place);
    if (status != millrace_log_ok) {
        return status;
    }
    const schema_column& written = reader->written->column(place);
    if (written.type == column_type::character) {
        *value = to_bytes(std::span(reader->row->fixed() + written.offset, 1));
    } else {
        *value = to_bytes(reader->row->text(place));
    }
    return millrace_log_ok;
}

millrace_log_status millrace_log_timestamp(const millrace_log_reader* reader, std::size_t column,
                                           std::int64_t* ns) noexcept {
    std::size_t place = 0;
    const millrace_log_status status =
        look_at(reader, column, millrace_log_timestamp_column, ns, place);
    if (status == millrace_log_ok) {
        *ns = reader->row->timestamp(place).ns;
    }
    return status;
}

millrace_log_status millrace_log_boolean(const millrace_log_reader* reader, std::size_t column,
                                         int* value) noexcept {
    std::size_t place = 0;
    const millrace_log_status status =
        look_at(reader, column, millrace_log_boolean_column, value, place);
    if (status != millrace_log_ok && status != millrace_log_none) {
        return status;
    }
    *value = status == millrace_log_ok && reader->row->boolean(place) ? 1 : 0;
    return millrace_log_ok;
}

millrace_log_status millrace_log_trailing(const millrace_log_reader* reader, std::size_t column,
                                          millrace_log_bytes* value) noexcept {
    std::size_t place = 0;
    const millrace_log_status status =
        look_at(reader, column, millrace_log_bytes_column, value, place);
    if (status == millrace_log_ok) {
        *value = to_bytes(reader->row->trailing());
    }
    return status;
}

millrace_log_status millrace_log_cause_of(const millrace_log_reader* reader,
                                          millrace_log_cause* cause) noexcept {
    if (reader == nullptr || cause == nullptr) {
        return millrace_log_misuse;
    }
    if (!reader->row.has_value()) {
        return millrace_log_no_row;
    }
    const engine::row_envelope envelope = reader->row->envelope();
    *cause = {static_cast<millrace_log_operation>(envelope.operation),
              to_bytes(reader->row->event()), to_bytes(reader->row->user()),
              envelope.correlation.log_id, envelope.correlation.sequence};
    return millrace_log_ok;
}
