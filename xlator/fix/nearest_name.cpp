#include "xlator/fix/nearest_name.hpp"

#include <algorithm>
#include <vector>

namespace millrace::xlator {

namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

std::size_t edit_distance(std::string_view left, std::string_view right) {
    std::vector<std::size_t> older(right.size() + 1);
    std::vector<std::size_t> previous(right.size() + 1);
    std::vector<std::size_t> current(right.size() + 1);
    for (std::size_t j = 0; j <= right.size(); ++j) {
        previous[j] = j;
    }
    for (std::size_t i = 1; i <= left.size(); ++i) {
        current[0] = i;
        for (std::size_t j = 1; j <= right.size(); ++j) {
            const bool is_same = lower(left[i - 1]) == lower(right[j - 1]);
            current[j] = std::min(
                {previous[j] + 1, current[j - 1] + 1, previous[j - 1] + (is_same ? 0U : 1U)});
            const bool is_swap = i > 1 && j > 1 && lower(left[i - 1]) == lower(right[j - 2]) &&
                                 lower(left[i - 2]) == lower(right[j - 1]);
            if (is_swap) {
                current[j] = std::min(current[j], older[j - 2] + 1);
            }
        }
        older.swap(previous);
        previous.swap(current);
    }
    return previous[right.size()];
}

std::string_view nearest_name(std::string_view name, std::span<const std::string_view> candidates) {
    // A third of the letters may be wrong; beyond that a suggestion confuses more than it helps.
    std::size_t best_distance = std::max<std::size_t>(1, name.size() / 3) + 1;
    std::string_view best;
    for (const std::string_view candidate : candidates) {
        const std::size_t distance = edit_distance(name, candidate);
        if (distance < best_distance) {
            best_distance = distance;
            best = candidate;
        }
    }
    return best;
}

}  // namespace millrace::xlator
