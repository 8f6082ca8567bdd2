// Messages of routes on their way to the wire.
#include <cstdio>
#include <cstring>
#include <new>
#include <utility>

#include "engine/core/clock.hpp"
#include "gateway/session/fix_session.hpp"

namespace millrace::gateway {

namespace {

constexpr std::int64_t store_retry_ns = 500'000'000;
constexpr std::int64_t sync_request_interval_ns = 100'000;
// Header and trailer around a body.
constexpr std::size_t frame_bytes_added_max = 512;

}  // namespace

int fix_session::poll_routes(std::int64_t now_ns) noexcept {
    if (!is_logged_on_ || is_killed_ || is_stopping_ || !is_logon_time_ ||
        settlement_.is_running() || resend_.is_running() || link_.pending_bytes() > 0 ||
        gate_.is_filling() || now_ns < no_send_before_ns_) {
        return 0;
    }
    int sent = 0;
    for (std::size_t i = 0; i < routes_.size() && !wants_disconnect_; ++i) {
        outbound_route& route = routes_[(next_route_ + i) % routes_.size()];
        if (route.is_halted) {
            continue;
        }
        sent += static_cast<int>(route.link->ring.poll(
            [&](std::uint32_t, std::span<const std::byte> payload) {
                return send_one(route, payload);
            },
            options_.messages_per_turn));
    }
    send_batched();
    if (wants_disconnect_) {
        end_link(close_reason::local, now_ns);
    }
    next_route_ = routes_.empty() ? 0 : (next_route_ + 1) % routes_.size();
    if (sent > 0) {
        counters.next_sender.set(ledger_.next_sender().value);
    }
    return sent;
}

engine::poll_action fix_session::send_one(outbound_route& route,
                                          std::span<const std::byte> payload) noexcept {
    if (!is_logged_on_ || wants_disconnect_ || link_.pending_bytes() > 0 || gate_.is_filling() ||
        is_disk_behind()) {
        return engine::poll_action::stop;
    }
    outbound_header header;
    std::memcpy(&header, payload.data(), sizeof header);
    if (!is_new(route, header)) {
        return engine::poll_action::consumed;
    }
    // What is numbered must be stored. With no segment ready it waits for the next turn, without a
    // number.
    if (!out_->has_room(header.body_bytes + frame_bytes_added_max)) [[unlikely]] {
        return engine::poll_action::stop;
    }
    bool is_poss_resend = false;
    if (route.doubt != nullptr && header.is_retried == 0) [[unlikely]] {
        const route_doubt::answer answer = judge_doubt(route, header);
        if (answer == route_doubt::answer::hold) {
            return engine::poll_action::stop;
        }
        if (answer == route_doubt::answer::withdraw) {
            return withdraw(route, header) ? engine::poll_action::consumed
                                           : engine::poll_action::stop;
        }
        is_poss_resend = answer == route_doubt::answer::possresend;
    }
    const std::string_view body(reinterpret_cast<const char*>(payload.data()) + sizeof header,
                                header.body_bytes);
    // What is in doubt is for the doubt to decide.
    if (route.doubt == nullptr && is_held_too_long(route, header)) [[unlikely]] {
        return leave_unsent(route, header, {kind::undelivered, "held too long", body})
                   ? engine::poll_action::consumed
                   : engine::poll_action::stop;
    }
    if (throttle_.is_limited() && !throttle_.may_take(now_ns_)) [[unlikely]] {
        return be_throttled(route, header, body);
    }
    return conclude_send(route, header, send_body(route, header, body, is_poss_resend),
                         is_poss_resend);
}

// A parked record's second attempt keeps its origin, marked; anything else must be new.
bool fix_session::is_new(const outbound_route& route, const outbound_header& header) noexcept {
    if (header.is_retried == 0 &&
        header.origin.sequence <= out_->table().origins().highest(route.id).value) {
        counters.duplicate_origins.add(1);
        return false;
    }
    return true;
}

engine::poll_action fix_session::conclude_send(outbound_route& route, const outbound_header& header,
                                               send_status status, bool is_poss_resend) noexcept {
    switch (status) {
        case send_status::sent:
            counters.messages_out.add(1);
            if (throttle_.is_limited()) [[unlikely]] {
                throttle_.take(now_ns_);
                is_throttled_ = false;
            }
            if (route.doubt != nullptr && header.is_retried == 0) [[unlikely]] {
                route.doubt->pass();
                counters.poss_resent.add(is_poss_resend ? 1 : 0);
            }
            if (no_send_before_ns_ != 0) [[unlikely]] {
                no_send_before_ns_ = 0;
                publish_state();
            }
            measure(header);
            return engine::poll_action::consumed;
        case send_status::invalid:
        case send_status::withheld:
            halt_route(route, header);
            return engine::poll_action::stop;
        case send_status::not_logged_on:
            return engine::poll_action::stop;  // nothing was numbered: it waits here
        case send_status::store_failed:
            if (no_send_before_ns_ == 0) {
                events_->say(event_level::error, name(),
                             "FIX_OUT refuses messages (no space?); routes wait and try again");
                counters.state.set("halted(FIX_OUT refuses messages)");
            }
            no_send_before_ns_ = now_ns_ + store_retry_ns;
            return engine::poll_action::stop;
    }
    return engine::poll_action::stop;
}

// A message that has the routing tag keeps its own value.
std::string_view fix_session::with_marks(const outbound_route& route, std::string_view body,
                                         bool is_poss_resend) {
    const std::string_view routing = route.routing;
    const std::string_view mark = routing.substr(0, routing.find('=') + 1);
    bool has_routing = routing.empty() || body.starts_with(mark);
    for (std::size_t at = body.find(mark); !has_routing && at != std::string_view::npos;
         at = body.find(mark, at + 1)) {
        has_routing = at > 0 && body[at - 1] == '\x01';
    }
    if (is_poss_resend && !body.starts_with(poss_resend_mark)) {
        marked_body_.assign(poss_resend_mark);
    } else {
        marked_body_.clear();
    }
    if (!has_routing && route.is_routing_in_header) {
        marked_body_.append(routing);
    }
    marked_body_.append(body);
    if (!has_routing && !route.is_routing_in_header) {
        marked_body_.append(routing);
    }
    return marked_body_;
}

send_status fix_session::send_body(const outbound_route& route, const outbound_header& header,
                                   std::string_view body, bool is_poss_resend) noexcept {
    if (sends_fast(route) && !is_poss_resend) [[likely]] {
        if (const std::optional<send_status> sent = send_fast(route, header, body)) {
            return *sent;
        }
    }
    if (is_poss_resend || !route.routing.empty()) {
        try {
            body = with_marks(route, body, is_poss_resend);
        } catch (const std::bad_alloc&) {
            return send_status::not_logged_on;  // nothing was numbered: it is tried again
        }
    }
    ledger_.begin_send(header, route.link->gate);
    const send_status status =
        port_->send_app(header.msg_type, header.msg_type_bytes, body.data(), body.size());
    ledger_.end_send();
    return status;
}

// Nothing: QuickFIX's.
std::optional<send_status> fix_session::send_fast(const outbound_route& route,
                                                  const outbound_header& header,
                                                  std::string_view body) noexcept {
    if (!port_->is_ordinary()) {
        return std::nullopt;
    }
    const std::int64_t utc_ns = engine::utc_now().ns;
    const msg_seq_num number = ledger_.next_sender();
    std::string_view frame = lane_->make(batch_.room(), header, body, number, utc_ns);
    if (frame.empty() && !batch_.is_empty()) {
        send_batched();
        frame = lane_->make(batch_.room(), header, body, number, utc_ns);
    }
    if (frame.empty()) {
        return std::nullopt;
    }
    const fix_out_log::made_frame made{
        {header.msg_type, header.msg_type_bytes}, spec_.sender, spec_.target, body};
    ledger_.begin_send(header, route.link->gate, &made);
    const bool is_stored =
        ledger_.set(number, frame.data(), frame.size()) && ledger_.incr_next_sender();
    ledger_.end_send();
    if (!is_stored) {
        return send_status::store_failed;
    }
    port_->note_sent(utc_ns);
    counters.fast_out.add(1);
    if (!gate_.is_empty() || !ledger_.may_send()) [[unlikely]] {
        static_cast<void>(send(frame.data(), frame.size()));
    } else {
        batch_.add(frame.size());
    }
    return send_status::sent;
}

// All that waits in one system call.
void fix_session::send_batched() noexcept {
    if (batch_.is_empty()) {
        return;
    }
    const std::string_view bytes = batch_.bytes();
    if (link_.send(bytes.data(), bytes.size(), now_ns_) == send_state::closed) {
        wants_disconnect_ = true;
    }
    const std::int64_t sent_ns = engine::utc_now().ns;
    for (const send_batch::sent_record& one : batch_.records()) {
        note_sent(one.record, one.begin_ns, sent_ns);
    }
    batch_.clear();
}

void fix_session::measure(const outbound_header& header) noexcept {
    const std::int64_t begin_ns =
        header.intended_ns != 0 ? header.intended_ns : header.committed_ns;
    const std::int64_t measured_ns = begin_ns >= measured_from_ns_ ? begin_ns : 0;
    const engine::sequence record = out_->table().log().last_sequence();
    if (!gate_.is_empty()) [[unlikely]] {
        gate_.note(record, measured_ns);
    } else if (!batch_.is_empty()) [[likely]] {
        batch_.note(record, measured_ns);
    } else if (is_measured(measured_ns)) {
        note_sent(record, measured_ns, engine::utc_now().ns);
    }
}

void fix_session::note_sent(engine::sequence record, std::int64_t begin_ns,
                            std::int64_t sent_ns) noexcept {
    if (stamps_ != nullptr) {
        stamps_->put(stage::sent, out_->table().log().uuid(), record, sent_ns);
    }
    if (begin_ns != 0) {
        record_to_wire_.record(sent_ns - begin_ns);
    }
}

// What has waited for the disk goes on its way, as far as the disk has come.
void fix_session::release_gated(std::int64_t now_ns) noexcept {
    const engine::position durable = out_->table().log().durable_position();
    const bool is_received_durable = ledger_.is_received_durable();
    while (is_received_durable && link_.is_open() && link_.pending_bytes() == 0) {
        const wire_gate::released_frame frame = gate_.take(durable);
        if (frame.bytes.empty()) {
            break;
        }
        if (link_.send(frame.bytes.data(), frame.bytes.size(), now_ns) == send_state::closed) {
            end_link(link_.reason(), now_ns);
            break;
        }
        if (!frame.record.is_none() && is_measured(frame.begin_ns)) {
            note_sent(frame.record, frame.begin_ns, engine::utc_now().ns);
        }
    }
    if (!gate_.is_empty()) {
        request_sync(now_ns);
    }
    counters.gated_bytes.set(gate_.held_bytes());
}

bool fix_session::is_disk_behind() noexcept {
    if (!out_->is_far_ahead_of_disk()) [[likely]] {
        is_disk_behind_ = false;
        return false;
    }
    if (!std::exchange(is_disk_behind_, true)) {
        counters.disk_waits.add(1);
    }
    request_sync(now_ns_);
    return true;
}

// One system call; the disk is asked again only when it has had time to answer.
void fix_session::request_sync(std::int64_t now_ns) noexcept {
    if (now_ns >= next_sync_request_ns_) {
        next_sync_request_ns_ = now_ns + sync_request_interval_ns;
        ledger_.request_sync();
    }
}

void fix_session::halt_route(outbound_route& route, const outbound_header& header) noexcept {
    route.is_halted = true;
    route.link->is_halted.store(true, std::memory_order_release);  // pairs with route.cpp: deliver
    counters.halted_routes.add(1);
    char text[512];
    std::snprintf(
        text, sizeof text,
        "route %s halted at source sequence %llu: the session's dictionary refuses the message: "
        "%s",
        route.name.c_str(), static_cast<unsigned long long>(header.origin.sequence),
        port_->last_text());
    events_->say(event_level::error, name(), text);
}

}  // namespace millrace::gateway
