// A compiled map from rows to the bodies of one message type.
//
//     auto compiled = compile_outbound(spec, columns, dict);  // at set-up: errors with lines
//     const map_result result = compiled.map->encode(row, facts, out);  // per row
//
// Row offers, by column index: integer(i) -> std::int64_t, decimal(i) -> xlator::decimal,
// character(i) -> char, text(i) -> std::string_view (bytes too), timestamp(i) -> std::int64_t
// nanoseconds, boolean(i) -> bool, and is_empty(i) for "no value": empty text, character 0,
// timestamp 0, a null decimal. Of the first, text(i) is asked where it is empty too.
//
// Threading  constant after compiling; any thread
// Progress   encode(): no allocation, no exception, no look-up by name
// Invariant  fields come out in the order of encode<Message>(): by tag, groups at their counter
// Errors     what depends on the row is a status with tag and column; all else was refused by
//            compile_outbound(); overflow is said up to 48 bytes early
#pragma once

#include <array>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "xlator/fix/byte_sum.hpp"
#include "xlator/fix/check.hpp"
#include "xlator/fix/dictionary.hpp"
#include "xlator/map/map_result.hpp"
#include "xlator/map/map_spec.hpp"
#include "xlator/map/outbound_program.hpp"
#include "xlator/map/row_access.hpp"

namespace millrace::xlator {

class outbound_map {
public:
    [[nodiscard]] std::string_view name() const noexcept { return name_; }
    [[nodiscard]] std::string_view msg_type() const noexcept { return msg_type_; }

    template <class Row>
    map_result encode(const Row& row, const record_facts& facts,
                      std::span<char> out) const noexcept;

private:
    friend class outbound_compiler;

    struct writer {
        char* at;
        char* end;
        std::uint32_t fields = 0;
        std::uint32_t data_delimiters = 0;
        bool looks_for_delimiters = false;
        map_result result;

        bool fail(map_status status, const detail::map_step& step) noexcept {
            result.status = status;
            result.tag = step.tag;
            result.column = step.column;
            return false;
        }
        bool append(std::string_view bytes) noexcept {
            if (static_cast<std::size_t>(end - at) < bytes.size()) {
                result.status = map_status::overflow;
                return false;
            }
            at = copy_bytes(at, bytes.data(), bytes.size());
            return true;
        }
        [[nodiscard]] bool has_room(std::size_t size) noexcept {
            if (static_cast<std::size_t>(end - at) < size) {
                result.status = map_status::overflow;
                return false;
            }
            return true;
        }
        // REQUIRES room for short_prefix::size_max bytes.
        void put_prefix(const detail::short_prefix& prefix) noexcept {
            std::memcpy(at, prefix.text.data(), detail::short_prefix::size_max);
            at += prefix.size;
        }
        void end_field() noexcept {
            *at++ = field_delimiter;
            ++fields;
        }
    };

    template <class Row>
    bool write_steps(const std::vector<detail::map_step>& steps, const Row& row,
                     const record_facts& facts, writer& out) const noexcept;
    template <class Row>
    bool write_step(const detail::map_step& step, const Row& row, const record_facts& facts,
                    writer& out) const noexcept;
    template <class Row>
    bool write_empty(const detail::map_step& step, const Row& row, const record_facts& facts,
                     writer& out) const noexcept;
    template <class Row>
    bool write_value(const detail::map_step& step, const Row& row, writer& out) const noexcept;
    template <class Row>
    bool write_pair(const detail::map_step& step, const Row& row, writer& out) const noexcept;
    template <class Row>
    bool write_composed(const detail::map_step& step, const Row& row, const record_facts& facts,
                        writer& out) const noexcept;
    template <class Row>
    bool write_data(const detail::map_step& step, const Row& row, writer& out) const noexcept;
    template <class Row>
    bool write_group(const detail::map_group& group, const Row& row, const record_facts& facts,
                     writer& out) const noexcept;
    template <class Row>
    static bool is_present(const detail::map_entry& entry, const Row& row) noexcept;
    bool write_text(const detail::map_step& step, std::string_view text,
                    writer& out) const noexcept;
    static bool write_now(const detail::map_step& step, const record_facts& facts,
                          writer& out) noexcept;
    // What was written is a value of the field.
    [[nodiscard, gnu::always_inline]] bool passes(const detail::map_step& step,
                                                  std::string_view text,
                                                  const writer& out) const noexcept {
        return (!step.must_check || detail::passes(*dict_, step.rule, text)) &&
               (!out.looks_for_delimiters || text.find(field_delimiter) == std::string_view::npos);
    }

