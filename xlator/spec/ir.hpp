// A dictionary in QuickFIX's XML format: what it said, with line numbers, before and after
// validation. millrace-codegen makes declarations of it, loaded_dictionary tables at run time.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "xlator/fix/reflection.hpp"

namespace millrace::xlator::spec {

struct enum_value {
    std::string value;
    std::string description;
    std::string identifier;  // filled by validate()
    long line = 0;
};

struct field {
    int tag = 0;
    std::string name;
    field_type type = field_type::string;
    enum_form form = enum_form::none;  // filled by validate()
    std::vector<enum_value> values;
    int length_tag = 0;  // filled by validate()
    int data_tag = 0;    // filled by validate()
    long line = 0;
};

enum class member_kind { field, group, component };

struct member {
    member_kind kind = member_kind::field;
    std::string name;
    bool is_required = false;
    std::vector<member> members;  // of a group
    long line = 0;
};

struct component {
    std::string name;
    std::string
        identifier;  // filled by validate(): the name, or NameBlock where a field has the name
    std::vector<member> members;
    long line = 0;
};

struct message {
    std::string name;
    std::string
        identifier;  // filled by validate(): the name, or NameMessage where a field has the name
    std::string msg_type;
    bool is_admin = false;
    std::vector<member> members;
    long line = 0;
};

struct dictionary {
    std::string file;
    std::string begin_string;           // FIX.4.4
    std::vector<field> fields;          // ascending by tag after validate()
    std::vector<component> components;  // used before user after validate()
    std::vector<message> messages;
    std::vector<member> header;
    std::vector<member> trailer;
    long line = 0;
};

// what() is "FILE:LINE: reason".
class dictionary_error : public std::runtime_error {
public:
    dictionary_error(const std::string& file, long line, const std::string& reason)
        : std::runtime_error(file + ":" + std::to_string(line) + ": " + reason) {}
};

// Reads a dictionary in QuickFIX's XML format. The text is parsed as if it were the content of
// `file`.
[[nodiscard]] dictionary parse_dictionary(const std::string& file, const std::string& text);

// Refuses what contradicts itself and fills what follows from the rest.
void validate(dictionary& dict);

// Makes the dictionary of a FIX 5.0 application complete: the header, the trailer and the session's
// messages of the transport (FIXT.1.1) become its own, and BeginString(8) with them.
// REQUIRES validate() of both; validate(app) again before anything is made of it.
void join_transport(dictionary& app, const dictionary& transport);

// Validated and whole: joined with its transport, if one is given, and refused if it has no header
// or trailer then.
[[nodiscard]] dictionary complete(dictionary app, const dictionary* transport);

}  // namespace millrace::xlator::spec
