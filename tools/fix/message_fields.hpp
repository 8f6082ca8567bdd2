// The fields of a message with their places: in which entry of which group each stands.
//
// Threading  one thread
// Progress   allocates; one decoder for each dictionary
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tools/fix/message_source.hpp"
#include "xlator/fix/decoder.hpp"

namespace millrace::tools {

struct placed_field {
    int tag = 0;              // 0: no "TAG=" is there
    std::uint32_t level = 0;  // how many groups it is in
    std::string_view text;    // where there is no tag
    std::string_view value;
    std::string place;  // "453[2].448", from 1; a tag that is repeated outside of groups: "58[2]"
};

// The value of the first field with this tag; empty: there is none.
[[nodiscard]] std::string_view value_of(const fix_message& message, int tag);
// What the dictionary says of its type; null: nothing, or there is no dictionary.
[[nodiscard]] const xlator::message_info* info_of(const fix_message& message,
                                                  const xlator::dictionary* dict);

// For each dictionary one decoder, of messages as large as they come.
class message_decoders {
public:
    explicit message_decoders(bool is_strict) : is_strict_(is_strict) {}
    [[nodiscard]] xlator::decoder& of(const xlator::dictionary& dict);

private:
    bool is_strict_;
    std::map<const xlator::dictionary*, std::unique_ptr<xlator::decoder>> decoders_;
};

class message_fields {
public:
    // Valid until the next call, and while the message lives. The dictionary knows which fields are
    // in a group; of what cannot be read at all, and without one (null), they stand as they come.
    [[nodiscard]] std::vector<placed_field> of(const fix_message& message,
                                               const xlator::dictionary* dict);

private:
    [[nodiscard]] bool decode(const fix_message& message, const xlator::dictionary& dict,
                              std::vector<placed_field>& fields);

    message_decoders decoders_{false};
    std::string resealed_;  // what the fields may point into
};

}  // namespace millrace::tools
