#include "gateway/pipeline/map_build.hpp"

#include <algorithm>

#include "engine/core/error.hpp"
#include "engine/table/nearest.hpp"
#include "gateway/pipeline/map_rows.hpp"
#include "gateway/pipeline/session_dictionary.hpp"
#include "xlator/fix/fix_stream.hpp"
#include "xlator/fix/frame.hpp"

namespace millrace::gateway {

namespace {

constexpr std::string_view default_dictionary = "FIX44";

// `otherwise`: where the map names none.
const xlator::dictionary* find_dictionary(const map_config& map, std::string_view otherwise,
                                          map_dictionaries& dictionaries,
                                          std::vector<map_error>& errors) {
    std::string reason;
    std::string name = map.dictionary;
    if (name.empty()) {
        name = otherwise.empty() ? default_dictionary : otherwise;
    }
    const xlator::dictionary* found = dictionaries.find(name, reason);
    if (found == nullptr) {
        errors.push_back({map.line, "map " + map.name + ": " + reason});
    }
    return found;
}

xlator::column_kind kind_of(engine::column_type type) {
    using engine::column_type;
    switch (type) {
        case column_type::decimal:
            return xlator::column_kind::decimal;
        case column_type::character:
            return xlator::column_kind::character;
        case column_type::text:
        case column_type::vartext:
            return xlator::column_kind::text;
        case column_type::timestamp:
            return xlator::column_kind::timestamp;
        case column_type::boolean:
            return xlator::column_kind::boolean;
        case column_type::bytes:
            return xlator::column_kind::bytes;
        default:
            return xlator::column_kind::integer;
    }
}

std::vector<xlator::column> columns_of(const engine::row_schema& schema) {
    std::vector<xlator::column> columns;
    for (const engine::schema_column& column : schema.columns()) {
        columns.push_back({column.name, kind_of(column.type), column.is_key});
    }
    return columns;
}

void take_errors(const std::vector<xlator::spec_error>& from, std::vector<map_error>& to) {
    for (const xlator::spec_error& error : from) {
        to.push_back({error.line, error.message});
    }
}

// Rules about rows, as the xlator has them. It checks names, types and constants; what it cannot
// see is how wide an integer column is.
class row_rules {
public:
    row_rules(const map_config& map, const engine::row_schema& source,
              std::vector<map_error>& errors)
        : map_(map), source_(source), errors_(errors) {}

    xlator::row_spec build_rows() {
        xlator::row_spec spec;
        spec.name = map_.name;
        spec.line = map_.line;
        spec.columns = convert(map_.rules);
        return spec;
    }

    xlator::outbound_spec build() {
        xlator::outbound_spec spec;
        spec.name = map_.name;
        spec.message = map_.message;
        spec.line = map_.line;
        spec.fields = convert(map_.rules);
        spec.groups = convert(map_.groups);
        return spec;
    }

private:
    std::vector<xlator::field_rule> convert(const std::vector<map_rule_config>& rules) {
        std::vector<xlator::field_rule> converted;
        for (const map_rule_config& rule : rules) {
            converted.push_back(convert(rule));
        }
        return converted;
    }

    std::vector<xlator::group_rule> convert(const std::vector<map_group_config>& groups) {
        std::vector<xlator::group_rule> converted;
        for (const map_group_config& group : groups) {
            xlator::group_rule rule;
            rule.counter = group.counter;
            rule.line = group.line;
            for (const map_entry_config& given : group.entries) {
                xlator::group_entry_rule entry;
                entry.fields = convert(given.rules);
                entry.groups = convert(given.groups);
                entry.line = given.line;
                rule.entries.push_back(std::move(entry));
            }
            converted.push_back(std::move(rule));
        }
        return converted;
    }

