#include "engine/capi/millrace_log.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <string_view>

#include "engine/capi/reader_handle.hpp"
#include "engine/core/error.hpp"
#include "engine/log/read_place.hpp"

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

// Runs `action`, which answers a status; what it throws is one, and a reason.
template <class Action>
millrace_log_status said(char* reason, std::size_t reason_size, Action&& action) noexcept {
    try {
        return action();
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

millrace_log_status open_reader(const char* directory, const engine::read_from& from,
                                millrace_log_reader** reader, char* reason,
                                std::size_t reason_size) noexcept {
    return said(reason, reason_size, [&] {
        *reader = std::make_unique<millrace_log_reader>(directory, from).release();
        return millrace_log_ok;
    });
}

millrace_log_place make_place(std::string_view uuid, engine::sequence done, engine::timestamp time,
                              engine::position end) noexcept {
    millrace_log_place place{{}, done.value, time.ns, end.value};
    std::copy_n(uuid.data(), std::min(uuid.size(), sizeof place.log - 1), place.log);
    return place;
}

// False: not what make_place() makes.
bool to_read_place(const millrace_log_place& place, engine::read_place& out) noexcept {
    const std::string_view uuid(place.log, ::strnlen(place.log, sizeof place.log));
    out.done = {place.sequence};
    out.time = {place.timestamp_ns};
    out.end = {place.end};
    return engine::parse(uuid, out.log) && place.timestamp_ns >= 0;
}

std::string describe_loss(const char* directory, engine::sequence survivor, engine::sequence done) {
    return std::string(directory) + ": records " + std::to_string(survivor.value + 1) + " to " +
           std::to_string(done.value) +
           " were read and are gone, as after a loss of power; others take their sequences";
}

std::string where(const millrace_log_reader& reader) {
    return reader.log.directory().native() + ": position " +
           std::to_string(reader.record.at.value) + ": ";
}

// True: the reader has the record, and its row where it is one. Else it has stopped.
bool take_record(millrace_log_reader& reader) noexcept {
    try {
        if (take_row(reader)) {
            return true;
        }
        reader.stop(where(reader) + "the record is not a row of " + reader.columns()->table_name());
    } catch (const engine::config_error& failure) {
        reader.stop(where(reader) +
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
    return open_reader(directory, from, reader, reason, reason_size);
}

millrace_log_status millrace_log_open_behind(const char* directory, millrace_log_place* place,
                                             millrace_log_reader** reader, char* reason,
                                             std::size_t reason_size) noexcept {
    put_reason("", reason, reason_size);
    if (reader != nullptr) {
        *reader = nullptr;
    }
    engine::read_place known;
    if (reader == nullptr || directory == nullptr || place == nullptr ||
        !to_read_place(*place, known)) {
        put_reason("a null pointer was given, or a place that no reader was at", reason,
                   reason_size);
        return millrace_log_misuse;
    }
    const auto status = said(reason, reason_size, [&] {
        const engine::read_place survivor = engine::surviving_place(directory, known);
        if (survivor.done == known.done) {
            return millrace_log_ok;
        }
        const std::string text = describe_loss(directory, survivor.done, known.done);
        put_reason(text.c_str(), reason, reason_size);
        *place =
            make_place(engine::to_string(survivor.log), survivor.done, survivor.time, survivor.end);
        return millrace_log_lost;
    });
    return status != millrace_log_ok
               ? status
               : open_reader(directory, engine::read_from::at_sequence(known.done.next()), reader,
                             reason, reason_size);
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
    // At the tail the next touch may be of a page that is gone.
    if (reader->is_idle && !reader->log.check_file()) {
        return stop_at_damage(*reader);
    }
    const engine::read_status status = reader->log.poll(reader->record);
    reader->is_idle = status == engine::read_status::none;
    switch (status) {
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

millrace_log_status millrace_log_place_of(const millrace_log_reader* reader,
                                          millrace_log_place* place) noexcept {
    if (reader == nullptr || place == nullptr) {
        return millrace_log_misuse;
    }
    const engine::log_reader& log = reader->log;
    *place =
        make_place(reader->uuid, log.last_sequence(), log.last_timestamp(), log.next_position());
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
        case millrace_log_lost:
            return "records that were read are gone from the log";
    }
    return "no status of this library";
}
