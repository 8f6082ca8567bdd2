// A dictionary read at run time, as the tables that a generated one is: for decoder, printer and
// maps, and for tools that are given a venue's file.
//
//     const spec::loaded_dictionary fix44({"FIX44.xml", text});
//     decoder reader{fix44.tables()};
//
// Threading  constant after construction; any thread
// Progress   the constructor parses and allocates; tables() is a generated dictionary's equal
// Errors     dictionary_error names file and line; error if the tables contradict themselves
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "xlator/fix/dictionary.hpp"
#include "xlator/spec/ir.hpp"

namespace millrace::xlator::spec {

struct dictionary_text {
    std::string file;  // for messages, and the stem of it is the dialect's name
    std::string text;
};

class loaded_dictionary {
public:
    // Of FIX 5.0 and later both: header, trailer and session messages are the transport's.
    explicit loaded_dictionary(const dictionary_text& application,
                               const dictionary_text* transport = nullptr);
    loaded_dictionary(const loaded_dictionary&) = delete;
    loaded_dictionary& operator=(const loaded_dictionary&) = delete;

    [[nodiscard]] const xlator::dictionary& tables() const { return *tables_; }

private:
    void add_fields();
    void append(const std::vector<member>& members, bool is_list_required, bool is_direct,
                std::vector<member_info>& to);
    [[nodiscard]] std::span<const member_info> flatten(const std::vector<member>& members);
    [[nodiscard]] const group_info* group_of(const member& group);
    [[nodiscard]] const field& field_named(const std::string& name) const {
        return *by_name_.at(name);
    }

    dictionary source_;  // owns every text the tables point to
    std::string name_;
    std::map<std::string, const field*> by_name_;
    std::map<std::string, const component*> components_;
    std::map<const member*, const group_info*> known_groups_;
    std::deque<std::vector<enum_value_info>> values_;
    std::deque<std::vector<member_info>> members_;
    std::deque<group_info> groups_;
    std::vector<field_info> fields_;
    std::vector<message_info> messages_;
    dictionary_info info_;
    std::optional<xlator::dictionary> tables_;
};

}  // namespace millrace::xlator::spec
