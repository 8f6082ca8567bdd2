// The fields of a Logon that nobody may read later, and copies of frames without them.
//
// A value that is hidden keeps its length: BodyLength stays true, and CheckSum becomes that of the
// copy.
//
// Threading  immutable once set-up has filled it
// Progress   no allocation, no exception
// Invariant  no byte of a hidden value is ever written to the copy
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "gateway/quickfix/data_fields.hpp"

namespace millrace {
namespace gateway {

class secret_tags {
public:
    // RawData, Password, NewPassword, EncryptedPassword and EncryptedNewPassword.
    secret_tags() = default;

    // REQUIRES: may_add(tag).
    void add(std::uint32_t tag);
    // False: without its value the session library could not read the frame again, or a column of
    // the FIX logs is made of it.
    static bool may_add(std::uint32_t tag) noexcept;

    // What no text may quote, whatever stands before it; nothing if it is too short to be told
    // from a word.
    void add_value(const std::string& value);

    bool has(std::uint32_t tag) const noexcept;

    // Of a Logon that has passed the screen. REQUIRES: room for size bytes.
    void copy_logon(char* to, const char* from, std::size_t size) const noexcept;
    // Of bytes that are no message: whatever could be such a field is hidden, up to where the next
    // field could begin. A CheckSum that was wrong stays as wrong.
    void copy_garbled(char* to, const char* from, std::size_t size) const noexcept;
    // A line for people, in which SOH may stand as |.
    void hide_in_text(char* text, std::size_t size) const noexcept;

private:
    std::vector<std::uint32_t> more_;
    std::string value_;
    data_field_table data_fields_ = data_field_table::standard();
};

}  // namespace gateway
}  // namespace millrace
