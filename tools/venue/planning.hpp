// The reports that answer a request, given the order it meets. Pure: the book applies them.
#pragma once

#include <vector>

#include "tools/venue/book.hpp"

namespace millrace::tools {

// Reads quantity and price of a NewOrderSingle or OrderCancelReplaceRequest into an order. Returns
// an OrdRejReason, or -1 where the venue can work with them. A market order gets its symbol's
// price.
[[nodiscard]] int read_terms(const venue_options& options, const venue_request& request,
                             venue_order& order);

[[nodiscard]] std::vector<venue_report> plan_new(const venue_options& options,
                                                 const venue_request& request);
// For cancel and replace requests; order may be null.
[[nodiscard]] std::vector<venue_report> plan_change(const venue_options& options,
                                                    const venue_request& request,
                                                    const venue_request* terms,
                                                    const venue_order* order);
[[nodiscard]] std::vector<venue_report> plan_duplicate(const venue_request& request,
                                                       const venue_order* order);

}  // namespace millrace::tools
