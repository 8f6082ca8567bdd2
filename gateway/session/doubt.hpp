// One route's records in doubt, as its session meets them: sent, sent with 97=Y, withdrawn, or held
// until an operator decides.
//
// Threading  the session thread; decide(), asked_from() and is_over() from any
// Invariant  a record is in doubt if it was committed before the host was started anew, FIX_OUT
//            does not hold it, and fewer such records were passed than numbers can have reached the
//            peer
// Source     FIX session protocol: a ResendRequest's BeginSeqNo is the first number the peer has
//            not received, so none behind it was processed
#pragma once

#include <algorithm>
#include <atomic>

#include "gateway/session/doubt_file.hpp"
#include "gateway/session/gate.hpp"

namespace millrace::gateway {

class route_doubt {
public:
    route_doubt(doubt_entry entry, in_doubt_policy policy)
        : entry_(std::move(entry)), policy_(policy), left_(entry_.numbers) {
        if (!entry_.asked_from.is_none()) {
            limit_to(entry_.asked_from);
        }
    }

    enum class answer : std::uint8_t { over, hold, send, possresend, withdraw };
    // `is_overdue`: the peer has had time to ask for what it lacks.
    [[nodiscard]] answer judge(engine::sequence seq, std::int64_t committed_ns,
                               bool is_overdue) noexcept;
    // The record judged last is done with.
    void pass() noexcept { --left_; }
    // The peer's first ResendRequest since.
    void limit_to(msg_seq_num asked_from, std::uint32_t generation) noexcept {
        if (generation == entry_.generation && asked_from_.load(std::memory_order_relaxed) == 0) {
            limit_to(asked_from);
        }
    }

    // An operator's word.
    void decide(doubt_decision decision, engine::sequence through) noexcept {
        // relaxed: one word, and nothing is handed over with it
        verdict_.store(std::min(through.value, through_max) << decision_bits |
                           static_cast<std::uint64_t>(decision),
                       std::memory_order_relaxed);
    }
    [[nodiscard]] const doubt_entry& entry() const noexcept { return entry_; }
    [[nodiscard]] msg_seq_num asked_from() const noexcept {
        return {asked_from_.load(std::memory_order_relaxed)};
    }
    [[nodiscard]] bool is_over() const noexcept { return is_over_.load(std::memory_order_relaxed); }
    // Once for each record that waits.
    [[nodiscard]] bool is_first_hold(engine::sequence seq) noexcept {
        return std::exchange(held_, seq) != seq;
    }

private:
    static constexpr int decision_bits = 8;
    static constexpr std::uint64_t through_max = UINT64_MAX >> decision_bits;

    void limit_to(msg_seq_num asked_from) noexcept;

    doubt_entry entry_;
    in_doubt_policy policy_;
    std::uint32_t left_;  // so many more may have reached the peer
    engine::sequence held_;
    std::atomic<std::uint64_t> verdict_{0};     // writer: the cold thread
    std::atomic<std::uint32_t> asked_from_{0};  // writer: the session thread
    std::atomic<bool> is_over_{false};          // writer: the session thread
};

}  // namespace millrace::gateway
