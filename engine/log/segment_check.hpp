// Verifies one segment by itself: what verify_log() does for each, on a thread of its own.
//
// Threading  pure functions over bytes nobody changes
#pragma once

#include "engine/log/log_image.hpp"
#include "engine/log/verify.hpp"

namespace millrace::engine::detail {

struct segment_check {
    const segment_file* file = nullptr;
    std::vector<finding> findings;
    std::uint64_t record_count = 0;
    std::uint64_t gap_count = 0;
    std::uint64_t gap_record_count = 0;  // sequences that gap records say were lost
    sequence first_sequence;             // the first numbered record, if there is one
    sequence last_sequence;
    timestamp last_timestamp;  // of the last record that is no end record
    image_end end;
    bool has_end_record = false;
    std::size_t end_record_offset = 0;
    bool has_hole = false;
    bool is_live = false;  // a writer is at work: sidecars may end in what is being written,
    bool is_tail = false;  // and may speak of records committed since the bytes were read
    bool has_index = false;
    seal_contents seals;
    std::uint64_t good_seal_count = 0;
    std::size_t checked_seal_count = 0;  // whose hash is right, from the first one on

    // Where the next segment's header says that this one ends.
    [[nodiscard]] position records_end() const {
        return {file->info.first_position().value +
                (has_end_record ? end_record_offset : end.offset)};
    }
};

struct check_settings {
    std::filesystem::path directory;
    const seal_key* key = nullptr;
    bool is_live = false;  // a writer is at work, so index and seals may be cut short just now,
    bool is_tail = false;  // and what stands behind the last record is not judged
    // The seals' file, read before; null: it is read.
    const std::string* seals = nullptr;
};
[[nodiscard]] segment_check check_segment(const segment_file& file, const check_settings& settings);
// The same for the index and the seals alone, given as bytes; for what has no files.
void check_index_bytes(segment_check& check, const std::string& path,
                       std::span<const std::byte> bytes);
void check_seal_bytes(segment_check& check, const std::string& path,
                      std::span<const std::byte> bytes, const seal_key* key);

// What can be told of seals only from all segments together; `checks` by index.
void check_seal_chain(const std::vector<segment_check>& checks, const verify_options& options,
                      verify_report& report);

}  // namespace millrace::engine::detail
