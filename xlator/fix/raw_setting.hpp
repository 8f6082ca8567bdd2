// An argument of encode() with a value that the dictionary does not know: a venue's new enumerator.
//
//     set_raw<ExecInst>("Q")       what it is read with: message.text(ExecInst::tag)
//
// Threading  a value; it holds a view of the caller's text, which must live until encode() returns
// Errors     a text that is empty, holds a delimiter, or is none of the field's type is refused by
//            encode(), as with any other setting
#pragma once

#include <string_view>

#include "xlator/fix/setting.hpp"

namespace millrace::xlator {

template <class Field>
struct raw_setting {
    using field = Field;
    static constexpr int tag = Field::tag;
    static constexpr int sort_tag = Field::tag;
    static constexpr bool is_always_set = true;
    static constexpr bool answers_for_required = true;

    std::string_view value;

    [[nodiscard]] constexpr std::size_t size_max() const noexcept {
        return detail::tag_prefix<tag>.size() + value.size() + 1;
    }
    template <class Scope>
    void write(detail::body_writer& out) const noexcept {
        if (!has_format(Field::type, value)) [[unlikely]] {
            out.refuse(tag);
            return;
        }
        detail::write_prefix<tag>(out);
        out.at = copy_bytes(out.at, value.data(), value.size());
        detail::end_field(out);
    }
    [[nodiscard]] int delimiter_tag() const noexcept {
        return value.find(field_delimiter) != std::string_view::npos ? tag : 0;
    }
};

template <class Field>
[[nodiscard]] constexpr raw_setting<Field> set_raw(std::string_view value) noexcept {
    static_assert(Field::tag > 0, "set_raw<> takes a field of the dictionary");
    static_assert(
        Field::type != field_type::num_in_group && Field::length_tag == 0 && Field::data_tag == 0,
        "a group's counter and a data field are written by set_group<> and set<>");
    return {value};
}

}  // namespace millrace::xlator
