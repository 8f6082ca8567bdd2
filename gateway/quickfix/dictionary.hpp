// Data dictionaries and what the screen must know about them. Inside the wall only.
//
// Threading  set-up only, one thread at a time
// Errors     settings_error
#pragma once

#include <quickfix/DataDictionary.h>

#include <cstdint>
#include <string>
#include <vector>

namespace millrace {
namespace gateway {
namespace detail {

struct loaded_dictionary {
    FIX::DataDictionary parsed;
    std::vector<std::uint32_t> data_tags;
    // Data fields of a group inside a group: the library's dictionaries of inner groups know no
    // data fields.
    std::vector<std::uint32_t> nested_data_tags;
    // Data fields some group holds the length of, but not the field itself: the library would look
    // elsewhere.
    std::vector<std::uint32_t> ambiguous_data_tags;
};

// Parsed at the first call for this path and kept for the life of the process: sessions come and
// go, files do not.
const loaded_dictionary& load_dictionary(const std::string& path);

}  // namespace detail
}  // namespace gateway
}  // namespace millrace
