#include "engine/table/latest.hpp"

#include <algorithm>

#include "engine/core/error.hpp"

namespace millrace::engine {

void append_key(const row_view& row, std::string& out) {
    const row_schema& schema = row.schema();
    for (const std::size_t index : schema.key_columns()) {
        const schema_column& column = schema.column(index);
        if (column.type == column_type::decimal) {
            // 1.5 and 1.50 are one key.
            const decimal value = normalized(row.decimal_value(index));
            out.append(reinterpret_cast<const char*>(&value), sizeof value);
        } else {
            // Of fixed size and zero where unused, so no separator is needed.
            out.append(reinterpret_cast<const char*>(row.fixed() + column.offset), column.size);
        }
    }
}

latest_rows::latest_rows(const row_schema& schema) : schema_(&schema) {
    if (schema.key_columns().empty()) {
        throw config_error("table " + schema.table_name() +
                           " has no key column, so it has no latest row of each key");
    }
}

row_status latest_rows::apply(sequence seq, position at, timestamp time,
                              std::span<const std::byte> payload) {
    if (const row_status status = row_view::check(*schema_, payload); status != row_status::ok) {
        return status;
    }
    const row_view row(*schema_, payload);
    key_.clear();
    append_key(row, key_);
    const auto found = entries_.find(key_);
    const bool was_there = found != entries_.end();
    const operation what = row.operation();
    irregular_count_ += was_there == (what == operation::insert) ? 1 : 0;
    if (what == operation::remove) {
        if (was_there) {
            entries_.erase(found);
        }
        return row_status::ok;
    }
    entry& held = was_there ? found->second : entries_[key_];
    if (!was_there) {
        held.first = seq;
    }
    held.last = seq;
    held.at = at;
    held.time = time;
    held.payload.assign(payload.begin(), payload.end());
    return row_status::ok;
}

const latest_rows::entry* latest_rows::find(const row_view& row) const {
    std::string key;
    append_key(row, key);
    return find_key(key);
}

const latest_rows::entry* latest_rows::find_key(const std::string& key) const {
    const auto found = entries_.find(key);
    return found == entries_.end() ? nullptr : &found->second;
}

std::vector<const latest_rows::entry*> latest_rows::in_order() const {
    std::vector<const entry*> entries;
    entries.reserve(entries_.size());
    for (const auto& [key, held] : entries_) {
        entries.push_back(&held);
    }
    std::sort(entries.begin(), entries.end(),
              [](const entry* left, const entry* right) { return left->first < right->first; });
    return entries;
}

}  // namespace millrace::engine
