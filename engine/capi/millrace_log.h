// Reads an audit log from C, or from any language that calls C: another process follows a log while
// its writer goes on, or replays one from any point.
//
// Threading  a reader belongs to one thread at a time; any number of readers, in any process,
//            beside the writer. None of them is seen by it, or holds it up
// Progress   millrace_log_poll waits for nothing and allocates nothing but where it crosses into
//            the next segment, which maps a file; the functions that read a column do neither
// Invariant  records come in order, each once; what does not pass its checks (checksum, order, row
//            against its segment's schema) is never handed out
// Units      time: nanoseconds UTC since 1970; position: bytes since the start of the log
// Errors     a status, never a C++ exception; open writes its reason where the caller says, and
//            millrace_log_damage tells what stopped a reader. A segment's file that is truncated
//            under it, or a page that the disk cannot give, is a SIGBUS at the next touch, and no
//            handler is installed here. A poll behind one that found nothing looks at the size of
//            the file first and answers damaged, as opening does; elsewhere nothing is in time
#pragma once

// The names of C headers, since C compilers read this.
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#define MILLRACE_LOG_NOEXCEPT noexcept
#else
#define MILLRACE_LOG_NOEXCEPT
#endif

#if defined(__GNUC__)
#define MILLRACE_LOG_API __attribute__((visibility("default")))
#else
#define MILLRACE_LOG_API
#endif

typedef enum millrace_log_status {
    millrace_log_ok = 0,        // done; of poll: a record was read
    millrace_log_none = 1,      // poll: nothing further is committed yet; a column: it is empty
    millrace_log_damaged = 2,   // bytes of the log contradict themselves; a reader stops for good
    millrace_log_failed = 3,    // the system refused: a file, or memory
    millrace_log_no_start = 4,  // open: there is no such place to begin at
    millrace_log_no_row = 5,    // there is no record yet, or it is no row of the log's table
    millrace_log_no_column = 6,
    millrace_log_wrong_type = 7,    // the column holds values of another type
    millrace_log_out_of_range = 8,  // an u64 beyond the largest int64_t: millrace_log_unsigned
    millrace_log_misuse = 9,        // a null pointer, or an enumerator that there is not
    millrace_log_lost = 10,         // open_behind: records up to that place are gone from the log
} millrace_log_status;

typedef enum millrace_log_start_kind {
    millrace_log_from_first = 0,     // the oldest record kept
    millrace_log_from_tail = 1,      // what is committed from now on
    millrace_log_from_sequence = 2,  // value: a sequence, not before the oldest kept
    millrace_log_from_time = 3,      // value: the first record at or after this time, ns
    millrace_log_from_position = 4,  // value: where a record begins, or the end of the log
} millrace_log_start_kind;

typedef struct millrace_log_start {
    millrace_log_start_kind kind;
    int64_t value;  // not negative
} millrace_log_start;

typedef enum millrace_log_column_type {
    millrace_log_integer_column = 1,    // 8 to 64 bits, signed or unsigned
    millrace_log_decimal_column = 2,    // exact
    millrace_log_text_column = 3,       // also single characters
    millrace_log_timestamp_column = 4,  // nanoseconds UTC
    millrace_log_boolean_column = 5,
    millrace_log_bytes_column = 6,  // any bytes; always the last column
} millrace_log_column_type;

typedef enum millrace_log_operation {
    millrace_log_insert = 1,
    millrace_log_modify = 2,
    millrace_log_delete = 3,
} millrace_log_operation;

// mantissa * 10^exponent
typedef struct millrace_log_decimal {
    int64_t mantissa;
    int32_t exponent;
} millrace_log_decimal;

// Bytes of the log itself: valid until the next poll, and not ended by a zero.
typedef struct millrace_log_bytes {
    const char* data;
    size_t size;
} millrace_log_bytes;

typedef struct millrace_log_record {
    uint64_t sequence;       // from 1, without gaps
    int64_t timestamp_ns;    // strictly increasing
    uint64_t position;       // where the record begins
    uint64_t end;            // behind it; the next one begins there, or in the next segment
    uint32_t type;           // 1: a row
    millrace_log_bytes raw;  // the whole payload, by the schema of the segment it stands in
} millrace_log_record;

// How far a reader has come: to be stored, whole, behind the effect of a record.
typedef struct millrace_log_place {
    char log[40];          // the log's uuid and zeros
    uint64_t sequence;     // of the last record that was polled; 0: there was none before it
    int64_t timestamp_ns;  // these two tell
    uint64_t end;          // that record from another with its sequence
} millrace_log_place;

// What, who and why of a row.
typedef struct millrace_log_cause {
    millrace_log_operation operation;
    millrace_log_bytes event;
    millrace_log_bytes user;
    uint64_t correlation_log;  // 0 and 0: the chain begins with this record
    uint64_t correlation_sequence;
} millrace_log_cause;

typedef struct millrace_log_reader millrace_log_reader;

// Opens the log in `directory`, without a lock and without writing a byte. On success *reader is to
// be closed with millrace_log_close. Otherwise it is null, and the reason, a sentence that names
// file and cause, stands in `reason`, cut to `reason_size` bytes, its zero included.
MILLRACE_LOG_API millrace_log_status millrace_log_open(const char* directory,
                                                       millrace_log_start start,
                                                       millrace_log_reader** reader, char* reason,
                                                       size_t reason_size) MILLRACE_LOG_NOEXCEPT;
