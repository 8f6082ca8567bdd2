#include "tools/millrace/demo_tracker.hpp"

#include <bit>

#include "engine/core/clock.hpp"
#include "tools/millrace/demo_rows.hpp"

namespace millrace::tools {

namespace {

// The venue answers an order with at most its parts, an acknowledgement and a cancel; half of this
// stays free.
constexpr std::size_t reports_per_order_max = 16;

void add_one(std::atomic<std::uint64_t>& count) noexcept {
    // relaxed: one writer, and nothing is published through a progress count
    count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

}  // namespace

demo_tracker::demo_tracker(const demo_orders& orders, const demo_feeder& feeder,
                           const engine::row_schema& execution)
    : orders_(&orders),
      feeder_(&feeder),
      exec_id_column_(execution.index_of("EXEC_ID")),
      cl_ord_id_column_(execution.index_of("CL_ORD_ID")),
      leaves_qty_column_(execution.index_of("LEAVES_QTY")),
      states_(orders.count()),
      exec_id_hashes_(std::bit_ceil(orders.count() * reports_per_order_max + 16), 0) {}

void demo_tracker::load(const std::filesystem::path& execution_log) {
    for_each_row(execution_log, {},
                 [this](const engine::row_view& row, const std::vector<std::size_t>&) {
                     std::size_t index = 0;
                     if (note_exec_id(row.text(exec_id_column_))) {
                         note_report(row, index);
                     }
                 });
}

bool demo_tracker::note_exec_id(std::string_view exec_id) noexcept {
    const std::uint64_t hash = engine::route_id(exec_id) | 1;
    const std::size_t mask = exec_id_hashes_.size() - 1;
    for (std::size_t at = (hash >> 1) & mask;; at = (at + 1) & mask) {
        if (exec_id_hashes_[at] == hash) {
            return false;
        }
        if (exec_id_hashes_[at] == 0) {
            if (exec_id_count_ + 1 < exec_id_hashes_.size()) {
                exec_id_hashes_[at] = hash;
                ++exec_id_count_;
            }
            return true;
        }
    }
}

bool demo_tracker::note_report(const engine::row_view& row, std::size_t& index) noexcept {
    add_one(reports_);
    index = orders_->index_of(row.text(cl_ord_id_column_));
    if (index == orders_->count()) {
        return false;
    }
    order_state& state = states_[index];
    const engine::decimal leaves = row.decimal_value(leaves_qty_column_);
    if (!state.is_finished && !leaves.is_null() && leaves.mantissa == 0) {
        state.is_finished = true;
        add_one(finished_);
    }
    const bool is_first = !state.is_acknowledged;
    if (is_first) {
        state.is_acknowledged = true;
        add_one(acknowledged_);
    }
    return is_first;
}

gateway::answer demo_tracker::operator()(const gateway::event& happened) noexcept {
    // A venue that reset its numbers says again what may not have arrived (97=Y); a restart may
    // repeat the last one.
    if (!note_exec_id(happened.row.text(exec_id_column_))) {
        return gateway::answer::skip;
    }
    std::size_t index = 0;
    if (note_report(happened.row, index) && feeder_->intended_ns(index) != 0) {
        order_to_report_.record(engine::utc_now().ns - feeder_->intended_ns(index));
    }
    return gateway::answer::ack;
}

}  // namespace millrace::tools
