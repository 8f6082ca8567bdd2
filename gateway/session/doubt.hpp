// One route's records in doubt, as its session meets them: sent, sent with 97=Y, withdrawn, or held
// until an operator decides.
//
// Threading  the session thread; decide() and the figures from any
// Invariant  a record is in doubt if it was there when the gateway came up again, FIX_OUT does not
//            hold it, and fewer such records were passed than numbers can have reached the peer.
//            The doubt is forgotten only when FIX_OUT holds durably how it ended and the peer has
//            asked for what it lacks: a withdrawal that another loss of power takes would else
//            leave a record that the peer has had, and whose number lies before all that the next
//            doubt asks about; and nobody would say what the peer has of messages that are gone
// Source     FIX session protocol: a ResendRequest's BeginSeqNo is the first number the peer has
//            not received, so none behind it was processed. From 1 on it may only want all again
#pragma once

#include <algorithm>
#include <atomic>
#include <string_view>
#include <utility>

#include "gateway/session/doubt_file.hpp"
#include "gateway/session/gate.hpp"

namespace millrace::gateway {

class route_doubt {
public:
    route_doubt(doubt_entry entry, in_doubt_policy policy)
        : entry_(std::move(entry)),
          policy_(policy),
          passed_(entry_.passed),
          asked_from_(entry_.asked_from.value),
          was_asked_(!entry_.asked_from.is_none()) {}

    enum class answer : std::uint8_t { over, hold, send, possresend, withdraw };
    // `is_overdue`: the peer has had time to ask for what it lacks.
    [[nodiscard]] answer judge(engine::sequence seq, bool is_overdue) noexcept;
    // It was judged over, and what FIX_OUT says about its records ends here. `can_be_asked`: its
    // numbers are still this session's, of this generation.
    void end(engine::position at, bool can_be_asked) noexcept {
        if (!can_be_asked) {
            was_asked_.store(true, std::memory_order_relaxed);
        }
        ended_at_.store(at.value, std::memory_order_relaxed);
    }
    // The record judged last is done with.
    void pass() noexcept { passed_.store(entry_.passed += 1, std::memory_order_relaxed); }
    // The first ResendRequest since of this session, in this generation.
    void note_asked(std::string_view session, std::uint32_t generation, msg_seq_num from) noexcept;

    // An operator's word, about all up to there.
    void decide(doubt_decision decision, engine::sequence through) noexcept {
        // relaxed: one word, and nothing is handed over with it
        verdict_.store(std::min(through.value, through_max) << decision_bits |
                           static_cast<std::uint64_t>(decision),
                       std::memory_order_relaxed);
    }
    // As it began, but for what the session thread counts.
    [[nodiscard]] const doubt_entry& entry() const noexcept { return entry_; }
    // From any thread, each for itself.
    [[nodiscard]] msg_seq_num asked_from() const noexcept {
        return {asked_from_.load(std::memory_order_relaxed)};
    }
    [[nodiscard]] std::uint32_t passed() const noexcept {
        return passed_.load(std::memory_order_relaxed);
    }
    [[nodiscard]] bool is_over() const noexcept {
        return ended_at_.load(std::memory_order_relaxed) != UINT64_MAX;
    }
    // Over and asked about, and no loss of power can bring it back; `durable` is FIX_OUT's.
    [[nodiscard]] bool is_forgotten(engine::position durable) const noexcept {
        return was_asked_.load(std::memory_order_relaxed) &&
               ended_at_.load(std::memory_order_relaxed) <= durable.value;
    }
    // The record that waits, or the last that did.
    [[nodiscard]] engine::sequence held() const noexcept {
        return {held_.load(std::memory_order_relaxed)};
    }
    // Once for each record that waits.
    [[nodiscard]] bool is_first_hold(engine::sequence seq) noexcept {
        return std::exchange(said_, seq) != seq;
    }

private:
    static constexpr int decision_bits = 8;
    static constexpr std::uint64_t through_max = UINT64_MAX >> decision_bits;

    doubt_entry entry_;
    in_doubt_policy policy_;
    engine::sequence said_;
    std::atomic<std::uint64_t> verdict_{0};  // writer: the cold thread; of the rest: the session's
    std::atomic<std::uint64_t> held_{0};
    std::atomic<std::uint32_t> passed_;
    std::atomic<std::uint32_t> asked_from_;
    std::atomic<bool> was_asked_;
    std::atomic<std::uint64_t> ended_at_{UINT64_MAX};  // a position in FIX_OUT; this: it goes on
};

}  // namespace millrace::gateway
