#include "engine/stream/table_log.hpp"

#include <optional>
#include <utility>

#include "engine/core/error.hpp"
#include "engine/log/log_reader.hpp"
#include "engine/log/read_to_end.hpp"
#include "engine/table/schema_change.hpp"

namespace millrace::engine {

namespace {

constexpr std::int64_t durable_timeout_ns = 60'000'000'000;

class table_judge final : public schema_judge {
public:
    [[nodiscard]] std::string refuse(const std::string& in_log,
                                     const std::string& asked) const override {
        try {
            const schema_change change =
                compare_schemas(row_schema::parse(in_log), row_schema::parse(asked));
            return change.relation == schema_relation::incompatible
                       ? change.text() +
                             "\nA log follows new columns at the end and wider texts; for anything "
                             "else `millrace log migrate` makes a new log"
                       : std::string();
        } catch (const config_error& failure) {
            return std::string("what the log holds is no schema of a table: ") + failure.what();
        }
    }
};
const table_judge judge_of_tables;

}  // namespace

table_log::table_log(std::filesystem::path directory, row_schema schema,
                     const table_log_options& options, table_state* state)
    : schema_(std::move(schema)), state_(state), is_synchronous_(options.is_synchronous) {
    log_options log = options;
    log.schema = schema_.to_text();
    log.judge = &judge_of_tables;
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
    keep_identity();
}

// Other logs note its uuid, durably. If a loss of power then took a new log before its first sync,
// the one made in its place would be another, and refused.
void table_log::keep_identity() {
    if (is_synchronous_ || writer_->durable_position() != position{}) {
        return;
    }
    const durable_wait outcome = writer_->wait_durable(writer_->end(), durable_timeout_ns);
    if (outcome != durable_wait::durable) {
        throw error(writer_->directory().native() +
                    ": cannot make the new log durable: " + std::string(describe(outcome)));
    }
}

// A row since the last snapshot; `payload` may be of an older schema.
void table_log::replay_row(const record_view& record, const row_schema& written,
                           std::vector<std::byte>& room) {
    const auto fail = [&] {
        throw damage_error(writer_->directory().native() + ": position " +
                           std::to_string(record.at.value) + ": the record is not a row of " +
                           schema_.table_name());
    };
    if (record.type != row_record_type ||
        row_view::check(written, record.bytes()) != row_status::ok) {
        fail();
    }
    std::span<const std::byte> payload = record.bytes();
    if (&written != &schema_) {
        const row_map map(written, schema_);
        room.resize(map.payload_bytes(payload));
        const row_map::result made = map.apply(payload, room);
        if (made.status != row_status::ok) {
            fail();
        }
        payload = std::span(room).first(made.size);
    }
    const row_view row(schema_, payload);
    origins_.observe(row.envelope());
    if (state_ != nullptr) {
        state_->replay(record.at, record.seq, record.time, row);
    }
}

void table_log::recover() {
    std::uint32_t version = 0;
    std::optional<row_schema> older;
    std::vector<std::byte> room;
    log_reader reader(writer_->directory(), read_from::last_snapshot(), true);
    record_view record;
    read_to_end reading(reader, writer_->end());
    while (reading.next(record)) {
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
            if (version != reader.segment_schema_version()) {
                version = reader.segment_schema_version();
                older.emplace(row_schema::parse(reader.segment_schema()));
            }
            replay_row(record, *older == schema_ ? schema_ : *older, room);
        }
    }
}

void table_log::start_snapshots() {
    const append_status status = writer_->append_snapshot();
    if (status != append_status::ok) {
        throw error(writer_->directory().native() +
                    ": cannot append a snapshot: " + std::string(describe(status)));
    }
    if (is_cut_back_) {
        const durable_wait outcome = writer_->wait_durable(writer_->end(), durable_timeout_ns);
        if (outcome != durable_wait::durable) {
            throw error(writer_->directory().native() +
                        ": cannot make durable how far its routes were cut back: " +
                        std::string(describe(outcome)));
        }
        is_cut_back_ = false;
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
