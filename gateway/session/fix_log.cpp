#include "gateway/session/fix_log.hpp"

#include <algorithm>
#include <cstring>

#include "engine/core/clock.hpp"
#include "engine/core/error.hpp"
#include "gateway/session/fix_log_rows.hpp"
#include "xlator/fix/byte_sum.hpp"

namespace millrace::gateway {

using detail::append_row;
using detail::assign_cut;
using detail::gateway_envelope;
using detail::load_row;
using detail::set_numbers;

namespace {

// The few fields FIX_OUT keeps as columns, from a frame the session library made.
struct sent_facts {
    std::string_view msg_type, sender, target, cl_ord_id, orig_cl_ord_id, target_sub_id;
    bool poss_dup = false;
};

// A tag of two digits, as it stands.
constexpr unsigned two_digits(char first, char second) noexcept {
    return static_cast<unsigned char>(first) << 8U | static_cast<unsigned char>(second);
}

void take_fact(sent_facts& facts, unsigned tag, std::string_view value) noexcept {
    switch (tag) {
        case two_digits('1', '1'):
            facts.cl_ord_id = facts.cl_ord_id.empty() ? value : facts.cl_ord_id;
            break;
        case two_digits('3', '5'):
            facts.msg_type = value;
            break;
        case two_digits('4', '1'):
            facts.orig_cl_ord_id = value;
            break;
        case two_digits('4', '3'):
            facts.poss_dup = value == "Y";
            break;
        case two_digits('4', '9'):
            facts.sender = value;
            break;
        case two_digits('5', '6'):
            facts.target = value;
            break;
        case two_digits('5', '7'):
            facts.target_sub_id = value;
            break;
        default:
            break;
    }
}

// One pass, and a call for no field: this is on every message's way to the wire.
void scan_sent(std::string_view fields, sent_facts& facts) noexcept {
    constexpr std::ptrdiff_t tag_bytes = 3;  // with its '='
    const char* at = fields.data();
    const char* const last = at + fields.size();
    while (at != last) {
        const char* const end = xlator::find_delimiter(at, last);
        if (end - at >= tag_bytes && at[2] == '=') {
            take_fact(facts, two_digits(at[0], at[1]),
                      {at + tag_bytes, static_cast<std::size_t>(end - at - tag_bytes)});
        }
        at = end == last ? last : end + 1;
    }
}

sent_facts facts_of(const fix_out_log::message& sent) noexcept {
    sent_facts facts;
    if (sent.made != nullptr) {
        facts.msg_type = sent.made->msg_type;
        facts.sender = sent.made->sender;
        facts.target = sent.made->target;
    }
    scan_sent(sent.made != nullptr ? sent.made->body : sent.frame, facts);
    return facts;
}

// What a row says of the source record behind it.
void note_cause(fix_out_row& row, engine::row_envelope& envelope,
                const outbound_header& cause) noexcept {
    envelope.set_origin(cause.origin);
    envelope.correlation = cause.correlation;
    envelope.intended_ns = cause.intended_ns;
    if (cause.is_retried != 0) {
        envelope.flags |= engine::row_envelope::retried_flag;
    }
    row.committed_time = {cause.committed_ns};
    row.streamed_time = {cause.streamed_ns};
    row.translated_time = {cause.translated_ns};
}

void note_order(fix_message_columns& columns, const sent_facts& facts) noexcept {
    assign_cut(columns.cl_ord_id, facts.cl_ord_id);
    assign_cut(columns.orig_cl_ord_id, facts.orig_cl_ord_id);
    assign_cut(columns.internal_target, facts.target_sub_id);
}

void note_message(session_numbers& session, msg_seq_num number, std::string_view msg_type,
                  std::uint32_t frame_bytes, engine::timestamp time) noexcept {
    session.frame_bytes_high = std::max(session.frame_bytes_high, frame_bytes);
    session.logout_time = msg_type == "5" ? time : engine::timestamp{};
    session.last_logon = msg_type == "A" ? number : session.last_logon;
    if (!is_admin_type(msg_type)) {
        session.last_application = number;
    }
}

void note_jump(session_numbers& session, msg_seq_num to) noexcept {
    if (to > session.next_sender) {
        session.passed_over_from = session.next_sender;
        session.passed_over_to = to;
    } else {
        session.passed_over_from = session.passed_over_to = {};  // numbers come again
        session.last_application = std::min(session.last_application, msg_seq_num{to.value - 1});
    }
    session.next_sender = to;
}

}  // namespace

fix_out_log::fix_out_log(const std::filesystem::path& directory, const fix_log_options& options,
                         correlation_table& correlations)
    : options_(options), correlations_(&correlations) {
    engine::table_state* const state = this;  // the base is private: make_unique could not convert
    table_ = std::make_unique<engine::table_log>(directory, fix_out_schema(), options.table, state);
    lookup_ = std::make_unique<engine::record_lookup>(directory, table_->log().segment_bytes());
    load_correlations(options.correlation_lookback_segments);
}

session_numbers& fix_out_log::open_session(std::string_view name) {
    session_numbers& session = sessions_.at(name);
    static_cast<void>(index_of(session));
    if (session.generation == 0 &&
        append_reset(session, 1, engine::utc_now()) != engine::append_status::ok) {
        throw engine::error(table_->log().directory().native() +
                            ": cannot append the first record of session " + std::string(name));
    }
    return session;
}

// By its place in memory: names of a gateway's sessions are long, and differ near their ends.
fix_out_log::session_index& fix_out_log::places_of(const session_numbers& session) {
    for (session_index& known : indexes_) {
        if (known.session == &session) {
            return known;
        }
    }
    indexes_.push_back({&session, resend_index(options_.resend_index_capacity)});
    return indexes_.back();
}

bool fix_out_log::has_undurable(std::uint64_t records) noexcept {
    if (table_->is_synchronous()) {
        return false;
    }
    const std::uint64_t last = table_->log().last_sequence().value;
    if (last - known_durable_sequence_.value >= records) [[unlikely]] {
        known_durable_sequence_ = table_->log().durable_sequence();
    }
    return last - known_durable_sequence_.value >= records;
}

std::uint32_t fix_out_log::numbers_at_risk() const noexcept {
    return table_->is_synchronous()
               ? 0
               : static_cast<std::uint32_t>(options_.undurable_records_max + admin_reserve);
}

bool fix_out_log::has_room(std::size_t frame_bytes) noexcept {
    return detail::has_room_for_row<fix_out_row>(*table_, frame_bytes);
}

engine::append_result fix_out_log::append(const fix_out_row& row, std::string_view frame,
                                          const engine::row_envelope& envelope) noexcept {
    if (has_undurable(options_.undurable_records_max + admin_reserve)) [[unlikely]] {
        return {engine::append_status::back_pressured, {}, {}, {}};
    }
    // A Logon is never resent: nobody misses what is hidden.
    const bool is_logon = row.message.msg_type.view() == "A";
    return append_row(*table_, row, frame, envelope,
                      is_logon ? detail::kept_bytes::without_secrets : detail::kept_bytes::all,
                      &options_.secrets);
}

engine::append_status fix_out_log::append_message(session_numbers& session, const message& sent,
                                                  msg_seq_num next_target) noexcept {
    const sent_facts facts = facts_of(sent);
    fix_out_row row;
    set_numbers(row.message, session, sent.number.next(), next_target);
    row.message.msg_seq_num = sent.number.value;
    assign_cut(row.message.kind, is_admin_type(facts.msg_type) ? kind::admin : kind::application);
    assign_cut(row.message.msg_type, facts.msg_type);
    assign_cut(row.message.sender, facts.sender);
    assign_cut(row.message.target, facts.target);
    note_order(row.message, facts);
    row.message.size = static_cast<std::uint32_t>(sent.frame.size());
    row.message.poss_dup = facts.poss_dup ? 1 : 0;
    row.creation_time = session.creation_time;

    engine::row_envelope envelope = gateway_envelope();
    if (sent.cause != nullptr) {
        note_cause(row, envelope, *sent.cause);
    }
    const engine::append_result result = append(row, sent.frame, envelope);
    if (result.status != engine::append_status::ok) {
        return result.status;
    }
    // Only now: a roll on the way takes a snapshot, which must not know of a row behind it.
    session.next_sender = sent.number.next();
    session.next_target = next_target;
    session.is_fresh = false;
    note_message(session, sent.number, facts.msg_type, row.message.size, result.time);
    index_of(session).put(sent.number, result.at);
    if (sent.cause != nullptr && !facts.cl_ord_id.empty()) {
        correlations_->put(facts.cl_ord_id, sent.cause->correlation);
    }
    return engine::append_status::ok;
}

engine::append_status fix_out_log::append_reset(session_numbers& session, std::uint32_t generation,
                                                engine::timestamp began) noexcept {
    constexpr msg_seq_num first{1};
    fix_out_row row;
    set_numbers(row.message, session, first, first);
    row.message.generation = generation;
    assign_cut(row.message.kind, kind::reset);
    row.creation_time = began;
    const engine::append_result result = append(row, {}, gateway_envelope());
    if (result.status == engine::append_status::ok) {
        session.generation = generation;
        session.next_sender = first;
        session.next_target = first;
        session.creation_time = began;
        session.is_fresh = true;
        session.logout_time = {};
        session.last_application = {};
        session.passed_over_from = session.passed_over_to = {};
        forget_places(session);
    }
    return result.status;
}

// Keeps the record's origin, so that its route goes on behind it.
engine::append_status fix_out_log::append_unsent(const session_numbers& session,
                                                 const outbound_header& cause,
                                                 const unsent& said) noexcept {
    sent_facts facts;
    scan_sent(said.body, facts);
    fix_out_row row;
    set_numbers(row.message, session, session.next_sender, session.next_target);
    assign_cut(row.message.kind, said.kind);
    assign_cut(row.message.msg_type, {cause.msg_type, cause.msg_type_bytes});
    note_order(row.message, facts);
    row.message.size = static_cast<std::uint32_t>(said.body.size());
    assign_cut(row.reason, said.reason);
    row.creation_time = session.creation_time;
    engine::row_envelope envelope = gateway_envelope();
    note_cause(row, envelope, cause);
    return append(row, said.body, envelope).status;
}

engine::append_status fix_out_log::append_set(session_numbers& session, msg_seq_num next_sender,
                                              msg_seq_num next_target) noexcept {
    fix_out_row row;
    set_numbers(row.message, session, next_sender, next_target);
    assign_cut(row.message.kind, kind::set);
    row.creation_time = session.creation_time;
    const engine::append_result result = append(row, {}, gateway_envelope());
    if (result.status == engine::append_status::ok) {
        note_jump(session, next_sender);
        session.next_target = next_target;
        session.is_fresh = false;
        session.logout_time = {};
        forget_places(session);  // numbers may have holes now; older ones are found by search
    }
    return result.status;
}

std::size_t fix_out_log::snapshot_bytes() const noexcept {
    return sessions_.snapshot_bytes();
}

void fix_out_log::write_snapshot(std::span<std::byte>& room) const noexcept {
    sessions_.write_snapshot(room, engine::snapshot_section::sessions_out);
}

bool fix_out_log::read_snapshot(engine::snapshot_section kind, std::span<const std::byte> content) {
    return kind == engine::snapshot_section::sessions_out && sessions_.read_snapshot(content);
}

void fix_out_log::replay(engine::position at, engine::sequence, engine::timestamp time,
                         const engine::row_view& view) {
    const auto row = load_row<fix_out_row>(view);
    session_numbers& session = sessions_.at(row.message.session.view());
    const std::string_view kind = row.message.kind.view();
    if (kind == kind::withdrawn || kind == kind::resent || kind == kind::undelivered ||
        kind == kind::rejected) {
        return;  // moves no number
    }
    const bool is_set = kind == kind::set;
    session.generation = row.message.generation;
    if (is_set) {
        note_jump(session, {row.message.next_sender});
    }
    session.next_sender = {row.message.next_sender};
    session.next_target = {row.message.next_target};
    session.creation_time = row.creation_time;
    resend_index& index = index_of(session);
    const bool is_message = row.message.msg_seq_num != 0;
    session.is_fresh = kind == kind::reset;
    if (is_message) {
        index.put({row.message.msg_seq_num}, at);
        note_message(session, {row.message.msg_seq_num}, row.message.msg_type.view(),
                     row.message.size, time);
        return;
    }
    index.clear();
    session.logout_time = {};
    if (session.is_fresh) {
        session.last_application = {};
        session.passed_over_from = session.passed_over_to = {};
    }
}

}  // namespace millrace::gateway
