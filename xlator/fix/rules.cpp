#include "xlator/fix/rules.hpp"

#include <algorithm>

namespace millrace::xlator::detail {

void value_set::add(std::string_view text) {
    std::size_t number = 0;
    if (text.size() == 1 && static_cast<unsigned char>(text[0]) < 128) {
        const auto c = static_cast<unsigned char>(text[0]);
        chars_[c >> 6] |= std::uint64_t{1} << (c & 63);
    } else if (as_number(text, number)) {
        numbers_[number >> 6] |= std::uint64_t{1} << (number & 63);
    } else {
        texts_.push_back(text);
    }
}

void value_set::finish() {
    std::sort(texts_.begin(), texts_.end());
}

bool value_set::contains_text(std::string_view text) const noexcept {
    return std::binary_search(texts_.begin(), texts_.end(), text);
}

void rule_table::finish() {
    for (std::size_t i = 0; i < rules_.size(); ++i) {
        const std::uint32_t tag = rules_[i].tag;
        const auto index = static_cast<std::uint16_t>(i);
        if (tag < small_tag_limit) {
            if (tag >= small_.size()) {
                small_.resize(tag + 1, no_index);
            }
            small_[tag] = index;
        } else {
            large_.emplace_back(tag, index);
        }
    }
    std::sort(large_.begin(), large_.end());
}

const member_rule* rule_table::find_large(std::uint32_t tag) const noexcept {
    const auto found =
        std::lower_bound(large_.begin(), large_.end(), std::pair{tag, std::uint16_t{0}});
    return found != large_.end() && found->first == tag ? &rules_[found->second] : nullptr;
}

}  // namespace millrace::xlator::detail
