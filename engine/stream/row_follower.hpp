// The records of a log as rows of one schema, whatever the schema of the segment they stand in; and
// of a later one, where that is wanted, once the log has it.
//
// Threading  one thread
// Errors     throws damage_error for a record that is no row, or that does not fit the schema
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "engine/log/log_reader.hpp"
#include "engine/table/row.hpp"
#include "engine/table/schema_change.hpp"

namespace millrace::engine {

class row_follower {
public:
    enum class later_schema : std::uint8_t {
        pass_over,  // rows are shown without the columns that are new in it
        take_up,    // from its first row on
    };

    // In the schema of the newest segment. REQUIRES: the reader outlives this, which stays put.
    explicit row_follower(const log_reader& reader, later_schema later = later_schema::pass_over)
        : reader_(&reader), later_(later), schema_(row_schema::parse(reader.schema())) {}
    // In this one, which the reader's segments are, or were before it.
    row_follower(const log_reader& reader, row_schema as)
        : reader_(&reader), later_(later_schema::pass_over), schema_(std::move(as)) {}
    row_follower(const row_follower&) = delete;
    row_follower& operator=(const row_follower&) = delete;

    // Stays where it is and changes where a later one is taken up.
    [[nodiscard]] const row_schema& schema() const { return schema_; }
    // Of the last row as it was written; changes where it is. REQUIRES: row() was called.
    [[nodiscard]] const row_schema& written_schema() const {
        return written_ ? *written_ : schema_;
    }
    // Since the last call the schema became a later one: what was made from it is to be made anew.
    [[nodiscard]] bool take_change() { return std::exchange(is_changed_, false); }
    // `record` is the reader's last. Valid until the next call.
    [[nodiscard]] row_view row(const record_view& record);

private:
    void follow();
    [[noreturn]] void fail(const record_view& record, const std::string& reason) const;

    const log_reader* reader_;
    later_schema later_;
    row_schema schema_;
    bool is_changed_ = false;
    std::uint32_t version_ = 0;          // of the segment that map_ is for
    std::optional<row_schema> written_;  // where it is another than schema_
    std::optional<row_map> map_;
    std::vector<std::byte> room_;
};

}  // namespace millrace::engine
