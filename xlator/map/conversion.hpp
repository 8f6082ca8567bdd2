// Which columns can become which fields.
#pragma once

#include "xlator/fix/dictionary.hpp"
#include "xlator/map/map_spec.hpp"
#include "xlator/map/outbound_program.hpp"

namespace millrace::xlator::detail {

struct conversion {
    bool is_possible = false;
    convert how = convert::text;
    bool must_check = true;  // not every value of the column is one of the field
};

// How a column of this kind becomes a field of this type, if it can at all.
[[nodiscard]] conversion conversion_for(const field_info& field, column_kind kind);

}  // namespace millrace::xlator::detail
