#include "engine/capi/millrace_log.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>

#include "engine/core/error.hpp"
#include "engine/log/log_reader.hpp"
#include "engine/table/row.hpp"
#include "engine/table/schema.hpp"

namespace engine = millrace::engine;

struct millrace_log_reader {
    millrace_log_reader(const char* directory, const engine::read_from& from)
        : log(directory, from), uuid(engine::to_string(log.uuid())) {
        damage.reserve(damage_bytes);
        try {
            schema.emplace(engine::row_schema::parse(log.schema()));
        } catch (const engine::config_error&) {
            // A log that is no table's: its records are bytes.
        }
    }

    static constexpr std::size_t damage_bytes = 1024;

    engine::log_reader log;
    std::string uuid;
    std::optional<engine::row_schema> schema;
    std::optional<engine::row_view> row;  // of the last record, where it is one
    engine::record_view record;           // the last one; `row` looks at its payload
    std::string damage;
};

namespace {

using engine::column_type;
using engine::record_view;
using engine::schema_column;

void put_reason(const char* text, char* reason, std::size_t reason_size) noexcept {
    if (reason == nullptr || reason_size == 0) {
        return;
    }
    const std::size_t size = std::min(std::strlen(text), reason_size - 1);
    std::memcpy(reason, text, size);
    reason[size] = '\0';
}

// False: no such kind, or a negative value.
bool to_read_from(const millrace_log_start& start, engine::read_from& from) noexcept {
    const auto value = static_cast<std::uint64_t>(start.value);
    if (start.value < 0) {
        return false;
    }
    switch (start.kind) {
        case millrace_log_from_first:
            from = engine::read_from::first();
            return true;
        case millrace_log_from_tail:
            from = engine::read_from::tail();
            return true;
        case millrace_log_from_sequence:
            from = engine::read_from::at_sequence({value});
            return true;
        case millrace_log_from_time:
            from = engine::read_from::at_time({start.value});
            return true;
        case millrace_log_from_position:
            from = engine::read_from::at_position({value});
            return true;
    }
    return false;
}

millrace_log_bytes to_bytes(std::string_view text) noexcept {
    return {text.data(), text.size()};
}

millrace_log_bytes to_bytes(std::span<const std::byte> bytes) noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// In place, so that it lives as long as the record.
millrace_log_bytes name_at(const engine::row_view& row, std::size_t offset) noexcept {
    const char* const name = reinterpret_cast<const char*>(row.payload().data()) + offset;
    return {name, ::strnlen(name, sizeof(engine::short_name::bytes))};
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

// ok: reader has a row whose column is of the type and holds a value.
millrace_log_status look_at(const millrace_log_reader* reader, std::size_t column,
                            millrace_log_column_type type, const void* value) noexcept {
    if (reader == nullptr || value == nullptr) {
        return millrace_log_misuse;
    }
    if (!reader->row.has_value()) {
        return millrace_log_no_row;
    }
    if (column >= reader->schema->column_count()) {
        return millrace_log_no_column;
    }
    if (type_of(reader->schema->column(column)) != type) {
        return millrace_log_wrong_type;
    }
    return reader->row->is_empty(column) ? millrace_log_none : millrace_log_ok;
}

void set_damage(millrace_log_reader& reader, std::string_view text) noexcept {
    if (reader.damage.empty()) {  // within what was reserved, so that nothing can throw
        reader.damage.assign(text.substr(0, millrace_log_reader::damage_bytes));
    }
}

// False: the record says that it is a row, and is none.
bool take_row(millrace_log_reader& reader) noexcept {
    reader.row.reset();
    if (!reader.schema.has_value() || reader.record.type != engine::row_record_type) {
        return true;
    }
    if (engine::row_view::check(*reader.schema, reader.record.bytes()) != engine::row_status::ok) {
        return false;
    }
    reader.row.emplace(*reader.schema, reader.record.bytes());
    return true;
}

millrace_log_status stop_at(millrace_log_reader& reader) noexcept {
    try {
        set_damage(reader, reader.log.damage().kind != engine::damage_kind::none
                               ? reader.log.damage().text()
                               : reader.log.directory().native() + ": position " +
                                     std::to_string(reader.record.at.value) +
                                     ": the record is not a row of " + reader.schema->table_name());
    } catch (const std::exception&) {
        set_damage(reader, "the log is damaged, and there is no memory to say where");
    }
    return millrace_log_damaged;
}

}  // namespace

millrace_log_status millrace_log_open(const char* directory, millrace_log_start start,
                                      millrace_log_reader** reader, char* reason,
                                      std::size_t reason_size) noexcept {
    put_reason("", reason, reason_size);
    if (reader == nullptr) {
        put_reason("no place was given for the reader", reason, reason_size);
        return millrace_log_misuse;
    }
    *reader = nullptr;
    engine::read_from from;
    if (directory == nullptr || !to_read_from(start, from)) {
        put_reason(directory == nullptr ? "no directory was given"
                                        : "the start is of no known kind, or negative",
                   reason, reason_size);
        return millrace_log_misuse;
    }
    try {
        *reader = std::make_unique<millrace_log_reader>(directory, from).release();
        return millrace_log_ok;
    } catch (const engine::damage_error& failure) {
        put_reason(failure.what(), reason, reason_size);
        return millrace_log_damaged;
    } catch (const engine::io_error& failure) {
        put_reason(failure.what(), reason, reason_size);
        return millrace_log_failed;
    } catch (const engine::error& failure) {
        put_reason(failure.what(), reason, reason_size);
        return millrace_log_no_start;
    } catch (const std::exception& failure) {
        put_reason(failure.what(), reason, reason_size);
        return millrace_log_failed;
    }
}

void millrace_log_close(millrace_log_reader* reader) noexcept {
    delete reader;
}

millrace_log_status millrace_log_poll(millrace_log_reader* reader,
                                      millrace_log_record* record) noexcept {
    if (reader == nullptr || record == nullptr) {
        return millrace_log_misuse;
    }
    if (!reader->damage.empty()) {
        return millrace_log_damaged;
    }
    reader->row.reset();
    switch (reader->log.poll(reader->record)) {
        case engine::read_status::none:
            return millrace_log_none;
        case engine::read_status::damaged:
            return stop_at(*reader);
        case engine::read_status::record:
            break;
    }
    if (!take_row(*reader)) {
        return stop_at(*reader);
    }
    const record_view& seen = reader->record;
    *record = {seen.seq.value, seen.time.ns, seen.at.value,
               seen.end.value, seen.type,    to_bytes(seen.bytes())};
    return millrace_log_ok;
}

std::uint64_t millrace_log_next_position(const millrace_log_reader* reader) noexcept {
    return reader == nullptr ? 0 : reader->log.next_position().value;
}

const char* millrace_log_uuid(const millrace_log_reader* reader) noexcept {
    return reader == nullptr ? "" : reader->uuid.c_str();
}

const char* millrace_log_damage(const millrace_log_reader* reader) noexcept {
    return reader == nullptr ? "" : reader->damage.c_str();
}

const char* millrace_log_describe(millrace_log_status status) noexcept {
    switch (status) {
        case millrace_log_ok:
            return "ok";
        case millrace_log_none:
            return "nothing there yet, or an empty value";
        case millrace_log_damaged:
            return "the log is damaged";
        case millrace_log_failed:
            return "the system refused";
        case millrace_log_no_start:
            return "there is no such place to begin at";
        case millrace_log_no_row:
            return "no record, or one that is no row";
        case millrace_log_no_column:
            return "no such column";
        case millrace_log_wrong_type:
            return "the column is of another type";
        case millrace_log_out_of_range:
            return "the value is larger than the type it was asked as";
        case millrace_log_misuse:
            return "a null pointer or an unknown enumerator";
    }
    return "no status of this library";
}

const char* millrace_log_table(const millrace_log_reader* reader) noexcept {
    const bool has_table = reader != nullptr && reader->schema.has_value();
    return has_table ? reader->schema->table_name().c_str() : "";
}

std::size_t millrace_log_column_count(const millrace_log_reader* reader) noexcept {
    const bool has_table = reader != nullptr && reader->schema.has_value();
    return has_table ? reader->schema->column_count() : 0;
}

const char* millrace_log_column_name(const millrace_log_reader* reader,
                                     std::size_t column) noexcept {
    return column < millrace_log_column_count(reader) ? reader->schema->column(column).name.c_str()
                                                      : nullptr;
}

millrace_log_status millrace_log_type_of(const millrace_log_reader* reader, std::size_t column,
                                         millrace_log_column_type* type) noexcept {
    if (reader == nullptr || type == nullptr) {
        return millrace_log_misuse;
    }
    if (column >= millrace_log_column_count(reader)) {
        return millrace_log_no_column;
    }
    *type = type_of(reader->schema->column(column));
    return millrace_log_ok;
}

millrace_log_status millrace_log_find(const millrace_log_reader* reader, const char* name,
                                      std::size_t* column) noexcept {
    if (reader == nullptr || name == nullptr || column == nullptr) {
        return millrace_log_misuse;
    }
    if (!reader->schema.has_value()) {
        return millrace_log_no_column;
    }
    const std::optional<std::size_t> found = reader->schema->find(name);
    if (!found.has_value()) {
        return millrace_log_no_column;
    }
    *column = *found;
    return millrace_log_ok;
}

millrace_log_status millrace_log_integer(const millrace_log_reader* reader, std::size_t column,
                                         std::int64_t* value) noexcept {
    const millrace_log_status status = look_at(reader, column, millrace_log_integer_column, value);
    if (status != millrace_log_ok) {
        return status;
    }
    if (reader->schema->column(column).type == column_type::u64 &&
        reader->row->unsigned_integer(column) > std::uint64_t{INT64_MAX}) {
        return millrace_log_out_of_range;
    }
    *value = reader->row->integer(column);
    return millrace_log_ok;
}

millrace_log_status millrace_log_unsigned(const millrace_log_reader* reader, std::size_t column,
                                          std::uint64_t* value) noexcept {
    const millrace_log_status status = look_at(reader, column, millrace_log_integer_column, value);
    if (status != millrace_log_ok) {
        return status;
    }
    if (!engine::is_unsigned_integer(reader->schema->column(column).type)) {
        return millrace_log_wrong_type;
    }
    *value = reader->row->unsigned_integer(column);
    return millrace_log_ok;
}

millrace_log_status millrace_log_decimal_of(const millrace_log_reader* reader, std::size_t column,
                                            millrace_log_decimal* value) noexcept {
    const millrace_log_status status = look_at(reader, column, millrace_log_decimal_column, value);
    if (status == millrace_log_ok) {
        const engine::decimal found = reader->row->decimal_value(column);
        *value = {found.mantissa, found.exponent};
    }
    return status;
}

millrace_log_status millrace_log_text(const millrace_log_reader* reader, std::size_t column,
                                      millrace_log_bytes* value) noexcept {
    const millrace_log_status status = look_at(reader, column, millrace_log_text_column, value);
    if (status != millrace_log_ok) {
        return status;
    }
    const schema_column& described = reader->schema->column(column);
    if (described.type == column_type::character) {
        *value = to_bytes(std::span(reader->row->fixed() + described.offset, 1));
    } else {
        *value = to_bytes(reader->row->text(column));
    }
    return millrace_log_ok;
}

millrace_log_status millrace_log_timestamp(const millrace_log_reader* reader, std::size_t column,
                                           std::int64_t* ns) noexcept {
    const millrace_log_status status = look_at(reader, column, millrace_log_timestamp_column, ns);
    if (status == millrace_log_ok) {
        *ns = reader->row->timestamp(column).ns;
    }
    return status;
}

millrace_log_status millrace_log_boolean(const millrace_log_reader* reader, std::size_t column,
                                         int* value) noexcept {
    const millrace_log_status status = look_at(reader, column, millrace_log_boolean_column, value);
    if (status == millrace_log_ok) {
        *value = reader->row->boolean(column) ? 1 : 0;
    }
    return status;
}

millrace_log_status millrace_log_trailing(const millrace_log_reader* reader, std::size_t column,
                                          millrace_log_bytes* value) noexcept {
    const millrace_log_status status = look_at(reader, column, millrace_log_bytes_column, value);
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
              name_at(*reader->row, offsetof(engine::row_envelope, event)),
              name_at(*reader->row, offsetof(engine::row_envelope, user)),
              envelope.correlation.log_id, envelope.correlation.sequence};
    return millrace_log_ok;
}
