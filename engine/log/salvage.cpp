#include "engine/log/salvage.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "engine/core/assert.hpp"
#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "engine/log/archive_gap.hpp"
#include "engine/log/archive_manifest.hpp"
#include "engine/log/archive_source.hpp"
#include "engine/log/crash_point.hpp"
#include "engine/log/log_copy.hpp"
#include "engine/log/log_image.hpp"
#include "engine/log/retained.hpp"

namespace millrace::engine {

namespace fs = std::filesystem;

namespace {

// These numbers stand in gap records; docs/log-format.md names them.
static_assert(static_cast<int>(damage_kind::bad_length) == 1);
static_assert(static_cast<int>(damage_kind::bad_timestamp) == 4);
static_assert(static_cast<int>(damage_kind::missing_segment) == 7);
static_assert(static_cast<int>(damage_kind::missing_records) == 8);
static_assert(static_cast<int>(damage_kind::cut_segment) == 10);

// Nothing of it is missing behind its last segment.
bool is_archived_so_far(const log_image& image) {
    if (!is_archive(image.directory)) {
        return false;
    }
    try {
        const fs::path path = image.directory / archive_manifest_name;
        return !archive_manifest::load(path).files.contains(
            archived_file_name(image.last_index + 1));
    } catch (const error&) {
        return true;  // nothing says that there was more
    }
}

// Writes the new log segment by segment, each record where the old one stood.
class salvager {
public:
    salvager(const log_image& image, fs::path to) : image_(image), to_(std::move(to)) {
        report_.origin = origin_ = image.uuid;
        report_.uuid = random_log_uuid();
    }

    salvage_report run() {
        const std::uint64_t oldest = find_oldest();
        if (oldest > image_.first_index) {
            tell_of_lost_beginning(oldest);
        }
        if (oldest > 0) {
            write_retained(to_, {report_.uuid, oldest});  // the new log never had those before
        }
        for (std::uint64_t index = oldest; index <= image_.last_index; ++index) {
            const segment_file* file = image_.find(index);
            if (file == nullptr) {
                copy_missing(index);
            } else {
                copy(*file);
            }
        }
        if (has_end_) {
            // An end record says that there was one. If only its spare is here, it was begun in
            // memory, and a restart of the host took what was never durable. An archive goes as far
            // as its manifest says.
            copy_missing(image_.last_index + 1,
                         image_.spare_count == 0 && !is_archived_so_far(image_));
        }
        if (!is_closed_) {
            put({last_sequence_.value, last_time_.ns + 1, control_type::close}, {});
        }
        sync();
        return std::move(report_);
    }

private:
    struct control_fields {
        std::uint64_t sequence = 0;
        std::int64_t timestamp = 0;
        control_type type = control_type::close;
        std::uint16_t source = 0;
    };

    // What the log says of itself where no segment's header does.
    [[nodiscard]] segment_info info_for(std::uint64_t index) const {
        segment_info info;
        info.uuid = report_.uuid;
        info.origin = origin_;
        info.index = index;
        info.segment_bytes = image_.segment_bytes;
        info.header_bytes = image_.header_bytes;
        info.epoch = epoch_;
        info.schema = image_.schema;
        info.base_sequence = last_sequence_.next();
        info.base_timestamp = base_time_;
        info.previous_last_sequence = last_sequence_;
        info.previous_end = previous_end_;
        return info;
    }

    void begin(const segment_info& info) {
        if (report_.segment_count > 0) {
            sync();
        }
        out_ = segment::create(to_, info);
        offset_ = info.header_bytes;
        has_end_ = false;
        is_closed_ = false;
        ++report_.segment_count;
    }

    void sync() {
        if (::msync(out_.data(), out_.info().segment_bytes, MS_SYNC) != 0) {
            throw io_error("msync", (to_ / segment_file_name(out_.info().index)).native(), errno);
        }
        MILLRACE_CRASH_POINT("salvage.rolled");
    }

    [[nodiscard]] position here() const { return {out_.info().first_position().value + offset_}; }

    // The commit word comes last, although nobody reads yet: one rule for all that writes records.
    void seal_record(std::size_t offset, std::uint32_t length) {
        std::byte* record = out_.data() + offset;
        const std::uint32_t crc = record_checksum(out_.seed(), record, length);
        const std::uint64_t word = make_commit_word(length, crc);
        std::memcpy(record, &word, sizeof word);
    }

    void put(const control_fields& fields, std::span<const std::byte> payload,
             std::size_t length = record_header_bytes) {
        MILLRACE_ASSERT(offset_ + length <= out_.info().segment_bytes,
                        "a control record has no room");
        record_header header{};
        header.sequence = fields.sequence;
        header.timestamp = fields.timestamp;
        header.type = static_cast<std::uint16_t>(fields.type);
        header.flags = record_flag_control;
        header.header_words = record_header_bytes / 8;
        header.source = fields.source;
        std::byte* record = out_.data() + offset_;
        std::memcpy(record, &header, sizeof header);
        if (!payload.empty()) {
            std::memcpy(record + record_header_bytes, payload.data(), payload.size());
        }
        seal_record(offset_, static_cast<std::uint32_t>(length));
        offset_ += align_record(length);
    }

