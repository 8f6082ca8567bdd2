#include "tools/millrace/demo_feeder.hpp"

#include <cstring>

namespace millrace::tools {

int demo_feeder::do_work() noexcept {
    int fed = 0;
    while (next_ < orders_->count() && fed < rows_per_turn) {
        const std::int64_t now_ns = engine::utc_now().ns;
        const std::int64_t due_ns =
            interval_ns_ == 0
                ? now_ns
                : start_ns_ + static_cast<std::int64_t>(next_ - first_) * interval_ns_;
        if (due_ns > now_ns) {
            break;
        }
        const std::span<std::byte> payload = orders_->payload(next_);
        engine::row_envelope envelope;
        static_cast<void>(envelope.event.assign("demo"));
        static_cast<void>(envelope.user.assign("feeder"));
        envelope.intended_ns = due_ns;
        std::memcpy(payload.data(), &envelope, sizeof envelope);
        // Before the row is there to be answered; the report may be handled on another thread.
        intended_ns_[next_].store(due_ns, std::memory_order_relaxed);
        if (table_->try_append(payload).status != engine::append_status::ok) {
            break;  // the same order is tried again; its planned time stays
        }
        ++next_;
        ++fed;
    }
    if (fed > 0) {
        fed_.store(next_, std::memory_order_release);  // pairs with demo_feeder.hpp: fed_count
    }
    return fed;
}

}  // namespace millrace::tools
