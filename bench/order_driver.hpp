// Sends orders over one path after the other, turn by turn, all on one thread: on the pipeline's,
// where it is the application's agent, or on the caller's.
//
// Threading  an agent: one thread; run() from one other
// Progress   an open loop: an order is due at its time, whatever became of those before it; what
//            is late counts as late
// Errors     a path without a report for a long time ends the program
#pragma once

#include <atomic>
#include <cstdint>

#include "bench/order_path.hpp"

namespace millrace::bench {

struct order_turn {
    std::uint64_t orders = 0;
    std::uint64_t not_counted = 0;      // of these, the first ones
    double rate_per_s = 0;              // 0: as soon as there may be another
    std::uint64_t outstanding_max = 1;  // orders without a report
    std::size_t orders_at_once = 1;     // between two looks for reports
};

class order_driver {
public:
    // Returns when every report has come. The pipeline's thread does it.
    void run(order_path& path, const order_turn& turn);
    // The same on this thread. REQUIRES: no pipeline has this driver.
    void run_here(order_path& path, const order_turn& turn);
    // How long the last turn took.
    [[nodiscard]] double turn_seconds() const {
        return static_cast<double>(end_ns_ - start_ns_) * 1e-9;
    }

    [[nodiscard]] const char* name() const noexcept { return "feeder"; }
    void on_start() { own_sends().is_on = true; }
    int do_work() noexcept;
    void on_close() noexcept { own_sends().is_on = false; }

private:
    enum class state : std::uint8_t { idle, posted, done };

    void begin(order_path& path, const order_turn& turn);
    // False: the turn is over.
    [[nodiscard]] bool step();

    std::atomic<state> state_{state::idle};
    order_path* path_ = nullptr;
    order_turn turn_;
    std::uint64_t sent_ = 0;
    std::uint64_t idle_steps_ = 0;
    std::uint64_t answered_before_ = 0;
    std::int64_t start_ns_ = 0;
    std::int64_t end_ns_ = 0;
    std::int64_t progress_ns_ = 0;
};

}  // namespace millrace::bench
