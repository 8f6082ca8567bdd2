#include "gateway/pipeline/route.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "engine/core/assert.hpp"
#include "engine/core/clock.hpp"
#include "gateway/pipeline/map_rows.hpp"

namespace millrace::gateway {

namespace {

// Room claimed for a message at first; the few that need more are translated a second time.
constexpr std::size_t usual_message_bytes = 2048;

}  // namespace

route::route(const route_config& config, destination to, const engine::row_schema& source_schema,
             const engine::log_uuid& source, engine::sequence resume_after, reject_log* rejects,
             event_ring& events, std::vector<engine::sequence> parked,
             const engine::row_fields* fields)
    : config_(config),
      to_(std::move(to)),
      source_(source),
      id_(engine::route_id(config.name)),
      where_(engine::predicate::of(config.where, source_schema, fields)),
      highest_(resume_after),
      rejects_(rejects),
      events_(&events),
      parked_(std::move(parked)) {
    const session_sink* const session = std::get_if<session_sink>(&to_);
    MILLRACE_ASSERT(session == nullptr || session->link->ring.payload_size_max() >=
                                              sizeof(outbound_header) + session->message_bytes_max,
                    "the outbound ring must take the largest message with its header");
}

bool route::was_parked(engine::sequence seq) noexcept {
    while (next_parked_ < parked_.size() && parked_[next_parked_] < seq) {
        ++next_parked_;
    }
    return next_parked_ < parked_.size() && parked_[next_parked_] == seq;
}

offer_status route::offer(const engine::stream_slot& record, const engine::row_view& row) noexcept {
    if (is_halted_) [[unlikely]] {
        return offer_status::halted;
    }
    if (record.seq <= highest_) {
        return offer_status::accepted;  // taken before the client stopped at it, or before a
                                        // restart
    }
    // A loss of power must not take the parked record and leave a later one that was delivered: the
    // route would go on behind both.
    if (parked_end_ != engine::position{}) [[unlikely]] {
        if (!rejects_->is_durable(parked_end_)) {
            counters.back_pressured.add(1);
            return offer_status::back_pressured;
        }
        parked_end_ = {};
    }
    if (record.seq == unparked_) [[unlikely]] {
        return fail(failure_policy::park, record, row);  // nobody is asked about it twice
    }
    if (!config_.operations.has(row.operation()) ||
        !where_.evaluate(row, {record.log_id, record.seq.value}) || was_parked(record.seq)) {
        counters.passed_over.add(1);
        highest_ = record.seq;
        return offer_status::accepted;
    }
    session_sink* const session = std::get_if<session_sink>(&to_);
    const delivery_status status = session != nullptr
                                       ? deliver(*session, record, row)
                                       : deliver(std::get<local_sink>(to_), record, row);
    switch (status) {
        case delivery_status::done:
            counters.delivered.add(1);
            break;
        case delivery_status::passed_over:
            counters.passed_over.add(1);
            break;
        case delivery_status::back_pressured:
            counters.back_pressured.add(1);
            return offer_status::back_pressured;
        case delivery_status::refused:
            halt(record, "the session refused a message of this route");
            return offer_status::halted;
        case delivery_status::untranslatable:
            return fail(config_.on_parsing_error, record, row);
        case delivery_status::nacked:
            return fail(config_.on_nack, record, row);
    }
    return done_with(record);
}

offer_status route::done_with(const engine::stream_slot& record) noexcept {
    highest_ = record.seq;
    counters.highest.set(record.seq.value);
    return offer_status::accepted;
}

offer_status route::fail(failure_policy policy, const engine::stream_slot& record,
                         const engine::row_view& row) noexcept {
    if (policy == failure_policy::drop) {
        tell(policy, record, row, reason_);
        counters.dropped.add(1);
        say("dropped", record);
        return done_with(record);
    }
    if (policy == failure_policy::halt || rejects_ == nullptr) {
        tell(failure_policy::halt, record, row, reason_);
        halt(record, reason_);
        return offer_status::halted;
    }
    const engine::append_status parked = rejects_->park(config_.name, source_, record, reason_);
    if (parked == engine::append_status::too_large) {
        tell(failure_policy::halt, record, row, "too large for the reject log");
        halt(record, "too large for the reject log: " + std::string(reason_));
        return offer_status::halted;
    }
    if (parked != engine::append_status::ok) {
        unparked_ = record.seq;  // no room to keep it: it stays where it is
        counters.back_pressured.add(1);
        return offer_status::back_pressured;
    }
    parked_end_ = rejects_->log().end();
    rejects_->request_sync();
    counters.parked.add(1);
    tell(policy, record, row, reason_);
    say("parked", record);
    return done_with(record);
}

void route::tell(failure_policy policy, const engine::stream_slot& record,
                 const engine::row_view& row, std::string_view reason) const noexcept {
    if (hook_.call == nullptr) {
        return;
    }
    const auto wire = row.trailing();
    hook_.call(hook_.context, {config_.name,
                               record.at,
                               record.seq,
                               row,
                               {reinterpret_cast<const char*>(wire.data()), wire.size()},
                               reason,
                               policy});
}

void route::say(const char* what, const engine::stream_slot& record) noexcept {
    char text[400];
    std::snprintf(text, sizeof text, "%s sequence %llu (position %llu): %s", what,
                  static_cast<unsigned long long>(record.seq.value),
                  static_cast<unsigned long long>(record.at.value), reason_);
    events_->say(event_level::warning, config_.name, text);
}

void route::halt(const engine::stream_slot& record, std::string_view reason) noexcept {
    is_halted_ = true;
    char text[400];
    std::snprintf(text, sizeof text, "halted(%.*s, position %llu)", static_cast<int>(reason.size()),
                  reason.data(), static_cast<unsigned long long>(record.at.value));
    std::snprintf(halt_reason_, sizeof halt_reason_, "position %llu: %.*s",
                  static_cast<unsigned long long>(record.at.value), static_cast<int>(reason.size()),
                  reason.data());
    counters.state.set(text);
    counters.halted.set(1);
    events_->say(event_level::error, config_.name, text);
}

void route::set_reason(std::string_view what, int tag, int column,
                       const engine::row_schema* columns) noexcept {
    int size =
        std::snprintf(reason_, sizeof reason_, "%.*s", static_cast<int>(what.size()), what.data());
    const auto append = [&](const char* format, auto... values) {
        const auto at = std::min<std::size_t>(static_cast<std::size_t>(size), sizeof reason_ - 1);
        size += std::snprintf(reason_ + at, sizeof reason_ - at, format, values...);
    };
    if (tag != 0) {
        append(": tag %d", tag);
    }
    if (columns != nullptr && column >= 0 &&
        static_cast<std::size_t>(column) < columns->column_count()) {
        append("%s column %s", tag != 0 ? "," : ":",
               columns->column(static_cast<std::size_t>(column)).name.c_str());
    }
}

// A record without one begins the chain itself.
engine::correlation route::correlation_of(const engine::row_envelope& envelope,
                                          const engine::stream_slot& record) noexcept {
    if (envelope.correlation == engine::correlation{}) {
        return {record.log_id, record.seq.value};
    }
    return envelope.correlation;
}

delivery_status route::deliver(session_sink& to, const engine::stream_slot& record,
                               const engine::row_view& row) noexcept {
    // acquire: pairs with fix_session.cpp: halt_route
    if (to.link->is_halted.load(std::memory_order_acquire)) [[unlikely]] {
        return delivery_status::refused;  // what still waits in the ring is in the log too
    }
    outbound_header header;
    xlator::map_result result;
    for (std::size_t room = std::min(usual_message_bytes, to.message_bytes_max);;
         room = to.message_bytes_max) {
        auto claim = to.link->ring.try_claim(outbound_message_type, sizeof header + room);
        if (!claim) {
            return delivery_status::back_pressured;
        }
        const std::span<std::byte> payload = claim.payload();
        const std::span<char> body(reinterpret_cast<char*>(payload.data()) + sizeof header, room);
        std::string_view reason;
        std::string_view type;
        bool is_checked = to.is_of_session;
        if (const auto* const made = std::get_if<xlator::outbound_map>(&to.map)) {
            result =
                made->encode(map_row(row), {{engine::utc_now().ns, 3}, record.seq.value}, body);
            type = made->msg_type();
        } else {
            const message_pass::outcome passed =
                std::get<message_pass>(to.map).translate(map_row(row), body);
            result = passed.mapped;
            reason = passed.reason;
            type = passed.msg_type;
            is_checked = is_checked && !passed.is_poss_resend;
        }
        if (result.is_ok()) {
            const engine::row_envelope envelope = row.envelope();
            header.origin = {id_, source_, record.seq.value};
            header.correlation = correlation_of(envelope, record);
            header.intended_ns = envelope.intended_ns;
            header.committed_ns = record.time.ns;
            header.streamed_ns = record.streamed_ns;
            header.translated_ns = engine::utc_now().ns;
            header.body_bytes = static_cast<std::uint32_t>(result.size);
            header.body_sum = static_cast<std::uint8_t>(result.byte_sum);
            header.is_checked = is_checked ? 1 : 0;
            std::memcpy(header.msg_type, type.data(), type.size());
            header.msg_type_bytes = static_cast<std::uint8_t>(type.size());
            std::memcpy(payload.data(), &header, sizeof header);
            claim.commit(sizeof header + result.size);
            return delivery_status::done;
        }
        if (result.status != xlator::map_status::overflow || room == to.message_bytes_max) {
            set_reason(reason.empty() ? xlator::describe(result.status) : reason, result.tag,
                       result.column, &row.schema());
            return delivery_status::untranslatable;
        }
    }
}

delivery_status route::make_row(local_sink& to, const engine::stream_slot& record,
                                const engine::row_view& source,
                                std::span<std::byte>& payload) noexcept {
    if (to.table == nullptr) {
        return delivery_status::done;
    }
    if (std::holds_alternative<std::monostate>(to.map)) {
        if (source.payload().size() > to.row.size()) {  // its log has larger segments than ours
            set_reason("the row is larger than its table takes", 0, -1, nullptr);
            return delivery_status::untranslatable;
        }
        // Without a map the row goes on as it is: both tables have the same columns.
        std::copy(source.payload().begin(), source.payload().end(), to.row.begin());
        payload = std::span(to.row).first(source.payload().size());
        return delivery_status::done;
    }
    const xlator::record_facts facts{{engine::utc_now().ns, 3}, record.seq.value};
    engine::row_builder builder(to.table->schema(), to.row);
    std::string_view reason;
    int tag = 0;
    int column = -1;
    if (auto* const map = std::get_if<inbound_map>(&to.map)) {
        const auto wire = source.trailing();
        const std::string_view frame(reinterpret_cast<const char*>(wire.data()), wire.size());
        const inbound_result result = map->decode(frame, facts, builder);
        if (result.status == inbound_status::wrong_message) {
            return delivery_status::passed_over;
        }
        reason = result.reason;
        tag = result.tag;
        column = result.column;
    } else {
        map_row_sink sink(builder);
        const xlator::map_result result =
            std::get<xlator::row_map>(to.map).convert(map_row(source), facts, sink);
        reason = result.is_ok() ? std::string_view() : xlator::describe(result.status);
        column = result.column;
    }
    const auto finished = builder.finish();
    if (reason.empty() && finished.status != engine::row_status::ok) {
        reason = engine::to_string(finished.status);
    }
    if (!reason.empty()) {
        set_reason(reason, tag, column, &to.table->schema());
        return delivery_status::untranslatable;
    }
    payload = std::span(to.row).first(finished.size);
    return delivery_status::done;
}

delivery_status route::deliver(local_sink& to, const engine::stream_slot& record,
                               const engine::row_view& source) noexcept {
    std::span<std::byte> payload;
    if (const delivery_status made = make_row(to, record, source, payload);
        made != delivery_status::done) {
        return made;
    }
    bool writes = to.table != nullptr;
    if (to.handler.call != nullptr) {
        const engine::row_view row =
            payload.empty() ? source : engine::row_view(to.table->schema(), payload);
        const delivery_status status = call_handler(to, record, source, row, writes);
        if (status != delivery_status::done) {
            return status;
        }
    }
    if (writes) {
        const delivery_status status = write_row(to, record, source, payload);
        if (status != delivery_status::done) {
            return status;
        }
    }
    if (to.progress != nullptr) {
        to.progress->update(record.seq);
    }
    return delivery_status::done;
}

delivery_status route::call_handler(local_sink& to, const engine::stream_slot& record,
                                    const engine::row_view& source, const engine::row_view& row,
                                    bool& writes) noexcept {
    if (to.acknowledged == record.seq) {
        return delivery_status::done;  // it has seen this one; only the row had found no room
    }
    const auto wire = source.trailing();
    const event happened{config_.name,
                         record.at,
                         record.seq,
                         record.time,
                         source,
                         row,
                         {reinterpret_cast<const char*>(wire.data()), wire.size()},
                         record.seq <= to.redelivered_until || may_repeat(to, record, source)};
    const std::int64_t begin_ns = engine::monotonic_now_ns();
    const answer given = to.handler.call(to.handler.context, happened);
    counters.longest_handler_ns.raise_to(
        static_cast<std::uint64_t>(engine::monotonic_now_ns() - begin_ns));
    if (given == answer::nack) {
        set_reason("the event handler refused it", 0, -1, nullptr);
        return delivery_status::nacked;
    }
    if (stamps_ != nullptr) {
        stamps_->put(stage::handled, source_, record.seq, engine::utc_now().ns);
    }
    writes = writes && given == answer::ack;
    if (writes) {
        to.acknowledged = record.seq;
    }
    return delivery_status::done;
}

delivery_status route::write_row(local_sink& to, const engine::stream_slot& record,
                                 const engine::row_view& source,
                                 std::span<std::byte> payload) noexcept {
    const engine::row_envelope cause = source.envelope();
    engine::row_envelope envelope;
    // A message inserts; a row is inserted, modified or deleted as its source was.
    envelope.operation =
        std::holds_alternative<inbound_map>(to.map) ? engine::operation::insert : cause.operation;
    envelope.event = to.event_name;
    envelope.user = cause.user;
    envelope.correlation = correlation_of(cause, record);
    envelope.intended_ns = cause.intended_ns;
    envelope.set_origin({id_, source_, record.seq.value});
    if (may_repeat(to, record, source)) {
        envelope.flags |= engine::row_envelope::redelivered_flag;
    }
    std::memcpy(payload.data(), &envelope, sizeof envelope);
    const engine::append_result result = to.table->try_append(payload);
    if (result.status == engine::append_status::ok) {
        return delivery_status::done;
    }
    if (result.status == engine::append_status::too_large) {
        set_reason(engine::describe(result.status), 0, -1, nullptr);
        return delivery_status::untranslatable;
    }
    return delivery_status::back_pressured;
}

}  // namespace millrace::gateway
