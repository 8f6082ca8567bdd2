// Values within the bytes of a row, which its schema knows as bytes alone: a FIX message in a
// column. Whoever knows them lends their names to a condition.
//
// Threading  immutable; any thread
// Progress   read() allocates nothing
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/table/row.hpp"
#include "engine/table/schema.hpp"
#include "engine/table/values.hpp"

namespace millrace::engine {

// As a column of its type would have it; what the type does not need is not looked at.
struct row_field_value {
    bool is_empty = true;      // the row has no such value, or one that is none of its type
    std::int64_t integer = 0;  // integer, nanoseconds, character, 0 or 1
    decimal number;
    std::string_view text;
};

class row_fields {
public:
    struct field {
        std::uint32_t id = 0;
        schema_column column;  // its name and type
    };

    row_fields() = default;
    row_fields(const row_fields&) = delete;
    row_fields& operator=(const row_fields&) = delete;
    virtual ~row_fields() = default;

    // Whatever the name's case.
    [[nodiscard]] virtual std::optional<field> find(std::string_view name) const = 0;
    [[nodiscard]] virtual row_field_value read(const row_view& row,
                                               std::uint32_t id) const noexcept = 0;
    // All of them, for messages; valid while this lives.
    [[nodiscard]] virtual std::vector<std::string_view> names() const = 0;
    // For messages: "dictionary FIX44".
    [[nodiscard]] virtual std::string describe() const = 0;
};

// Why a name is neither a column's nor a field's, with the nearest of both.
[[nodiscard]] std::string unknown_name(const row_schema& schema, const row_fields& fields,
                                       std::string_view name);

}  // namespace millrace::engine
