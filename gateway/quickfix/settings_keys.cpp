#include "gateway/quickfix/settings_keys.hpp"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <vector>

#include "gateway/quickfix/schedule_text.hpp"

namespace millrace {
namespace gateway {

namespace {

const char* const own_store = "Millrace keeps messages and numbers in its FIX_OUT and FIX_IN logs";
const char* const own_log = "Millrace writes every message to its FIX_OUT and FIX_IN logs";

const known_key keys[] = {
    {"BeginString", value_form::text, key_use::session, ""},
    {"SenderCompID", value_form::text, key_use::session, ""},
    {"TargetCompID", value_form::text, key_use::session, ""},
    {"SessionQualifier", value_form::text, key_use::session, ""},
    {"DefaultApplVerID", value_form::text, key_use::session, ""},
    {"ConnectionType", value_form::text, key_use::session, ""},
    {"UseDataDictionary", value_form::flag, key_use::session, ""},
    {"SendRedundantResendRequests", value_form::flag, key_use::session, ""},
    {"DataDictionary", value_form::text, key_use::session, ""},
    {"TransportDataDictionary", value_form::text, key_use::session, ""},
    {"AppDataDictionary", value_form::text, key_use::session, ""},
    {"UseLocalTime", value_form::flag, key_use::session, ""},
    {"StartTime", value_form::time_of_day, key_use::session, ""},
    {"EndTime", value_form::time_of_day, key_use::session, ""},
    {"StartDay", value_form::day, key_use::session, ""},
    {"EndDay", value_form::day, key_use::session, ""},
    {"LogonTime", value_form::time_of_day, key_use::session, ""},
    {"LogoutTime", value_form::time_of_day, key_use::session, ""},
    {"LogonDay", value_form::day, key_use::session, ""},
    {"LogoutDay", value_form::day, key_use::session, ""},
    {"TimeZone", value_form::text, key_use::session, ""},
    {"NonStopSession", value_form::flag, key_use::session, ""},
    {"Weekdays", value_form::days, key_use::session, ""},
    {"Holidays", value_form::dates, key_use::session, ""},
    {"HolidaysFile", value_form::text, key_use::session, ""},
    {"CheckCompID", value_form::flag, key_use::session, ""},
    {"CheckLatency", value_form::flag, key_use::session, ""},
    {"MaxLatency", value_form::number, key_use::session, ""},
    {"HeartBtInt", value_form::number, key_use::session, ""},
    {"SocketAcceptPort", value_form::port, key_use::session, ""},
    {"SocketAcceptHost", value_form::text, key_use::session, ""},
    {"SocketReuseAddress", value_form::flag, key_use::session, ""},
    {"SocketConnectHost", value_form::text, key_use::session, ""},
    {"SocketConnectPort", value_form::port, key_use::session, ""},
    {"SocketConnectSourceHost", value_form::text, key_use::session, ""},
    {"SocketConnectSourcePort", value_form::port, key_use::session, ""},
    {"SocketNodelay", value_form::flag, key_use::without_meaning, "TCP_NODELAY is always set"},
    {"SocketSendBufferSize", value_form::number, key_use::session, ""},
    {"SocketReceiveBufferSize", value_form::number, key_use::session, ""},
    {"ReconnectInterval", value_form::number, key_use::session, ""},
    {"ValidateLengthAndChecksum", value_form::flag, key_use::session, ""},
    {"ValidateFieldsOutOfOrder", value_form::flag, key_use::session, ""},
    {"ValidateFieldsHaveValues", value_form::flag, key_use::session, ""},
    {"ValidateUserDefinedFields", value_form::flag, key_use::session, ""},
    {"AllowUnknownMsgFields", value_form::flag, key_use::session, ""},
    {"PreserveMessageFieldsOrder", value_form::flag, key_use::not_honoured,
     "both lanes of a session send fields in one fixed order"},
    {"LogonTimeout", value_form::number, key_use::session, ""},
    {"LogoutTimeout", value_form::number, key_use::session, ""},
    {"ResetOnLogon", value_form::flag, key_use::session, ""},
    {"ResetOnLogout", value_form::flag, key_use::session, ""},
    {"ResetOnDisconnect", value_form::flag, key_use::session, ""},
    {"RefreshOnLogon", value_form::flag, key_use::session, ""},
    {"SendResetSeqNumFlag", value_form::flag, key_use::without_meaning,
     "QuickFIX 1.15.1 does not read it either; see ResetOnLogon"},
    {"AllowedRemoteAddresses", value_form::text, key_use::session, ""},
    {"InboundRoutingTag", value_form::tag, key_use::session, ""},
    {"OutboundRoutingTag", value_form::tag, key_use::session, ""},
    {"OutboundField", value_form::text, key_use::session, ""},
    {"Username", value_form::text, key_use::session, ""},
    {"Password", value_form::text, key_use::session, ""},
    {"PasswordFile", value_form::text, key_use::session, ""},
    {"MillisecondsInTimeStamp", value_form::flag, key_use::session, ""},
    {"TimestampPrecision", value_form::precision, key_use::session, ""},
    {"PersistMessages", value_form::flag, key_use::session, ""},
    {"FileStorePath", value_form::text, key_use::without_meaning, own_store},
    {"MySQLStore*", value_form::text, key_use::without_meaning, own_store},
    {"PostgreSQLStore*", value_form::text, key_use::without_meaning, own_store},
    {"OdbcStore*", value_form::text, key_use::without_meaning, own_store},
    {"FileLogPath", value_form::text, key_use::without_meaning, own_log},
    {"FileLogBackupPath", value_form::text, key_use::without_meaning, own_log},
    {"ScreenLog*", value_form::text, key_use::without_meaning, own_log},
    {"MySQLLog*", value_form::text, key_use::without_meaning, own_log},
    {"PostgreSQLLog*", value_form::text, key_use::without_meaning, own_log},
    {"OdbcLog*", value_form::text, key_use::without_meaning, own_log},
    {"HttpAcceptPort", value_form::port, key_use::without_meaning,
     "QuickFIX's HTTP server is never started"},
    {"SocketUseSSL", value_form::flag, key_use::session, ""},
    {"ServerCertificateFile", value_form::text, key_use::session, ""},
    {"ServerCertificateKeyFile", value_form::text, key_use::session, ""},
    {"ClientCertificateFile", value_form::text, key_use::session, ""},
    {"ClientCertificateKeyFile", value_form::text, key_use::session, ""},
    {"CertificationAuthoritiesFile", value_form::text, key_use::session, ""},
    {"CertificationAuthoritiesDirectory", value_form::text, key_use::session, ""},
    {"CertificateRevocationListFile", value_form::text, key_use::session, ""},
    {"CertificateRevocationListDirectory", value_form::text, key_use::session, ""},
    {"CertificateVerifyLevel", value_form::verify_level, key_use::session, ""},
    {"CertificatePeerNames", value_form::text, key_use::session, ""},
    {"SSLProtocol", value_form::text, key_use::session, ""},
    {"SSLCipherSuite", value_form::text, key_use::session, ""},
};

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char byte) { return static_cast<char>(std::tolower(byte)); });
    return text;
}