    std::string name_;
    std::string msg_type_;
    const dictionary* dict_ = nullptr;
    std::vector<detail::map_step> steps_;
    std::vector<detail::map_group> groups_;
    std::vector<detail::map_step> fallbacks_;
    std::vector<detail::map_condition> conditions_;
};

// REQUIRES dict outlives the map.
[[nodiscard]] compile_result<outbound_map> compile_outbound(const outbound_spec& spec,
                                                            std::span<const column> columns,
                                                            const dictionary& dict);

template <class Row>
map_result outbound_map::encode(const Row& row, const record_facts& facts,
                                std::span<char> out) const noexcept {
    writer target{out.data(), out.data() + out.size(), 0, 0, false, {}};
    if (!write_steps(steps_, row, facts, target)) [[unlikely]] {
        return target.result;
    }
    const std::string_view body{out.data(), static_cast<std::size_t>(target.at - out.data())};
    const byte_totals totals = count_bytes(body);
    if (totals.delimiters != target.fields + target.data_delimiters) [[unlikely]] {
        // Some text holds a delimiter; going through it again finds which.
        target = {out.data(), out.data() + out.size(), 0, 0, true, {}};
        (void)write_steps(steps_, row, facts, target);
        return target.result;
    }
    target.result.size = body.size();
    target.result.byte_sum = totals.sum;
    return target.result;
}

template <class Row>
bool outbound_map::write_steps(const std::vector<detail::map_step>& steps, const Row& row,
                               const record_facts& facts, writer& out) const noexcept {
    for (const detail::map_step& step : steps) {
        if (!write_step(step, row, facts, out)) [[unlikely]] {
            return false;
        }
    }
    return true;
}

template <class Row>
bool outbound_map::write_step(const detail::map_step& step, const Row& row,
                              const record_facts& facts, writer& out) const noexcept {
    using detail::convert;
    if (step.condition != 0 && !detail::holds(conditions_[step.condition - 1], row)) {
        return step.is_required ? out.fail(map_status::required_empty, step) : true;
    }
    switch (step.how) {
        case convert::literal:
            out.fields += step.fields;
            return out.append(step.bytes);
        case convert::group:
            return write_group(groups_[step.group], row, facts, out);
        case convert::now:
            return write_now(step, facts, out);
        case convert::composed:
            return write_composed(step, row, facts, out);
        case convert::text: {
            const std::string_view text = row.text(static_cast<std::size_t>(step.column));
            return text.empty() ? write_empty(step, row, facts, out) : write_text(step, text, out);
        }
        default:
            break;
    }
    const auto column = static_cast<std::size_t>(step.column);
    if (row.is_empty(column)) {
        return write_empty(step, row, facts, out);
    }
    switch (step.how) {
        case convert::pairs:
            return write_pair(step, row, out);
        case convert::data:
            return write_data(step, row, out);
        default:
            return write_value(step, row, out);
    }
}

inline bool outbound_map::write_now(const detail::map_step& step, const record_facts& facts,
                                    writer& out) noexcept {
    if (!out.has_room(detail::short_prefix::size_max + utc_timestamp_size_max + 1)) {
        return false;
    }
    out.put_prefix(step.prefix);
    out.at = write_utc_timestamp(out.at, {facts.now.ns, step.decimals});
    out.end_field();
    return true;
}

template <class Row>
bool outbound_map::write_value(const detail::map_step& step, const Row& row,
                               writer& out) const noexcept {
    using detail::convert;
    const auto column = static_cast<std::size_t>(step.column);
    if (!out.has_room(detail::short_prefix::size_max + decimal_size_max + 1)) {
        return false;
    }
    out.put_prefix(step.prefix);
    char* const value = out.at;
    switch (step.how) {
        case convert::integer:
            out.at = write_signed(value, row.integer(column));
            break;
        case convert::decimal: {
            const xlator::decimal number = row.decimal(column);
            if (!number.is_in_range()) [[unlikely]] {
                return out.fail(map_status::bad_value, step);
            }
            out.at = write_decimal(value, number);
            break;
        }
        case convert::character:
            *out.at++ = row.character(column);
            break;
        case convert::boolean:
            *out.at++ = row.boolean(column) ? 'Y' : 'N';
            break;
        case convert::timestamp:
            out.at = write_utc_timestamp(value, {row.timestamp(column), step.decimals});
            break;
        case convert::timestamp_date:
        case convert::timestamp_time: {
            const auto [days, ns_of_day] = split_ns(row.timestamp(column));
            out.at = step.how == convert::timestamp_date
                         ? write_date(value, days)
                         : write_time(value, ns_of_day, step.decimals);
            break;
        }
        default:
            return out.fail(map_status::bad_value, step);
    }
    const std::string_view text{value, static_cast<std::size_t>(out.at - value)};
    if (!passes(step, text, out)) [[unlikely]] {
        return out.fail(map_status::bad_value, step);
    }
    out.end_field();
    return true;
}

// The row's value as text, then its translation.
template <class Row>
bool outbound_map::write_pair(const detail::map_step& step, const Row& row,
                              writer& out) const noexcept {
    std::array<char, decimal_size_max> room;
    const std::string_view key =
        detail::spelling_of(step.kind, row, static_cast<std::size_t>(step.column), std::span(room));
    for (const detail::text_pair& pair : step.pairs) {
        if (pair.from == key) {
            if (!out.append(pair.to)) {
                return false;
            }
            ++out.fields;
            return true;
        }
    }
    return out.fail(map_status::bad_value, step);
}

// Without one of its columns there is no text: half an identifier would be another one.
template <class Row>
bool outbound_map::write_composed(const detail::map_step& step, const Row& row,
                                  const record_facts& facts, writer& out) const noexcept {
    for (const detail::text_part& part : step.parts) {
        if (part.index >= 0 && row.is_empty(static_cast<std::size_t>(part.index))) {
            return write_empty(step, row, facts, out);
        }
    }
    if (!out.has_room(detail::short_prefix::size_max)) {
        return false;
    }
    out.put_prefix(step.prefix);
    char* const value = out.at;
    const map_status written =
        detail::write_text(step.parts, facts, detail::values_of(row), out.at, out.end);
    if (written != map_status::ok || !out.has_room(1)) [[unlikely]] {
        return out.fail(written == map_status::ok ? map_status::overflow : written, step);
    }
    const std::string_view text{value, static_cast<std::size_t>(out.at - value)};
    if (!passes(step, text, out)) [[unlikely]] {
        return out.fail(map_status::bad_value, step);
    }
    out.end_field();
    return true;
}

template <class Row>
bool outbound_map::write_data(const detail::map_step& step, const Row& row,
                              writer& out) const noexcept {
    const std::string_view bytes = row.text(static_cast<std::size_t>(step.column));
    if (!out.has_room(step.bytes.size() + 20 + 1 + step.data_prefix.size() + bytes.size() + 1)) {
        return false;
    }
    out.at = copy_bytes(out.at, step.bytes.data(), step.bytes.size());
    out.at = write_unsigned(out.at, bytes.size());
    out.end_field();
    out.at = copy_bytes(out.at, step.data_prefix.data(), step.data_prefix.size());
    out.at = copy_bytes(out.at, bytes.data(), bytes.size());
    out.end_field();
    out.data_delimiters += count_bytes(bytes).delimiters;
    return true;
}

template <class Row>
bool outbound_map::is_present(const detail::map_entry& entry, const Row& row) noexcept {
    for (const int column : entry.columns) {
        if (!row.is_empty(static_cast<std::size_t>(column))) {
            return true;
        }
    }
    return entry.columns.empty();
}

template <class Row>
bool outbound_map::write_group(const detail::map_group& group, const Row& row,
                               const record_facts& facts, writer& out) const noexcept {
    std::uint64_t count = 0;
    std::uint64_t present = 0;  // one bit for each of the first 64 entries
    for (std::size_t i = 0; i < group.entries.size(); ++i) {
        const std::uint64_t is_there = is_present(group.entries[i], row) ? 1 : 0;
        count += is_there;
        present |= i < 64 ? is_there << i : 0;
    }
    if (count == 0) {
        if (group.is_required) {
            out.result.status = map_status::required_empty;
            out.result.tag = group.counter_tag;
        }
        return !group.is_required;
    }
    if (!out.has_room(group.prefix.size() + 20 + 1)) {
        return false;
    }
    out.at = copy_bytes(out.at, group.prefix.data(), group.prefix.size());
    out.at = write_unsigned(out.at, count);
    out.end_field();
    for (std::size_t i = 0; i < group.entries.size(); ++i) {
        const detail::map_entry& entry = group.entries[i];
        const bool is_there = i < 64 ? (present >> i & 1) != 0 : is_present(entry, row);
        if (is_there && !write_steps(entry.steps, row, facts, out)) {
            return false;
        }
    }
    return true;
}

inline bool outbound_map::write_text(const detail::map_step& step, std::string_view text,
                                     writer& out) const noexcept {
    if (!out.has_room(detail::short_prefix::size_max + text.size() + 1)) {
        return false;
    }
    if (!passes(step, text, out)) [[unlikely]] {
        return out.fail(map_status::bad_value, step);
    }
    out.put_prefix(step.prefix);
    out.at = copy_bytes(out.at, text.data(), text.size());
    out.end_field();
    return true;
}

template <class Row>
bool outbound_map::write_empty(const detail::map_step& step, const Row& row,
                               const record_facts& facts, writer& out) const noexcept {
    if (step.fallback != 0) {
        return write_step(fallbacks_[step.fallback - 1], row, facts, out);
    }
    if (!step.default_bytes.empty()) {
        out.fields += step.default_fields;
        return out.append(step.default_bytes);
    }
    return step.is_required ? out.fail(map_status::required_empty, step) : true;
}

}  // namespace millrace::xlator
