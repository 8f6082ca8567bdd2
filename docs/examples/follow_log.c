/* A separate application that reads a table's stream, in plain C: every row of a log from where it
 * is told, and on as it grows, one line a row.
 *
 *   follow_log DIRECTORY [first | tail | sequence:N | time:NS | position:N | place:FILE] [COUNT]
 *
 * It prints sequence, time, operation, user and the columns, also those that the table gets while it
 * is read, and ends behind COUNT rows; without COUNT it follows until it is stopped. The writer
 * neither knows of it nor waits for it. With place:FILE it keeps in FILE how far it has come, and
 * goes on there when it is started again.
 *
 *   cc follow_log.c -I PREFIX/include/millrace -L PREFIX/lib -lmillrace_log
 */
#define _POSIX_C_SOURCE 200809L

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/capi/millrace_log.h"

static int parse_start(const char* text, millrace_log_start* start) {
    static const struct {
        const char* prefix;
        millrace_log_start_kind kind;
    } kinds[] = {{"sequence:", millrace_log_from_sequence},
                 {"time:", millrace_log_from_time},
                 {"position:", millrace_log_from_position}};
    start->value = 0;
    if (strcmp(text, "first") == 0 || strcmp(text, "tail") == 0) {
        start->kind = text[0] == 'f' ? millrace_log_from_first : millrace_log_from_tail;
        return 1;
    }
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; ++i) {
        const size_t size = strlen(kinds[i].prefix);
        if (strncmp(text, kinds[i].prefix, size) == 0) {
            char* end = NULL;
            start->kind = kinds[i].kind;
            start->value = strtoll(text + size, &end, 10);
            return end != text + size && *end == '\0';
        }
    }
    return 0;
}

static int load_place(const char* file, millrace_log_place* place) {
    FILE* const in = fopen(file, "rb");
    const int is_loaded = in != NULL && fread(place, sizeof *place, 1, in) == 1;
    if (in != NULL) {
        fclose(in);
    }
    return is_loaded;
}

/* Behind the rows that were printed: a crash before it prints some of them again. */
static void store_place(const char* file, const millrace_log_reader* reader) {
    char written[4096];
    millrace_log_place place;
    FILE* out = NULL;
    fflush(stdout);
    if (file == NULL || millrace_log_place_of(reader, &place) != millrace_log_ok) {
        return;
    }
    snprintf(written, sizeof written, "%s.new", file);
    out = fopen(written, "wb");
    if (out == NULL || fwrite(&place, sizeof place, 1, out) != 1 || fclose(out) != 0 ||
        rename(written, file) != 0) {
        perror(file);
        exit(3);
    }
}

/* With no place stored yet, from the oldest record. */
static millrace_log_status open_log(const char* directory, millrace_log_start start,
                                    const char* file, millrace_log_reader** reader) {
    char reason[512];
    millrace_log_place place;
    millrace_log_status status;
    if (file == NULL || !load_place(file, &place)) {
        status = millrace_log_open(directory, start, reader, reason, sizeof reason);
    } else {
        status = millrace_log_open_behind(directory, &place, reader, reason, sizeof reason);
        if (status == millrace_log_lost) { /* what was printed of those records is void */
            fprintf(stderr, "follow_log: %s\n", reason);
            status = millrace_log_open_behind(directory, &place, reader, reason, sizeof reason);
        }
    }
    if (status != millrace_log_ok) {
        fprintf(stderr, "follow_log: %s\n", reason);
    }
    return status;
}

static void print_decimal(millrace_log_decimal value) {
    printf("%" PRId64 "e%" PRId32, value.mantissa, value.exponent);
}

static void print_integer(const millrace_log_reader* reader, size_t column) {
    int64_t number = 0;
    uint64_t large = 0;
    if (millrace_log_integer(reader, column, &number) == millrace_log_ok) {
        printf("%" PRId64, number);
    } else if (millrace_log_unsigned(reader, column, &large) == millrace_log_ok) {
        printf("%" PRIu64, large);
    }
}

