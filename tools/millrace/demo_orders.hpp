// The orders of a demo directory: those its ORDER_OUT has, and behind them those that this run is
// to feed, as finished rows in memory before the first one is due. An order is known by its key,
// CL_ORD_ID.
//
// Errors  config_error with file and line for a row that is none; damage_error for a log that
//         cannot be read
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
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

    // First: the orders that are in the table already. They are not fed again.
    void load_fed(const std::filesystem::path& order_log);
    void load_csv(const std::string& path);
    void generate(std::uint64_t seed, std::uint64_t count);

    // Of the directory; those from fed_before() on are this run's to feed.
    [[nodiscard]] std::size_t count() const noexcept { return ids_.size(); }
    [[nodiscard]] std::size_t fed_before() const noexcept { return fed_before_; }
    // Rows that were read, also those that were fed before.
    [[nodiscard]] std::size_t asked_count() const noexcept { return asked_count_; }
    // REQUIRES: index >= fed_before().
    [[nodiscard]] std::span<std::byte> payload(std::size_t index) noexcept;
    [[nodiscard]] std::string_view id_of(std::size_t index) const noexcept { return ids_[index]; }
    // The index of an order, or count() if it is not one of these.
    [[nodiscard]] std::size_t index_of(std::string_view cl_ord_id) const noexcept;

private:
    void add(const engine::row_builder& row, const std::string& where);
    [[nodiscard]] bool insert(std::string_view id);

    struct text_hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept {
            return std::hash<std::string_view>{}(text);
        }
    };

    const engine::row_schema* schema_;
    std::size_t id_column_;
    std::vector<std::byte> bytes_;
    std::vector<std::size_t> ends_;  // in bytes_, of the orders from fed_before_ on
    std::unordered_map<std::string, std::size_t, text_hash, std::equal_to<>> by_id_;
    std::vector<std::string_view> ids_;  // the keys of by_id_, which stay where they are
    std::size_t fed_before_ = 0;
    std::size_t asked_count_ = 0;
    std::vector<bool> is_asked_;  // of those fed before: it stands in this run's rows too
};

}  // namespace millrace::tools
