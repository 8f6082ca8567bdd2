// The fields of a FIX message in a row's last column, for conditions: what a dictionary names can
// be asked for like a column.
//
//     MsgType = '8' and LastMkt = 'XLON' and LastQty > 100
//
// A field is compared as its dictionary types it: integers and decimals as numbers, characters as
// characters, UTCTimestamps as timestamps, Booleans as true and false, all else as text. Of a
// repeating group the first entry's is taken.
//
// Threading  immutable; any thread
// Progress   a walk of the message from its beginning to the field; no allocation
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/table/row_fields.hpp"
#include "gateway/pipeline/map_dictionaries.hpp"
#include "xlator/fix/dictionary.hpp"

namespace millrace::gateway {

class fix_fields final : public engine::row_fields {
public:
    // REQUIRES: the dictionary outlives this. `name`: of it, for messages.
    fix_fields(const xlator::dictionary& dict, std::string name);

    [[nodiscard]] std::optional<field> find(std::string_view name) const override;
    [[nodiscard]] engine::row_field_value read(const engine::row_view& row,
                                               std::uint32_t id) const noexcept override;
    [[nodiscard]] std::vector<std::string_view> names() const override;
    [[nodiscard]] std::string describe() const override { return "dictionary " + name_; }

private:
    const xlator::dictionary& dict_;
    std::string name_;
    std::map<std::string, const xlator::field_info*> by_lower_name_;
};

// Those of another that a list names, whatever their case: what a stream carries of its messages.
class listed_fields final : public engine::row_fields {
public:
    // REQUIRES: both outlive this.
    listed_fields(const engine::row_fields& all, const std::vector<std::string>& names)
        : all_(all), names_(names) {}

    [[nodiscard]] std::optional<field> find(std::string_view name) const override;
    [[nodiscard]] engine::row_field_value read(const engine::row_view& row,
                                               std::uint32_t id) const noexcept override {
        return all_.read(row, id);
    }
    [[nodiscard]] std::vector<std::string_view> names() const override;
    [[nodiscard]] std::string describe() const override { return all_.describe(); }

private:
    const engine::row_fields& all_;
    const std::vector<std::string>& names_;
};

// What conditions on rows with this schema may ask for beside columns; null: nothing, or a reason
// why not. `dictionary`: its name or file; empty: FIX44 for FIX_IN and FIX_OUT, none for others.
// Without one there are no fields, as where the sessions of a log have different ones.
[[nodiscard]] std::unique_ptr<const engine::row_fields> fields_of(
    const engine::row_schema& schema, const std::optional<std::string>& dictionary,
    map_dictionaries& dictionaries, std::string& reason);

}  // namespace millrace::gateway
