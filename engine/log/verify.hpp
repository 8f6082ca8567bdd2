// Checks everything that can be checked of a log: files, headers and their chain, each record,
// its order and the zeros around it, index and seals; and of an archive that every file in it is as
// archived.
//
// Threading  verify_log() uses threads of its own, one segment each; a progress object may be read
//            by any thread meanwhile
// Errors     what is wrong with the log is a finding; what stops the check is thrown: error where
//            there is no log, damage_error where no header can be read, io_error
// Units      positions as in core/types.hpp; bytes of files
#pragma once

#include <atomic>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/log/seal_file.hpp"

namespace millrace::engine {

enum class finding_kind : std::uint8_t {
    torn_tail,          // a record that was being written when its writer died
    missing_segment,    // no file is this segment
    doubled_segment,    // a copy of another segment
    swapped_segment,    // two segments under each other's names
    misnamed_segment,   // under a wrong name
    foreign_segment,    // of another log
    truncated_segment,  // the file is shorter than a segment
    overlong_segment,   // the file is longer than a segment
    bad_archived,       // the compressed file of a segment does not decompress
    bad_header,         // header bytes are not as they were written
    broken_chain,       // the header does not continue the segment before
    bad_record,         // a record fails its checks
    missing_records,    // records that were there are gone
    nonzero_padding,    // a byte between two records is not zero
    nonzero_tail,       // a byte behind the last record is not zero
    bad_retained,       // what says which segments were removed is damaged or another log's
    bad_index,          // the index does not say what the segment holds
    bad_seals,          // the seals' file is damaged or another segment's
    broken_seal_chain,  // the seals do not continue those of the segment before
    missing_seals,      // a segment between sealed ones, or all, has no seals
    wrong_seal,         // the bytes are not those that were sealed
    wrong_key,          // a seal was not made with this key
    unkeyed_seal,       // the newest seals were made without a key
    unknown_head,       // no seal of the log has this hash
    missing_manifest,   // an archive without one
    bad_manifest,       // the archive's manifest is not as it was written, or another log's
    missing_archived,   // the manifest names a file that is not there
    not_as_archived,    // a file of the archive is not what its manifest says
    unlisted_file,      // the manifest does not name a file: archiving was cut short
};
[[nodiscard]] std::string_view describe(finding_kind kind);

struct finding {
    finding_kind kind = finding_kind::bad_record;
    std::string path;    // of the file
    position at;         // in the log
    sequence seq;        // of the record concerned, or the one before it; none: not known
    std::string detail;  // what more there is to say

    // Else something was only half done when it was cut short.
    [[nodiscard]] bool is_damage() const {
        return kind != finding_kind::torn_tail && kind != finding_kind::unlisted_file;
    }
    // "PATH: position N: KIND (sequence S): DETAIL"
    [[nodiscard]] std::string text() const;
};

struct verify_progress {
    std::atomic<std::uint64_t> bytes_done{0};   // writers: the checking threads
    std::atomic<std::uint64_t> bytes_total{0};  // writer: verify_log, before they begin
};

struct verify_options {
    unsigned thread_count = 0;  // 0: as many as there are usable CPUs
    const seal_key* key = nullptr;
    digest head{};  // a seal's hash that was noted elsewhere; none: there is none
    verify_progress* progress = nullptr;
};

enum class verdict : std::uint8_t { clean, torn, damaged };

struct verify_report {
    std::vector<finding> findings;   // by segment, then by position
    std::vector<std::string> notes;  // what is no fault and yet should be known
    log_uuid uuid;
    std::uint64_t segment_count = 0;
    std::uint64_t spare_count = 0;     // segments made ahead and not begun, which are no part of it
    std::uint64_t record_count = 0;    // whole numbered ones
    std::uint64_t seal_count = 0;      // whose bytes are as they were sealed
    std::uint64_t index_count = 0;     // segments with an index that is right
    std::uint64_t archived_count = 0;  // files of archives that are what their manifests say
    sequence first_sequence;
    sequence last_sequence;
    seal_head head;      // the newest seal
    sequence proven_to;  // by the given head or key; none: nothing is
    [[nodiscard]] verdict result() const;
};

[[nodiscard]] verify_report verify_log(const std::filesystem::path& directory,
                                       const verify_options& options = {});

}  // namespace millrace::engine
