// The segments of one log, made ahead by the helper thread and taken back when they are done.
//
//   helper --spares--> writer --(log_storage)--> persister --finished--> helper
//
// Threading  try_take: the writer; give_back: the persister; work: the helper; the observers
//            anybody. Construction, and discard() after the helper let go, on any one thread
// Progress   try_take and give_back are wait-free and make no system call
// Invariant  at most segments_max exist at a time, so what is neither taken nor durable is bounded
// Invariant  a hot segment is locked in memory, where the process may, before it is offered; it is
//            no longer once its mapping is exchanged or goes
// Errors     work keeps what failed, where and why, and tries again later
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "engine/core/published_word.hpp"
#include "engine/log/cold_sync.hpp"
#include "engine/log/handover.hpp"
#include "engine/log/stored_segment.hpp"

namespace millrace::engine::detail {

inline constexpr std::size_t spares_max = 2;

struct supply_settings {
    std::filesystem::path directory;
    std::filesystem::path hot_directory;  // of this log; empty in direct mode
    segment_info first;                   // what the static parts say; its index comes first
    std::size_t segments_max = 16;
    std::uint64_t low_space_bytes = 0;
    bool can_wait = false;  // the writer waits for a spare
};

class segment_supply {
public:
    explicit segment_supply(supply_settings settings);
    segment_supply(const segment_supply&) = delete;
    segment_supply& operator=(const segment_supply&) = delete;
    ~segment_supply() { discard(); }

    // The next segment, in order; null: not ready.
    [[nodiscard]] stored_segment* try_take() noexcept { return spares_.try_pop(); }
    void give_back(stored_segment* done) noexcept;
    // One that exists already, for a writer that goes on in it. REQUIRES that the helper does not
    // work yet.
    [[nodiscard]] stored_segment* adopt(std::unique_ptr<stored_segment> existing);

    // Returns whether something was done.
    bool work() noexcept;
    // Removes the spares' files. REQUIRES that the helper works on it no longer.
    void discard() noexcept;

    // How soon the helper calls `work` again: the writer must not wake anybody.
    [[nodiscard]] std::int64_t work_interval_ns() const noexcept;
    // errno of the last attempt to make a segment; 0: it succeeded.
    [[nodiscard]] int error_number() const noexcept { return error_number_.read(); }
    // The last failure: what was tried, on which file, and what helps, for an io_error of it.
    // `error_number` 0: there was none, or it passed.
    struct failure {
        std::string call;
        int error_number = 0;
    };
    [[nodiscard]] failure last_failure() const;
    [[nodiscard]] bool is_space_low() const noexcept {
        return is_space_low_.load(std::memory_order_relaxed);
    }
    // Of the hot segments made so far, how many could not be locked in memory, and errno of the
    // last.
    [[nodiscard]] std::uint64_t unlocked_count() const noexcept {
        return unlocked_count_.load(std::memory_order_relaxed);
    }
    [[nodiscard]] int lock_error() const noexcept {
        return lock_error_.load(std::memory_order_relaxed);
    }

private:
    [[nodiscard]] bool take_back_finished() noexcept;
    [[nodiscard]] bool make_spare() noexcept;
    [[nodiscard]] std::unique_ptr<stored_segment> make(segment_info info);
    void make_direct(stored_segment& made, segment_info info) const;
    void make_hot(stored_segment& made, segment_info info);
    void note_failure(const std::exception& cause, int error_number) noexcept;
    void lock_in_memory(const stored_segment& made) noexcept;
    void make_twin(stored_segment& made);
    void check_space() noexcept;

    supply_settings settings_;
    handover<stored_segment, spares_max> spares_;
    handover<stored_segment, stored_segments_max> finished_;
    published_word<int> error_number_;              // helper
    std::atomic<bool> is_space_low_{false};         // helper
    std::atomic<std::uint64_t> unlocked_count_{0};  // helper
    std::atomic<int> lock_error_{0};                // helper

    mutable cold_lock failure_lock_;
    std::string failed_call_;  // under the lock

    // Of the helper.
    bool is_in_memory_ = false;  // what is being made lies in the hot tier
    std::vector<std::unique_ptr<stored_segment>> segments_;
    segment_info next_;
    std::int64_t retry_ns_ = 0;
    std::int64_t space_check_ns_ = 0;
    int idle_look_count_ = 0;  // calls of work in turn that found nothing to do
};

}  // namespace millrace::engine::detail
