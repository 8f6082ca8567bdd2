// Exact decimals for the venue: 64-bit integers with eight decimal places.
#pragma once

#include <cstdint>
#include <string>

namespace millrace {
namespace tools {

constexpr std::int64_t decimal_scale = 100000000;

// False for text that is no plain decimal number, has more than eight decimal places, or does not
// fit.
bool parse_decimal(const std::string& text, std::int64_t& value);
std::string format_decimal(std::int64_t value);  // shortest: 12, 12.5, -0.25

// Price times quantity, summed up for an average.
__extension__ typedef __int128 notional;
// notional / quantity, rounded half away from zero to eight places; 0 for quantity 0.
std::int64_t average_price(notional sum, std::int64_t quantity);

// The coarsest step (at most one whole unit) that divides the quantity.
std::int64_t decimal_step(std::int64_t quantity);

}  // namespace tools
}  // namespace millrace
