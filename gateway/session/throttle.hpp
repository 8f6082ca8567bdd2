// How many application messages a session may send: a rate, and a burst beyond it.
//
// Threading  the session thread
// Units      monotonic ns
// Source     the generic cell rate algorithm (ITU-T I.371), virtual scheduling: one time is all
//            there is to keep
#pragma once

#include <algorithm>
#include <cstdint>

namespace millrace::gateway {

enum class throttle_policy : std::uint8_t {
    wait,        // in its ring, until it may be sent
    reject,      // FIX_OUT notes that it is not sent
    disconnect,  // the session ends; what waits is sent after the next logon, at this rate
};

struct throttle_rule {
    std::uint32_t per_second = 0;  // 0: no limit
    std::uint32_t burst = 1;       // so many may be sent at once
    throttle_policy policy = throttle_policy::wait;
};

class throttle {
public:
    explicit throttle(const throttle_rule& rule)
        : interval_ns_(rule.per_second == 0 ? 0
                                            : (ns_per_s + rule.per_second - 1) / rule.per_second),
          tolerance_ns_(interval_ns_ * (std::max(rule.burst, 1U) - 1)) {}

    [[nodiscard]] bool is_limited() const noexcept { return interval_ns_ != 0; }
    [[nodiscard]] bool may_take(std::int64_t now_ns) const noexcept {
        return now_ns >= due_ns_ - tolerance_ns_;
    }
    // One more has been sent.
    void take(std::int64_t now_ns) noexcept { due_ns_ = std::max(due_ns_, now_ns) + interval_ns_; }

private:
    static constexpr std::int64_t ns_per_s = 1'000'000'000;
    std::int64_t interval_ns_;
    std::int64_t tolerance_ns_;
    std::int64_t due_ns_ = 0;  // when the next one would be due at the rate alone
};

}  // namespace millrace::gateway
