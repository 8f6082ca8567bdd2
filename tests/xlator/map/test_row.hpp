// A row for the map tests: one slot a column, empty until set.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "xlator/fix/decimal.hpp"
#include "xlator/map/map_spec.hpp"

namespace millrace::tests {

class test_row {
public:
    explicit test_row(std::vector<xlator::column> columns)
        : columns_(std::move(columns)), slots_(columns_.size()) {}

    [[nodiscard]] const std::vector<xlator::column>& columns() const { return columns_; }
    [[nodiscard]] std::size_t index(const std::string& name) const {
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            if (columns_[i].name == name) {
                return i;
            }
        }
        return columns_.at(columns_.size()).name.size();  // throws: no such column
    }
    template <class Value>
    test_row& set(const std::string& name, const Value& value) {
        slots_[index(name)] = slot{value};
        return *this;
    }
    void clear(const std::string& name) { slots_[index(name)].reset(); }
    template <class Value>
    [[nodiscard]] Value get(const std::string& name) const {
        return std::get<Value>(*slots_[index(name)]);
    }
    [[nodiscard]] bool has(const std::string& name) const {
        return slots_[index(name)].has_value();
    }

    // What outbound maps read.
    [[nodiscard]] bool is_empty(std::size_t i) const noexcept { return !slots_[i].has_value(); }
    [[nodiscard]] std::int64_t integer(std::size_t i) const noexcept { return as<std::int64_t>(i); }
    [[nodiscard]] std::int64_t timestamp(std::size_t i) const noexcept {
        return as<std::int64_t>(i);
    }
    [[nodiscard]] xlator::decimal decimal(std::size_t i) const noexcept {
        return as<xlator::decimal>(i);
    }
    [[nodiscard]] char character(std::size_t i) const noexcept { return as<char>(i); }
    [[nodiscard]] bool boolean(std::size_t i) const noexcept { return as<bool>(i); }
    [[nodiscard]] std::string_view text(std::size_t i) const noexcept {
        return slots_[i] ? std::string_view(*std::get_if<std::string>(&*slots_[i]))
                         : std::string_view();
    }

    // What inbound maps write; text columns hold 16 bytes, decimals 4 places.
    bool set_integer(std::size_t i, std::int64_t value) noexcept { return store(i, value); }
    bool set_timestamp(std::size_t i, std::int64_t ns) noexcept { return store(i, ns); }
    bool set_decimal(std::size_t i, xlator::decimal value) noexcept {
        std::int64_t mantissa = 0;
        return xlator::rescale(value, -4, mantissa) && store(i, xlator::decimal{mantissa, -4});
    }
    bool set_character(std::size_t i, char value) noexcept { return store(i, value); }
    bool set_boolean(std::size_t i, bool value) noexcept { return store(i, value); }
    bool set_text(std::size_t i, std::string_view value) noexcept {
        return value.size() <= 16 && store(i, std::string(value));
    }

private:
    using slot = std::variant<std::int64_t, xlator::decimal, char, std::string, bool>;

    template <class Value>
    Value as(std::size_t i) const noexcept {
        return *std::get_if<Value>(&*slots_[i]);
    }
    template <class Value>
    bool store(std::size_t i, const Value& value) noexcept {
        slots_[i] = slot{value};
        return true;
    }

    std::vector<xlator::column> columns_;
    std::vector<std::optional<slot>> slots_;
};

// "line: message" of each.
inline std::vector<std::string> texts_of(const std::vector<xlator::spec_error>& errors) {
    std::vector<std::string> texts;
    for (const xlator::spec_error& one : errors) {
        texts.push_back(std::to_string(one.line) + ": " + one.message);
    }
    return texts;
}

// The map, which is to have no errors.
template <class Map>
Map made(const xlator::compile_result<Map>& result) {
    EXPECT_EQ(texts_of(result.errors), std::vector<std::string>{});
    return result ? *result.map : Map{};
}

}  // namespace millrace::tests
