// Where a client parks the records a route could not deliver: the record as it was, the route and the reason.
//
// Threading  the client's thread
// Invariant  a parked record carries its origin, so the route resumes behind it and never parks it twice
#pragma once

#include <filesystem>
#include <string_view>

#include "engine/stream/streamer.hpp"
#include "engine/stream/table_log.hpp"

namespace millrace::gateway {

class reject_log {
public:
    reject_log(const std::filesystem::path& directory, const engine::table_log_options& options);

    void bind_route(std::string_view route, const engine::log_uuid& source) {
        table_.bind_route(route, source);
    }
    void open() { table_.start(); }
    void close() noexcept { table_.close(); }
    [[nodiscard]] engine::sequence highest(std::string_view route) const noexcept {
        return table_.origins().highest(engine::route_id(route));
    }

    [[nodiscard]] engine::append_status park(std::string_view route, const engine::log_uuid& source,
                                             const engine::stream_slot& record,
                                             std::string_view reason) noexcept;

private:
    engine::table_log table_;
};

}  // namespace millrace::gateway
