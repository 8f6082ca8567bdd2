#include "engine/table/schema_change.hpp"

#include <algorithm>

#include "engine/core/error.hpp"

namespace millrace::engine {

namespace {

std::string type_and_key(const schema_column& column) {
    return column_type_text(column) + (column.is_key ? " key" : "");
}

int width_of(column_type type) {
    switch (type) {
        case column_type::i8:
        case column_type::u8:
            return 1;
        case column_type::i16:
        case column_type::u16:
            return 2;
        case column_type::i32:
        case column_type::u32:
            return 4;
        default:
            return 8;
    }
}

bool converts(const schema_column& from, const schema_column& to) {
    if (from.type == to.type) {
        return true;
    }
    if (is_integer(from.type) && is_integer(to.type)) {
        if (is_signed_integer(from.type)) {
            return is_signed_integer(to.type) && width_of(to.type) > width_of(from.type);
        }
        return width_of(to.type) > width_of(from.type);
    }
    const bool is_from_text = from.type == column_type::text || from.type == column_type::character;
    return is_from_text && (to.type == column_type::text || to.type == column_type::vartext);
}

// Whether a log may follow the change of this column by itself.
bool is_followed(const schema_column& was, const schema_column& is) {
    return was.type == is.type && was.is_key == is.is_key && is.text_capacity >= was.text_capacity;
}

}  // namespace

std::string schema_change::text() const {
    std::string all;
    for (const std::string& one : differences) {
        all += (all.empty() ? "" : "\n") + one;
    }
    return all;
}

schema_change compare_schemas(const row_schema& was, const row_schema& is) {
    schema_change change;
    bool is_followable = true;
    const auto differ = [&](bool is_good, std::string what) {
        change.differences.push_back(std::move(what));
        is_followable = is_followable && is_good;
    };
    if (was.table_name() != is.table_name()) {
        differ(false, "table: was " + was.table_name() + ", is " + is.table_name());
    }
    // Fixed columns keep their order; new ones come behind all old ones.
    std::size_t fixed_before = was.column_count() - (was.has_trailing() ? 1 : 0);
    for (std::size_t i = 0; i < was.column_count(); ++i) {
        const schema_column& old = was.column(i);
        const auto at = is.find(old.name);
        if (!at) {
            differ(false, "column " + old.name + ": was " + type_and_key(old) + ", is not there");
            continue;
        }
        const schema_column& now = is.column(*at);
        if (now.name != old.name) {
            differ(false, "column " + old.name + ": is spelt " + now.name);
        }
        if (!is_trailing(old.type) && *at != i) {
            differ(false, "column " + old.name + ": was column " + std::to_string(i + 1) +
                              ", is column " + std::to_string(*at + 1));
        }
        if (type_and_key(old) != type_and_key(now)) {
            differ(is_followed(old, now), "column " + old.name + ": was " + type_and_key(old) +
                                              ", is " + type_and_key(now));
        }
    }
    for (std::size_t i = 0; i < is.column_count(); ++i) {
        const schema_column& now = is.column(i);
        if (!was.find(now.name)) {
            const bool is_good = !now.is_key && i >= fixed_before;
            differ(is_good, "column " + now.name + ": was not there, is " + type_and_key(now) +
                                (is_good      ? ""
                                 : now.is_key ? ", a key"
                                              : ", before old columns"));
        }
    }
    if (!change.differences.empty()) {
        change.relation = is_followable ? schema_relation::extended : schema_relation::incompatible;
    }
    return change;
}

row_map::row_map(const row_schema& from, const row_schema& to, mode how)
    : from_(&from), to_(&to), mode_(how) {
    for (std::size_t i = 0; i < to.column_count(); ++i) {
        const schema_column& target = to.column(i);
        const auto source = from.find(target.name);
        if (!source) {
            continue;
        }
        const schema_column& column = from.column(*source);
        if (!converts(column, target)) {
            throw config_error("column " + target.name + ": " + column_type_text(column) +
                               " does not convert to " + column_type_text(target));
        }
        if (target.type == column_type::vartext && column.type != column_type::vartext) {
            vartext_bytes_max_ = std::max<std::size_t>(column.text_capacity, 1);
        }
        pairs_.push_back({*source, i});
    }
}

std::size_t row_map::payload_bytes(std::span<const std::byte> payload) const noexcept {
    const std::size_t fixed = row_envelope_size + from_->fixed_size();
    const std::size_t trailing = payload.size() > fixed ? payload.size() - fixed : 0;
    return to_->payload_size(to_->has_trailing() ? std::max(trailing, vartext_bytes_max_) : 0);
}

row_status row_map::copy(const row_view& row, const pair& columns, row_builder& built,
                         bool& is_cut) const noexcept {
    const schema_column& from = from_->column(columns.from);
    const schema_column& to = to_->column(columns.to);
    if (has_empty_value(from.type) && row.is_empty(columns.from)) {
        return row_status::ok;  // and so it is in the new row
    }
    if (is_signed_integer(from.type)) {
        return built.set_integer(columns.to, row.integer(columns.from));
    }
    if (is_unsigned_integer(from.type)) {
        return is_unsigned_integer(to.type)
                   ? built.set_unsigned_integer(columns.to, row.unsigned_integer(columns.from))
                   : built.set_integer(columns.to, row.integer(columns.from));
    }
    const auto set_text = [&](std::string_view value) {
        if (to.type == column_type::text && value.size() > to.text_capacity &&
            mode_ == mode::truncate) {
            is_cut = true;
            value = value.substr(0, to.text_capacity);
        }
        return built.set_text(columns.to, value);
    };
    switch (from.type) {
        case column_type::decimal:
            return built.set_decimal(columns.to, row.decimal_value(columns.from));
        case column_type::character: {
            const char value = row.character(columns.from);
            return to.type == column_type::character ? built.set_character(columns.to, value)
                                                     : set_text({&value, 1});
        }
        case column_type::timestamp:
            return built.set_timestamp(columns.to, row.timestamp(columns.from));
        case column_type::boolean:
            return built.set_boolean(columns.to, row.boolean(columns.from));
        case column_type::bytes:
            return built.set_trailing(row.trailing());
        default:
            return set_text(row.text(columns.from));
    }
}

row_map::result row_map::apply(std::span<const std::byte> payload,
                               std::span<std::byte> buffer) const noexcept {
    const row_view row(*from_, payload);
    row_builder built(*to_, buffer);
    built.set_envelope(row.envelope());
    result made;
    for (const pair& columns : pairs_) {
        made.status = copy(row, columns, built, made.is_cut);
        if (made.status != row_status::ok) {
            made.column = columns.to;
            return made;
        }
    }
    const row_builder::result finished = built.finish();
    made.status = finished.status;
    made.size = finished.size;
    return made;
}

}  // namespace millrace::engine