bool is_number(const std::string& text, std::size_t digits_max) {
    return !text.empty() && text.size() <= digits_max &&
           std::all_of(text.begin(), text.end(),
                       [](unsigned char byte) { return std::isdigit(byte) != 0; });
}

// SocketConnectHost2 is SocketConnectHost, AppDataDictionary.FIX.5.0 is AppDataDictionary.
std::string family_of(const std::string& wanted) {
    for (const char* numbered : {"socketconnecthost", "socketconnectport", "outboundfield"}) {
        const std::string family = numbered;
        if (wanted.compare(0, family.size(), family) == 0 &&
            is_number(wanted.substr(family.size()), 4)) {
            return family;
        }
    }
    const std::string dictionary = "appdatadictionary.";
    if (wanted.compare(0, dictionary.size(), dictionary) == 0) {
        return "appdatadictionary";
    }
    return wanted;
}

std::size_t edit_distance(const std::string& a, const std::string& b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j < row.size(); ++j) {
        row[j] = j;
    }
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t above = row[j];
            const std::size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = std::min(changed, std::min(above, row[j - 1]) + 1);
            diagonal = above;
        }
    }
    return row[b.size()];
}

bool is_time_of_day(const std::string& text) {
    std::int64_t s = 0;
    return parse_time_of_day(text, s);
}