/* Nothing for an empty value. */
static void print_value(const millrace_log_reader* reader, size_t column) {
    millrace_log_column_type type = millrace_log_integer_column;
    millrace_log_decimal decimal;
    millrace_log_bytes bytes;
    int64_t time = 0;
    int flag = 0;
    if (millrace_log_type_of(reader, column, &type) != millrace_log_ok) {
        return;
    }
    switch (type) {
        case millrace_log_integer_column:
            print_integer(reader, column);
            break;
        case millrace_log_decimal_column:
            if (millrace_log_decimal_of(reader, column, &decimal) == millrace_log_ok) {
                print_decimal(decimal);
            }
            break;
        case millrace_log_text_column:
            if (millrace_log_text(reader, column, &bytes) == millrace_log_ok) {
                printf("%.*s", (int)bytes.size, bytes.data);
            }
            break;
        case millrace_log_timestamp_column:
            if (millrace_log_timestamp(reader, column, &time) == millrace_log_ok) {
                printf("%" PRId64, time);
            }
            break;
        case millrace_log_boolean_column:
            if (millrace_log_boolean(reader, column, &flag) == millrace_log_ok) {
                printf("%s", flag ? "true" : "false");
            }
            break;
        case millrace_log_bytes_column:
            if (millrace_log_trailing(reader, column, &bytes) == millrace_log_ok) {
                printf("%zu bytes", bytes.size);
            }
            break;
    }
}

static void print_row(const millrace_log_reader* reader, const millrace_log_record* record) {
    static const char* const operations[] = {"?", "insert", "modify", "delete"};
    millrace_log_cause cause;
    printf("%" PRIu64 " %" PRId64, record->sequence, record->timestamp_ns);
    if (millrace_log_cause_of(reader, &cause) != millrace_log_ok) {
        printf(" %zu bytes\n", record->raw.size);
        return;
    }
    printf(" %s user=%.*s", operations[cause.operation], (int)cause.user.size, cause.user.data);
    for (size_t column = 0; column < millrace_log_column_count(reader); ++column) {
        printf(" %s=", millrace_log_column_name(reader, column));
        print_value(reader, column);
    }
    printf("\n");
}

/* Until `left` rows are printed; returns how many are missing, for the log is damaged. */
static unsigned long long follow(millrace_log_reader* reader, const char* file,
                                 unsigned long long left) {
    const struct timespec pause = {0, 1000000};
    millrace_log_record record;
    int is_stored = 1;
    while (left > 0) {
        const millrace_log_status status = millrace_log_poll(reader, &record);
        if (status == millrace_log_ok) {
            if (millrace_log_take_columns(reader) == millrace_log_ok) {
                fprintf(stderr, "%zu columns from sequence %" PRIu64 " on\n",
                        millrace_log_column_count(reader), record.sequence);
            }
            print_row(reader, &record);
            is_stored = 0;
            --left;
        } else if (status == millrace_log_none) {
            if (!is_stored) {
                store_place(file, reader);
                is_stored = 1;
            }
            nanosleep(&pause, NULL);
        } else {
            fprintf(stderr, "follow_log: %s\n", millrace_log_damage(reader));
            break;
        }
    }
    store_place(file, reader);
    return left;
}

int main(int argc, char** argv) {
    const int is_kept = argc > 2 && strncmp(argv[2], "place:", 6) == 0;
    const char* const file = is_kept ? argv[2] + 6 : NULL;
    millrace_log_start start = {millrace_log_from_first, 0};
    millrace_log_reader* reader = NULL;
    unsigned long long left = argc > 3 ? strtoull(argv[3], NULL, 10) : UINT64_MAX;
    if (argc < 2 || argc > 4 || (argc > 2 && !is_kept && !parse_start(argv[2], &start))) {
        fprintf(stderr,
                "follow_log DIRECTORY [first | tail | sequence:N | time:NS | position:N |"
                " place:FILE] [COUNT]\n");
        return 64;
    }
    if (open_log(argv[1], start, file, &reader) != millrace_log_ok) {
        return 2;
    }
    fprintf(stderr, "table %s of log %s from position %" PRIu64 "\n", millrace_log_table(reader),
            millrace_log_uuid(reader), millrace_log_next_position(reader));
    left = follow(reader, file, left);
    millrace_log_close(reader);
    return left == 0 ? 0 : 4;
}
