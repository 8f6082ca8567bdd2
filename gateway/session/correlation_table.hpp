// Finds the record an order began with by its ClOrdID, so that reports carry its correlation on.
//
// Threading  the session thread
// Progress   O(1), no allocation after construction
// Invariant  holds the most recent orders; an older one may have been overwritten, and is then not
//            found
// Units      capacity: orders, a power of two
#pragma once

#include <bit>
#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/table/record.hpp"

namespace millrace::gateway {

class correlation_table {
public:
    explicit correlation_table(std::size_t capacity)
        : entries_(std::bit_ceil(capacity < ways ? ways : capacity)),
          bucket_mask_(entries_.size() / ways - 1) {}

    void put(std::string_view cl_ord_id, engine::correlation value) noexcept {
        const std::uint64_t hash = engine::route_id(cl_ord_id);
        entry* bucket = bucket_of(hash);
        entry* oldest = bucket;
        for (std::size_t i = 0; i < ways; ++i) {
            if (bucket[i].hash == hash) {
                oldest = bucket + i;
                break;
            }
            if (bucket[i].stamp < oldest->stamp) {
                oldest = bucket + i;
            }
        }
        *oldest = {hash, ++stamp_, value};
    }

    // An all-zero correlation if the order is not known.
    [[nodiscard]] engine::correlation find(std::string_view cl_ord_id) const noexcept {
        if (cl_ord_id.empty()) {
            return {};
        }
        const std::uint64_t hash = engine::route_id(cl_ord_id);
        const entry* bucket = const_cast<correlation_table*>(this)->bucket_of(hash);
        for (std::size_t i = 0; i < ways; ++i) {
            if (bucket[i].hash == hash && bucket[i].stamp != 0) {
                return bucket[i].value;
            }
        }
        return {};
    }

private:
    static constexpr std::size_t ways = 4;
    struct entry {
        std::uint64_t hash = 0;
        std::uint64_t stamp = 0;  // 0: empty
        engine::correlation value;
    };

    [[nodiscard]] entry* bucket_of(std::uint64_t hash) noexcept {
        return entries_.data() + ((hash ^ (hash >> 32)) & bucket_mask_) * ways;
    }

    std::vector<entry> entries_;
    std::uint64_t bucket_mask_;
    std::uint64_t stamp_ = 0;
};

}  // namespace millrace::gateway
