// Where a client parks the records a route could not deliver: the record as it was, the route and
// the reason.
//
// Threading  the client's thread
// Invariant  a parked record carries its origin, so that its route never delivers it, nor parks it
//            twice
#pragma once

#include <filesystem>
#include <map>
#include <string_view>
#include <vector>

#include "engine/stream/streamer.hpp"
#include "engine/stream/table_log.hpp"

namespace millrace::gateway {

class reject_log {
public:
    reject_log(const std::filesystem::path& directory, const engine::table_log_options& options);

    void bind_route(std::string_view route, const engine::log_uuid& source) {
        table_.bind_route(route, source);
    }
    // The route's source lost its end; durable when open() returns.
    void cut_back(std::string_view route, engine::sequence last) noexcept {
        table_.cut_back(route, last);
    }
    // Keeps the columns of what will be parked beside the log, in a file by the source's uuid: they
    // are another table's, and whoever looks at the parked rows shall see them as that table's.
    void keep_schema(const engine::log_uuid& source, const engine::row_schema& schema) const;
    void open() { table_.start(); }
    void close() noexcept { table_.close(); }
    [[nodiscard]] const engine::log_writer& log() const noexcept { return table_.log(); }
    [[nodiscard]] engine::sequence highest(std::string_view route) const noexcept {
        return table_.origins().highest(engine::route_id(route));
    }
    // What of the route is parked behind `after`, ascending; not what was given up by a cut back.
    // Reads the log; before start.
    [[nodiscard]] std::vector<engine::sequence> parked_behind(std::string_view route,
                                                              engine::sequence after) const;

    [[nodiscard]] engine::append_status park(std::string_view route, const engine::log_uuid& source,
                                             const engine::stream_slot& record,
                                             std::string_view reason) noexcept;
    // What was parked before is on stable storage. A synchronous log has nobody who sees to it, and
    // nothing is waited for.
    [[nodiscard]] bool is_durable(engine::position until) const noexcept {
        return table_.is_synchronous() || table_.log().durable_position() >= until;
    }
    void request_sync() noexcept { table_.request_sync(); }

private:
    engine::table_log table_;
};

// The columns kept beside a reject log, by source; nothing beside any other table's log. Throws
// config_error for a file that holds no columns.
[[nodiscard]] std::map<engine::log_uuid, engine::row_schema> parked_schemas(
    const std::filesystem::path& log_directory, const engine::row_schema& table);

}  // namespace millrace::gateway
