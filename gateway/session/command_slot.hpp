// Hands one command at a time from a cold thread to the session thread, and the outcomes back.
//
//   cold thread:  try_ask -> asked -> (session thread: serve) -> answered -> outcomes -> clear
//                            asked -> try_withdraw -> free
//
// Threading  one cold thread asks, withdraws and takes; the session thread looks and serves
// Progress   nothing waits; a look that finds nothing costs the session thread one load
// Invariant  a command is served once or withdrawn, never both
// Units      monotonic ns
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/core/clock.hpp"
#include "gateway/session/session_command.hpp"

namespace millrace::gateway {

class command_slot {
public:
    explicit command_slot(std::size_t sessions) : outcomes_(sessions) {}

    // The cold thread. False: another command is on its way.
    [[nodiscard]] bool try_ask(const session_command& wanted) noexcept {
        if (stage_.load(std::memory_order_relaxed) != stage::free) {  // relaxed: only it frees
            return false;
        }
        command_ = wanted;
        stage_.store(stage::asked,
                     std::memory_order_release);  // pairs with command_slot.hpp: serve
        return true;
    }
    // True: nobody has taken it, and nobody will.
    [[nodiscard]] bool try_withdraw() noexcept {
        stage expected = stage::asked;
        // relaxed: the session thread has touched nothing of it
        return stage_.compare_exchange_strong(expected, stage::free, std::memory_order_relaxed,
                                              std::memory_order_relaxed);
    }
    [[nodiscard]] bool is_answered() const noexcept {
        return stage_.load(std::memory_order_acquire) == stage::answered;
    }
    // By session, as the gateway has them; those the command was not for are as they were. The
    // same as done_ns(): REQUIRES is_answered(), until clear().
    [[nodiscard]] std::span<const session_outcome> outcomes() const noexcept { return outcomes_; }
    // When it had been carried out.
    [[nodiscard]] std::int64_t done_ns() const noexcept { return done_ns_; }
    void clear() noexcept {
        // relaxed: the next command is handed over anew
        stage_.store(stage::free, std::memory_order_relaxed);
    }

    // The session thread.
    [[nodiscard]] bool is_asked() const noexcept {
        return stage_.load(std::memory_order_acquire) == stage::asked;
    }
    // Calls execute(command, outcomes), unless the command was withdrawn meanwhile.
    template <class Execute>
    void serve(Execute&& execute) noexcept {
        stage expected = stage::asked;
        if (!stage_.compare_exchange_strong(expected, stage::taken, std::memory_order_acquire,
                                            std::memory_order_relaxed)) {
            return;
        }
        execute(static_cast<const session_command&>(command_),
                std::span<session_outcome>(outcomes_));
        done_ns_ = engine::monotonic_now_ns();
        // pairs with command_slot.hpp: is_answered
        stage_.store(stage::answered, std::memory_order_release);
    }

private:
    enum class stage : std::uint8_t { free, asked, taken, answered };

    std::atomic<stage> stage_{stage::free};
    session_command command_;
    std::vector<session_outcome> outcomes_;
    std::int64_t done_ns_ = 0;
};

}  // namespace millrace::gateway
