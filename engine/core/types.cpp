#include "engine/core/types.hpp"

#include <sys/random.h>

#include <cerrno>
#include <cstdio>
#include <ctime>

#include "engine/core/error.hpp"
#include "engine/core/number.hpp"

namespace millrace::engine {

namespace {

constexpr std::int64_t ns_per_s = 1'000'000'000;

bool parse_digits(std::string_view text, int& value) {
    value = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') {
            return false;
        }
        value = value * 10 + (c - '0');
    }
    return !text.empty();
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return -1;
}

}  // namespace

std::string to_string(const log_uuid& uuid) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string text;
    text.reserve(36);
    for (std::size_t i = 0; i < uuid.bytes.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            text += '-';
        }
        text += digits[uuid.bytes[i] >> 4];
        text += digits[uuid.bytes[i] & 15];
    }
    return text;
}

bool parse(std::string_view text, log_uuid& uuid) {
    if (text.size() != 36) {
        return false;
    }
    log_uuid parsed;
    std::size_t at = 0;
    for (std::size_t i = 0; i < parsed.bytes.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            if (text[at++] != '-') {
                return false;
            }
        }
        const int high = hex_digit(text[at]);
        const int low = hex_digit(text[at + 1]);
        at += 2;
        if (high < 0 || low < 0) {
            return false;
        }
        parsed.bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
    }
    uuid = parsed;
    return true;
}

log_uuid random_log_uuid() {
    log_uuid uuid;
    if (::getrandom(uuid.bytes.data(), uuid.bytes.size(), 0) !=
        static_cast<ssize_t>(uuid.bytes.size())) {
        throw io_error("getrandom", "", errno);
    }
    uuid.bytes[6] =
        static_cast<std::uint8_t>((uuid.bytes[6] & 0x0f) | 0x40);  // RFC 4122, version 4
    uuid.bytes[8] = static_cast<std::uint8_t>((uuid.bytes[8] & 0x3f) | 0x80);
    return uuid;
}

std::string to_string(timestamp time) {
    std::int64_t seconds = time.ns / ns_per_s;
    std::int64_t fraction = time.ns % ns_per_s;
    if (fraction < 0) {
        fraction += ns_per_s;
        --seconds;
    }
    const std::time_t whole = seconds;
    std::tm parts{};
    ::gmtime_r(&whole, &parts);
    char text[64];
    std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%09ldZ", parts.tm_year + 1900,
                  parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                  static_cast<long>(fraction));
    return text;
}

bool parse(std::string_view text, timestamp& time) {
    if (text.empty()) {
        return false;
    }
    if (text.find('-', 1) == std::string_view::npos) {
        std::int64_t ns = 0;
        if (!parse_number(text, ns)) {
            return false;
        }
        time.ns = ns;
        return true;
    }
    if (text.back() == 'Z') {
        text.remove_suffix(1);
    }
    if (text.size() < 19 || text[4] != '-' || text[7] != '-' ||
        (text[10] != 'T' && text[10] != ' ') || text[13] != ':' || text[16] != ':') {
        return false;
    }
    std::tm parts{};
    if (!parse_digits(text.substr(0, 4), parts.tm_year) ||
        !parse_digits(text.substr(5, 2), parts.tm_mon) ||
        !parse_digits(text.substr(8, 2), parts.tm_mday) ||
        !parse_digits(text.substr(11, 2), parts.tm_hour) ||
        !parse_digits(text.substr(14, 2), parts.tm_min) ||
        !parse_digits(text.substr(17, 2), parts.tm_sec)) {
        return false;
    }
    parts.tm_year -= 1900;
    parts.tm_mon -= 1;
    const std::tm asked = parts;
    std::int64_t whole = ::timegm(&parts);
    if (parts.tm_mon != asked.tm_mon || parts.tm_mday != asked.tm_mday ||
        parts.tm_hour != asked.tm_hour || parts.tm_min != asked.tm_min) {
        return false;  // timegm folds 31 February into March; we refuse it
    }
    std::int64_t fraction = 0;
    if (text.size() > 19) {
        const std::string_view digits = text.substr(20);
        int value = 0;
        if (text[19] != '.' || digits.empty() || digits.size() > 9 ||
            !parse_digits(digits, value)) {
            return false;
        }
        fraction = value;
        for (std::size_t i = digits.size(); i < 9; ++i) {
            fraction *= 10;
        }
    }
    if (whole < 0 && fraction > 0) {
        ++whole;  // the lowest times fit, their whole seconds alone do not
        fraction -= ns_per_s;
    }
    std::int64_t ns = 0;
    if (__builtin_mul_overflow(whole, ns_per_s, &ns) || __builtin_add_overflow(ns, fraction, &ns)) {
        return false;
    }
    time.ns = ns;
    return true;
}

}  // namespace millrace::engine
