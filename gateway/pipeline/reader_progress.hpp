// How far everybody has come who reads a log: the routes of a configuration, wherever their
// progress stands, and the named cursors in the log's directory.
//
// Threading  any process, beside the engine and the readers; nothing is locked or changed
// Errors     throws config_error, damage_error, io_error; what concerns one reader is kept with it,
//            so that it hides no other
#pragma once

#include <exception>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "engine/stream/retention.hpp"
#include "gateway/pipeline/config.hpp"

namespace millrace::gateway {

enum class progress_store : std::uint8_t {
    checkpoint,   // a file of the engine's: a route to a handler
    fix_out,      // the origins in a gateway's FIX_OUT: a route to a session
    table,        // the origins in the destination table's log
    reader_file,  // the file of a reader in another process
    unknown,      // of a route: its configuration does not say
};
[[nodiscard]] std::string_view describe(progress_store store);

struct reader_progress {
    std::string name;                 // of the route or the cursor
    std::filesystem::path directory;  // of the log that is read
    progress_store store = progress_store::checkpoint;
    std::filesystem::path where;  // the file or the log that holds the progress
    bool has_begun = false;       // a route that has never run holds nothing back
    engine::sequence done;        // as the next start will see it, whatever the log has lost
    engine::sequence
        lost;  // of a cursor: it had come so far, and records up to here are gone; or 0
    engine::timestamp updated;
    std::string holder;  // who may be moving it now; empty: nobody
    // An engine::error, where its progress cannot be known: nothing is to be assumed of it then.
    std::exception_ptr trouble;
};
[[nodiscard]] bool reads(const reader_progress& one, const std::filesystem::path& log);

// The routes of the configuration, and the named cursors of each table's log.
[[nodiscard]] std::vector<reader_progress> find_progress(const pipeline_config& config);
// The named cursors of one log.
[[nodiscard]] std::vector<reader_progress> find_cursors(const std::filesystem::path& directory);

// A route notes in its source's directory which configuration it belongs to, so that whoever has
// only the directory finds its progress: by the way from there, so that both may be moved together.
// False: this process may not write there.
bool register_route(const std::filesystem::path& directory, std::string_view route,
                    const std::filesystem::path& config);
// Everybody who reads the log in `directory`: its cursors, and the routes that have noted
// themselves there. A route has trouble whose configuration is gone or knows it no more.
[[nodiscard]] std::vector<reader_progress> find_readers(const std::filesystem::path& directory);

// What of the log must stay: readers that have begun, and sessions where it is a FIX_OUT. Throws
// what troubles a reader of it.
[[nodiscard]] std::vector<engine::retention_floor> find_floors(
    const std::filesystem::path& directory, const std::vector<reader_progress>& readers);

// "30d", "12h", "90m", "45s"; false: not such a text.
[[nodiscard]] bool parse_age(std::string_view text, std::int64_t& age_ns) noexcept;

}  // namespace millrace::gateway
