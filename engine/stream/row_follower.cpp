#include "engine/stream/row_follower.hpp"

#include "engine/core/error.hpp"

namespace millrace::engine {

void row_follower::fail(const record_view& record, const std::string& reason) const {
    throw damage_error(reader_->directory().native() + ": position " +
                       std::to_string(record.at.value) + ": the record is not a row of " +
                       schema_.table_name() + (reason.empty() ? "" : " (" + reason + ")"));
}

void row_follower::follow() {
    map_.reset();
    version_ = reader_->segment_schema_version();
    written_.emplace(row_schema::parse(reader_->segment_schema()));
    if (later_ == later_schema::take_up &&
        compare_schemas(schema_, *written_).relation == schema_relation::extended) {
        schema_ = *written_;
        is_changed_ = true;
    }
    if (*written_ == schema_) {
        written_.reset();
    } else {
        map_.emplace(*written_, schema_);
    }
}

row_view row_follower::row(const record_view& record) {
    if (reader_->segment_schema_version() != version_) {
        follow();
    }
    if (record.type != row_record_type ||
        row_view::check(written_ ? *written_ : schema_, record.bytes()) != row_status::ok) {
        fail(record, {});
    }
    if (!map_) {
        return {schema_, record.bytes()};
    }
    room_.resize(map_->payload_bytes(record.bytes()));
    const row_map::result made = map_->apply(record.bytes(), room_);
    if (made.status != row_status::ok) {
        fail(record, "of a later schema; column " + schema_.column(made.column).name + ": " +
                         std::string(to_string(made.status)) + "; begin anew to see it");
    }
    return {schema_, std::span<const std::byte>(room_).first(made.size)};
}

}  // namespace millrace::engine
