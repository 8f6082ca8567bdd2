// FIX_OUT read back: for resends, and to know recent orders again.
#include <algorithm>

#include "engine/log/read_to_end.hpp"
#include "gateway/quickfix/utc_timestamp.hpp"
#include "gateway/session/fix_log.hpp"
#include "gateway/session/fix_log_rows.hpp"
#include "gateway/session/frame_text.hpp"

namespace millrace::gateway {

using detail::load_row;

namespace {

bool is_of(const fix_out_row& row, const session_numbers& session) noexcept {
    return row.message.session.view() == session.name &&
           row.message.generation == session.generation;
}

}  // namespace

// Reads the newest segments once more for the orders in them: reports may come long after a
// restart.
void fix_out_log::load_correlations(std::size_t segments) {
    detail::visit_newest(*table_, segments, [this](const engine::row_view& view) {
        const auto row = load_row<fix_out_row>(view);
        if (view.envelope().has_origin() && !row.message.cl_ord_id.is_empty()) {
            correlations_->put(row.message.cl_ord_id.view(), view.envelope().correlation);
        }
    });
}

// The newest segment from which a forward reading meets every message from `begin` on.
std::uint64_t fix_out_log::segment_before(const session_numbers& session, msg_seq_num begin) const {
    const std::filesystem::path& directory = table_->log().directory();
    const auto segments = engine::list_segments(directory);
    for (auto it = segments.rbegin(); it != segments.rend(); ++it) {
        const engine::segment segment =
            engine::segment::open(directory, *it, engine::access::read_only);
        engine::segment_cursor cursor(segment);
        engine::record_view record;
        while (cursor.next(record) == engine::damage_kind::none && record.payload != nullptr) {
            if (record.is_control()) {
                continue;
            }
            const auto row =
                load_row<fix_out_row>(engine::row_view(table_->schema(), record.bytes()));
            if (!is_of(row, session)) {
                continue;
            }
            // The first number that can stand from here on; a set may have moved it either way.
            const std::uint32_t lowest =
                row.message.msg_seq_num != 0 ? row.message.msg_seq_num : row.message.next_sender;
            if (row.message.kind.view() == kind::reset || lowest <= begin.value) {
                return *it;
            }
            break;  // this segment begins behind what is wanted
        }
    }
    return segments.front();
}

std::span<const fix_out_log::found_message> fix_out_log::found_run::between(
    msg_seq_num first, msg_seq_num last) const noexcept {
    const auto is_below = [](const found_message& one, std::uint32_t number) {
        return one.number < number;
    };
    const auto from = std::lower_bound(messages.begin(), messages.end(), first.value, is_below);
    return {from, std::lower_bound(from, messages.end(), last.value + 1, is_below)};
}

void fix_out_log::forget_places(const session_numbers& session) noexcept {
    session_index& places = places_of(session);
    places.index.clear();
    places.found.begin = {};
}

// A reading of the log serves many slices of a long resend.
const fix_out_log::found_run& fix_out_log::find_run(const session_numbers& session,
                                                    msg_seq_num number) {
    found_run& found = places_of(session).found;
    if (found.begin.is_none() || number < found.begin || number > found.end) {
        found.begin = {};
        find_messages(session, number, found);
        found.begin = number;
    }
    return found;
}

// For messages older than the index: reads the log forward. Slow, and rare.
void fix_out_log::find_messages(const session_numbers& session, msg_seq_num begin,
                                found_run& into) {
    std::vector<found_message>& found = into.messages;
    found.clear();
    ++search_count_;
    bool is_cut = false;  // there are more
    const std::uint64_t first = segment_before(session, begin);
    engine::log_reader reader(
        table_->log().directory(),
        engine::read_from::at_position({first * table_->log().segment_bytes()}));
    engine::read_to_end reading(reader, table_->log().end());
    engine::record_view record;
    while (reading.next(record)) {
        const auto row = load_row<fix_out_row>(engine::row_view(table_->schema(), record.bytes()));
        if (!is_of(row, session)) {
            continue;
        }
        const std::uint32_t number = row.message.msg_seq_num;
        // Numbers that were set back count again: the newest message of a number is the one.
        while (!found.empty() &&
               found.back().number >= (number != 0 ? number : row.message.next_sender)) {
            found.pop_back();
            is_cut = false;
        }
        if (number >= begin.value && found.size() < options_.found_messages_max) {
            found.push_back({number, row.message.kind.view() == kind::application, record.at});
        } else {
            is_cut = is_cut || number >= begin.value;
        }
    }
    into.end = {is_cut ? found.back().number : session.next_sender.value - 1};
}

// None: there is no application message from there on.
msg_seq_num fix_out_log::next_application(const session_numbers& session, msg_seq_num from,
                                          msg_seq_num end) {
    const resend_index& index = index_of(session);
    end = std::min(end, msg_seq_num{session.next_sender.value - 1});
    while (from <= end) {
        if (from >= session.passed_over_from && from < session.passed_over_to) {
            from = session.passed_over_to;
            continue;
        }
        if (!index.has(from)) {
            // Behind the numbers that were passed over the index knows what there is.
            const bool is_before = from < session.passed_over_from;
            const msg_seq_num last = is_before ? std::min(end, session.passed_over_from) : end;
            const found_run& run = find_run(session, from);
            for (const found_message& one : run.between(from, last)) {
                if (one.is_application) {
                    return {one.number};
                }
            }
            from = std::min(last, run.end).next();
            continue;
        }
        if (is_application(index.at(from))) {
            return from;
        }
        from = from.next();
    }
    return {};
}

bool fix_out_log::is_application(engine::position at) noexcept {
    engine::record_view record;
    return lookup_->read(at, record) &&
           load_row<fix_out_row>(engine::row_view(table_->schema(), record.bytes()))
                   .message.kind.view() == kind::application;
}

msg_seq_num fix_out_log::gap_end(const session_numbers& session, msg_seq_num number,
                                 msg_seq_num end) noexcept {
    if (number >= end) {
        return number;
    }
    try {
        const msg_seq_num next = next_application(session, number.next(), end);
        return next.is_none() ? end : msg_seq_num{next.value - 1};
    } catch (const std::exception&) {
        return number;
    }
}

// Retention took the segment, and not a fault.
bool fix_out_log::is_removed(engine::position at) const noexcept {
    try {
        const auto segments = engine::list_segments(table_->log().directory());
        return !segments.empty() && at.value / table_->log().segment_bytes() < segments.front();
    } catch (const std::exception&) {
        return false;
    }
}

bool fix_out_log::read_one(msg_seq_num number, engine::position at, resend_sink& sink) {
    engine::record_view record;
    if (!lookup_->read(at, record)) {
        ++removed_count_;
        return is_removed(at);  // the session library fills the gap
    }
    read_.push_back({number, at});
    const std::string_view wire =
        detail::wire_of(engine::row_view(table_->schema(), record.bytes()));
    sink.on_message(wire.data(), wire.size());
    return true;
}

bool fix_out_log::read_messages(const session_numbers& session, msg_seq_num begin, msg_seq_num end,
                                resend_sink& sink) noexcept {
    read_.clear();
    removed_count_ = 0;
    const msg_seq_num gap_from = session.passed_over_from;
    const msg_seq_num gap_to = session.passed_over_to;
    if (end < gap_from || begin >= gap_to) {
        return read_run(session, begin, end, sink);
    }
    return (begin >= gap_from || read_run(session, begin, {gap_from.value - 1}, sink)) &&
           (end < gap_to || read_run(session, gap_to, end, sink));
}

bool fix_out_log::read_run(const session_numbers& session, msg_seq_num begin, msg_seq_num end,
                           resend_sink& sink) noexcept {
    try {
        const resend_index& index = index_of(session);
        end = std::min(end, msg_seq_num{session.next_sender.value - 1});
        if (!index.has(begin) || !index.has(end)) {
            while (begin <= end) {
                const found_run& run = find_run(session, begin);
                for (const found_message& one : run.between(begin, end)) {
                    if (!read_one({one.number}, one.at, sink)) {
                        return false;
                    }
                }
                begin = run.end.next();
            }
            return true;
        }
        for (msg_seq_num number = begin; number <= end; number = number.next()) {
            if (!read_one(number, index.at(number), sink)) {
                return false;
            }
        }
        return true;
    } catch (const std::exception&) {
        return false;
    }
}

bool fix_out_log::find_read(msg_seq_num number, engine::record_view& record) noexcept {
    const auto found = std::lower_bound(
        read_.begin(), read_.end(), number,
        [](const read_message& one, msg_seq_num wanted) { return one.number < wanted; });
    return found != read_.end() && found->number == number && lookup_->read(found->at, record);
}

// One that was imported is older than its record: its SendingTime says how old.
engine::timestamp fix_out_log::time_of_read(msg_seq_num number) noexcept {
    constexpr std::uint32_t sending_time = 52;
    engine::record_view record;
    if (!find_read(number, record)) {
        return {};
    }
    const auto sent = find_field(
        detail::wire_of(engine::row_view(table_->schema(), record.bytes())), sending_time);
    std::int64_t sent_ns = 0;
    return sent && parse_utc_timestamp(sent->data(), sent->size(), sent_ns)
               ? std::min(record.time, engine::timestamp{sent_ns})
               : record.time;
}

bool fix_out_log::append_again(const session_numbers& session, const again& said) noexcept {
    engine::record_view record;
    if (!find_read(said.number, record)) {
        return false;
    }
    const engine::row_view view(table_->schema(), record.bytes());
    const auto original = load_row<fix_out_row>(view);
    fix_out_row row;
    row.message = original.message;
    row.message.msg_seq_num = 0;
    detail::set_numbers(row.message, session, session.next_sender, session.next_target);
    detail::assign_cut(row.message.kind, said.kind);
    row.message.size = static_cast<std::uint32_t>(said.frame.size());
    row.message.poss_dup = said.frame.empty() ? 0 : 1;
    row.ref_seq_num = said.number.value;
    detail::assign_cut(row.reason, said.reason);
    row.creation_time = original.creation_time;
    // No times of the source record: they would be those of another hop.
    engine::row_envelope envelope = detail::gateway_envelope();
    envelope.correlation = view.envelope().correlation;
    return append(row, said.frame, envelope).status == engine::append_status::ok;
}

}  // namespace millrace::gateway
