#include "engine/stream/table_log.hpp"

#include <utility>

#include "engine/core/error.hpp"
#include "engine/log/log_reader.hpp"

namespace millrace::engine {

table_log::table_log(std::filesystem::path directory, row_schema schema,
                     const table_log_options& options, table_state* state)
    : schema_(std::move(schema)), state_(state), is_synchronous_(options.is_synchronous) {
    log_options log;
    log.is_synchronous = options.is_synchronous;
    log.segment_bytes = options.segment_bytes;
    log.schema = schema_.to_text();
    log.purpose = options.purpose;
    if (schema_.payload_size() + record_header_bytes > options.segment_bytes / 8) {
        throw config_error("table " + schema_.table_name() + ": a row takes " +
                           std::to_string(schema_.payload_size()) +
                           " bytes, more than an eighth of segment_bytes = " +
                           std::to_string(options.segment_bytes));
    }
    const snapshot_source* const snapshots =
        this;  // the base is private: make_unique could not convert
    writer_ = std::make_unique<log_writer>(std::move(directory), std::move(log), snapshots);
    recover();
}

void table_log::recover() {
    log_reader reader(writer_->directory(), read_from::last_snapshot(), true);
    record_view record;
    read_status status = read_status::none;
    while (reader.next_position() < writer_->end() &&
           (status = reader.poll(record)) != read_status::damaged) {
        if (status == read_status::none) {
            continue;  // crossing the torn end of an older segment takes the reader a look at the
                       // clock
        }
        if (record.is_control(control_type::snapshot)) {
            const bool is_whole = visit_snapshot(
                record.bytes(), [&](snapshot_section kind, std::span<const std::byte> content) {
                    const bool is_read =
                        kind == snapshot_section::route_origins
                            ? origins_.read_snapshot(content)
                            : state_ != nullptr && state_->read_snapshot(kind, content);
                    if (!is_read) {
                        throw damage_error(writer_->directory().native() + ": position " +
                                           std::to_string(record.at.value) +
                                           ": a snapshot section this table does not know");
                    }
                });
            if (!is_whole) {
                throw damage_error(writer_->directory().native() + ": position " +
                                   std::to_string(record.at.value) + ": malformed snapshot");
            }
        } else if (!record.is_control()) {
            if (record.type != row_record_type ||
                row_view::check(schema_, record.bytes()) != row_status::ok) {
                throw damage_error(writer_->directory().native() + ": position " +
                                   std::to_string(record.at.value) +
                                   ": the record is not a row of " + schema_.table_name());
            }
            const row_view row(schema_, record.bytes());
            origins_.observe(row.envelope());
            if (state_ != nullptr) {
                state_->replay(record.at, record.seq, record.time, row);
            }
        }
    }
    if (status == read_status::damaged) {
        throw damage_error(reader.damage().text());
    }
}

void table_log::start_snapshots() {
    const append_status status = writer_->append_snapshot();
    if (status != append_status::ok) {
        throw error(writer_->directory().native() +
                    ": cannot append a snapshot: " + std::string(describe(status)));
    }
    writer_->detach();  // set-up ends here; appending is another thread's as a rule
}

append_result table_log::try_append(std::span<const std::byte> row) noexcept {
    MILLRACE_DCHECK(row_view::check(schema_, row) == row_status::ok, "not a row of this table");
    const append_result result = writer_->try_append(row_record_type, row);
    if (result.status == append_status::ok) {
        row_envelope envelope;
        std::memcpy(&envelope, row.data(), sizeof envelope);
        origins_.observe(envelope);
    }
    return result;
}

log_claim table_log::try_claim(std::size_t payload_bytes) noexcept {
    return writer_->try_claim(row_record_type, payload_bytes);
}

append_result table_log::commit(log_claim& claim, std::size_t payload_bytes) noexcept {
    row_envelope envelope;
    std::memcpy(&envelope, claim.payload().data(), sizeof envelope);
    MILLRACE_DCHECK(
        row_view::check(schema_, claim.payload().first(payload_bytes)) == row_status::ok,
        "not a row of this table");
    const append_result result = claim.commit(payload_bytes);
    if (result.status == append_status::ok) {
        origins_.observe(envelope);
    }
    return result;
}

std::size_t table_log::snapshot_bytes() const noexcept {
    return origins_.snapshot_bytes() + (state_ != nullptr ? state_->snapshot_bytes() : 0);
}

void table_log::write_snapshot(std::span<std::byte> payload) const noexcept {
    origins_.write_snapshot(payload);
    if (state_ != nullptr) {
        state_->write_snapshot(payload);
    }
}

}  // namespace millrace::engine