bool is_day(const std::string& text) {
    int weekday = 0;
    return parse_weekday(text, weekday);
}

bool is_date(const std::string& text) {
    std::int64_t day = 0;
    return parse_date(text, day);
}

// A list of nothing is one, which a session may need to take back a default.
bool is_list_of(bool (*is_one)(const std::string&), const std::string& text) {
    const std::vector<std::string> parts = split_list(text);
    return std::all_of(parts.begin(), parts.end(), is_one);
}

}  // namespace

const known_key* find_known_key(const std::string& key) {
    const std::string wanted = family_of(lower(key));
    for (const known_key& known : keys) {
        const std::string name = lower(known.name);
        if (name.back() == '*') {
            if (wanted.compare(0, name.size() - 1, name, 0, name.size() - 1) == 0) {
                return &known;
            }
        } else if (wanted == name) {
            return &known;
        }
    }
    return nullptr;
}

std::string nearest_known_key(const std::string& key) {
    const std::string wanted = lower(key);
    std::string nearest;
    std::size_t shortest = std::max<std::size_t>(2, wanted.size() / 4) + 1;
    for (const known_key& known : keys) {
        const std::string name = known.name;
        if (name.back() == '*') {
            continue;
        }
        const std::size_t distance = edit_distance(wanted, lower(name));
        if (distance < shortest) {
            shortest = distance;
            nearest = name;
        }
    }
    return nearest;
}

std::string problem_with_value(const known_key& key, const std::string& value) {
    switch (key.form) {
        case value_form::text:
            return std::string();
        case value_form::flag:
            return value == "Y" || value == "N" ? "" : "expected Y or N";
        case value_form::number:
            return is_number(value, 10) && std::stoull(value) <= 2147483647u
                       ? ""
                       : "expected a number from 0 to 2147483647";
        case value_form::port:
            return is_number(value, 5) && std::stoul(value) <= 65535u
                       ? ""
                       : "expected a port from 0 to 65535";
        case value_form::precision:
            return is_number(value, 1) ? "" : "expected a number of decimals from 0 to 9";
        case value_form::verify_level:
            return is_number(value, 1) && value[0] <= '2' ? "" : "expected 0, 1 or 2";
        case value_form::time_of_day:
            return is_time_of_day(value) ? "" : "expected a time of day as HH:MM:SS";
        case value_form::tag:
            return is_number(value, 10) && std::stoull(value) <= 2147483647u &&
                           std::stoull(value) != 0
                       ? ""
                       : "expected a tag from 1 to 2147483647";
        case value_form::day:
            return is_day(value) ? "" : "expected a day of the week, such as Monday or mo";
        case value_form::days:
            return is_list_of(is_day, value) && !value.empty()
                       ? ""
                       : "expected days of the week with commas between them, such as Mon,Tue";
        case value_form::dates:
            return is_list_of(is_date, value)
                       ? ""
                       : "expected dates as YYYY-MM-DD with commas between them";
    }
    return std::string();
}

bool is_standard_dictionary_name(const std::string& file_name) {
    static const char* const names[] = {"fix40.xml",    "fix41.xml",    "fix42.xml",
                                        "fix43.xml",    "fix44.xml",    "fix50.xml",
                                        "fix50sp1.xml", "fix50sp2.xml", "fixt11.xml"};
    return std::find(std::begin(names), std::end(names), lower(file_name)) != std::end(names);
}

}  // namespace gateway
}  // namespace millrace
