// Copies a table's log into a new one whose schema no log follows by itself: columns dropped,
// moved or narrower, integers wider.
//
// The copy keeps each row's sequence, and its time but where a control record of the copy needed
// the nanosecond; envelopes, origins among them, are copied byte for byte. It is another log, with
// a uuid of its own and the source's as its origin; migration.txt beside its segments says what was
// done. Until it is whole and durable, it has no name (engine/log/log_copy.hpp).
//
// Threading  one thread; the source's writers are kept out meanwhile
// Invariant  every row is tried before anything is written
// Errors     throws: locked_error while the source is open for writing; config_error for columns
//            that do not convert, rows that do not fit, a target in use; damage_error; io_error
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/table/schema_change.hpp"

namespace millrace::engine {

struct migration_report {
    log_uuid source;
    log_uuid uuid;
    sequence first, last;
    std::uint64_t row_count = 0;
    std::uint64_t cut_count = 0;           // rows in which a text lost bytes
    std::uint64_t shifted_count = 0;       // rows whose time is later than in the source
    std::vector<std::string> differences;  // of the schemas, a line each
    std::string note;                      // of what an earlier attempt left; not in text()
    [[nodiscard]] std::string text() const;
};
[[nodiscard]] migration_report migrate_log(const std::filesystem::path& source,
                                           const std::filesystem::path& target,
                                           const row_schema& schema, row_map::mode how);

}  // namespace millrace::engine
