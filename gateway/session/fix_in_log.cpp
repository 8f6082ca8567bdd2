#include "gateway/session/fix_log.hpp"
#include "gateway/session/fix_log_rows.hpp"
#include "gateway/session/frame_text.hpp"

namespace millrace::gateway {

using detail::append_row;
using detail::assign_cut;
using detail::gateway_envelope;
using detail::load_row;
using detail::set_numbers;

namespace {

// Empty where the frame has none.
std::string_view routing_value(const screened_frame& frame, std::uint32_t tag) noexcept {
    if (tag == 57) [[likely]] {
        return text_of(frame, frame.facts().target_sub_id);
    }
    return find_field({frame.data(), frame.size()}, tag).value_or(std::string_view());
}

// Taken in its turn; a duplicate or garbled one ends nothing.
bool is_logout(const fix_in_row& row) noexcept {
    return row.message.kind.view() == kind::admin && row.message.msg_type.view() == "5";
}

detail::kept_bytes kept_of(std::string_view kind, const screened_frame& frame) noexcept {
    if (kind == kind::garbled) {
        return detail::kept_bytes::without_possible_secrets;
    }
    return frame.is_msg_type('A') ? detail::kept_bytes::without_secrets : detail::kept_bytes::all;
}

}  // namespace

fix_in_log::fix_in_log(const std::filesystem::path& directory, const fix_log_options& options)
    : secrets_(options.secrets) {
    engine::table_state* const state = this;  // the base is private: make_unique could not convert
    table_ = std::make_unique<engine::table_log>(directory, fix_in_schema(), options.table, state);
}

bool fix_in_log::has_room(std::size_t frame_bytes) noexcept {
    return detail::has_room_for_row<fix_in_row>(*table_, frame_bytes);
}

engine::append_status fix_in_log::append(const session_numbers& session, const message& received,
                                         msg_seq_num next_target) noexcept {
    fix_in_row row;
    set_numbers(row.message, session, session.next_sender, next_target);
    assign_cut(row.message.kind, received.kind);
    row.creation_time = session.creation_time;
    row.received_time = {received.received_ns};
    engine::row_envelope envelope = gateway_envelope();
    std::string_view wire;
    detail::kept_bytes kept = detail::kept_bytes::all;
    if (received.frame != nullptr) {
        const screened_frame& frame = *received.frame;
        const frame_facts& facts = frame.facts();
        wire = {frame.data(), frame.size()};
        kept = kept_of(received.kind, frame);
        row.message.msg_seq_num = facts.number.value;
        assign_cut(row.message.msg_type, text_of(frame, facts.msg_type));
        assign_cut(row.message.sender, text_of(frame, facts.sender));
        assign_cut(row.message.target, text_of(frame, facts.target));
        assign_cut(row.message.cl_ord_id, text_of(frame, facts.cl_ord_id));
        assign_cut(row.message.orig_cl_ord_id, text_of(frame, facts.orig_cl_ord_id));
        assign_cut(row.message.internal_target, routing_value(frame, received.routing_tag));
        row.message.size = static_cast<std::uint32_t>(frame.size());
        row.message.poss_dup = facts.poss_dup ? 1 : 0;
        const std::string_view sent = text_of(frame, facts.sending_time);
        static_cast<void>(parse_utc_timestamp(sent.data(), sent.size(), row.sending_time.ns));
        envelope.correlation = received.correlation;
    }
    const engine::append_result result = append_row(*table_, row, wire, envelope, kept, &secrets_);
    if (result.status == engine::append_status::ok) {
        session_numbers& known = sessions_.at(session.name);
        known = session;
        known.next_target = next_target;
        known.logout_time = is_logout(row) ? row.received_time : engine::timestamp{};
    }
    return result.status;
}

// The column holds the beginning of a long ClOrdID.
void fix_in_log::visit_recent(std::size_t segments, received_sink& sink) const {
    constexpr std::uint32_t cl_ord_id = 11;
    detail::visit_newest(*table_, segments, [&](const engine::row_view& view) {
        const auto row = load_row<fix_in_row>(view);
        const std::string_view kind = row.message.kind.view();
        if ((kind == kind::application || kind == kind::repeated) &&
            !row.message.cl_ord_id.is_empty()) {
            sink.on_received(row.message.session.view(), row.message.msg_type.view(),
                             find_field(detail::wire_of(view), cl_ord_id).value_or(""));
        }
    });
}

std::size_t fix_in_log::snapshot_bytes() const noexcept {
    return sessions_.snapshot_bytes();
}

void fix_in_log::write_snapshot(std::span<std::byte>& room) const noexcept {
    sessions_.write_snapshot(room, engine::snapshot_section::sessions_in);
}

bool fix_in_log::read_snapshot(engine::snapshot_section kind, std::span<const std::byte> content) {
    return kind == engine::snapshot_section::sessions_in && sessions_.read_snapshot(content);
}

void fix_in_log::replay(engine::position, engine::sequence, engine::timestamp,
                        const engine::row_view& view) {
    const auto row = load_row<fix_in_row>(view);
    session_numbers& session = sessions_.at(row.message.session.view());
    session.generation = row.message.generation;
    session.next_sender = {row.message.next_sender};
    session.next_target = {row.message.next_target};
    session.creation_time = row.creation_time;
    session.logout_time = is_logout(row) ? row.received_time : engine::timestamp{};
}

}  // namespace millrace::gateway