    // Fills the room up to `end` with gap records. `last_lost`: not before last_sequence_.
    void put_gap(std::size_t end, sequence last_lost, damage_kind kind, bool is_unknown) {
        MILLRACE_ASSERT(end > offset_, "a gap has no room");
        MILLRACE_ASSERT((end - offset_) % record_alignment == 0, "a gap between records is odd");
        const position begin = here();
        const sequence first = last_sequence_.next();
        gap_payload told{};
        told.first_sequence = first.value;
        told.last_sequence = last_lost.value;
        told.reason = static_cast<std::uint32_t>(kind);
        told.flags = is_unknown ? gap_flag_unknown : 0;
        const auto payload = std::as_bytes(std::span(&told, 1));
        const std::size_t most =
            record_bytes_limit(image_.segment_bytes) / record_alignment * record_alignment;
        while (offset_ < end) {
            const std::size_t length = std::min(end - offset_, most);
            put({last_lost.value, last_time_.ns, control_type::gap,
                 static_cast<std::uint16_t>(kind)},
                length >= record_header_bytes + payload.size() ? payload
                                                               : std::span<const std::byte>(),
                length);
        }
        last_sequence_ = last_lost;
        is_closed_ = false;
        report_.lost_count += last_lost.value + 1 - first.value;
        report_.holes.push_back(
            {begin, here(), first, last_lost, is_unknown, std::string(describe(kind))});
    }

    // A whole record of the old log, to where it stood.
    void copy_record(const record_view& record) {
        const std::size_t offset = record.at.value - out_.info().first_position().value;
        const sequence before{record.seq.value - (record.is_control() ? 0 : 1)};
        const bool is_old_gap = record.is_control(control_type::gap);
        if (offset > offset_) {
            put_gap(offset, is_old_gap ? last_sequence_ : before, hole_kind_, false);
        } else if (!is_old_gap && before > last_sequence_) {
            // Numbers are missing and no bytes are: its own place must tell of it.
            put_gap(offset + align_record(record_header_bytes + record.payload_size), record.seq,
                    damage_kind::bad_sequence, false);
            return;
        }
        const auto length = static_cast<std::uint32_t>(record_header_bytes + record.payload_size);
        std::memcpy(out_.data() + offset, record.payload - record_header_bytes, length);
        seal_record(offset, length);
        offset_ = offset + align_record(length);
        has_end_ = record.is_control(control_type::end);
        is_closed_ = record.is_control(control_type::close);
        last_sequence_ = record.seq;
        if (has_end_) {
            offset_ = offset;  // an end record does not count in previous_end
            previous_end_ = record.at;
            return;
        }
        last_time_ = record.time;
        if (!record.is_control()) {
            ++report_.record_count;
            report_.first_sequence =
                report_.first_sequence.is_none() ? record.seq : report_.first_sequence;
            report_.last_sequence = record.seq;
        }
    }

    void copy(const segment_file& file) {
        epoch_ = std::max(epoch_, file.info.epoch);
        if (report_.segment_count == 0) {
            last_sequence_ = file.info.previous_last_sequence;
            last_time_ = file.info.base_timestamp;
        }
        base_time_ = last_time_;
        origin_ = file.info.origin.is_none() ? image_.uuid : file.info.origin;
        segment_info made = info_for(file.info.index);
        made.header_bytes = file.info.header_bytes;
        made.schema_version = file.info.schema_version;
        made.schema = file.info.schema;
        begin(made);
        if (file.identity != segment_identity::own) {
            report_.notes.push_back(file.path.native() + ": is segment " +
                                    std::to_string(file.info.index) + ", taken as that");
        }
        // The walk begins with what is known to stand before, not with what this header says.
        segment_info info = file.info;
        info.previous_last_sequence = last_sequence_;
        info.base_timestamp = last_time_;
        image_walk walk(file.bytes(), info, file.seed, file.left_from);
        image_step step = image_step::record;
        while ((step = walk.next()) != image_step::end) {
            if (step == image_step::record && !has_end_) {
                copy_record(walk.record());
            } else if (step == image_step::hole) {
                hole_kind_ = walk.hole().kind;
            } else if (step == image_step::padding) {
                report_.notes.push_back(
                    file.path.native() + ": position " +
                    std::to_string(info.first_position().value + walk.padding_offset()) +
                    ": a byte between records was not zero, and is");
            }
        }
        if (!has_end_) {
            finish(file, walk.where_ended());
        }
        previous_end_ = has_end_ ? previous_end_ : here();
    }

