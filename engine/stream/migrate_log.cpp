#include "engine/stream/migrate_log.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "engine/core/assert.hpp"
#include "engine/core/error.hpp"
#include "engine/log/crash_point.hpp"
#include "engine/log/log_copy.hpp"
#include "engine/log/log_reader.hpp"
#include "engine/stream/origin_tracker.hpp"

namespace millrace::engine {

namespace fs = std::filesystem;

namespace {

// Fills the segments of a new log with records whose sequences are given.
class copy_writer {
public:
    copy_writer(fs::path directory, segment_info first)
        : directory_(std::move(directory)), info_(std::move(first)) {
        last_sequence_ = info_.previous_last_sequence;
        last_time_ = info_.base_timestamp;
        begin_segment();
    }

    // Returns the time the record got.
    timestamp put_row(sequence seq, timestamp time, std::span<const std::byte> payload) {
        const std::size_t bytes = align_record(record_header_bytes + payload.size());
        if (record_header_bytes + payload.size() > record_bytes_limit(info_.segment_bytes)) {
            throw config_error(directory_.native() + ": the row of sequence " +
                               std::to_string(seq.value) +
                               " would be larger than an eighth of a segment");
        }
        if (offset_ + bytes > records_end_limit(info_.segment_bytes)) {
            roll();
        }
        const timestamp given = put(row_record_type, 0, seq, time, payload);
        row_envelope envelope;
        std::memcpy(&envelope, payload.data(), sizeof envelope);
        origins_.observe(envelope);
        return given;
    }
    // What follows was first written to another log.
    void set_origin(const log_uuid& original) {
        if (info_.origin != original) {
            info_.origin = original;
            roll();
        }
    }
    // A route that the source's rows do not show to have been cut back.
    void cut_back(const origin_tracker& source) {
        for (const route_progress& known : source.routes()) {
            if (known.highest < origins_.highest(known.route)) {
                origins_.cut_back(known.route, known.highest);
                roll();  // the next segment opens with what holds now
            }
        }
    }
    void close() {
        put_control(control_type::close, {});
        finish_segment();
    }

private:
    void begin_segment() {
        segment_ = segment::create(directory_, info_);
        offset_ = info_.header_bytes;
        std::vector<std::byte> snapshot(origins_.snapshot_bytes());
        std::span<std::byte> room(snapshot);
        origins_.write_snapshot(room);
        put_control(control_type::snapshot, snapshot);
    }
    void finish_segment() {
        const fs::path path = directory_ / segment_file_name(info_.index);
        sync_file(open_file(path, O_RDWR).get(), path.native());
        MILLRACE_CRASH_POINT("migrate.rolled");
    }
    void roll() {
        const position end{info_.first_position().value + offset_};
        put_control(control_type::end, {});
        finish_segment();
        ++info_.index;
        info_.base_sequence = last_sequence_.next();
        info_.base_timestamp = last_time_;
        info_.previous_last_sequence = last_sequence_;
        info_.previous_end = end;
        begin_segment();
    }
    void put_control(control_type type, std::span<const std::byte> payload) {
        put(static_cast<std::uint16_t>(type), record_flag_control, last_sequence_, {INT64_MIN},
            payload);
    }
    timestamp put(std::uint16_t type, std::uint8_t flags, sequence seq, timestamp time,
                  std::span<const std::byte> payload) {
        const auto length = static_cast<std::uint32_t>(record_header_bytes + payload.size());
        MILLRACE_ASSERT(offset_ + length <= info_.segment_bytes, "a record passes its segment");
        std::byte* record = segment_.data() + offset_;
        record_header header{};
        header.sequence = seq.value;
        header.timestamp = std::max(time.ns, last_time_.ns + 1);
        header.type = type;
        header.flags = flags;
        header.header_words = record_header_bytes / 8;
        std::memcpy(record, &header, sizeof header);
        if (!payload.empty()) {
            std::memcpy(record + record_header_bytes, payload.data(), payload.size());
        }
        const std::uint64_t word =
            make_commit_word(length, record_checksum(segment_.seed(), record, length));
        std::memcpy(record, &word, sizeof word);  // nobody reads it yet
        offset_ += align_record(length);
        last_sequence_ = seq;
        last_time_ = {header.timestamp};
        return last_time_;
    }

