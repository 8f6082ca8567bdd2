#include "engine/table/record.hpp"

#include "engine/core/number.hpp"

namespace millrace::engine {

namespace {

constexpr std::size_t id_digits = 2 * sizeof(std::uint64_t);

bool parse_log_id(std::string_view text, std::uint64_t& id) {
    log_uuid uuid;
    if (parse(text, uuid)) {
        id = correlation_log_id(uuid);
        return true;
    }
    if (text.size() != id_digits) {
        return false;
    }
    std::uint64_t value = 0;
    if (!parse_number(text, value, 16)) {
        return false;
    }
    id = __builtin_bswap64(value);  // the first byte of the uuid is the lowest of the id
    return true;
}

}  // namespace

std::string log_id_text(std::uint64_t log_id) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string text(id_digits, '0');
    for (std::size_t i = 0; i < id_digits; i += 2, log_id >>= 8) {
        text[i] = digits[(log_id >> 4) & 15];
        text[i + 1] = digits[log_id & 15];
    }
    return text;
}

std::string to_string(const correlation& value) {
    return log_id_text(value.log_id) + ":" + std::to_string(value.sequence);
}

bool parse(std::string_view text, correlation& value) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) {
        return false;
    }
    const std::string_view digits = text.substr(colon + 1);
    correlation parsed;
    if (!parse_number(digits, parsed.sequence) ||
        !parse_log_id(text.substr(0, colon), parsed.log_id)) {
        return false;
    }
    value = parsed;
    return true;
}

}  // namespace millrace::engine
