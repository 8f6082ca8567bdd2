// One TOML file as plain structs: tables, streams, clients with their routes, gateways, maps and
// threads.
//
// Threading  set-up only
// Units      sizes in bytes; paths are absolute or relative to the configuration file's directory,
//            resolved here
// Errors     engine::config_error "file:line: what was expected"; every unknown key is one, with
//            the nearest known key
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/agent/idle.hpp"
#include "engine/core/types.hpp"
#include "engine/stream/retention.hpp"
#include "engine/table/record.hpp"
#include "engine/table/schema.hpp"
#include "gateway/session/gate.hpp"
#include "gateway/session/outbound.hpp"
#include "gateway/session/recent_messages.hpp"
#include "gateway/session/resend_rules.hpp"
#include "gateway/session/throttle.hpp"
#include "xlator/map/map_spec.hpp"

namespace millrace::gateway {

// Where each key of a section stands, for messages about its value.
struct key_lines {
    std::vector<std::pair<std::string, long>> keys;
    long section = 0;

    // The section's own line for a key it does not have.
    [[nodiscard]] long of(std::string_view key) const;
};

enum class storage_kind : std::uint8_t {
    hot,          // in a memory file system; a thread copies it to the disk and syncs
    direct,       // in the disk's file; a thread syncs
    synchronous,  // in the disk's file; no thread beside the writer's, and no sync but at the end
};

// How `run` keeps a log that it writes.
struct storage_config {
    storage_kind kind = storage_kind::hot;
    std::filesystem::path hot_directory;  // of all logs; empty: /dev/shm/millrace-UID
    std::size_t hot_bytes_max = 0;        // of each log; 0: as log_options chooses
    std::int64_t sync_delay_max_ns = 5'000'000;
    std::size_t sync_bytes_max = std::size_t{8} << 20;
    std::uint64_t low_space_bytes = std::uint64_t{1} << 30;
    std::filesystem::path seal_key_file;  // empty: sealed without a key
};

struct table_config {
    std::string name;
    std::filesystem::path directory;
    engine::row_schema schema;
    long line = 0;  // of the section
    key_lines lines;
    engine::retention_policy retention;  // what `log retain` applies
    storage_config storage;              // while this file's `run` writes it
};

// `table` names a table of this file, or FIX_IN / FIX_OUT of a gateway: "GATEWAY.FIX_IN". Each
// gateway brings the stream "GATEWAY.FIX_IN" (kind = 'application') without a line of
// configuration.
struct stream_config {
    std::string name;
    std::string table;
    std::string where;
    std::string dictionary;  // whose fields `where` may ask for; empty: see fix_fields.hpp
    std::vector<std::string> columns;  // empty: all
    std::size_t batch = 64;
    std::size_t max_clients = 1;
    long line = 0;
    key_lines lines;
    bool is_default = false;  // brought by a gateway
};

enum class start_kind : std::uint8_t { unset, first, tail, sequence, time, offset };
struct start_config {
    start_kind what = start_kind::unset;
    engine::sequence seq;
    engine::timestamp time;
    engine::position at;
};

enum class failure_policy : std::uint8_t {
    halt,  // the route stops at the record, and says so
    park,  // the record goes to the client's reject log, and the route goes on
    drop,  // the route goes on without it: counted, said, and in its source's log alone
};

// Which versions of a row a route takes.
struct operation_set {
    bool inserts = true;
    bool modifies = true;
    bool deletes = true;

