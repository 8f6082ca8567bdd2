#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "xlator/spec/identifier.hpp"
#include "xlator/spec/ir.hpp"

namespace millrace::xlator::spec {

namespace {

constexpr int tag_signature = 89;
constexpr int tag_signature_length = 93;

class validator {
public:
    explicit validator(dictionary& dict) : dict_(dict) {}

    void run() {
        check_fields();
        check_values();
        check_components();
        check_lengths();
        for (const component& each : dict_.components) {
            check_members(each.members, "component " + each.name, each.line);
        }
        check_section(dict_.header, "header");
        check_section(dict_.trailer, "trailer");
        check_messages();
        order_components();
    }

private:
    [[noreturn]] void fail(long line, const std::string& reason) const {
        throw dictionary_error(dict_.file, line, reason);
    }

    void check_name(const std::string& name, long line, const char* what) const {
        if (!is_identifier(name)) {
            fail(line, std::string(what) + " name \"" + name + "\" is not a C++ identifier");
        }
    }

    void check_fields() {
        std::map<int, const field*> tags;
        for (const field& each : dict_.fields) {
            check_name(each.name, each.line, "field");
            const auto [other, is_new] = tags.emplace(each.tag, &each);
            if (!is_new) {
                fail(each.line, "tag " + std::to_string(each.tag) + " of field " + each.name +
                                    " is already taken by " + other->second->name + " in line " +
                                    std::to_string(other->second->line));
            }
        }
        std::sort(dict_.fields.begin(), dict_.fields.end(),
                  [](const field& a, const field& b) { return a.tag < b.tag; });
        for (field& each : dict_.fields) {
            const auto [other, is_new] = fields_.emplace(each.name, &each);
            if (!is_new) {
                fail(each.line, "field name " + each.name + " is already taken by tag " +
                                    std::to_string(other->second->tag));
            }
        }
    }

    static enum_form form_of(const field& each) {
        if (each.values.empty() || each.type == field_type::boolean) {
            return enum_form::none;
        }
        if (each.type == field_type::multiple_value_string ||
            each.type == field_type::multiple_char_value) {
            return enum_form::tokens;
        }
        const auto all = [&](auto&& predicate) {
            return std::all_of(each.values.begin(), each.values.end(), predicate);
        };
        if (each.type == field_type::character &&
            all([](const enum_value& v) { return v.value.size() == 1; })) {
            return enum_form::character;
        }
        if (is_integer(each.type) && all([](const enum_value& v) { return is_number(v.value); })) {
            return enum_form::integer;
        }
        return enum_form::text;
    }

    void check_values() const {
        for (field& each : dict_.fields) {
            if (!each.values.empty() && (is_decimal(each.type) || is_data(each.type) ||
                                         each.type == field_type::utc_timestamp)) {
                fail(each.values.front().line, "field " + each.name + " of type " +
                                                   type_name(each.type) +
                                                   " cannot have a value set");
            }
            each.form = form_of(each);
            std::set<std::string> values;
            std::set<std::string> names;
            for (enum_value& value : each.values) {
                if (!values.insert(value.value).second) {
                    fail(value.line,
                         "value " + value.value + " of field " + each.name + " is listed twice");
                }
                value.identifier = enumerator(value.description.empty() ? "value_" + value.value
                                                                        : value.description);
                if (!names.insert(value.identifier).second) {
                    value.identifier = enumerator(value.identifier + "_" + value.value);
                    if (!names.insert(value.identifier).second) {
                        fail(value.line, "field " + each.name + " has two values described as \"" +
                                             value.description + "\"");
                    }
                }
            }
        }
    }

    field& field_named(const member& each, const std::string& where) const {
        const auto found = fields_.find(each.name);
        if (found == fields_.end()) {
            fail(each.line,
                 where + " uses field " + each.name + ", which <fields> does not define");
        }
        return *found->second;
    }

    const component& component_named(const member& each, const std::string& where) const {
        const auto found = components_.find(each.name);
        if (found == components_.end()) {
            fail(each.line,
                 where + " uses component " + each.name + ", which <components> does not define");
        }
        return *found->second;
    }

    void check_components() {
        for (component& each : dict_.components) {
            check_name(each.name, each.line, "component");
            each.identifier = fields_.count(each.name) != 0 ? each.name + "Block" : each.name;
            if (!components_.emplace(each.name, &each).second) {
                fail(each.line, "component " + each.name + " is defined twice");
            }
        }
        std::vector<std::string> path;
        for (const component& each : dict_.components) {
            check_cycle(each, path);
        }
    }

    void check_cycle(const component& each, std::vector<std::string>& path) {
        if (std::find(path.begin(), path.end(), each.name) != path.end()) {
            std::string loop;
            for (const std::string& step : path) {
                loop += step + " -> ";
            }
            fail(each.line, "component " + each.name + " contains itself: " + loop + each.name);
        }
        if (!acyclic_.count(each.name)) {
            path.push_back(each.name);
            follow(each.members, "component " + each.name, path);
            path.pop_back();
            acyclic_.insert(each.name);
            ordered_.push_back(each.name);
        }
    }

