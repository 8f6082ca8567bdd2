// The audit log read back.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/table/row.hpp"
#include "gateway/admin/audit_log.hpp"
#include "tests/engine/log/whole_log.hpp"

namespace millrace::test {

struct audit_row {
    std::string gateway, session, command, user, outcome, reason, before, after, text;
    std::uint64_t uid = 0;
    std::uint64_t sequence = 0;
    engine::row_envelope envelope;

    // "reset done"
    [[nodiscard]] std::string what() const { return command + " " + outcome; }
};

[[nodiscard]] inline std::vector<audit_row> read_audit(const std::filesystem::path& directory) {
    std::vector<audit_row> rows;
    for_each_record(directory, [&](const engine::record_view& record) {
        const engine::row_view row(gateway::audit_schema(), record.bytes());
        const auto text = [&](std::size_t index) { return std::string(row.text(index)); };
        rows.push_back({text(0), text(1), text(2), text(3), text(5), text(6), text(7), text(8),
                        text(9), row.unsigned_integer(4), record.seq.value, row.envelope()});
    });
    return rows;
}

[[nodiscard]] inline std::vector<std::string> whats_of(const std::vector<audit_row>& rows) {
    std::vector<std::string> all;
    for (const audit_row& row : rows) {
        all.push_back(row.what());
    }
    return all;
}

}  // namespace millrace::test
