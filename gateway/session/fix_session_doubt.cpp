// What a session does with records that may have been sent before the host lost power.
#include <algorithm>
#include <cstdio>
#include <utility>

#include "gateway/session/fix_session.hpp"

namespace millrace::gateway {

route_doubt::answer fix_session::judge_doubt(outbound_route& route,
                                             const outbound_header& header) noexcept {
    const bool is_overdue = now_ns_ - logged_on_ns_ >= options_.doubt_wait_ns;
    const engine::sequence seq{header.origin.sequence};
    const route_doubt::answer answer = route.doubt->judge(seq, is_overdue);
    const bool is_held = answer == route_doubt::answer::hold;
    if (is_held && is_overdue && route.doubt->is_first_hold(seq)) {
        say_held(route, header);
    }
    route.is_held_in_doubt = is_held;
    if (answer == route_doubt::answer::over) {
        const doubt_entry& ended = route.doubt->entry();
        route.doubt->end(out_->table().log().end(),
                         ended.session == name() && ended.generation == ledger_.generation());
        route.ended_doubt = std::exchange(route.doubt, nullptr);
    }
    const auto held = std::count_if(routes_.begin(), routes_.end(),
                                    [](const auto& one) { return one.is_held_in_doubt; });
    counters.in_doubt_routes.set(static_cast<std::uint64_t>(held));
    if (std::exchange(has_held_doubt_, held > 0) != (held > 0)) {
        publish_state();
    }
    return answer;
}

void fix_session::say_held(const outbound_route& route, const outbound_header& header) noexcept {
    char text[512];
    const msg_seq_num asked = route.doubt->asked_from();
    char proof[96] = "the peer has not said what it lacks";
    if (!asked.is_none()) {
        std::snprintf(proof, sizeof proof, "the peer has asked for messages from %u on",
                      asked.value);
    }
    std::snprintf(
        text, sizeof text,
        "route %s waits: source sequence %llu may have been sent before the host lost "
        "power, under a number from %u on; %s. `millrace session doubt` lists and decides",
        route.name.c_str(), static_cast<unsigned long long>(header.origin.sequence),
        route.doubt->entry().from.value, proof);
    events_->say(event_level::error, name(), text);
}

bool fix_session::withdraw(outbound_route& route, const outbound_header& header) noexcept {
    if (!ledger_.keep_unsent(header, {kind::withdrawn, {}, {}})) {
        return false;
    }
    route.doubt->pass();
    counters.withdrawn.add(1);
    return true;
}

// What the peer asks for first it has not got, nor anything behind it.
void fix_session::note_asked(msg_seq_num from) noexcept {
    if (!spec_.persist_messages) [[unlikely]] {
        char text[160];
        std::snprintf(text, sizeof text,
                      "the peer asks for our messages from %u on; PersistMessages=N: their numbers "
                      "are filled, and none is sent again",
                      from.value);
        events_->say(event_level::warning, name(), text);
    }
    if (!lost_from_.is_none()) [[unlikely]] {
        say_lost(from);
    }
    for (outbound_route& route : routes_) {
        for (route_doubt* const doubt : {route.doubt, route.ended_doubt}) {
            if (doubt != nullptr) [[unlikely]] {
                doubt->note_asked(name(), ledger_.generation(), from);
            }
        }
    }
}

// Their source records may be gone as well, and then nothing else would ever tell of them.
void fix_session::say_lost(msg_seq_num asked_from) noexcept {
    const msg_seq_num first = std::exchange(lost_from_, {});
    if (asked_from <= first || lost_generation_ != ledger_.generation()) {
        return;
    }
    char text[256];
    std::snprintf(text, sizeof text,
                  "the peer has messages %u to %u of ours, and FIX_OUT has lost some or all of "
                  "them with the host's power: compare the books",
                  first.value, asked_from.value - 1);
    events_->say(event_level::warning, name(), text);
}

}  // namespace millrace::gateway
