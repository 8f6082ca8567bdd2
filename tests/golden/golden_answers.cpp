#include <cstdio>

#include "engine/log/archive_source.hpp"
#include "engine/log/log_reader.hpp"
#include "engine/log/recovery.hpp"
#include "engine/log/verify.hpp"
#include "tests/golden/golden_logs.hpp"

namespace millrace::golden {

namespace fs = std::filesystem;
using namespace engine;

namespace {

std::string number(std::uint64_t value) {
    return std::to_string(value);
}

// Where the tests put a log differs, so no answer says it.
std::string without(std::string text, const std::string& path) {
    for (std::size_t at = 0; (at = text.find(path, at)) != std::string::npos;) {
        text.erase(at, path.size());
    }
    return text;
}

std::string record_line(const record_view& record, const log_reader& reader) {
    char part[64];
    std::snprintf(part, sizeof part, "type %04x flags %u payload %u %08x",
                  static_cast<unsigned>(record.type), static_cast<unsigned>(record.flags),
                  record.payload_size, crc32c(0, record.payload, record.payload_size));
    return "record " + number(record.at.value) + " to " + number(record.end.value) + " sequence " +
           number(record.seq.value) + " time " + to_string(record.time) + " " + part + " schema " +
           number(reader.segment_schema_version()) + "\n";
}

std::string records_text(const fs::path& log) {
    log_reader reader(log, read_from::first(), true);
    std::string text = "uuid " + to_string(reader.uuid()) + "\n";
    record_view record;
    read_status status = read_status::none;
    while ((status = reader.poll(record)) == read_status::record) {
        text += record_line(record, reader);
    }
    return text + (status == read_status::none ? "then nothing\n"
                                               : "then damage " + reader.damage().text() + "\n");
}

std::string verify_text(const fs::path& log) {
    const verify_report report = verify_log(log);
    const char* const results[] = {"clean", "torn", "damaged"};
    std::string text = std::string("verified ") + results[static_cast<int>(report.result())] +
                       " segments " + number(report.segment_count) + " spares " +
                       number(report.spare_count) + " records " + number(report.record_count) +
                       " sequences " + number(report.first_sequence.value) + " to " +
                       number(report.last_sequence.value) + " seals " + number(report.seal_count) +
                       " indexes " + number(report.index_count) + "\n";
    text += "head " + (report.head.is_sealed ? to_string(report.head.hash) : "none") + "\n";
    for (const finding& one : report.findings) {
        text += "finding " + one.text() + "\n";
    }
    for (const std::string& note : report.notes) {
        text += "note " + note + "\n";
    }
    return text;
}

std::string recovery_text(const fs::path& log) {
    const recovered_tail tail =
        recover_tail(log, is_archive(log) ? position{UINT64_MAX} : detail::find_unsynced(log));
    return "recovered segment " + number(tail.info.index) + " epoch " + number(tail.info.epoch) +
           " end " + number(tail.end().value) + " read to " + number(tail.read_end().value) +
           " sequence " + number(tail.last_sequence.value) + " time " +
           to_string(tail.last_timestamp) + (tail.is_closed ? " closed" : " open") + "\n" +
           (tail.note.empty() ? "" : "note " + tail.note + "\n");
}

}  // namespace

std::string answers_of(const fs::path& log) {
    return without(records_text(log) + verify_text(log) + recovery_text(log),
                   log.parent_path().native() + "/");
}

}  // namespace millrace::golden
