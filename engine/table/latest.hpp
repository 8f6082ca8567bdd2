// The latest row of each key: what a table holds after its log was applied from the start.
//
// Threading  one thread
// Progress   apply() allocates; it stands beside the message path, not on it
// Units      count: keys that hold a row
// Errors     the constructor throws config_error without a key; apply() answers row_status
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/core/types.hpp"
#include "engine/table/row.hpp"

namespace millrace::engine {

// Appends bytes that are equal for two rows exactly if all their key columns are equal.
void append_key(const row_view& row, std::string& out);

class latest_rows {
public:
    struct entry {
        sequence first;  // of the insert this key's life began with
        sequence last;   // of the version held
        position at;     // of the version held
        timestamp time;  // of the version held
        std::vector<std::byte> payload;
    };

    // REQUIRES: the schema outlives this.
    explicit latest_rows(const row_schema& schema);

    // Records in the order of their log. A payload that is no row changes nothing.
    [[nodiscard]] row_status apply(sequence seq, position at, timestamp time,
                                   std::span<const std::byte> payload);

    [[nodiscard]] std::size_t count() const noexcept { return entries_.size(); }
    // Inserts of a key that had a row, modifies and deletes of one that had none. They are applied
    // all the same: the log is the truth, and says what the writer did.
    [[nodiscard]] std::uint64_t irregular_count() const noexcept { return irregular_count_; }

    // Valid until the next apply(); nullptr if no row has the key of this one.
    [[nodiscard]] const entry* find(const row_view& row) const;
    [[nodiscard]] const entry* find_key(const std::string& key) const;
    // In the order in which the keys appeared.
    [[nodiscard]] std::vector<const entry*> in_order() const;

    [[nodiscard]] const row_schema& schema() const noexcept { return *schema_; }

private:
    const row_schema* schema_;
    std::unordered_map<std::string, entry> entries_;
    std::uint64_t irregular_count_ = 0;
    std::string key_;  // kept for its memory
};

}  // namespace millrace::engine
