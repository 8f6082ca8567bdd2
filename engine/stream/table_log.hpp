// A table as its writer holds it: schema, log, and how far each route into it has come.
//
// Threading  one thread; one process at a time (the log's lock)
// Progress   as log_writer: appending is wait-free but for the roll
// Invariant  each new segment opens with a snapshot of the origins, so opening reads one segment
// Errors     opening throws; a row that is not of the schema is a programmer error
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "engine/log/log_writer.hpp"
#include "engine/stream/origin_tracker.hpp"
#include "engine/table/row.hpp"
#include "engine/table/schema.hpp"

namespace millrace::engine {

// Owner state beyond the origins, kept in the same snapshots.
class table_state {
public:
    [[nodiscard]] virtual std::size_t snapshot_bytes() const noexcept = 0;
    virtual void write_snapshot(std::span<std::byte>& room) const noexcept = 0;
    // False: not a section of this state's, or malformed.
    [[nodiscard]] virtual bool read_snapshot(snapshot_section kind,
                                             std::span<const std::byte> content) = 0;
    // Every row since the snapshot, in order; `payload` is a checked row.
    virtual void replay(position at, sequence seq, timestamp time, const row_view& row) = 0;

protected:
    ~table_state() = default;
};

// A table's log is opened like any other; schema and judge are the table's own.
using table_log_options = log_options;

class table_log final : private snapshot_source {
public:
    // `state` may be null; it must outlive this.
    table_log(std::filesystem::path directory, row_schema schema, const table_log_options& options,
              table_state* state = nullptr);

    // Appends a finished row (row_builder::payload, or a typed row's bytes).
    [[nodiscard]] append_result try_append(std::span<const std::byte> row) noexcept;
    // For a row built in place: finish the payload, then commit(claim, envelope).
    [[nodiscard]] log_claim try_claim(std::size_t payload_bytes) noexcept;
    // As log_writer::try_reserve.
    [[nodiscard]] append_status try_reserve(std::size_t payload_bytes) noexcept {
        return writer_->try_reserve(payload_bytes);
    }
    append_result commit(log_claim& claim, std::size_t payload_bytes) noexcept;

    void bind_route(std::string_view route_name, const log_uuid& source,
                    sequence start_after = {}) {
        origins_.bind(route_name, source, start_after);
    }
    // See origin_tracker; start() makes it durable.
    void cut_back(std::string_view route_name, sequence last) noexcept {
        origins_.cut_back(route_id(route_name), last);
        is_cut_back_ = true;
    }
    // Call once routes are bound: from here on every segment opens with a snapshot. Waits for the
    // disk where a route was cut back: a crash must not bring back what was given up.
    void start() { start_snapshots(); }
    void close() noexcept { writer_->close(); }
    // As log_writer::wait_durable.
    [[nodiscard]] durable_wait wait_durable(position until, std::int64_t timeout_ns) noexcept {
        return writer_->wait_durable(until, timeout_ns);
    }
    void request_sync() noexcept { writer_->request_sync(); }
    // No thread syncs its log unless it is asked to wait.
    [[nodiscard]] bool is_synchronous() const noexcept { return is_synchronous_; }

    [[nodiscard]] const row_schema& schema() const noexcept { return schema_; }
    [[nodiscard]] const origin_tracker& origins() const noexcept { return origins_; }
    [[nodiscard]] const log_writer& log() const noexcept { return *writer_; }

private:
    [[nodiscard]] std::size_t snapshot_bytes() const noexcept override;
    void write_snapshot(std::span<std::byte> payload) const noexcept override;
    void recover();
    void keep_identity();
    void replay_row(const record_view& record, const row_schema& written,
                    std::vector<std::byte>& room);
    void start_snapshots();

    row_schema schema_;
    table_state* state_;
    bool is_synchronous_;
    bool is_cut_back_ = false;  // by nothing that is durable yet
    origin_tracker origins_;
    std::unique_ptr<log_writer> writer_;
};

}  // namespace millrace::engine
