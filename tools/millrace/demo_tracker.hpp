// The demo's event handler: knows every report it has seen, and when an order has had its last one.
//
// Threading  called on the hot runner; the counts from any thread
// Progress   no allocation after construction
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "engine/core/histogram.hpp"
#include "gateway/pipeline/event.hpp"
#include "tools/millrace/demo_feeder.hpp"

namespace millrace::tools {

class demo_tracker {
public:
    demo_tracker(const demo_orders& orders, const demo_feeder& feeder,
                 const engine::row_schema& execution);

    // Reads what earlier runs have written, so that a report is known again and finished orders
    // count.
    void load(const std::filesystem::path& execution_log);

    gateway::answer operator()(const gateway::event& happened) noexcept;

    // Orders that had their first report, and those that had their last.
    [[nodiscard]] std::uint64_t acknowledged_count() const noexcept {
        return acknowledged_.load(std::memory_order_relaxed);
    }
    [[nodiscard]] std::uint64_t finished_count() const noexcept {
        return finished_.load(std::memory_order_relaxed);
    }
    [[nodiscard]] std::uint64_t report_count() const noexcept {
        return reports_.load(std::memory_order_relaxed);
    }
    // From the order's planned time to its first report handled, of orders fed by this run.
    // REQUIRES: stopped.
    [[nodiscard]] const engine::histogram& order_to_report() const noexcept {
        return order_to_report_;
    }

private:
    struct order_state {
        bool is_acknowledged = false;
        bool is_finished = false;
    };

    // False: the report is known already.
    [[nodiscard]] bool note_exec_id(std::string_view exec_id) noexcept;
    // True: the first report of its order.
    bool note_report(const engine::row_view& row, std::size_t& index) noexcept;

    const demo_orders* orders_;
    const demo_feeder* feeder_;
    std::size_t exec_id_column_;
    std::size_t cl_ord_id_column_;
    std::size_t leaves_qty_column_;
    std::vector<order_state> states_;
    std::vector<std::uint64_t> exec_id_hashes_;  // open addressing; 0: free
    std::size_t exec_id_count_ = 0;
    engine::histogram order_to_report_;
    std::atomic<std::uint64_t> acknowledged_{0};  // writer of these: the hot runner
    std::atomic<std::uint64_t> finished_{0};
    std::atomic<std::uint64_t> reports_{0};
};

}  // namespace millrace::tools
