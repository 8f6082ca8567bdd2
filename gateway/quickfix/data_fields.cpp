#include "gateway/quickfix/data_fields.hpp"

#include <algorithm>

namespace millrace {
namespace gateway {

data_field_table::data_field_table() : direct_(direct_tags / 4, 0) {}

void data_field_table::set_bit(std::uint32_t tag, unsigned bit) {
    direct_[tag >> 2] =
        static_cast<std::uint8_t>(direct_[tag >> 2] | (1u << ((tag & 3u) * 2u + bit)));
}

void data_field_table::add_session_field(std::uint32_t tag) {
    if (tag < direct_tags) {
        set_bit(tag, 0);
        set_bit(tag, 1);
        return;
    }
    const auto place =
        std::lower_bound(high_.begin(), high_.end(), tag,
                         [](const high_tag& a, std::uint32_t b) { return a.tag < b; });
    if (place != high_.end() && place->tag == tag) {
        place->is_session_field = true;
    } else {
        high_.insert(place, high_tag{tag, true});
    }
}

void data_field_table::add_application_field(std::uint32_t tag) {
    if (tag < direct_tags) {
        set_bit(tag, 1);
        return;
    }
    const auto place =
        std::lower_bound(high_.begin(), high_.end(), tag,
                         [](const high_tag& a, std::uint32_t b) { return a.tag < b; });
    if (place == high_.end() || place->tag != tag) {
        high_.insert(place, high_tag{tag, false});
    }
}

bool data_field_table::is_high_data(std::uint32_t tag, bool is_admin_message) const noexcept {
    if (high_.empty()) {
        return false;
    }
    const auto place =
        std::lower_bound(high_.begin(), high_.end(), tag,
                         [](const high_tag& a, std::uint32_t b) { return a.tag < b; });
    return place != high_.end() && place->tag == tag &&
           (place->is_session_field || !is_admin_message);
}

void data_field_table::forbid_soh_inside(std::uint32_t tag) {
    const auto place = std::lower_bound(without_soh_.begin(), without_soh_.end(), tag);
    if (place == without_soh_.end() || *place != tag) {
        without_soh_.insert(place, tag);
    }
}

void data_field_table::bar(std::uint32_t tag) {
    if (!is_barred(tag)) {
        barred_.push_back(tag);
    }
}

bool data_field_table::is_barred(std::uint32_t tag) const noexcept {
    return std::find(barred_.begin(), barred_.end(), tag) != barred_.end();
}

bool data_field_table::may_hold_soh(std::uint32_t tag) const noexcept {
    return !std::binary_search(without_soh_.begin(), without_soh_.end(), tag);
}

data_field_table data_field_table::standard() {
    data_field_table table;
    // Signature, SecureData, RawData, XmlData, EncodedText and the passwords of a Logon.
    for (const std::uint32_t tag : {89u, 91u, 96u, 213u, 355u, 1402u, 1404u}) {
        table.add_session_field(tag);
    }
    return table;
}

}  // namespace gateway
}  // namespace millrace
