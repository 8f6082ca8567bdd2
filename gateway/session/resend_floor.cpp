#include "gateway/session/resend_floor.hpp"

#include <optional>

#include "engine/core/error.hpp"
#include "engine/log/read_to_end.hpp"
#include "engine/log/recovery.hpp"
#include "gateway/session/fix_log_rows.hpp"
#include "gateway/session/session_numbers.hpp"

namespace millrace::gateway {

namespace {

// Nothing: not a snapshot, or one without sessions.
std::optional<session_table> sessions_of(const engine::record_view& record) {
    if (!record.is_control(engine::control_type::snapshot)) {
        return std::nullopt;
    }
    std::optional<session_table> found;
    const bool is_whole = engine::visit_snapshot(
        record.bytes(), [&](engine::snapshot_section kind, std::span<const std::byte> content) {
            session_table read;
            if (kind == engine::snapshot_section::sessions_out && read.read_snapshot(content)) {
                found = std::move(read);
            }
        });
    return is_whole ? std::move(found) : std::nullopt;
}

std::optional<session_table> opening_sessions(const std::filesystem::path& directory,
                                              std::uint64_t index) {
    const engine::segment where =
        engine::segment::open(directory, index, engine::access::read_only);
    engine::segment_cursor cursor(where);
    engine::record_view record;
    if (cursor.next(record) != engine::damage_kind::none || record.payload == nullptr) {
        return std::nullopt;
    }
    return sessions_of(record);
}

// As the end of the log says.
session_table current_sessions(const std::filesystem::path& directory) {
    session_table sessions;
    const engine::position end = engine::recover_tail(directory).end();
    engine::log_reader reader(directory, engine::read_from::last_snapshot(), true);
    engine::read_to_end reading(reader, end);
    engine::record_view record;
    while (reading.next(record)) {
        if (std::optional<session_table> said = sessions_of(record)) {
            sessions = std::move(*said);
        } else if (!record.is_control()) {
            if (engine::row_view::check(fix_out_schema(), record.bytes()) !=
                engine::row_status::ok) {
                throw engine::damage_error(directory.native() + ": position " +
                                           std::to_string(record.at.value) +
                                           ": the record is not a row of FIX_OUT");
            }
            const auto row =
                detail::load_row<fix_out_row>(engine::row_view(fix_out_schema(), record.bytes()));
            session_numbers& session = sessions.at(row.message.session.view());
            session.generation = row.message.generation;
            session.next_sender = {row.message.next_sender};
        }
    }
    return sessions;
}

bool is_older(session_table& then, const session_numbers& now) {
    return then.at(now.name).generation < now.generation;
}

}  // namespace

std::vector<engine::retention_floor> find_resend_floors(const std::filesystem::path& fix_out) {
    const std::vector<std::uint64_t> indexes = engine::list_segments(fix_out);
    if (indexes.empty()) {
        throw engine::error(fix_out.native() + ": no audit log here (no segment files)");
    }
    const session_table now = current_sessions(fix_out);
    std::vector<std::uint64_t> begun(now.all().size(), indexes.front());
    std::vector<bool> is_found(now.all().size(), false);
    for (auto it = indexes.rbegin(); it != indexes.rend(); ++it) {
        std::optional<session_table> then = opening_sessions(fix_out, *it);
        for (std::size_t i = 0; then && i < begun.size(); ++i) {
            if (!is_found[i] && is_older(*then, now.all()[i])) {
                is_found[i] = true;
                begun[i] = *it;  // its generation began in this segment
            }
        }
    }
    std::vector<engine::retention_floor> floors;
    for (std::size_t i = 0; i < begun.size(); ++i) {
        const session_numbers& session = now.all()[i];
        if (session.next_sender > msg_seq_num{1}) {
            floors.push_back({"session " + session.name + ", which may have to send numbers of " +
                                  "generation " + std::to_string(session.generation) +
                                  " again (removed ones are gap-filled)",
                              engine::last_sequence_before(fix_out, begun[i])});
        }
    }
    return floors;
}

}  // namespace millrace::gateway
