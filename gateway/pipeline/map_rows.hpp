// Rows as the xlator's maps see them: an engine row to read from, and a row builder to write into.
//
// Threading  one thread at a time, as the rows themselves
// Progress   no call allocates
// Errors     a value the column cannot hold is false; reading a column as another type is a
// programmer error
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/table/row.hpp"
#include "xlator/fix/decimal.hpp"

namespace millrace::gateway {

// The Row of xlator::outbound_map.
class map_row {
public:
    explicit map_row(const engine::row_view& row) noexcept : row_(row) {}

    [[nodiscard]] bool is_empty(std::size_t index) const noexcept { return row_.is_empty(index); }
    // REQUIRES: no u64 column; map_build refuses those.
    [[nodiscard]] std::int64_t integer(std::size_t index) const noexcept {
        return row_.integer(index);
    }
    [[nodiscard]] xlator::decimal decimal(std::size_t index) const noexcept {
        return row_.decimal_value(index).to<xlator::decimal>();
    }
    [[nodiscard]] char character(std::size_t index) const noexcept { return row_.character(index); }
    [[nodiscard]] std::string_view text(std::size_t index) const noexcept {
        if (row_.schema().column(index).type == engine::column_type::bytes) {
            const auto bytes = row_.trailing();
            return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
        }
        return row_.text(index);
    }
    [[nodiscard]] std::int64_t timestamp(std::size_t index) const noexcept {
        return row_.timestamp(index).ns;
    }
    [[nodiscard]] bool boolean(std::size_t index) const noexcept { return row_.boolean(index); }

private:
    engine::row_view row_;
};

// The RowSink of xlator::inbound_map.
class map_row_sink {
public:
    explicit map_row_sink(engine::row_builder& row) noexcept : row_(&row) {}

    [[nodiscard]] bool set_integer(std::size_t index, std::int64_t value) noexcept {
        return is_ok(row_->set_integer(index, value));
    }
    [[nodiscard]] bool set_decimal(std::size_t index, xlator::decimal value) noexcept {
        return is_ok(row_->set_decimal(index, engine::decimal::of(value)));
    }
    [[nodiscard]] bool set_character(std::size_t index, char value) noexcept {
        return is_ok(row_->set_character(index, value));
    }
    [[nodiscard]] bool set_text(std::size_t index, std::string_view value) noexcept {
        if (row_->schema().column(index).type == engine::column_type::bytes) {
            return is_ok(row_->set_trailing(std::as_bytes(std::span(value))));
        }
        return is_ok(row_->set_text(index, value));
    }
    [[nodiscard]] bool set_timestamp(std::size_t index, std::int64_t ns) noexcept {
        return is_ok(row_->set_timestamp(index, {ns}));
    }
    [[nodiscard]] bool set_boolean(std::size_t index, bool value) noexcept {
        return is_ok(row_->set_boolean(index, value));
    }

private:
    [[nodiscard]] static bool is_ok(engine::row_status status) noexcept {
        return status == engine::row_status::ok;
    }

    engine::row_builder* row_;
};

}  // namespace millrace::gateway
