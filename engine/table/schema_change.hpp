// What changed between two schemas of a table, and rows of one read as rows of the other.
//
// A log follows a changed schema by itself where no row can lose anything: new columns behind the
// old ones (before a trailing one), which old rows hold empty, 0 or false; and texts that become
// wider. Everything else needs a migration into a new log.
//
// Threading  compare_schemas: any; a row_map belongs to one thread
// Progress   apply() allocates nothing
// Errors     the constructor of row_map throws config_error; apply() answers row_status
#pragma once

#include <span>
#include <string>
#include <vector>

#include "engine/table/row.hpp"
#include "engine/table/schema.hpp"

namespace millrace::engine {

enum class schema_relation : std::uint8_t {
    same,
    extended,      // a log of the one may go on with the other
    incompatible,  // not without a migration
};

struct schema_change {
    schema_relation relation = schema_relation::same;
    std::vector<std::string> differences;    // "column PRICE: was decimal, is i64", one each
    [[nodiscard]] std::string text() const;  // one a line
};
[[nodiscard]] schema_change compare_schemas(const row_schema& was, const row_schema& is);

// Reads rows of `from` as rows of `to`: columns by name, those `from` lacks as they are empty.
class row_map {
public:
    enum class mode : std::uint8_t {
        exact,     // a text that does not fit is refused
        truncate,  // it is cut
    };
    // Throws config_error where a column's types do not convert: integers do into wider ones (an
    // unsigned also into a wider signed), characters into texts, texts into texts and vartext.
    // REQUIRES: both outlive this.
    row_map(const row_schema& from, const row_schema& to, mode how = mode::exact);

    struct result {
        row_status status = row_status::ok;
        std::size_t size = 0;
        std::size_t column = 0;  // of `to`, that took it not
        bool is_cut = false;     // a text lost bytes
    };
    // REQUIRES: `payload` is a checked row of `from`; `buffer` holds payload_bytes(payload).
    [[nodiscard]] result apply(std::span<const std::byte> payload,
                               std::span<std::byte> buffer) const noexcept;
    // Room for the row that becomes of this one.
    [[nodiscard]] std::size_t payload_bytes(std::span<const std::byte> payload) const noexcept;

    [[nodiscard]] const row_schema& from() const noexcept { return *from_; }
    [[nodiscard]] const row_schema& to() const noexcept { return *to_; }

private:
    struct pair {
        std::size_t from;
        std::size_t to;
    };
    [[nodiscard]] row_status copy(const row_view& row, const pair& columns, row_builder& built,
                                  bool& is_cut) const noexcept;

    const row_schema* from_;
    const row_schema* to_;
    mode mode_;
    std::vector<pair> pairs_;
    std::size_t vartext_bytes_max_ = 0;  // that a text of `from` may put into a vartext of `to`
};

}  // namespace millrace::engine
