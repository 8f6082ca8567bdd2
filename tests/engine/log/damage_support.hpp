// What the tests of verification and salvage share: a log of known records in four small segments,
// and what a flipped bit of it must lead to.
#pragma once

#include <set>

#include "engine/log/index.hpp"
#include "engine/log/seal_file.hpp"
#include "engine/log/segment_check.hpp"
#include "tests/engine/log/log_test_support.hpp"

namespace millrace::engine::test {

// 256 KiB: four segments, records of all sorts of sizes, closed in order.
inline std::vector<seen_record> write_quarter_mebibyte(const fs::path& directory,
                                                       std::uint64_t seed = 7) {
    std::mt19937_64 random(seed);
    {
        log_writer writer(directory, small_log());
        while (writer.end().value < 4 * segment_bytes_min - 9000) {
            append(writer, random() % 16 == 0 ? random() % 3000 : random() % 150);
        }
    }
    EXPECT_EQ(list_segments(directory).size(), 4u);
    return read_log(directory, {}, true);
}

inline void build_indexes(const fs::path& directory) {
    for (const std::uint64_t index : list_segments(directory)) {
        index_writer(directory, segment::open(directory, index, access::read_only));
    }
}

// The record whose bytes, padding included, hold the position; null: none does.
inline const seen_record* record_at(const std::vector<seen_record>& records, std::uint64_t at) {
    for (const seen_record& record : records) {
        if (record.at.value <= at && at < record.end.value) {
            return &record;
        }
    }
    return nullptr;
}

inline std::string all_text(const verify_report& report) {
    std::string text;
    for (const finding& one : report.findings) {
        text += one.text() + "\n";
    }
    for (const std::string& note : report.notes) {
        text += "note: " + note + "\n";
    }
    return text;
}

inline std::set<finding_kind> kinds(const verify_report& report) {
    std::set<finding_kind> found;
    for (const finding& one : report.findings) {
        found.insert(one.kind);
    }
    return found;
}

// As `kinds`, one line of text each.
inline bool has_kind(const verify_report& report, finding_kind kind) {
    return kinds(report).contains(kind);
}

inline void truncate_file(const fs::path& file, std::uint64_t size) {
    fs::resize_file(file, size);
}

}  // namespace millrace::engine::test