    [[nodiscard]] bool has(engine::operation what) const noexcept {
        return what == engine::operation::insert   ? inserts
               : what == engine::operation::modify ? modifies
                                                   : deletes;
    }
};

struct route_config {
    std::string name;  // of the route; default CLIENT or CLIENT-N
    std::string
        session;  // at most one of session and table; a handler may stand alone or before a table
    std::string gateway;  // of the session; default: the only gateway that has it
    std::string table;
    std::string handler;
    std::string map;
    std::string where;
    std::string source_id;     // to a session: the value of its OutboundRoutingTag; empty: none
    operation_set operations;  // default: inserts for a session, all for the others
    start_config start;        // must be given for a session; default tail for the others
    failure_policy on_parsing_error = failure_policy::park;  // what cannot be translated
    failure_policy on_nack = failure_policy::halt;
    down_policy when_down = down_policy::hold;  // of the session
    std::int64_t hold_max_ns = 0;               // of a record; 0: any age
    gate_level gate = gate_level::committed;    // what a record must be before the route takes it
    std::size_t ring_bytes = std::size_t{1}
                             << 20;  // the outbound ring: a power of two, >= 4 * max_message_bytes
    std::size_t max_message_bytes = std::size_t{64} << 10;
    long line = 0;
    key_lines lines;

    [[nodiscard]] bool parks() const noexcept {
        return on_parsing_error == failure_policy::park || on_nack == failure_policy::park;
    }
};

struct client_config {
    std::string name;
    std::string stream;
    std::string where;
    std::size_t ring_slots = 1024;           // a power of two
    std::filesystem::path reject_directory;  // of its reject log; made when a record is parked
    std::vector<route_config> routes;
    long line = 0;
    key_lines lines;

