// The orders a demo feeds: finished rows of ORDER_OUT, in memory before the first one is due.
//
// Errors  config_error with file and line for a row that is none
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/table/row.hpp"

namespace millrace::tools {

class demo_orders {
public:
    // REQUIRES: the schema has CL_ORD_ID; it outlives this.
    explicit demo_orders(const engine::row_schema& schema);

    void load_csv(const std::string& path);
    void generate(std::uint64_t seed, std::uint64_t count);

    [[nodiscard]] std::size_t count() const noexcept { return ends_.size(); }
    // The payload of row `index`, from 0; its record gets sequence index + 1.
    [[nodiscard]] std::span<std::byte> payload(std::size_t index) noexcept;
    [[nodiscard]] std::string_view id_of(std::size_t index) const noexcept;
    // The index of an order, or count() if it is not one of these.
    [[nodiscard]] std::size_t index_of(std::string_view cl_ord_id) const noexcept;

private:
    void add(const engine::row_builder& row, const std::string& where);

    struct text_hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept {
            return std::hash<std::string_view>{}(text);
        }
    };

    const engine::row_schema* schema_;
    std::size_t id_column_;
    std::vector<std::byte> bytes_;
    std::vector<std::size_t> ends_;
    std::unordered_map<std::string, std::size_t, text_hash, std::equal_to<>> by_id_;
};

}  // namespace millrace::tools
