// What compiling a map needs in either direction: looking up names, and saying what was meant.
//
// Threading  set-up only
// Errors     every error is kept, with its line; a look-up that fails has said so
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "xlator/fix/dictionary.hpp"
#include "xlator/map/map_spec.hpp"
#include "xlator/map/row_access.hpp"
#include "xlator/map/value_text.hpp"

namespace millrace::xlator::detail {

[[nodiscard]] std::string_view to_string(column_kind kind) noexcept;

// Of one side: columns by name, and what is made of them.
class column_compiler {
public:
    column_compiler(std::string_view map, std::span<const column> columns)
        : map_(map), columns_(columns) {}

protected:
    void fail(long line, std::string reason);
    // Whatever its case, as tables have it; -1 and an error if there is none.
    [[nodiscard]] int find_column(std::span<const column> columns, const std::string& name,
                                  long line);
    [[nodiscard]] int find_column(const std::string& name, long line) {
        return find_column(columns_, name, line);
    }
    [[nodiscard]] column_kind kind_of(int column) const {
        return columns_[static_cast<std::size_t>(column)].kind;
    }
    // Whether pairs and conditions can spell the values of such columns, and this one of them.
    [[nodiscard]] static bool is_spelled(column_kind kind);
    [[nodiscard]] static bool is_value_of(column_kind kind, const std::string& value);
    [[nodiscard]] static std::string no_value(const std::string& value, const std::string& column,
                                              column_kind kind);
    // `what` is what takes the text, for messages. Names are columns, or what find_named() says.
    [[nodiscard]] bool compile_template(const std::string& text, const std::string& what, long line,
                                        std::vector<text_part>& parts);
    // The form of a part whose kind is known.
    [[nodiscard]] bool compile_format(const std::string& format, const std::string& what, long line,
                                      text_part& part);
    // A value in a form, as the only part of a text; `name` is of a named one.
    [[nodiscard]] bool compile_part(text_part::origin from, const std::string& name,
                                    const std::string& format, const std::string& what, long line,
                                    std::vector<text_part>& parts);
    // An example of a text that no row takes part in; nothing of others.
    [[nodiscard]] static std::optional<std::string> example_of(std::span<const text_part> parts);
    // The same two for a column of the row that is made, and of this kind.
    [[nodiscard]] bool compile_row_template(const std::string& text, const std::string& column,
                                            column_kind kind, long line,
                                            std::vector<text_part>& parts);
    [[nodiscard]] bool compile_row_part(text_part::origin from, const std::string& name,
                                        const std::string& format, const std::string& column,
                                        column_kind kind, long line, std::vector<text_part>& parts);
    [[nodiscard]] bool compile_condition(const column_condition& given, long line,
                                         map_condition& condition);
    // A value that a template names, or one that gets a format: its index, kind and type. False,
    // and an error, if there is none.
    [[nodiscard]] virtual bool find_named(const std::string& name, bool is_formatted, long line,
                                          text_part& part);
    ~column_compiler() = default;

    std::string_view map_;
    std::span<const column> columns_;
    std::vector<spec_error> errors_;

private:
    [[nodiscard]] bool can_be_row_text(std::span<const text_part> parts, column_kind kind,
                                       const std::string& what, long line);
};

// With a dictionary on the other side.
class map_compiler : protected column_compiler {
public:
    map_compiler(std::string_view map, std::span<const column> columns, const dictionary& dict)
        : column_compiler(map, columns), dict_(dict) {}

protected:
    [[nodiscard]] const message_info* find_message(const std::string& name, long line);
    // null and an error if the name is not a field, or no member of `members`; where says of what.
    [[nodiscard]] const member_info* find_member(std::string_view name,
                                                 std::span<const member_info> members,
                                                 const std::string& where, long line);
    // The wire text meant by a constant or pair: a value of the field or the name of one. False and
    // an error if none.
    [[nodiscard]] bool resolve_value(const field_info& field, const std::string& text, long line,
                                     std::string& wire);
    // False, and an error: such a text is never a value of the field.
    [[nodiscard]] bool can_be_field_text(std::span<const text_part> parts, const field_info& field,
                                         long line);
    ~map_compiler() = default;

    const dictionary& dict_;
};

// "; did you mean X?" or nothing.
[[nodiscard]] std::string suggestion(std::string_view name,
                                     std::span<const std::string_view> candidates);

}  // namespace millrace::xlator::detail