    [[nodiscard]] bool parks() const noexcept {
        return std::any_of(routes.begin(), routes.end(), [](const auto& r) { return r.parks(); });
    }
};

enum class session_lane : std::uint8_t {
    fast,  // ordinary messages pass beside QuickFIX
    slow   // all pass through it
};

// What Millrace knows of a session besides its settings.
struct session_config {
    std::string name;
    session_lane lane = session_lane::fast;
    resend_rules resends;
    throttle_rule throttling;
    std::size_t poss_resend_window = poss_resend_window_default;
    bool is_enabled = true;  // false: it starts disabled, unless an operator has said otherwise
    long line = 0;
    key_lines lines;
};

struct gateway_config {
    std::string name;
    std::filesystem::path settings;     // the QuickFIX settings file, unchanged
    std::filesystem::path directory;    // FIX_OUT and FIX_IN lie in it
    std::int64_t reconnect_min_ns = 0;  // 0: ReconnectInterval of the settings
    std::int64_t reconnect_max_ns = 0;
    std::int64_t tls_handshake_ns = 5'000'000'000;           // that takes longer has failed
    std::uint32_t busy_poll_us = 0;                          // SO_BUSY_POLL; 0: as the host has it
    std::size_t slow_consumer_bytes = std::size_t{1} << 20;  // that a peer has not read
    std::int64_t slow_consumer_ns = 10'000'000'000;          // in which it has read nothing
    engine::retention_policy retention;                      // of FIX_OUT and of FIX_IN, each
    storage_config storage;                                  // of FIX_OUT and of FIX_IN, each
    std::size_t undurable_messages_max = 65536;  // FIX_OUT may be so far ahead of the disk
    in_doubt_policy in_doubt = in_doubt_policy::halt;
    std::int64_t doubt_wait_ns = 5'000'000'000;  // for the peer's request, after a logon
    std::vector<session_config> sessions;        // those that [[gateway.session]] names
    std::vector<std::uint32_t> secret_tags;      // of a Logon, beside the known ones: never kept
    std::vector<std::string> admin_types;  // of messages that the default stream of FIX_IN has, too
    std::filesystem::path users;  // who may log on to its acceptors; empty: whoever reaches them
    long line = 0;
    key_lines lines;
};

// A local socket whose clients append rows to a table as lines of JSON.
struct listener_config {
    std::string name;
    std::string table;
    std::filesystem::path path;  // default: NAME.sock in the engine's directory
    unsigned mode = 0660;
    std::size_t connections_max = 32;
    std::size_t line_bytes_max = std::size_t{64} << 10;
    std::size_t in_flight_max = 256;
    bool is_durable = false;  // what an answer waits for, unless a line says otherwise
    long line = 0;
    key_lines lines;
};

// The socket by which operators administer the sessions of all gateways.
struct admin_config {
    bool is_enabled = true;
    std::filesystem::path path;  // default: admin.sock in the engine's directory
    unsigned mode = 0600;        // 0660 where there is a group
    std::string group;           // owns the socket's file, and its members may use it; empty: none
    std::vector<std::string> users;  // may use it, beside root and whoever runs the engine
    key_lines lines;
};

enum class map_source : std::uint8_t {
    column,    // from a row: a column; from a message: a field
    constant,  // text
    now,       // the time of translation
    group,     // from a message: a field of one entry of a group
    composed   // a template of columns, or of fields
};
struct map_rule_config {
    std::string target;  // a field, or a column
    map_source source = map_source::column;
    std::string name;   // column, field, the constant's text, or the template
    std::string group;  // group: the counter's name; `name` is the member
    std::size_t entry = 0;
    std::pair<std::string, std::string> match;  // group: the entry where this field has this value
    std::optional<std::string> default_text;
    std::vector<std::pair<std::string, std::string>> values;  // source text -> target text
    std::string fallback;  // a column, or field, taken where `name` is empty
    // On a column, or a field of the message: where it does not hold the target is left out.
    std::optional<xlator::column_condition> when;
    std::optional<int> decimals;  // to a message: of a time's second
    std::string format;           // of the value, or of the time
    long line = 0;
};
struct map_group_config;
struct map_entry_config {
    std::vector<map_rule_config> rules;
    std::vector<map_group_config> groups;  // within the entry
    long line = 0;
};
struct map_group_config {
    std::string counter;
    std::vector<map_entry_config> entries;
    long line = 0;
};
enum class map_kind : std::uint8_t {
    to_message,    // [map.fields]: a row becomes a message
    from_message,  // [map.columns] and `message`: a message becomes a row
    between_rows,  // [map.columns] alone: a row becomes another table's
    pass_through   // `pass_through`: the column holds a message, whose body goes on as it is
};
struct map_config {
    std::string name;
    map_kind kind = map_kind::to_message;
    std::string dictionary;  // empty: the session's or the stream's, where it has none FIX44
    std::string message;
    std::string pass_through;  // the column
    std::vector<map_rule_config> rules;
    std::vector<map_group_config> groups;
    long line = 0;
};

struct thread_config {
    std::string name;
    int cpu = -1;
    std::optional<engine::idle_config> idle;
    std::vector<std::string>
        agents;  // "streamer:TABLE", "client:NAME", "gateway:NAME", "ingest:TABLE", "feeder"
    long line = 0;
    key_lines lines;
};

struct pipeline_config {
    std::filesystem::path path;
    std::filesystem::path directory;  // where everything lies that has no directory of its own
    std::size_t segment_bytes = std::size_t{64} << 20;
    storage_config storage;  // of logs whose section says nothing else
    key_lines engine_lines;
    bool keeps_stamps = false;  // the side log STAMPS
    std::vector<table_config> tables;
    std::vector<stream_config> streams;
    std::vector<client_config> clients;
    std::vector<gateway_config> gateways;
    std::vector<listener_config> listeners;
    admin_config admin;
    std::vector<map_config> maps;
    std::vector<thread_config> threads;  // empty: the default plan
    engine::idle_config idle;

    // Its engine has an audit log and a socket for operators.
    [[nodiscard]] bool has_admin() const noexcept { return admin.is_enabled && !gateways.empty(); }
    [[nodiscard]] const table_config* find_table(std::string_view name) const;
    [[nodiscard]] const stream_config* find_stream(std::string_view name) const;
    [[nodiscard]] const gateway_config* find_gateway(std::string_view name) const;
    [[nodiscard]] const map_config* find_map(std::string_view name) const;
};

[[nodiscard]] pipeline_config load_config(const std::filesystem::path& path);
// The same from text; `path` names it in messages and its directory resolves relative paths.
[[nodiscard]] pipeline_config parse_config(const std::filesystem::path& path,
                                           std::string_view text);

}  // namespace millrace::gateway
