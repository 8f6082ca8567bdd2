#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "xlator/spec/ir.hpp"

namespace millrace::xlator::spec {

namespace {

template <class Named>
Named* find_named(std::vector<Named>& all, const std::string& name) {
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const Named& each) { return each.name == name; });
    return found == all.end() ? nullptr : &*found;
}

void add_names(const std::vector<member>& members, std::set<std::string>& to) {
    for (const member& each : members) {
        to.insert(each.name);
        add_names(each.members, to);
    }
}

// Of all fields, groups and components that its messages hold.
std::set<std::string> names_in_messages(const dictionary& dict) {
    std::set<std::string> names;
    for (const message& each : dict.messages) {
        add_names(each.members, names);
    }
    for (const component& each : dict.components) {
        add_names(each.members, names);
    }
    return names;
}

// What either side allows is allowed; where one has no set, every value is. But an application that
// lists no values of a field of the header, such as MessageEncoding(347), has no say in it.
void join_values(field& into, const field& from, bool is_in_application) {
    if (into.values.empty() && !is_in_application) {
        into.values = from.values;
        return;
    }
    if (into.values.empty() || from.values.empty()) {
        into.values.clear();
        return;
    }
    for (const enum_value& each : from.values) {
        const bool is_known =
            std::any_of(into.values.begin(), into.values.end(),
                        [&](const enum_value& known) { return known.value == each.value; });
        if (!is_known) {
            into.values.push_back(each);
        }
    }
}

void join_fields(dictionary& app, const dictionary& transport) {
    const std::set<std::string> used = names_in_messages(app);
    for (const field& each : transport.fields) {
        field* known = find_named(app.fields, each.name);
        if (known == nullptr) {
            app.fields.push_back(each);
        } else if (known->tag != each.tag || known->type != each.type) {
            throw dictionary_error(transport.file, each.line,
                                   "field " + each.name + " has tag " + std::to_string(each.tag) +
                                       " and type " + std::string(to_string(each.type)) + ", in " +
                                       app.file + " tag " + std::to_string(known->tag) +
                                       " and type " + std::string(to_string(known->type)) +
                                       ": are the two dictionaries of one family?");
        } else {
            join_values(*known, each, used.count(each.name) != 0);
        }
    }
}

// No message could be framed without.
void expect_ends(const dictionary& dict, const std::string& hint) {
    if (!dict.header.empty() && !dict.trailer.empty()) {
        return;
    }
    const std::string missing = !dict.trailer.empty()  ? "no header"
                                : !dict.header.empty() ? "no trailer"
                                                       : "no header and no trailer";
    throw dictionary_error(dict.file, dict.line,
                           "has " + missing + " (" + dict.begin_string + "): " + hint);
}

}  // namespace

void join_transport(dictionary& app, const dictionary& transport) {
    if (!app.header.empty() || !app.trailer.empty()) {
        throw dictionary_error(app.file, app.header.empty() ? 0 : app.header.front().line,
                               "has a header or trailer of its own (" + app.begin_string +
                                   "): a transport is for FIX 5.0 and later");
    }
    join_fields(app, transport);
    for (const component& each : transport.components) {
        if (find_named(app.components, each.name) != nullptr) {
            throw dictionary_error(transport.file, each.line,
                                   "component " + each.name + " is also defined in " + app.file);
        }
        app.components.push_back(each);
    }
    for (const message& each : transport.messages) {
        const auto taken =
            std::find_if(app.messages.begin(), app.messages.end(), [&](const message& other) {
                return other.name == each.name || other.msg_type == each.msg_type;
            });
        if (taken != app.messages.end()) {
            throw dictionary_error(transport.file, each.line,
                                   "message " + each.name + " of type " + each.msg_type +
                                       " is also defined in " + app.file);
        }
        app.messages.push_back(each);
    }
    app.begin_string = transport.begin_string;
    app.header = transport.header;
    app.trailer = transport.trailer;
}

dictionary complete(dictionary app, const dictionary* transport) {
    validate(app);
    if (transport != nullptr) {
        dictionary session = *transport;
        validate(session);
        expect_ends(session, "is this a transport, such as FIXT11.xml?");
        join_transport(app, session);
        validate(app);
    }
    expect_ends(app, "they are its transport's, such as FIXT11.xml");
    return app;
}

}  // namespace millrace::xlator::spec