    // The end of a segment in which no end record was found.
    void finish(const segment_file& file, const image_end& end) {
        const segment_file* next = image_.find(file.info.index + 1);
        const bool has_dirt = end.dirty_begin < end.dirty_end;
        if (next != nullptr) {
            const std::uint64_t first = file.info.first_position().value;
            const std::size_t room = records_end_limit(image_.segment_bytes);
            const std::size_t said = std::clamp<std::size_t>(
                next->info.previous_end.value > first ? next->info.previous_end.value - first : 0,
                offset_, room + record_header_bytes);
            const sequence last = std::max(last_sequence_, next->info.previous_last_sequence);
            if (said > offset_ || last > last_sequence_) {
                const damage_kind lost = file.bytes().size() < image_.segment_bytes
                                             ? damage_kind::cut_segment
                                             : damage_kind::missing_records;
                put_gap(std::max(align_record(said), offset_ + record_alignment), last,
                        end.kind == damage_kind::none ? lost : end.kind, false);
            }
            if (next->info.epoch == file.info.epoch) {
                const position at = here();
                put({last_sequence_.value, last_time_.ns + 1, control_type::end}, {});
                offset_ -= record_header_bytes;
                has_end_ = true;
                previous_end_ = at;
            }
            return;
        }
        const bool is_whole_file = file.bytes().size() >= image_.segment_bytes;
        if (end.kind == damage_kind::none && is_whole_file) {
            if (has_dirt) {
                report_.notes.push_back(file.path.native() + ": position " +
                                        std::to_string(here().value) +
                                        ": bytes that were never committed are left behind");
            }
            return;
        }
        // A commit word stands there, or the file ends: records may have been there.
        if (offset_ + record_header_bytes <= records_end_limit(image_.segment_bytes)) {
            put_gap(offset_ + record_header_bytes, last_sequence_,
                    end.kind == damage_kind::none ? damage_kind::cut_segment : end.kind, true);
        }
    }

    // Of the segments that can be read, with which the new log begins.
    [[nodiscard]] std::uint64_t find_oldest() const {
        std::uint64_t oldest = image_.last_index;
        for (const segment_file& file : image_.files) {
            oldest = file.is_in_place() ? std::min(oldest, file.info.index) : oldest;
        }
        return oldest;
    }

    void tell_of_lost_beginning(std::uint64_t oldest) {
        const segment_file* next = image_.find(oldest);
        salvage_hole hole{{image_.first_index * image_.segment_bytes},
                          {oldest * image_.segment_bytes},
                          {1},
                          {0},
                          true,
                          std::string(describe(damage_kind::missing_segment))};
        if (image_.first_index == 0 && !next->is_inferred) {
            hole.last_lost = next->info.previous_last_sequence;
            hole.is_unknown = false;
            report_.lost_count += hole.last_lost.value;
        }
        report_.holes.push_back(std::move(hole));
    }

    void copy_missing(std::uint64_t index, bool is_damage = true) {
        const segment_file* next = image_.find(index + 1);
        const bool is_known = next != nullptr;
        base_time_ = last_time_;
        begin(info_for(index));
        if (!is_damage) {
            return;
        }
        const sequence last =
            is_known ? std::max(last_sequence_, next->info.previous_last_sequence) : last_sequence_;
        put_gap(offset_ + record_header_bytes + sizeof(gap_payload), last,
                damage_kind::missing_segment, !is_known);
        previous_end_ = here();
    }

    const log_image& image_;
    fs::path to_;
    salvage_report report_;
    segment out_;
    std::size_t offset_ = 0;  // in out_: where the next record goes
    std::uint64_t epoch_ = 1;
    log_uuid origin_;  // of the records at hand; a log may itself have been salvaged
    sequence last_sequence_;
    timestamp last_time_;  // of the last record that is no end record
    timestamp base_time_;
    position previous_end_;
    damage_kind hole_kind_ = damage_kind::missing_records;
    bool has_end_ = false;
    bool is_closed_ = false;
};

}  // namespace

std::string lost_text(sequence first_lost, sequence last_lost, bool is_unknown) {
    if (last_lost < first_lost) {
        return is_unknown ? "what was lost is not known" : "no numbered record was lost";
    }
    return "sequences " + std::to_string(first_lost.value) + " to " +
           std::to_string(last_lost.value) + " were lost" +
           (is_unknown ? ", and perhaps more" : "");
}

std::string salvage_hole::text() const {
    return "positions " + std::to_string(begin.value) + " to " + std::to_string(end.value) + ": " +
           lost_text(first_lost, last_lost, is_unknown) + " (" + reason + ")";
}

salvage_report salvage_log(const fs::path& from, const fs::path& to) {
    const file_lock held = hold_still(from);
    check_new_log_target(to);
    const log_image image = open_log_image(from);
    new_log made(to, "salvage of " + from.native());
    salvage_report report = salvager(image, made.path()).run();
    for (const std::string& note : {image.hot_text, made.note()}) {
        if (!note.empty()) {
            report.notes.push_back(note);
        }
    }
    if (const auto gap = find_archive_gap(from, image.uuid, image.files.front().name_index)) {
        report.notes.push_back("only what is here was copied; " + gap->text);
    }
    made.finish();
    return report;
}

}  // namespace millrace::engine
