#include "tools/venue/decision.hpp"

#include <algorithm>

#include "tools/venue/decimal.hpp"

namespace millrace {
namespace tools {

namespace {

// Pseudo-random numbers that depend on seed and text alone.
// Source  FNV-1a for the text, SplitMix64 for the sequence; both in the public domain
class text_random {
public:
    text_random(std::uint64_t seed, const std::string& text) : state_(0xcbf29ce484222325u ^ seed) {
        for (const char c : text) {
            state_ = (state_ ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
        }
    }
    std::uint64_t next() {
        state_ += 0x9e3779b97f4a7c15u;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return z ^ (z >> 31);
    }
    // In [0, limit); limit > 0. The bias of the remainder does not matter here.
    std::uint64_t below(std::uint64_t limit) { return next() % limit; }

private:
    std::uint64_t state_;
};

// Splits a number of steps into at most `parts` non-empty pieces.
std::vector<std::int64_t> split(text_random& random, std::int64_t steps, std::int64_t step,
                                std::uint32_t parts_max) {
    std::vector<std::int64_t> pieces;
    if (steps == 0) {
        return pieces;
    }
    auto rest = static_cast<std::uint64_t>(steps);
    const std::uint64_t parts = std::min<std::uint64_t>(1 + random.below(parts_max), rest);
    for (std::uint64_t left = parts; left > 1; --left) {
        const std::uint64_t piece = 1 + random.below(rest - left + 1);
        pieces.push_back(static_cast<std::int64_t>(piece) * step);
        rest -= piece;
    }
    pieces.push_back(static_cast<std::int64_t>(rest) * step);
    return pieces;
}

}  // namespace

decision decide(const venue_options& options, const decision_input& input) {
    text_random random(options.seed, input.cl_ord_id);
    const std::uint64_t roll = random.below(1000);
    const std::uint64_t reject_below = options.reject_per_mille;
    const std::uint64_t cancel_below = reject_below + options.cancel_per_mille;
    const std::uint64_t rest_below = cancel_below + options.rest_per_mille;

    decision result;
    if (roll < cancel_below && !input.is_replacement) {
        result.outcome = roll < reject_below ? fate::rejected : fate::cancelled;
    } else if (roll >= cancel_below && roll < rest_below) {
        result.outcome = input.is_immediate ? fate::cancelled : fate::resting;
    }
    if (result.outcome == fate::rejected) {
        return result;
    }
    const std::int64_t step = decimal_step(input.quantity);
    std::int64_t steps = input.quantity / step;
    if (result.outcome != fate::filled) {
        steps = input.is_all_or_none
                    ? 0
                    : static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(steps)));
    }
    result.fills = split(random, steps, step, input.is_all_or_none ? 1 : options.fill_parts);
    return result;
}

std::int64_t market_price(std::uint64_t seed, const std::string& symbol) {
    text_random random(seed, symbol);
    const auto cents = static_cast<std::int64_t>(1000 + random.below(50000));
    return cents * (decimal_scale / 100);
}

}  // namespace tools
}  // namespace millrace
