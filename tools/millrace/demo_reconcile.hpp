// Holds what the engine wrote against what the venue wrote, from both sides: every order once,
// every report once, same quantities, and nothing that only one side knows.
//
// Reads ORDER_OUT, FIX_OUT, EXECUTION and the venue's journal; REQUIRES that nobody writes them.
// Errors  damage_error for a log or journal that cannot be read; io_error if there is no journal
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tools/millrace/demo_files.hpp"
#include "tools/millrace/demo_orders.hpp"

namespace millrace::tools {

struct reconciliation {
    std::uint64_t orders = 0;        // in ORDER_OUT, or this run's and not fed yet
    std::uint64_t acknowledged = 0;  // acknowledged by the venue, once, and in EXECUTION
    std::uint64_t fills = 0;
    std::uint64_t rejected = 0;

    // Not finished, which the next run can mend.
    std::uint64_t unfed = 0;      // orders that are not in ORDER_OUT yet
    std::uint64_t waiting = 0;    // orders in ORDER_OUT that have no message number yet
    std::uint64_t in_flight = 0;  // orders numbered, reports decided, and not yet at the other side

    // Wrong, which nothing mends.
    std::uint64_t lost = 0;        // orders numbered, reports decided, that will never arrive
    std::uint64_t duplicated = 0;  // orders under two numbers, reports that EXECUTION has twice
    std::uint64_t invented = 0;    // orders at the venue, reports in EXECUTION, from nowhere
    std::uint64_t differing = 0;   // orders whose fills, acknowledgement or rejection differ
    std::vector<std::string> findings;  // the first few that are wrong, in words

    std::string example;  // an order with a whole story, the most told one among the first

    [[nodiscard]] bool is_right() const {
        return lost == 0 && duplicated == 0 && invented == 0 && differing == 0;
    }
    [[nodiscard]] bool is_finished() const { return unfed == 0 && waiting == 0 && in_flight == 0; }
    [[nodiscard]] bool is_clean() const {
        return is_right() && is_finished() && acknowledged + rejected == orders;
    }
};

// `is_settled`: nothing was under way any more when the run ended, so whatever has not arrived is
// lost. Otherwise only what something later has overtaken is: both sides number in one order.
[[nodiscard]] reconciliation reconcile(const demo_directory& directory, const demo_orders& orders,
                                       bool is_settled);

}  // namespace millrace::tools