// The same behind the record that `place` was taken at: how to go on after a restart.
//
// A loss of power takes from a log what was not durable yet, also what this reader had polled, and
// new records take the sequences of those that are gone. Then the answer is lost, the reason says
// which they were, and *place is behind the last one that survives: whoever opens behind that sees
// every new record. Of another log: no_start.
MILLRACE_LOG_API millrace_log_status millrace_log_open_behind(
    const char* directory, millrace_log_place* place, millrace_log_reader** reader, char* reason,
    size_t reason_size) MILLRACE_LOG_NOEXCEPT;
// A null pointer is let pass.
MILLRACE_LOG_API void millrace_log_close(millrace_log_reader* reader) MILLRACE_LOG_NOEXCEPT;

// The next record: ok, none, damaged or misuse. What it gave is the record that the functions below
// read, until the next call.
MILLRACE_LOG_API millrace_log_status
millrace_log_poll(millrace_log_reader* reader, millrace_log_record* record) MILLRACE_LOG_NOEXCEPT;

// Behind the last record that was polled, or where the reader was opened: ok or misuse.
MILLRACE_LOG_API millrace_log_status millrace_log_place_of(
    const millrace_log_reader* reader, millrace_log_place* place) MILLRACE_LOG_NOEXCEPT;
// Where the reader stands, in bytes. To go on there later, millrace_log_place_of says more.
MILLRACE_LOG_API uint64_t millrace_log_next_position(const millrace_log_reader* reader)
    MILLRACE_LOG_NOEXCEPT;
// Names the log for ever: 36 characters and a zero. Valid until the reader is closed.
MILLRACE_LOG_API const char* millrace_log_uuid(const millrace_log_reader* reader)
    MILLRACE_LOG_NOEXCEPT;
// Where and what the damage is; empty where there is none. Valid until the reader is closed.
MILLRACE_LOG_API const char* millrace_log_damage(const millrace_log_reader* reader)
    MILLRACE_LOG_NOEXCEPT;
// A phrase for a status.
MILLRACE_LOG_API const char* millrace_log_describe(millrace_log_status status)
    MILLRACE_LOG_NOEXCEPT;

// The table whose rows the log holds, and its columns, by index from 0: those of its newest segment
// when it was opened. A log that is no table's has no columns, and an empty name. Names are valid
// until the reader is closed.
//
// A table may get columns, and wider texts, while it is read. Rows of every segment are read by the
// same columns: one written before there was a column has it empty, 0 or false, and one written
// later is read without those that came since, until millrace_log_take_columns. Texts come whole.
MILLRACE_LOG_API const char* millrace_log_table(const millrace_log_reader* reader)
    MILLRACE_LOG_NOEXCEPT;
MILLRACE_LOG_API size_t millrace_log_column_count(const millrace_log_reader* reader)
    MILLRACE_LOG_NOEXCEPT;
// Null where there is no such column.
MILLRACE_LOG_API const char* millrace_log_column_name(const millrace_log_reader* reader,
                                                      size_t column) MILLRACE_LOG_NOEXCEPT;
// To be asked behind each poll that gave a record. ok: the table had got columns, and from here on
// there are those of the last record's segment: what was found by name is to be found anew, for
// indexes may be others. none: there are no others. failed: no memory; all is as it was.
MILLRACE_LOG_API millrace_log_status millrace_log_take_columns(millrace_log_reader* reader)
    MILLRACE_LOG_NOEXCEPT;
MILLRACE_LOG_API millrace_log_status
millrace_log_type_of(const millrace_log_reader* reader, size_t column,
                     millrace_log_column_type* type) MILLRACE_LOG_NOEXCEPT;
// By name, whatever its case. Once, when the columns are known: records are read by index.
MILLRACE_LOG_API millrace_log_status millrace_log_find(const millrace_log_reader* reader,
                                                       const char* name,
                                                       size_t* column) MILLRACE_LOG_NOEXCEPT;

// Values of the last record: ok, none (the column is empty, and *value is left as it was), no_row,
// no_column, wrong_type or misuse. Integers and booleans are never empty.
MILLRACE_LOG_API millrace_log_status millrace_log_integer(const millrace_log_reader* reader,
                                                          size_t column,
                                                          int64_t* value) MILLRACE_LOG_NOEXCEPT;
// Of unsigned columns only.
MILLRACE_LOG_API millrace_log_status millrace_log_unsigned(const millrace_log_reader* reader,
                                                           size_t column,
                                                           uint64_t* value) MILLRACE_LOG_NOEXCEPT;
MILLRACE_LOG_API millrace_log_status
millrace_log_decimal_of(const millrace_log_reader* reader, size_t column,
                        millrace_log_decimal* value) MILLRACE_LOG_NOEXCEPT;
MILLRACE_LOG_API millrace_log_status millrace_log_text(const millrace_log_reader* reader,
                                                       size_t column, millrace_log_bytes* value)
    MILLRACE_LOG_NOEXCEPT;
MILLRACE_LOG_API millrace_log_status millrace_log_timestamp(const millrace_log_reader* reader,
                                                            size_t column,
                                                            int64_t* ns) MILLRACE_LOG_NOEXCEPT;
// 0 or 1.
MILLRACE_LOG_API millrace_log_status millrace_log_boolean(const millrace_log_reader* reader,
                                                          size_t column,
                                                          int* value) MILLRACE_LOG_NOEXCEPT;
// Of the bytes column.
MILLRACE_LOG_API millrace_log_status millrace_log_trailing(const millrace_log_reader* reader,
                                                           size_t column, millrace_log_bytes* value)
    MILLRACE_LOG_NOEXCEPT;
MILLRACE_LOG_API millrace_log_status millrace_log_cause_of(
    const millrace_log_reader* reader, millrace_log_cause* cause) MILLRACE_LOG_NOEXCEPT;

#ifdef __cplusplus
}
#endif