    fs::path directory_;
    segment_info info_;
    segment segment_;
    std::size_t offset_ = 0;
    sequence last_sequence_;
    timestamp last_time_;
    origin_tracker origins_;
};

// Every row of the source, in the new schema: visit(reader, record, payload, is_cut).
template <class Visitor>
void visit_rows(const fs::path& source, const row_schema& schema, row_map::mode how,
                Visitor&& visit) {
    log_reader reader(source, read_from::first());
    std::optional<row_schema> written;
    std::optional<row_map> map;
    std::uint32_t version = 0;
    std::vector<std::byte> room;
    record_view record;
    read_status status = read_status::none;
    while ((status = reader.poll(record)) == read_status::record) {
        if (!map || version != reader.segment_schema_version()) {
            map.reset();
            version = reader.segment_schema_version();
            written.emplace(row_schema::parse(reader.segment_schema()));
            map.emplace(*written, schema, how);
        }
        if (record.type != row_record_type ||
            row_view::check(*written, record.bytes()) != row_status::ok) {
            throw damage_error(source.native() + ": position " + std::to_string(record.at.value) +
                               ": the record is not a row of " + written->table_name());
        }
        room.resize(map->payload_bytes(record.bytes()));
        const row_map::result made = map->apply(record.bytes(), room);
        if (made.status != row_status::ok) {
            throw config_error(source.native() + ": sequence " + std::to_string(record.seq.value) +
                               ": column " + schema.column(made.column).name + ": " +
                               std::string(to_string(made.status)) +
                               "; nothing was written. --truncate cuts texts");
        }
        visit(reader, record, std::span<const std::byte>(room).first(made.size), made.is_cut);
    }
    if (status == read_status::damaged) {
        throw damage_error(reader.damage().text());
    }
}

}  // namespace

std::string migration_report::text() const {
    std::string out = "source " + to_string(source) + "\nlog " + to_string(uuid) + "\nsequences " +
                      std::to_string(first.value) + " to " + std::to_string(last.value) +
                      ", each as in the source\nrows " + std::to_string(row_count) +
                      "\nrows with a text cut " + std::to_string(cut_count) +
                      "\nrows with a later time " + std::to_string(shifted_count) + "\n";
    for (const std::string& one : differences) {
        out += one + "\n";
    }
    return out;
}

migration_report migrate_log(const fs::path& source, const fs::path& target,
                             const row_schema& schema, row_map::mode how) {
    const file_lock held = hold_still(source);  // it is read twice, and both must see the same
    check_new_log_target(target);
    log_reader head(source, read_from::first());
    migration_report report;
    report.source = head.uuid();
    report.differences = compare_schemas(row_schema::parse(head.schema()), schema).differences;
    visit_rows(
        source, schema, how,
        [&](const log_reader&, const record_view& record, std::span<const std::byte>, bool is_cut) {
            report.first = report.row_count == 0 ? record.seq : report.first;
            report.last = record.seq;
            ++report.row_count;
            report.cut_count += is_cut ? 1 : 0;
        });
    new_log made(target, "migration of " + source.native());
    report.note = made.note();
    segment_info info;
    info.uuid = random_log_uuid();
    info.origin = head.original_log();
    info.segment_bytes = head.segment_bytes();
    info.schema = schema.to_text();
    info.header_bytes = static_cast<std::uint32_t>(
        (schema_offset + info.schema.size() + segment_header_bytes_min - 1) /
        segment_header_bytes_min * segment_header_bytes_min);
    info.epoch = 1;
    info.previous_last_sequence = {report.row_count == 0 ? 0 : report.first.value - 1};
    info.base_sequence = info.previous_last_sequence.next();
    report.uuid = info.uuid;
    copy_writer copy(made.path(), info);
    visit_rows(source, schema, how,
               [&](const log_reader& reader, const record_view& record,
                   std::span<const std::byte> payload, bool) {
                   copy.set_origin(reader.original_log());
                   const timestamp given = copy.put_row(record.seq, record.time, payload);
                   report.shifted_count += given != record.time ? 1 : 0;
               });
    copy.cut_back(read_origins(source));
    copy.close();
    write_file_atomically(made.path() / "migration.txt", report.text());
    made.finish();
    return report;
}

}  // namespace millrace::engine