    xlator::field_rule convert(const map_rule_config& rule) {
        xlator::field_rule field;
        field.field = rule.target;
        field.default_text = rule.default_text;
        field.line = rule.line;
        field.text = rule.name;
        field.decimals = rule.decimals;
        field.fallback = rule.fallback;
        field.format = rule.format;
        if (rule.when) {
            field.when = rule.when;
            refuse_wide_integer(rule.when->column, rule.line);
        }
        for (const auto& [row, fix] : rule.values) {
            field.pairs.push_back({row, fix});
        }
        switch (rule.source) {
            case map_source::constant:
                field.source = xlator::value_source::constant;
                break;
            case map_source::now:
                field.source = xlator::value_source::now;
                break;
            case map_source::composed:
                field.source = xlator::value_source::composed;
                for (const std::string& column : names_in_template(rule.name)) {
                    refuse_wide_integer(column, rule.line);
                }
                break;
            default:
                field.source = xlator::value_source::column;
                refuse_wide_integer(rule.name, rule.line);
                break;
        }
        if (!rule.fallback.empty()) {
            refuse_wide_integer(rule.fallback, rule.line);
        }
        return field;
    }

    void refuse_wide_integer(const std::string& column, long line) {
        const auto index = source_.find(column);
        if (index && source_.column(*index).type == engine::column_type::u64) {
            errors_.push_back({line, "map " + map_.name + ": column " + column +
                                         " is u64, beyond what the integers of maps hold; "
                                         "make it i64, or a decimal"});
        }
    }

    const map_config& map_;
    const engine::row_schema& source_;
    std::vector<map_error>& errors_;
};

xlator::inbound_spec inbound_spec_of(const map_config& map) {
    xlator::inbound_spec spec;
    spec.name = map.name;
    spec.message = map.message;
    spec.line = map.line;
    for (const map_rule_config& rule : map.rules) {
        xlator::column_rule column;
        column.column = rule.target;
        column.line = rule.line;
        column.default_text = rule.default_text;
        column.group = rule.group;
        column.entry = rule.entry;
        column.match_field = rule.match.first;
        column.match_value = rule.match.second;
        column.fallback = rule.fallback;
        column.format = rule.format;
        column.is_now = rule.source == map_source::now;
        column.when = rule.when;
        if (rule.source == map_source::constant) {
            column.constant = rule.name;
        } else if (rule.source == map_source::composed) {
            column.composed = rule.name;
        } else {
            column.field = rule.name;
        }
        for (const auto& [fix, row] : rule.values) {
            column.pairs.push_back({row, fix});
        }
        spec.columns.push_back(std::move(column));
    }
    return spec;
}

// What stands in the map for a column, constant, default or translation, must fit it in each row.
class fit_check {
public:
    fit_check(const map_config& map, const engine::row_schema& target,
              std::vector<map_error>& errors)
        : map_(map), target_(target), errors_(errors), room_(target.payload_size(text_bytes_max)) {}

    void run() {
        for (const map_rule_config& rule : map_.rules) {
            const auto index = target_.find(rule.target);
            if (!index) {
                continue;  // the xlator says so
            }
            if (rule.source == map_source::constant) {
                check(rule, *index, rule.name);
            }
            if (rule.default_text) {
                check(rule, *index, *rule.default_text);
            }
            for (const auto& [from, to] : rule.values) {
                check(rule, *index, to);
            }
        }
    }

private:
    static constexpr std::size_t text_bytes_max = 4096;

    void check(const map_rule_config& rule, std::size_t index, const std::string& text) {
        const engine::schema_column& column = target_.column(index);
        const std::string what = "map " + map_.name + ": \"" + text + "\"";
        if (column.is_key && text.empty()) {
            errors_.push_back({rule.line, what + " is no value of key column " + column.name});
            return;
        }
        engine::row_builder row(target_, room_);
        map_row_sink sink(row);
        const xlator::column_kind kind = kind_of(column.type);
        xlator::detail::row_value value;
        if (xlator::detail::read_row_text(kind, text, value) &&
            !xlator::detail::store(value, kind, index, sink)) {
            errors_.push_back({rule.line, what + " does not fit column " + column.name});
        }
    }

