// What FIX_OUT and FIX_IN share when they write and read their rows.
#pragma once

#include <cstring>
#include <string_view>
#include <thread>

#include "engine/core/clock.hpp"
#include "engine/log/read_to_end.hpp"
#include "gateway/session/fix_log.hpp"

namespace millrace::gateway::detail {

inline constexpr engine::short_name gateway_event{"fix"};
inline constexpr engine::short_name gateway_user{"gateway"};

template <std::size_t Capacity>
void assign_cut(engine::text<Capacity>& target, std::string_view value) noexcept {
    const bool is_assigned = target.assign(value.substr(0, Capacity));
    MILLRACE_DCHECK(is_assigned, "cut to the capacity");
    static_cast<void>(is_assigned);
}

inline void set_numbers(fix_message_columns& columns, const session_numbers& session,
                        msg_seq_num next_sender, msg_seq_num next_target) noexcept {
    assign_cut(columns.session, session.name);
    columns.generation = session.generation;
    columns.next_sender = next_sender.value;
    columns.next_target = next_target.value;
}

// Frames and messages look for room before they are taken. What the session library appends on its
// own account cannot be put off, so it gets as long as the helper needs to see that a segment is
// missing, and mostly to make one.
inline constexpr std::int64_t append_patience_ns = 5'000'000;

template <class Row>
bool has_room_for_row(engine::table_log& table, std::size_t wire_bytes) noexcept {
    return table.try_reserve(sizeof(engine::row_envelope) + sizeof(Row) + wire_bytes) !=
           engine::append_status::back_pressured;
}

// What of a frame's bytes may be kept.
enum class kept_bytes : std::uint8_t {
    all,
    without_secrets,          // of a Logon
    without_possible_secrets  // of what is no message
};

inline void copy_wire(char* to, std::string_view wire, kept_bytes kept,
                      const secret_tags* secrets) noexcept {
    switch (kept) {
        case kept_bytes::all:
            std::memcpy(to, wire.data(), wire.size());
            break;
        case kept_bytes::without_secrets:
            secrets->copy_logon(to, wire.data(), wire.size());
            break;
        case kept_bytes::without_possible_secrets:
            secrets->copy_garbled(to, wire.data(), wire.size());
            break;
    }
}

template <class Row>
engine::append_result append_row(engine::table_log& table, const Row& row, std::string_view wire,
                                 const engine::row_envelope& envelope,
                                 kept_bytes kept = kept_bytes::all,
                                 const secret_tags* secrets = nullptr) noexcept {
    const std::size_t bytes = sizeof envelope + sizeof row + wire.size();
    if (!has_room_for_row<Row>(table, wire.size())) [[unlikely]] {
        const std::int64_t until_ns = engine::monotonic_now_ns() + append_patience_ns;
        while (!has_room_for_row<Row>(table, wire.size()) &&
               engine::monotonic_now_ns() < until_ns) {
            std::this_thread::yield();
        }
    }
    engine::log_claim claim = table.try_claim(bytes);
    if (!claim) {
        return {claim.status(), {}, {}, {}};
    }
    std::byte* payload = claim.payload().data();
    std::memcpy(payload, &envelope, sizeof envelope);
    std::memcpy(payload + sizeof envelope, &row, sizeof row);
    if (!wire.empty()) {
        copy_wire(reinterpret_cast<char*>(payload + sizeof envelope + sizeof row), wire, kept,
                  secrets);
    }
    return table.commit(claim, bytes);
}

template <class Row>
Row load_row(const engine::row_view& row) noexcept {
    Row loaded;
    std::memcpy(static_cast<void*>(&loaded), row.fixed(), sizeof loaded);
    return loaded;
}

// The message itself.
inline std::string_view wire_of(const engine::row_view& row) noexcept {
    const auto bytes = row.trailing();
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Shows the rows of the newest segments, oldest first.
template <class Visit>
void visit_newest(const engine::table_log& table, std::size_t segments, Visit&& visit) {
    const auto indexes = engine::list_segments(table.log().directory());
    if (segments == 0 || indexes.empty()) {
        return;
    }
    const std::size_t first = indexes.size() > segments ? indexes.size() - segments : 0;
    engine::log_reader reader(
        table.log().directory(),
        engine::read_from::at_position({indexes[first] * table.log().segment_bytes()}));
    engine::read_to_end reading(reader, table.log().end());
    engine::record_view record;
    while (reading.next(record)) {
        visit(engine::row_view(table.schema(), record.bytes()));
    }
}

inline engine::row_envelope gateway_envelope() noexcept {
    engine::row_envelope envelope;
    envelope.event = gateway_event;
    envelope.user = gateway_user;
    return envelope;
}

}  // namespace millrace::gateway::detail
