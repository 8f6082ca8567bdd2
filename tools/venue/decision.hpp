// What the venue does with an order: a pure function of seed, ClOrdID and quantity.
//
// The same order gets the same fate whatever the timing, the order of arrival or the number of
// restarts.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tools/venue/options.hpp"

namespace millrace {
namespace tools {

enum class fate : char {
    rejected,
    filled,     // completely, in one or more parts
    cancelled,  // filled in part or not at all, the rest cancelled by the venue
    resting,    // filled in part or not at all, the rest stays open
};

struct decision {
    fate outcome = fate::filled;
    std::vector<std::int64_t> fills;  // each > 0; their sum is the quantity where outcome is filled
};

struct decision_input {
    std::string cl_ord_id;
    std::int64_t quantity = 0;    // what is left to fill
    bool is_immediate = false;    // never rests: TimeInForce 3 and 4
    bool is_all_or_none = false;  // no partial fill: TimeInForce 4
    bool is_replacement = false;  // of an accepted order: neither rejected nor cancelled any more
};

decision decide(const venue_options& options, const decision_input& input);

// What a market order trades at: a price of two decimals between 10.00 and 509.99, fixed for a
// symbol.
std::int64_t market_price(std::uint64_t seed, const std::string& symbol);

}  // namespace tools
}  // namespace millrace
