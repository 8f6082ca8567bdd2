#include "bench/order_driver.hpp"

#include <sched.h>

#include "engine/core/clock.hpp"

namespace millrace::bench {

namespace {

constexpr std::int64_t patience_ns = 60'000'000'000;
constexpr std::uint64_t steps_between_looks = 8'192;

}  // namespace

void order_driver::run(order_path& path, const order_turn& turn) {
    begin(path, turn);
    state_.store(state::posted, std::memory_order_release);  // pairs with do_work
    state_.wait(state::posted, std::memory_order_acquire);   // pairs with do_work
}

void order_driver::run_here(order_path& path, const order_turn& turn) {
    begin(path, turn);
    while (step()) {
        path.poll();
    }
}

void order_driver::begin(order_path& path, const order_turn& turn) {
    path_ = &path;
    turn_ = turn;
    sent_ = 0;
    idle_steps_ = 0;
    start_ns_ = 0;
}

int order_driver::do_work() noexcept {
    // acquire: pairs with run
    if (state_.load(std::memory_order_acquire) != state::posted) {
        return 0;
    }
    if (path_->is_polled_beside()) {
        if (step()) {
            return 1;
        }
    } else {
        while (step()) {
            path_->poll();
        }
    }
    state_.store(state::done, std::memory_order_release);  // pairs with run
    state_.notify_one();
    return 1;
}

bool order_driver::step() {
    if (start_ns_ == 0) {
        start_ns_ = progress_ns_ = engine::monotonic_now_ns();
        answered_before_ = path_->answered();
    }
    std::size_t begun = 0;
    while (sent_ < turn_.orders && begun < turn_.orders_at_once &&
           path_->outstanding() < turn_.outstanding_max) {
        const std::int64_t now_ns = engine::monotonic_now_ns();
        const std::int64_t due_ns =
            turn_.rate_per_s == 0
                ? now_ns
                : start_ns_ + static_cast<std::int64_t>(static_cast<double>(sent_) * 1e9 /
                                                        turn_.rate_per_s);
        if (due_ns > now_ns) {
            break;
        }
        path_->begin(due_ns, sent_ >= turn_.not_counted);
        ++sent_;
        ++begun;
    }
    if (sent_ == turn_.orders && path_->outstanding() == 0) {
        end_ns_ = engine::monotonic_now_ns();
        return false;
    }
    if (begun == 0 && ++idle_steps_ % steps_between_looks == 0) {
        const std::int64_t now_ns = engine::monotonic_now_ns();
        if (path_->answered() != answered_before_) {
            answered_before_ = path_->answered();
            progress_ns_ = now_ns;
        }
        fail_if_not(now_ns - progress_ns_ < patience_ns, path_->name() + ": no report comes");
        ::sched_yield();  // the other side is surely not running
    }
    return true;
}

}  // namespace millrace::bench
