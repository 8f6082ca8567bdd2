#include "gateway/session/doubt.hpp"

namespace millrace::gateway {

route_doubt::answer route_doubt::judge(engine::sequence seq, std::int64_t committed_ns,
                                       bool is_overdue) noexcept {
    if (left_ == 0 || committed_ns >= entry_.before.ns) {
        is_over_.store(true, std::memory_order_relaxed);
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
    return answer::hold;
}

void route_doubt::limit_to(msg_seq_num asked_from) noexcept {
    asked_from_.store(asked_from.value, std::memory_order_relaxed);
    const std::uint32_t received =
        asked_from > entry_.from ? asked_from.value - entry_.from.value : 0;
    const std::uint32_t passed = entry_.numbers - left_;
    left_ = received > passed ? std::min(received, entry_.numbers) - passed : 0;
}

}  // namespace millrace::gateway
