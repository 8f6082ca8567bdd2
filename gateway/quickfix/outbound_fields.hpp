// Static fields a session adds to what it sends: found in its dictionaries, and put where these
// say.
//
// A header field goes into every message; any other into those messages its dictionary declares it
// for. A message that has the field keeps its own value.
//
// Threading  set-up, then the session's thread
// Errors     settings_error with the line of the setting: a field that is not declared, is for the
//            session alone to set, or may not have this value
// Source     QuickFIX moves a header field that its dictionary does not declare into the body when
//            it resends
#pragma once

#include <quickfix/DataDictionary.h>

#include <cstddef>
#include <string>
#include <vector>

#include "gateway/quickfix/settings.hpp"

namespace millrace {
namespace gateway {
namespace detail {

struct outbound_field {
    int tag = 0;
    bool is_header = false;
    std::string value;
};

std::vector<outbound_field> find_outbound_fields(const session_spec& spec);

// Whether a body, or the fields behind MsgType, has the tag.
bool has_field(const char* fields, std::size_t size, int tag);

}  // namespace detail
}  // namespace gateway
}  // namespace millrace
