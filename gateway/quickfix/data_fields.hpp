// Which tags hold raw bytes behind a length, in the eyes of one session's dictionaries.
//
// Threading  immutable once set-up has filled it
// Source     QuickFIX 1.15.1 Message.cpp: what it takes for data, and where it looks for lengths
#pragma once

#include <cstdint>
#include <vector>

namespace millrace {
namespace gateway {

class data_field_table {
public:
    data_field_table();

    // REQUIRES: called during set-up only. Session fields are data in every message, application
    // fields only in messages that are not administrative.
    void add_session_field(std::uint32_t tag);
    void add_application_field(std::uint32_t tag);
    // The library forgets that a field is data inside nested groups, and ends it at the first SOH:
    // so must its value.
    void forbid_soh_inside(std::uint32_t tag);
    // The library would take such a field's length from another place: no frame may carry it.
    void bar(std::uint32_t tag);

    bool is_data(std::uint32_t tag, bool is_admin_message) const noexcept {
        if (tag < direct_tags) {
            const std::uint8_t bits = direct_[tag >> 2];
            const unsigned shift = (tag & 3u) * 2u + (is_admin_message ? 0u : 1u);
            return ((bits >> shift) & 1u) != 0;
        }
        return is_high_data(tag, is_admin_message);
    }

    bool is_barred(std::uint32_t tag) const noexcept;
    bool may_hold_soh(std::uint32_t tag) const noexcept;

    // The length field of a data field stands one tag below it, except for Signature.
    static std::uint32_t length_tag_of(std::uint32_t tag) noexcept {
        return tag == 89 ? 93 : tag - 1;
    }

    // The data fields every FIX version has, for a frame whose session is not known yet.
    static data_field_table standard();

private:
    static constexpr std::uint32_t direct_tags = 8192;
    struct high_tag {
        std::uint32_t tag;
        bool is_session_field;
    };

    void set_bit(std::uint32_t tag, unsigned bit);
    bool is_high_data(std::uint32_t tag, bool is_admin_message) const noexcept;

    std::vector<std::uint8_t>
        direct_;                  // two bits a tag: in admin messages, in application messages
    std::vector<high_tag> high_;  // sorted by tag
    std::vector<std::uint32_t> barred_;       // few, if any
    std::vector<std::uint32_t> without_soh_;  // sorted
};

}  // namespace gateway
}  // namespace millrace
