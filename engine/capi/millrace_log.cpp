#include "engine/capi/millrace_log.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <string>

#include "engine/capi/reader_handle.hpp"
#include "engine/core/error.hpp"

namespace engine = millrace::engine;

namespace {

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

// False: the record says that it is a row of the log's table, and is none.
bool take_row(millrace_log_reader& reader) {
    if (reader.log.segment_schema_version() != reader.version) {
        reader.follow();
    }
    if (!reader.written.has_value() || reader.record.type != engine::row_record_type) {
        return true;
    }
    if (engine::row_view::check(*reader.written, reader.record.bytes()) != engine::row_status::ok) {
        return false;
    }
    reader.row.emplace(*reader.written, reader.record.bytes());
    return true;
}

std::string place_of(const millrace_log_reader& reader) {
    return reader.log.directory().native() + ": position " +
           std::to_string(reader.record.at.value) + ": ";
}

// True: the reader has the record, and its row where it is one. Else it has stopped.
bool take_record(millrace_log_reader& reader) noexcept {
    try {
        if (take_row(reader)) {
            return true;
        }
        reader.stop(place_of(reader) + "the record is not a row of " +
                    reader.columns()->table_name());
    } catch (const engine::config_error& failure) {
        reader.stop(place_of(reader) +
                    "the schema of this segment cannot be followed: " + failure.what());
    } catch (const std::exception&) {
        reader.stop("there is no memory to go on with");
    }
    return false;
}

millrace_log_status stop_at_damage(millrace_log_reader& reader) noexcept {
    try {
        reader.stop(reader.log.damage().text());
    } catch (const std::exception&) {
        reader.stop("the log is damaged, and there is no memory to say where");
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
            return stop_at_damage(*reader);
        case engine::read_status::record:
            break;
    }
    if (!take_record(*reader)) {
        return millrace_log_damaged;
    }
    const engine::record_view& seen = reader->record;
    *record = {seen.seq.value, seen.time.ns,
               seen.at.value,  seen.end.value,
               seen.type,      {reinterpret_cast<const char*>(seen.payload), seen.payload_size}};
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
