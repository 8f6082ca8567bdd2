#include "engine/log/segment_check.hpp"

#include <algorithm>
#include <cstring>

#include "engine/log/index.hpp"

namespace millrace::engine::detail {

namespace fs = std::filesystem;

namespace {

void add(segment_check& check, finding_kind kind, std::size_t offset, sequence seq,
         std::string detail) {
    check.findings.push_back({kind,
                              check.file->path.native(),
                              {check.file->info.first_position().value + offset},
                              seq,
                              std::move(detail)});
}

std::string lost_text(sequence first, sequence last) {
    if (last < first) {
        return "a control record is lost";
    }
    return first == last ? "sequence " + std::to_string(first.value) + " is lost"
                         : "sequences " + std::to_string(first.value) + " to " +
                               std::to_string(last.value) + " are lost";
}

void check_file(segment_check& check) {
    const segment_file& file = *check.file;
    const segment_info& info = file.info;
    if (file.header.is_damaged) {
        add(check, finding_kind::bad_header, 0, {},
            file.header.fault + (file.is_inferred ? "; its records were found without it"
                                                  : "; one flipped bit explains it"));
    }
    if (file.header.padding_fault != 0) {
        add(check, finding_kind::bad_header, file.header.padding_fault, {},
            "a byte behind the schema is not zero");
    }
    const std::size_t size = file.bytes().size();
    if (size < info.segment_bytes) {
        add(check, finding_kind::truncated_segment, size, {},
            "the file has " + std::to_string(size) + " bytes, a segment of this log has " +
                std::to_string(info.segment_bytes));
    } else if (size > info.segment_bytes) {
        add(check, finding_kind::overlong_segment, info.segment_bytes, {},
            "the file has " + std::to_string(size) + " bytes, a segment of this log has " +
                std::to_string(info.segment_bytes));
    }
}

void take_gap(segment_check& check, const record_view& record, sequence before) {
    ++check.gap_count;
    check.gap_record_count += record.seq.value - before.value;
}

void take_hole(segment_check& check, const image_hole& hole) {
    check.has_hole = true;
    const bool is_lost = hole.kind == damage_kind::missing_records;
    add(check, is_lost ? finding_kind::missing_records : finding_kind::bad_record, hole.begin,
        hole.last_lost < hole.first_lost ? hole.last_lost : hole.first_lost,
        std::string(is_lost ? "no record stands here" : describe(hole.kind)) + "; " +
            lost_text(hole.first_lost, hole.last_lost) + "; the next whole record begins at " +
            std::to_string(check.file->info.first_position().value + hole.end));
}

// Bytes behind the last record. What a dead writer may have left lies within one record's reach.
void check_tail(segment_check& check, sequence last, bool is_live) {
    const image_end& end = check.end;
    const bool is_uncommitted = end.dirty_begin < end.dirty_end || end.kind != damage_kind::none;
    if (!is_uncommitted || is_live) {
        return;
    }
    // The end of the log as a loss of power left it, which may have kept bytes however far behind.
    const bool is_left = check.file->left_from != 0 && end.offset >= check.file->left_from;
    const std::size_t reach =
        end.offset + align_record(record_bytes_limit(check.file->info.segment_bytes));
    if (!is_left && (check.has_end_record || end.dirty_end > reach)) {
        const bool is_beyond = !check.has_end_record && end.dirty_begin < reach;
        add(check, finding_kind::nonzero_tail, is_beyond ? end.dirty_end - 1 : end.dirty_begin,
            last,
            check.has_end_record ? "nothing follows an end record"
                                 : "no record that was being written reaches so far");
        return;
    }
    add(check, finding_kind::torn_tail, end.offset, last.next(),
        (end.kind == damage_kind::none ? std::string("bytes without a commit word")
                                       : std::string(describe(end.kind))) +
            "; up to " + std::to_string(end.dirty_end - std::min(end.offset, end.dirty_end)) +
            " bytes of a record that was not committed, or was lost with a loss of power");
}

void check_records(segment_check& check, bool is_live) {
    const segment_file& file = *check.file;
    image_walk walk(file.bytes(), file.info, file.seed, file.left_from);
    sequence before = walk.last_sequence();
    check.last_timestamp = walk.last_timestamp();
    while (true) {
        switch (walk.next()) {
            case image_step::record: {
                const record_view& record = walk.record();
                check.record_count += record.is_control() ? 0 : 1;
                if (!record.is_control() && check.first_sequence.is_none()) {
                    check.first_sequence = record.seq;
                }
                if (record.is_control(control_type::gap)) {
                    take_gap(check, record, before);
                }
                if (check.has_end_record) {
                    add(check, finding_kind::bad_record,
                        record.at.value - file.info.first_position().value, record.seq,
                        "a record behind the end record");
                }
                if (!record.is_control(control_type::end)) {
                    check.last_timestamp = record.time;
                } else {
                    check.has_end_record = true;
                    check.end_record_offset = record.at.value - file.info.first_position().value;
                }
                break;
            }
            case image_step::hole:
                take_hole(check, walk.hole());
                break;
            case image_step::padding:
                add(check, finding_kind::nonzero_padding, walk.padding_offset(), walk.record().seq,
                    "the record itself is whole");
                break;
            case image_step::end:
                check.end = walk.where_ended();
                check.last_sequence = walk.last_sequence();
                check_tail(check, check.last_sequence, is_live);
                return;
        }
        before = walk.last_sequence();
    }
}

std::vector<index_entry> rebuild_index(const segment_file& file) {
    std::vector<index_entry> entries;
    index_builder builder(file.info);
    image_walk walk(file.bytes(), file.info, file.seed, file.left_from);
    // Behind a hole nobody can tell which records had entries.
    for (image_step step = walk.next(); step == image_step::record || step == image_step::padding;
         step = walk.next()) {
        if (step == image_step::record && builder.add(walk.record())) {
            entries.push_back(builder.entry());
        }
    }
    return entries;
}

std::span<const std::byte> bytes_of(const std::string& text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

}  // namespace

void check_index_bytes(segment_check& check, const std::string& path,
                       std::span<const std::byte> bytes) {
    const segment_file& file = *check.file;
    const auto blame = [&](finding_kind kind, std::size_t offset, sequence seq,
                           const std::string& detail) {
        check.findings.push_back({kind,
                                  path,
                                  {file.info.first_position().value + offset},
                                  seq,
                                  detail + "; `millrace log index` makes it anew"});
    };
    const index_contents contents = parse_index(bytes, file.info);
    if (contents.is_cut && check.is_live) {
        return;
    }
    if (!contents.fault.empty()) {
        blame(contents.is_cut ? finding_kind::torn_tail : finding_kind::bad_index, 0, {},
              contents.fault);
        return;
    }
    const std::vector<index_entry> wanted = rebuild_index(file);
    for (std::size_t i = 0; i < contents.entries.size(); ++i) {
        const index_entry& entry = contents.entries[i];
        if (i < wanted.size() ? entry == wanted[i] : check.has_hole) {
            continue;
        }
        if (check.is_tail && i >= wanted.size()) {
            break;  // of records that were committed since
        }
        blame(finding_kind::bad_index, entry.offset, {entry.sequence},
              "entry " + std::to_string(i) +
                  (i < wanted.size() ? " is not that of the segment's records"
                                     : " lies behind what the segment holds"));
        return;
    }
    check.has_index = true;
}

void check_seal_bytes(segment_check& check, const std::string& path,
                      std::span<const std::byte> bytes, const seal_key* key) {
    const segment_file& file = *check.file;
    const std::uint64_t first = file.info.first_position().value;
    const auto blame = [&](finding_kind kind, std::uint64_t at, std::uint64_t seq,
                           const std::string& detail) {
        check.findings.push_back({kind, path, {at}, {seq}, detail});
    };
    check.seals = parse_seals(bytes, file.info);
    if (check.seals.is_cut && !check.is_live) {
        blame(finding_kind::torn_tail, first, 0,
              check.seals.fault + "; it was cut short, and `millrace log seal` makes it again");
    } else if (!check.seals.fault.empty() && !check.seals.is_cut) {
        blame(finding_kind::bad_seals, first, 0, check.seals.fault);
    }
    while (check.is_tail && !check.seals.seals.empty() &&
           check.seals.seals.back().end > first + check.end.offset) {
        check.seals.seals.pop_back();  // of records that were committed since
    }
    digest previous = check.seals.header.previous;
    bool is_unbroken = true;
    for (const seal& one : check.seals.seals) {
        const std::string range = "sequences " + std::to_string(one.first_sequence) + " to " +
                                  std::to_string(one.last_sequence);
        const std::uint64_t begin = one.begin - first;
        const std::uint64_t size = one.end - one.begin;
        if (begin + size > file.bytes().size() ||
            !is_hash_of(one, previous, file.bytes().subspan(begin, size))) {
            blame(finding_kind::wrong_seal, one.begin, one.first_sequence,
                  "the bytes to position " + std::to_string(one.end) + ", " + range +
                      ", or the seals before are not those that were sealed");
            is_unbroken = false;
        } else {
            ++check.good_seal_count;
            check.checked_seal_count += is_unbroken ? 1 : 0;
        }
        if (key != nullptr && one.is_keyed() && !is_mac_of(one, *key)) {
            blame(finding_kind::wrong_key, one.begin, one.first_sequence,
                  range + ": the seal was made with another key, or by somebody without it");
        }
        previous = one.hash;
    }
}

segment_check check_segment(const segment_file& file, const check_settings& settings) {
    segment_check check;
    check.file = &file;
    check.is_live = settings.is_live;
    check.is_tail = settings.is_live && settings.is_tail;
    check_file(check);
    check_records(check, check.is_tail);
    const fs::path index = settings.directory / index_file_name(file.info.index);
    if (fs::exists(index) && !file.is_inferred) {
        const std::string text = read_whole_file(index);
        check_index_bytes(check, index.native(), bytes_of(text));
    }
    const fs::path seals = settings.directory / seal_file_name(file.info.index);
    if (settings.seals != nullptr) {
        if (!settings.seals->empty() && !file.is_inferred) {
            check_seal_bytes(check, seals.native(), bytes_of(*settings.seals), settings.key);
        }
    } else if (fs::exists(seals) && !file.is_inferred) {
        const std::string text = read_whole_file(seals);
        check_seal_bytes(check, seals.native(), bytes_of(text), settings.key);
    }
    return check;
}

}  // namespace millrace::engine::detail
