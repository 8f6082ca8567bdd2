// Holds what the engine wrote against what the venue wrote: every order once, every report once,
// same quantities.
//
// Errors  damage_error for a log that cannot be read
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tools/millrace/demo_files.hpp"
#include "tools/millrace/demo_orders.hpp"

namespace millrace::tools {

struct reconciliation {
    std::uint64_t orders = 0;        // asked for
    std::uint64_t acknowledged = 0;  // acknowledged by the venue, once, and in EXECUTION
    std::uint64_t fills = 0;
    std::uint64_t rejected = 0;
    std::uint64_t lost = 0;  // orders the venue never saw, and reports EXECUTION does not have
    std::uint64_t duplicated =
        0;  // orders under two message numbers, and reports EXECUTION has twice
    std::uint64_t differing = 0;        // orders whose filled quantities differ
    std::vector<std::string> findings;  // the first few, in words

    [[nodiscard]] bool is_clean() const {
        return lost == 0 && duplicated == 0 && differing == 0 && acknowledged + rejected == orders;
    }
};

[[nodiscard]] reconciliation reconcile(const demo_directory& directory, const demo_orders& orders);

}  // namespace millrace::tools
