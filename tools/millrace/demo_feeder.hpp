// Feeds the orders that a table does not have yet into it at a steady rate, each stamped with the
// time it was meant for: an open loop.
//
// Threading  an agent: one thread; fed_count() and intended_ns() from any
// Progress   at most rows_per_turn rows a turn; a full disk stops it until there is space again
// Units      rate: orders a second, 0 for as fast as the log takes them
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "engine/core/clock.hpp"
#include "engine/stream/table_log.hpp"
#include "tools/millrace/demo_orders.hpp"

namespace millrace::tools {

class demo_feeder {
public:
    demo_feeder(engine::table_log& table, demo_orders& orders, std::uint64_t rate)
        : table_(&table),
          orders_(&orders),
          interval_ns_(rate == 0 ? 0 : 1'000'000'000 / static_cast<std::int64_t>(rate)),
          next_(orders.fed_before()),
          first_(next_),
          intended_ns_(orders.count()) {
        fed_.store(next_, std::memory_order_relaxed);
    }

    [[nodiscard]] const char* name() const noexcept { return "feeder"; }
    void on_start() { start_ns_ = engine::utc_now().ns; }
    int do_work() noexcept;
    void on_close() noexcept {}

    // Orders in the table, those of earlier runs included.
    [[nodiscard]] std::uint64_t fed_count() const noexcept {
        return fed_.load(std::memory_order_acquire);  // pairs with demo_feeder.cpp: do_work
    }
    // When order `index` was meant to be fed by this run; 0 if it was fed by another, or not yet.
    [[nodiscard]] std::int64_t intended_ns(std::size_t index) const noexcept {
        // relaxed: who asks has its report, and between the two lies the venue's answer
        return intended_ns_[index].load(std::memory_order_relaxed);
    }

private:
    static constexpr int rows_per_turn = 16;

    engine::table_log* table_;
    demo_orders* orders_;
    std::int64_t interval_ns_;
    std::int64_t start_ns_ = 0;
    std::size_t next_;
    std::size_t first_;
    std::vector<std::atomic<std::int64_t>> intended_ns_;  // writer: the agent's thread
    std::atomic<std::uint64_t> fed_{0};                   // writer: the agent's thread
};

}  // namespace millrace::tools
