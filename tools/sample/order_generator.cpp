#include "tools/sample/order_generator.hpp"

#include <array>

namespace millrace::tools {

namespace {

struct instrument {
    std::string_view symbol;
    std::uint32_t cents;  // where its prices lie around
};

constexpr std::array<instrument, 48> instruments{{
    {"AAPL", 22740}, {"MSFT", 41860}, {"AMZN", 18655}, {"GOOGL", 16510}, {"META", 57230},
    {"NVDA", 12180}, {"TSLA", 24940}, {"JPM", 21040},  {"BAC", 3985},    {"WFC", 5590},
    {"GS", 49515},   {"MS", 10470},   {"C", 6220},     {"V", 27590},     {"MA", 49380},
    {"XOM", 11720},  {"CVX", 14580},  {"COP", 10610},  {"JNJ", 16120},   {"PFE", 2895},
    {"MRK", 11335},  {"ABBV", 19420}, {"LLY", 88610},  {"UNH", 58465},   {"KO", 7185},
    {"PEP", 17020},  {"PG", 17310},   {"WMT", 8075},   {"COST", 88690},  {"HD", 40510},
    {"MCD", 30420},  {"NKE", 8835},   {"DIS", 9615},   {"CMCSA", 4170},  {"T", 2195},
    {"VZ", 4490},    {"INTC", 2340},  {"AMD", 16405},  {"QCOM", 17000},  {"CSCO", 5320},
    {"ORCL", 17030}, {"IBM", 22080},  {"CRM", 27355},  {"BA", 15205},    {"CAT", 39110},
    {"GE", 18850},   {"F", 1055},     {"SIRI", 364},
}};
constexpr std::array<std::string_view, 8> firms{"MLRC", "NORD", "HARB", "QUAY",
                                                "ALTA", "BRIO", "CASK", "DUNE"};
constexpr std::array<std::uint32_t, 6> lots{1, 5, 10, 50, 100, 500};

// Source  SplitMix64, public domain
class row_random {
public:
    row_random(std::uint64_t seed, std::uint64_t index) : state_(mix(seed) ^ mix(~index)) {}
    std::uint32_t below(std::uint32_t limit) {
        state_ += increment;
        return static_cast<std::uint32_t>((mix(state_) >> 33) % limit);
    }

private:
    static constexpr std::uint64_t increment = 0x9e3779b97f4a7c15;
    static std::uint64_t mix(std::uint64_t z) {
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }

    std::uint64_t state_;
};

std::string padded(std::uint64_t value, std::size_t width) {
    std::string digits = std::to_string(value);
    digits.insert(0, digits.size() < width ? width - digits.size() : 0, '0');
    return digits;
}

std::string base36(std::uint64_t value, std::size_t width) {
    constexpr std::string_view digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    std::string text(width, '0');
    for (std::size_t i = width; i > 0; --i) {
        text[i - 1] = digits[value % digits.size()];
        value /= digits.size();
    }
    return text;
}

// Within 2 % of the instrument's price; one in ten in ten-thousandths.
std::string price_text(row_random& random, std::uint32_t around) {
    const std::uint32_t spread = around / 50 + 1;
    const std::uint32_t cents = around - spread + random.below(2 * spread + 1);
    std::string text = std::to_string(cents / 100);
    text += '.';
    text += padded(cents % 100, 2);
    if (random.below(10) == 0) {
        text += padded(random.below(100), 2);
    }
    return text;
}

}  // namespace

generated_order order_generator::row(std::uint64_t index) const {
    row_random random(seed_, index);
    const instrument& traded =
        instruments[random.below(static_cast<std::uint32_t>(instruments.size()))];
    generated_order order;
    order.cl_ord_id = 'D';
    order.cl_ord_id += base36(seed_, 6);
    order.cl_ord_id += '-';
    order.cl_ord_id += padded(index + 1, 8);
    order.symbol = traded.symbol;
    order.side = random.below(2) == 0 ? '1' : '2';
    const bool is_market = random.below(100) < 8;
    order.ord_type = is_market ? '1' : '2';
    if (!is_market) {
        order.price = price_text(random, traded.cents);
    }
    const std::uint32_t lot = lots[random.below(static_cast<std::uint32_t>(lots.size()))];
    order.order_qty = std::to_string(lot * (1 + random.below(20)));
    const std::uint32_t force = random.below(100);
    order.time_in_force = force < 80 ? '0' : (force < 92 ? '1' : '3');
    order.account = "ACC";
    order.account += padded(1 + random.below(200), 4);
    order.client_id = "CLI";
    order.client_id += padded(1 + random.below(60), 3);
    order.firm_id = firms[random.below(static_cast<std::uint32_t>(firms.size()))];
    return order;
}

std::string order_generator::csv_row(std::uint64_t index) const {
    const generated_order order = row(index);
    std::string line;
    for (const std::string* column : {&order.cl_ord_id, &order.symbol, &order.side, &order.ord_type,
                                      &order.price, &order.order_qty, &order.time_in_force,
                                      &order.account, &order.client_id, &order.firm_id}) {
        if (!line.empty()) {
            line += ',';
        }
        line += *column;
    }
    return line;
}

}  // namespace millrace::tools
