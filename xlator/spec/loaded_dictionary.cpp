#include "xlator/spec/loaded_dictionary.hpp"

#include <utility>

#include "xlator/spec/identifier.hpp"

namespace millrace::xlator::spec {

namespace {

dictionary read(const dictionary_text& application, const dictionary_text* transport) {
    dictionary app = parse_dictionary(application.file, application.text);
    if (transport == nullptr) {
        return complete(std::move(app), nullptr);
    }
    const dictionary session = parse_dictionary(transport->file, transport->text);
    return complete(std::move(app), &session);
}

std::string stem_of(const std::string& file) {
    const std::size_t slash = file.rfind('/');
    const std::string name = slash == std::string::npos ? file : file.substr(slash + 1);
    return name.substr(0, name.rfind('.'));
}

}  // namespace

loaded_dictionary::loaded_dictionary(const dictionary_text& application,
                                     const dictionary_text* transport)
    : source_(read(application, transport)), name_(stem_of(application.file)) {
    for (const component& each : source_.components) {
        components_.emplace(each.name, &each);
    }
    add_fields();
    for (const message& each : source_.messages) {
        messages_.push_back({each.msg_type, each.name, each.is_admin, flatten(each.members)});
    }
    info_ = {
        name_,    source_.begin_string, fields_, flatten(source_.header), flatten(source_.trailer),
        messages_};
    tables_.emplace(info_);
}

void loaded_dictionary::add_fields() {
    for (const field& each : source_.fields) {
        by_name_.emplace(each.name, &each);
        std::vector<enum_value_info> values;
        if (each.form != enum_form::none) {
            for (const enum_value& value : each.values) {
                values.push_back({value.value, plain_name(value.identifier)});
            }
        }
        values_.push_back(std::move(values));
        fields_.push_back({each.tag, each.name, each.type, each.form, values_.back(),
                           each.length_tag, each.data_tag});
    }
}

// As detail::append_list of xlator/fix/declare.hpp: a required member of an optional component is
// optional.
void loaded_dictionary::append(const std::vector<member>& members, bool is_list_required,
                               bool is_direct, std::vector<member_info>& to) {
    for (const member& each : members) {
        const bool is_required = is_list_required && each.is_required;
        if (each.kind == member_kind::component) {
            append(components_.at(each.name)->members, is_required, false, to);
            continue;
        }
        const field& used = field_named(each.name);
        const group_info* const group = each.kind == member_kind::group ? group_of(each) : nullptr;
        to.push_back({used.tag, used.name, is_required, group, group != nullptr, each.is_required,
                      is_direct});
    }
}

std::span<const member_info> loaded_dictionary::flatten(const std::vector<member>& members) {
    std::vector<member_info> flat;
    append(members, true, true, flat);
    members_.push_back(std::move(flat));
    return members_.back();
}

// One for each place in the file: a component's group is the same in all that have the component.
const group_info* loaded_dictionary::group_of(const member& group) {
    if (const auto known = known_groups_.find(&group); known != known_groups_.end()) {
        return known->second;
    }
    const field& counter = field_named(group.name);
    const std::span<const member_info> members = flatten(group.members);
    groups_.push_back({counter.tag, counter.name, members});
    return known_groups_.emplace(&group, &groups_.back()).first->second;
}

}  // namespace millrace::xlator::spec
