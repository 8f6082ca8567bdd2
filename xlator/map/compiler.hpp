// What compiling a map needs in either direction: looking up names, and saying what was meant.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "xlator/fix/dictionary.hpp"
#include "xlator/map/map_spec.hpp"

namespace millrace::xlator::detail {

[[nodiscard]] std::string_view to_string(column_kind kind) noexcept;

class map_compiler {
public:
    map_compiler(std::string_view map, std::span<const column> columns, const dictionary& dict)
        : map_(map), columns_(columns), dict_(dict) {}

protected:
    void fail(long line, std::string reason);
    [[nodiscard]] const message_info* find_message(const std::string& name, long line);
    [[nodiscard]] int find_column(const std::string& name, long line);
    // null and an error if the name is not a field, or no member of `members`; where says of what.
    [[nodiscard]] const member_info* find_member(std::string_view name,
                                                 std::span<const member_info> members,
                                                 const std::string& where, long line);
    // The wire text meant by a constant or pair: a value of the field or the name of one. False and
    // an error if none.
    [[nodiscard]] bool resolve_value(const field_info& field, const std::string& text, long line,
                                     std::string& wire);

    std::string_view map_;
    std::span<const column> columns_;
    const dictionary& dict_;
    std::vector<spec_error> errors_;
};

// "; did you mean X?" or nothing.
[[nodiscard]] std::string suggestion(std::string_view name,
                                     std::span<const std::string_view> candidates);

}  // namespace millrace::xlator::detail