    const map_config& map_;
    const engine::row_schema& target_;
    std::vector<map_error>& errors_;
    std::vector<std::byte> room_;
};

// A row without its key is refused when it is finished; a map that never gives one is refused now.
void check_keys(const map_config& map, const engine::row_schema& target,
                std::vector<map_error>& errors) {
    for (const std::size_t key : target.key_columns()) {
        const std::string& name = target.column(key).name;
        const auto rule = std::find_if(map.rules.begin(), map.rules.end(), [&](const auto& one) {
            return engine::equal_ignoring_case(one.target, name);
        });
        if (rule == map.rules.end()) {
            errors.push_back({map.line, "map " + map.name + ": key column " + name + " of table " +
                                            target.table_name() + " has no source"});
        } else if (rule->when) {
            errors.push_back({rule->line, "map " + map.name + ": key column " + name +
                                              " is never empty, and 'when' would leave it out"});
        }
    }
}

template <class Map>
Map take(const pipeline_config& config, built_map<Map> built) {
    if (built.map) {
        return *std::move(built.map);
    }
    std::string text;
    for (const map_error& error : built.errors) {
        const engine::config_error placed(config.path.native(), error.line, error.reason);
        text += (text.empty() ? "" : "\n") + std::string(placed.what());
    }
    throw engine::config_error(text);
}

}  // namespace

std::vector<std::string> names_in_template(std::string_view text) {
    std::vector<xlator::detail::template_part> parts;
    static_cast<void>(xlator::detail::parse_template(text, parts));  // the xlator refuses it
    std::vector<std::string> names;
    for (const xlator::detail::template_part& part : parts) {
        names.push_back(part.name);
    }
    return names;
}

inbound_map::inbound_map(xlator::inbound_map compiled, const xlator::dictionary& dict)
    : compiled_(std::move(compiled)),
      decoder_(std::make_unique<xlator::decoder>(dict, xlator::stream_decode_options())) {}

inbound_result inbound_map::decode(std::string_view message, const xlator::record_facts& facts,
                                   engine::row_builder& row) noexcept {
    xlator::frame_parts parts;
    if (xlator::split_frame(message, parts) && parts.msg_type != compiled_.msg_type()) {
        return {inbound_status::wrong_message, "the message is of another type", 35, -1};
    }
    const xlator::decode_result decoded = decoder_->decode(message);
    switch (decoded.status) {
        case xlator::decode_status::ok:
            break;
        case xlator::decode_status::garbled:
            return {inbound_status::malformed, "no FIX message", 0, -1};
        case xlator::decode_status::unsupported_version:
            return {inbound_status::malformed, "the map's dictionary is for another BeginString", 8,
                    -1};
        case xlator::decode_status::rejected:
            return {inbound_status::malformed, xlator::describe(decoded.reason), decoded.ref_tag,
                    -1};
    }
    map_row_sink sink(row);
    const xlator::map_result mapped =
        compiled_.decode(decoder_->message(), decoder_->msg_type(), facts, sink);
    if (mapped.status == xlator::map_status::wrong_message) {
        return {inbound_status::wrong_message, xlator::describe(mapped.status), mapped.tag, -1};
    }
    if (!mapped.is_ok()) {
        return {inbound_status::untranslatable, xlator::describe(mapped.status), mapped.tag,
                mapped.column};
    }
    return {};
}

built_map<xlator::outbound_map> try_build_outbound_map(const map_config& map,
                                                       const std::string& dictionary,
                                                       const engine::row_schema& source,
                                                       map_dictionaries& dictionaries) {
    built_map<xlator::outbound_map> built;
    const xlator::dictionary* dict = find_dictionary(map, dictionary, dictionaries, built.errors);
    if (dict == nullptr) {
        return built;
    }
    const xlator::outbound_spec spec = row_rules(map, source, built.errors).build();
    auto compiled = xlator::compile_outbound(spec, columns_of(source), *dict);
    take_errors(compiled.errors, built.errors);
    if (built.errors.empty() && compiled) {
        built.map.emplace(*std::move(compiled.map));
    }
    return built;
}

built_map<inbound_map> try_build_inbound_map(const map_config& map, const std::string& dictionary,
                                             const engine::row_schema& target,
                                             map_dictionaries& dictionaries) {
    built_map<inbound_map> built;
    const xlator::dictionary* dict = find_dictionary(map, dictionary, dictionaries, built.errors);
    if (dict == nullptr) {
        return built;
    }
    check_keys(map, target, built.errors);
    fit_check(map, target, built.errors).run();
    auto compiled = xlator::compile_inbound(inbound_spec_of(map), columns_of(target), *dict);
    take_errors(compiled.errors, built.errors);
    if (built.errors.empty() && compiled) {
        built.map.emplace(*std::move(compiled.map), *dict);
    }
    return built;
}

built_map<xlator::row_map> try_build_row_map(const map_config& map,
                                             const engine::row_schema& source,
                                             const engine::row_schema& target) {
    built_map<xlator::row_map> built;
    check_keys(map, target, built.errors);
    fit_check(map, target, built.errors).run();
    const xlator::row_spec spec = row_rules(map, source, built.errors).build_rows();
    auto compiled = xlator::compile_rows(spec, columns_of(source), columns_of(target));
    take_errors(compiled.errors, built.errors);
    if (built.errors.empty() && compiled) {
        built.map.emplace(*std::move(compiled.map));
    }
    return built;
}

built_map<message_pass> try_build_message_pass(const map_config& map, const session_spec& session,
                                               const engine::row_schema& source,
                                               map_dictionaries& dictionaries) {
    built_map<message_pass> built;
    const std::string its = dictionary_of(session);
    const xlator::dictionary* dict = find_dictionary(map, its, dictionaries, built.errors);
    const auto column = source.find(map.pass_through);
    if (!column) {
        std::vector<std::string_view> names;
        for (const engine::schema_column& one : source.columns()) {
            names.push_back(one.name);
        }
        built.errors.push_back({map.line, "map " + map.name + ": column " + map.pass_through +
                                              " does not exist" +
                                              engine::did_you_mean(map.pass_through, names)});
    } else if (const auto kind = kind_of(source.column(*column).type);
               kind != xlator::column_kind::text && kind != xlator::column_kind::bytes) {
        built.errors.push_back({map.line, "map " + map.name + ": column " + map.pass_through +
                                              " holds no messages; expected one of text, vartext "
                                              "or bytes"});
    }
    if (built.errors.empty()) {
        built.map.emplace(*column, *dict, validation_of(session));
    }
    return built;
}

xlator::outbound_map build_outbound_map(const pipeline_config& config, const map_config& map,
                                        const std::string& dictionary,
                                        const engine::row_schema& source,
                                        map_dictionaries& dictionaries) {
    return take(config, try_build_outbound_map(map, dictionary, source, dictionaries));
}

inbound_map build_inbound_map(const pipeline_config& config, const map_config& map,
                              const std::string& dictionary, const engine::row_schema& target,
                              map_dictionaries& dictionaries) {
    return take(config, try_build_inbound_map(map, dictionary, target, dictionaries));
}

message_pass build_message_pass(const pipeline_config& config, const map_config& map,
                                const session_spec& session, const engine::row_schema& source,
                                map_dictionaries& dictionaries) {
    return take(config, try_build_message_pass(map, session, source, dictionaries));
}

xlator::row_map build_row_map(const pipeline_config& config, const map_config& map,
                              const engine::row_schema& source, const engine::row_schema& target) {
    return take(config, try_build_row_map(map, source, target));
}

}  // namespace millrace::gateway
