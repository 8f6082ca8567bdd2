// Messages of routes that are not sent: while the session is down, too old, or too many.
#include <cstdio>
#include <cstring>
#include <utility>

#include "engine/core/clock.hpp"
#include "gateway/session/fix_session.hpp"

namespace millrace::gateway {

bool fix_session::is_held_too_long(const outbound_route& route,
                                   const outbound_header& header) const noexcept {
    return route.link->hold_max_ns != 0 && header.committed_ns != 0 &&
           engine::utc_now().ns - header.committed_ns > route.link->hold_max_ns;
}

bool fix_session::leave_unsent(outbound_route& route, const outbound_header& header,
                               const fix_out_log::unsent& said) noexcept {
    if (is_disk_behind() || !out_->has_room(said.body.size()) ||
        !ledger_.keep_unsent(header, said)) {
        return false;
    }
    counters.unsent.add(1);
    if (!std::exchange(route.is_unsent_said, true)) {
        char text[256];
        std::snprintf(text, sizeof text,
                      "route %s: source sequence %llu is not sent (%.*s). FIX_OUT says so of each "
                      "such record, with the kind %.*s",
                      route.name.c_str(), static_cast<unsigned long long>(header.origin.sequence),
                      static_cast<int>(said.reason.size()), said.reason.data(),
                      static_cast<int>(said.kind.size()), said.kind.data());
        events_->say(event_level::warning, name(), text);
    }
    return true;
}

int fix_session::poll_down_routes() noexcept {
    if (is_stopping_) {
        return 0;  // they stay in their logs
    }
    int dropped = 0;
    for (outbound_route& route : routes_) {
        // What is in doubt is for the doubt to decide.
        if (route.is_halted || route.doubt != nullptr ||
            (route.link->when_down == down_policy::hold && route.link->hold_max_ns == 0)) {
            continue;
        }
        dropped += static_cast<int>(route.link->ring.poll(
            [&](std::uint32_t, std::span<const std::byte> payload) {
                return drop_one(route, payload);
            },
            options_.messages_per_turn));
    }
    return dropped;
}

engine::poll_action fix_session::drop_one(outbound_route& route,
                                          std::span<const std::byte> payload) noexcept {
    outbound_header header;
    std::memcpy(&header, payload.data(), sizeof header);
    if (!is_new(route, header)) {
        return engine::poll_action::consumed;
    }
    const std::string_view body(reinterpret_cast<const char*>(payload.data()) + sizeof header,
                                header.body_bytes);
    fix_out_log::unsent said{kind::undelivered, "session down", body};
    if (route.link->when_down == down_policy::hold) {
        if (!is_held_too_long(route, header)) {
            return engine::poll_action::stop;
        }
        said.reason = "held too long";
    } else if (route.link->when_down == down_policy::reject) {
        said.kind = kind::rejected;
    }
    return leave_unsent(route, header, said) ? engine::poll_action::consumed
                                             : engine::poll_action::stop;
}

engine::poll_action fix_session::be_throttled(outbound_route& route, const outbound_header& header,
                                              std::string_view body) noexcept {
    if (options_.throttling.policy == throttle_policy::reject && route.doubt == nullptr) {
        if (!leave_unsent(route, header, {kind::rejected, "throttled", body})) {
            return engine::poll_action::stop;
        }
        counters.throttled.add(1);
        return engine::poll_action::consumed;
    }
    counters.throttled.add(std::exchange(is_throttled_, true) ? 0 : 1);
    if (options_.throttling.policy == throttle_policy::disconnect) {
        char text[128];
        std::snprintf(text, sizeof text,
                      "more than %u messages a second, and %u at once: disconnecting",
                      options_.throttling.per_second, options_.throttling.burst);
        events_->say(event_level::error, name(), text);
        wants_disconnect_ = true;
    }
    return engine::poll_action::stop;
}

}  // namespace millrace::gateway
