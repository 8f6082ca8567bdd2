// What a session does not send again although its peer asks for it: messages that are too old for
// their type, and what it has just been asked for again and again. And how much it asks for itself.
//
//   7=5 16=0 | 7=5 16=0 | 7=5 16=0 | 7=5 16=0 ...   the first repeats_max of a window are answered
//
// Threading  the session thread
// Units      ns; monotonic time for requests, UTC for the age of a message
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/quickfix/msg_seq_num.hpp"

namespace millrace::gateway {

struct resend_rules {
    struct age {
        std::string msg_type;  // "*": every other one
        std::int64_t max_ns = 0;
    };
    std::vector<age> ages;            // empty: everything is sent again
    std::uint32_t request_chunk = 0;  // messages that we ask for at once; 0: all that are missing
    std::uint32_t repeats_max = 5;    // of one request within a window
    std::int64_t window_ns = 10'000'000'000;

    // A message of this type that was numbered so long ago is not sent again.
    [[nodiscard]] bool is_too_old(std::string_view msg_type, std::int64_t age_ns) const noexcept {
        const age* rule = nullptr;
        for (const age& one : ages) {
            if (one.msg_type == msg_type) {
                rule = &one;
                break;
            }
            if (one.msg_type == "*") {
                rule = &one;
            }
        }
        return rule != nullptr && age_ns > rule->max_ns;
    }
};

// A request that comes again, the same, has been answered: over TCP no answer is lost, and a peer
// that could not use it once will not the hundredth time. To answer each would send the same
// messages as often as it asks. Several ranges in turn are known apart.
class resend_limit {
public:
    static constexpr std::size_t ranges_max = 8;  // the one asked for least recently is forgotten

    resend_limit(std::uint32_t repeats_max, std::int64_t window_ns)
        : repeats_max_(repeats_max), window_ns_(window_ns) {}

    // Whether it may be answered; counts it.
    [[nodiscard]] bool take(msg_seq_num begin, std::uint32_t end, std::int64_t now_ns) noexcept {
        last_ = &place_of(begin, end);
        if (last_->begin != begin || last_->end != end || now_ns - last_->since_ns >= window_ns_) {
            *last_ = {begin, end, now_ns, now_ns, 0};
        }
        last_->asked_ns = now_ns;
        return ++last_->count <= repeats_max_;
    }
    // The last request was the first of its window that may not be answered.
    [[nodiscard]] bool is_first_refused() const noexcept {
        return last_ != nullptr && last_->count == repeats_max_ + 1;
    }
    void connection_ended() noexcept {
        ranges_ = {};
        last_ = nullptr;
    }

private:
    struct range {
        msg_seq_num begin;  // 0: none yet
        std::uint32_t end = 0;
        std::int64_t since_ns = 0;
        std::int64_t asked_ns = INT64_MIN;  // last
        std::uint32_t count = 0;
    };

    [[nodiscard]] range& place_of(msg_seq_num begin, std::uint32_t end) noexcept {
        range* oldest = ranges_.data();
        for (range& one : ranges_) {
            if (one.begin == begin && one.end == end) {
                return one;
            }
            oldest = one.asked_ns < oldest->asked_ns ? &one : oldest;
        }
        return *oldest;
    }

    std::uint32_t repeats_max_;
    std::int64_t window_ns_;
    std::array<range, ranges_max> ranges_{};
    range* last_ = nullptr;
};

}  // namespace millrace::gateway
