// Turns a comparison with a literal into a test of the column's own type.
#pragma once

#include <string>
#include <string_view>

#include "engine/table/predicate.hpp"

namespace millrace::engine::detail {

enum class literal_kind : std::uint8_t { number, text, boolean };

struct literal {
    literal_kind kind = literal_kind::number;
    std::string_view spelling;  // as written, for messages; of a text without its quotes
    std::string value;          // of a text, '' resolved
    bool truth = false;
};

// Fills in `out` but for its column, type and offset. A text is put behind `literals`. Returns an
// empty string, or the reason why such a comparison makes no sense.
[[nodiscard]] std::string make_comparison(const schema_column& column, comparison op,
                                          const literal& operand, std::string& literals, test& out);

// The same for `like`.
[[nodiscard]] std::string make_like(const schema_column& column, std::string_view pattern,
                                    std::string& literals, test& out);

}  // namespace millrace::engine::detail
