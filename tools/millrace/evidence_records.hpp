// The bytes of a log that bear exported records out, and the seals over them.
//
// A seal can be computed from no less than its whole range, so whoever needs a record needs its
// range; and a record means nothing without the header of its segment, so the range that holds this
// goes along. Where no seal lies, a record stands for itself. A seal with a mac is proven by it;
// one without is proven by a later one only over all bytes between, so then those go along too.
//
//   records/NNNNNNNNNNNN.alog.records  bytes of the segment: the manifest's ranges, back to back
//   seals/NNNNNNNNNNNN.seal            header and seals, as docs/log-format.md has them
//   clock.ndjson                       every clock record that stands in these bytes
//
// Threading  one thread
// Invariant  no seal behind the verified head, however far the log is sealed meanwhile
// Units      positions in the log
// Errors     as segment::open() and evidence_file; error for a head that proves nothing here
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "engine/log/seal_file.hpp"
#include "tools/millrace/evidence.hpp"

namespace millrace::tools {

class evidence_records {
public:
    // `head`: the newest seal that was verified, if there is one.
    evidence_records(std::filesystem::path log, std::uint64_t segment_bytes,
                     const engine::seal_head& head);

    // REQUIRES: not before the records that were needed already.
    void need(const engine::record_view& record);
    // The clock records from the beginning of the first needed record's segment to it: they lead
    // from the segment's own anchor to the clock that the record has its time from.
    void need_clock_before(const engine::record_view& first);
    // All bytes from the first needed segment's beginning to the seal with this hash. Throws error
    // unless that seal covers `last`.
    void need_to(const engine::digest& noted, engine::sequence last);
    // The same to the newest seal, unless each needed range has a seal with a mac.
    void need_to_head_unless_keyed();

    // REQUIRES: something is needed. Returns the manifest's array of segments.
    [[nodiscard]] nlohmann::ordered_json write(evidence_package& package);

private:
    struct byte_range {
        std::uint64_t begin = 0;
        std::uint64_t end = 0;
    };
    struct part {
        engine::segment_info info;
        engine::seal_contents seals;
        std::vector<byte_range> ranges;  // ascending, none touches the next
    };

    part& part_of(std::uint64_t index);
    [[nodiscard]] std::uint64_t head_index() const;
    void need_all_to(std::uint64_t end);
    [[nodiscard]] nlohmann::ordered_json write_ranges(evidence_package& package, const part& one);

    std::filesystem::path log_;
    std::uint64_t segment_bytes_;
    engine::seal_head head_;
    std::vector<part> parts_;  // of an unbroken run of segments
    std::string clock_lines_;
};

}  // namespace millrace::tools