    void follow(const std::vector<member>& members, const std::string& where,
                std::vector<std::string>& path) {
        for (const member& each : members) {
            if (each.kind == member_kind::component) {
                check_cycle(component_named(each, where), path);
            } else if (each.kind == member_kind::group) {
                follow(each.members, where, path);
            }
        }
    }

    // The length of a data field has the tag before it; of Signature(89) it is 93.
    void check_lengths() {
        std::map<int, field*> tags;
        for (field& each : dict_.fields) {
            tags.emplace(each.tag, &each);
        }
        for (field& each : dict_.fields) {
            if (!is_data(each.type)) {
                continue;
            }
            const int wanted = each.tag == tag_signature ? tag_signature_length : each.tag - 1;
            const auto found = tags.find(wanted);
            if (found == tags.end() || !is_integer(found->second->type)) {
                fail(each.line, "data field " + each.name + " has no length field: tag " +
                                    std::to_string(wanted) + " should be of type LENGTH");
            }
            each.length_tag = wanted;
            found->second->data_tag = each.tag;
        }
        for (const field& each : dict_.fields) {
            const bool is_named_length =
                each.name.ends_with("Len") || each.name.ends_with("Length");
            constexpr int tag_body_length = 9;
            if (each.type == field_type::length && is_named_length && each.data_tag == 0 &&
                each.tag != tag_body_length) {
                fail(each.line, "length field " + each.name + " has no data field: tag " +
                                    std::to_string(each.tag + 1) + " should be of type DATA");
            }
        }
    }

    void check_members(const std::vector<member>& members, const std::string& where, long line) {
        std::map<int, long> seen;
        check_list(members, where, line, seen);
        if (members.empty() && where.starts_with("component")) {
            fail(line, where + " has no members");
        }
    }

    // Every field of the expanded list once; data right behind its length; groups not empty.
    void check_list(const std::vector<member>& members, const std::string& where, long line,
                    std::map<int, long>& seen) {
        const field* before = nullptr;
        for (const member& each : members) {
            if (each.kind == member_kind::component) {
                expect_no_open_length(before, where, each.line);
                before = nullptr;
                const component& used = component_named(each, where);
                check_list(used.members, where + " through component " + each.name, each.line,
                           seen);
                continue;
            }
            const field& used = field_named(each, where);
            if (!seen.emplace(used.tag, each.line).second) {
                fail(line_for(each, line), where + " has field " + each.name + " twice");
            }
            if (used.length_tag != 0 && (before == nullptr || before->tag != used.length_tag)) {
                fail(each.line, where + " has data field " + each.name +
                                    " without its length field directly before it");
            }
            if (used.length_tag == 0) {
                expect_no_open_length(before, where, each.line);
            }
            before = &used;
            if (each.kind == member_kind::group) {
                check_group(each, used, where);
                before = nullptr;
            }
        }
        expect_no_open_length(before, where, line);
    }

    static long line_for(const member& each, long fallback) {
        return each.line != 0 ? each.line : fallback;
    }

    void expect_no_open_length(const field* before, const std::string& where, long line) const {
        if (before != nullptr && before->data_tag != 0) {
            fail(line, where + " has length field " + before->name +
                           " without its data field directly behind it");
        }
    }

    void check_group(const member& each, const field& counter, const std::string& where) {
        if (counter.type != field_type::num_in_group && counter.type != field_type::integer) {
            fail(each.line, "group " + each.name + " in " + where +
                                " is counted by a field of type " + type_name(counter.type) +
                                ": NUMINGROUP is needed");
        }
        if (each.members.empty()) {
            fail(each.line,
                 "group " + each.name + " in " + where + " has no members, so it has no delimiter");
        }
        std::map<int, long> seen;
        check_list(each.members, "group " + each.name, each.line, seen);
    }

    void check_section(const std::vector<member>& members, const std::string& where) {
        check_members(members, where, members.empty() ? 0 : members.front().line);
    }

    void check_messages() {
        std::map<std::string, long> names;
        std::map<std::string, std::string> types;
        for (message& each : dict_.messages) {
            check_name(each.name, each.line, "message");
            if (!names.emplace(each.name, each.line).second) {
                fail(each.line, "message " + each.name + " is defined twice");
            }
            const auto [other, is_new] = types.emplace(each.msg_type, each.name);
            if (!is_new) {
                fail(each.line, "message type " + each.msg_type + " of " + each.name +
                                    " is already taken by " + other->second);
            }
            check_members(each.members, "message " + each.name, each.line);
            each.identifier = fields_.count(each.name) != 0 ? each.name + "Message" : each.name;
        }
    }

    void order_components() {
        std::vector<component> ordered;
        for (const std::string& name : ordered_) {
            ordered.push_back(*components_.at(name));
        }
        dict_.components = std::move(ordered);
        components_.clear();
    }

    static std::string type_name(field_type type) { return std::string(to_string(type)); }

    dictionary& dict_;
    std::map<std::string, field*> fields_;
    std::map<std::string, const component*> components_;
    std::set<std::string> acyclic_;
    std::vector<std::string> ordered_;
};

}  // namespace

void validate(dictionary& dict) {
    validator(dict).run();
}

}  // namespace millrace::xlator::spec
