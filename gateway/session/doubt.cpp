#include "gateway/session/doubt.hpp"

namespace millrace::gateway {

route_doubt::answer route_doubt::judge(engine::sequence seq, bool is_overdue) noexcept {
    if (received_max(entry_) == 0 || seq > entry_.through.value_or(seq)) {
        return answer::over;
    }
    // relaxed: one word, and nothing is handed over with it
    const std::uint64_t verdict = verdict_.load(std::memory_order_relaxed);
    if (seq.value <= verdict >> decision_bits) {
        switch (static_cast<doubt_decision>(verdict & ((1U << decision_bits) - 1))) {
            case doubt_decision::send:
                return answer::send;
            case doubt_decision::possresend:
                return answer::possresend;
            case doubt_decision::withdraw:
                return answer::withdraw;
            case doubt_decision::none:
                break;
        }
    }
    if (policy_ == in_doubt_policy::possresend &&
        (is_overdue || asked_from_.load(std::memory_order_relaxed) != 0)) {
        return answer::possresend;
    }
    held_.store(seq.value, std::memory_order_relaxed);
    return answer::hold;
}

void route_doubt::note_asked(std::string_view session, std::uint32_t generation,
                             msg_seq_num from) noexcept {
    if (session != entry_.session) {
        return;
    }
    was_asked_.store(true, std::memory_order_relaxed);
    const bool is_replay = from.value <= 1 && entry_.from.value > 1;
    if (generation != entry_.generation || is_replay || !entry_.asked_from.is_none()) {
        return;
    }
    entry_.asked_from = from;
    asked_from_.store(from.value, std::memory_order_relaxed);
}

}  // namespace millrace::gateway
