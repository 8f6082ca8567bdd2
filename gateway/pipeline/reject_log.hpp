// Where a client parks the records a route could not deliver: the record as it was, the route and
// the reason.
//
// Few routes ever park, and a log costs threads, segments and memory. So it is made when it is
// first needed, on the cold thread, since that takes milliseconds; the record waits until then. One
// that an earlier run left is opened at set-up: its routes go on behind what it holds.
//
// Threading  set-up; then park(), close() and what they ask: the client's thread; open_if_wanted():
//            one cold thread
// Invariant  a parked record carries its origin, so that its route never delivers it, nor parks it
//            twice
#pragma once

#include <atomic>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/log/log_reader.hpp"
#include "engine/stream/streamer.hpp"
#include "engine/stream/table_log.hpp"

namespace millrace::gateway {

class reject_log {
public:
    // Reads the log that is there; makes none.
    reject_log(std::filesystem::path directory, const engine::table_log_options& options);

    // Of each route that may park, before open().
    void bind_route(std::string_view route, const engine::log_uuid& source);
    // The route's source lost its end; durable when open() returns. REQUIRES: is_there().
    void cut_back(std::string_view route, engine::sequence last) noexcept {
        table_->cut_back(route, last);
    }
    // What will be parked has these columns: they are another table's, and whoever looks at the
    // parked rows shall see them as that table's. Kept beside the log, in a file by the source's
    // uuid. Before open().
    void set_source(const engine::log_uuid& source, const engine::row_schema& schema);
    // Makes the log if there is none, and is ready to park.
    void open();
    void close() noexcept {
        if (is_open()) {
            table_->close();
        }
    }
    // By a run before this one, or by open().
    [[nodiscard]] bool is_there() const noexcept { return table_ != nullptr; }
    // acquire: pairs with reject_log.cpp: open
    [[nodiscard]] bool is_open() const noexcept { return is_open_.load(std::memory_order_acquire); }
    // True where a record waits for the log and it is now open; throws what open() throws.
    [[nodiscard]] bool open_if_wanted();

    // REQUIRES: is_there().
    [[nodiscard]] const engine::log_writer& log() const noexcept { return table_->log(); }
    // What of the route is parked behind `after`, ascending; not what was given up by a cut back.
    // Reads the log; before open().
    [[nodiscard]] std::vector<engine::sequence> parked_behind(std::string_view route,
                                                              engine::sequence after) const;
    // What was parked before is on stable storage. A synchronous log has nobody who sees to it, and
    // nothing is waited for.
    [[nodiscard]] bool is_durable(engine::position until) const noexcept {
        return table_->is_synchronous() || table_->log().durable_position() >= until;
    }
    void request_sync() noexcept { table_->request_sync(); }

    [[nodiscard]] engine::sequence highest(std::string_view route) const noexcept;
    // back_pressured also while the log is being made.
    [[nodiscard]] engine::append_status park(std::string_view route, const engine::log_uuid& source,
                                             const engine::stream_slot& record,
                                             std::string_view reason) noexcept;

private:
    void make_table();
    void keep_schema() const;
    [[nodiscard]] engine::read_from begin_behind(std::string_view route,
                                                 engine::sequence after) const;

    std::filesystem::path directory_;
    engine::table_log_options options_;
    std::vector<std::pair<std::string, engine::log_uuid>> routes_;
    engine::log_uuid source_;
    std::optional<engine::row_schema> source_schema_;
    std::unique_ptr<engine::table_log> table_;
    std::atomic<bool> is_wanted_{false};  // written by the client's thread
    std::atomic<bool> is_open_{false};    // written at set-up or by the cold thread
};

// The columns kept beside a reject log, by source; nothing beside any other table's log. Throws
// config_error for a file that holds no columns.
[[nodiscard]] std::map<engine::log_uuid, engine::row_schema> parked_schemas(
    const std::filesystem::path& log_directory, const engine::row_schema& table);

}  // namespace millrace::gateway
