// The records of a log as rows of one schema, whatever the schema of the segment they stand in.
//
// Threading  one thread
// Errors     throws damage_error for a record that is no row, or that does not fit the schema
#pragma once

#include <optional>
#include <vector>

#include "engine/log/log_reader.hpp"
#include "engine/table/row.hpp"
#include "engine/table/schema_change.hpp"

namespace millrace::tools {

class row_follower {
public:
    // In the schema of the newest segment. REQUIRES: the reader outlives this, which stays put.
    explicit row_follower(const engine::log_reader& reader)
        : reader_(&reader), schema_(engine::row_schema::parse(reader.schema())) {}
    row_follower(const row_follower&) = delete;
    row_follower& operator=(const row_follower&) = delete;

    [[nodiscard]] const engine::row_schema& schema() const { return schema_; }
    // `record` is the reader's last. Valid until the next call.
    [[nodiscard]] engine::row_view row(const engine::record_view& record);

private:
    void follow();
    [[noreturn]] void fail(const engine::record_view& record, const std::string& reason) const;

    const engine::log_reader* reader_;
    engine::row_schema schema_;
    std::uint32_t version_ = 0;                  // of the segment that map_ is for
    std::optional<engine::row_schema> written_;  // where it is another than schema_
    std::optional<engine::row_map> map_;
    std::vector<std::byte> room_;
};

}  // namespace millrace::tools
