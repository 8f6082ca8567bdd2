// When a log's writer notes that the clock moved, and the note's bytes.
//
// Threading  the writer's thread; count() from any
// Progress   wait-free
// Invariant  is_due() turns true with the first append after the change, and the record stands
//            before it
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "engine/core/process_clock.hpp"
#include "engine/log/format.hpp"

namespace millrace::engine {

// One sentence for people: what the record says.
[[nodiscard]] std::string describe(const clock_payload& payload);

namespace detail {

class clock_notes {
public:
    // `last`: of the log's last record, which may be later than the clock by now.
    void begin(timestamp last) noexcept;
    [[nodiscard]] bool is_due() const noexcept { return clock_change_number() != seen_; }
    // False: the clock moves again just now; ask at the next append.
    [[nodiscard]] bool make(clock_payload& payload) const noexcept;
    void written(const clock_payload& payload) noexcept;
    [[nodiscard]] std::uint64_t count() const noexcept {
        return count_.load(std::memory_order_relaxed);
    }

private:
    std::uint64_t seen_ = 0;      // the number of the change that the log knows of
    std::int64_t offset_ns_ = 0;  // of its records
    bool is_behind_ = false;
    std::atomic<std::uint64_t> count_{0};
};

}  // namespace detail

}  // namespace millrace::engine
