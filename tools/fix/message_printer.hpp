// A message for people and for programs: names, meanings, groups, the time since the one before.
//
// Threading  one thread
// Progress   allocates
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tools/fix/message_fields.hpp"
#include "tools/fix/message_source.hpp"

namespace millrace::tools {

enum class fix_format : std::uint8_t {
    line,    // one message a line, fields with names and meanings
    fields,  // one field a line, groups indented
    json,    // one object a line
    raw,     // the message as it is, with the separator asked for
};

struct message_print_options {
    fix_format format = fix_format::line;
    char separator = '|';
    bool has_colour = false;
};

class message_printer {
public:
    explicit message_printer(const message_print_options& options) : options_(options) {}

    // With its line end. `dict` may be null: tags alone. `since_last_ns`: from the message before.
    void append(std::string& out, const fix_message& message, const xlator::dictionary* dict,
                std::optional<std::int64_t> since_last_ns = std::nullopt);

private:
    void append_line(std::string& out, const std::vector<placed_field>& fields,
                     const xlator::dictionary* dict) const;
    void append_fields(std::string& out, const std::vector<placed_field>& fields,
                       const xlator::dictionary* dict) const;
    void append_json(std::string& out, const fix_message& message,
                     const std::vector<placed_field>& fields, const xlator::dictionary* dict,
                     std::optional<std::int64_t> since_last_ns) const;
    void append_coloured(std::string& out, std::string_view colour, std::string_view text) const;
    void append_value(std::string& out, const placed_field& field,
                      const xlator::dictionary* dict) const;

    message_print_options options_;
    message_fields fields_;
};

// "Side(54)", or "54" where the dictionary does not know it.
[[nodiscard]] std::string name_of(int tag, const xlator::dictionary* dict);
// For objects in JSON, without their braces: "tag":54,"name":"Side"
void append_json_tag(std::string& out, int tag, const xlator::dictionary* dict);
// "value":"1","meaning":"buy"
void append_json_value(std::string& out, int tag, std::string_view value,
                       const xlator::dictionary* dict);
// "msg_type":"D","message":"NewOrderSingle"
void append_json_type(std::string& out, const fix_message& message, const xlator::dictionary* dict);
// "+0.001234567", seconds.
[[nodiscard]] std::string seconds_text(std::int64_t ns);

}  // namespace millrace::tools
