// The keys a settings file may hold, their values' form, and whether they mean something.
//
// Source  names and value forms: QuickFIX 1.15.1 SessionSettings.h and Dictionary.cpp. Holidays,
//         HolidaysFile and CertificatePeerNames are ours; NonStopSession, TimeZone, Weekdays and
//         SocketUseSSL are QuickFIX/J's
#pragma once

#include <cstdint>
#include <string>

namespace millrace {
namespace gateway {

enum class value_form : std::uint8_t {
    text,
    flag,          // Y or N
    number,        // 0 to 2147483647
    port,          // 0 to 65535
    precision,     // 0 to 9
    verify_level,  // 0 to 2
    time_of_day,   // HH:MM:SS
    tag,           // 1 to 2147483647
    day,           // two letters of an English day name or more
    days,          // the same, with commas between them
    dates          // YYYY-MM-DD, with commas between them
};

enum class key_use : std::uint8_t {
    session,          // read by us or passed to the library's session
    without_meaning,  // belongs to a part of QuickFIX that is not used here
    not_honoured      // would change what happens on the wire or in the store, and does not
};

struct known_key {
    const char* name;
    value_form form;
    key_use use;
    const char* remark;
};

// Null: unknown. Numbered keys (SocketConnectHost1) and AppDataDictionary.VERSION are
// found too.
const known_key* find_known_key(const std::string& key);

// The known key closest to a misspelt one, or empty if none is close.
std::string nearest_known_key(const std::string& key);

// Empty: the value has the key's form. Otherwise what was expected.
std::string problem_with_value(const known_key& key, const std::string& value);

// FIX40.xml to FIX44.xml, FIX50.xml, FIX50SP1.xml, FIX50SP2.xml, FIXT11.xml
bool is_standard_dictionary_name(const std::string& file_name);

}  // namespace gateway
}  // namespace millrace
