#include "gateway/quickfix/settings.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "gateway/quickfix/settings_keys.hpp"
#include "gateway/quickfix/settings_own.hpp"
#include "gateway/quickfix/settings_sections.hpp"
#include "gateway/quickfix/settings_tls.hpp"

namespace millrace {
namespace gateway {

namespace {

bool file_exists(const std::string& path) {
    return std::ifstream(path.c_str()).is_open();
}

std::string file_name_of(const std::string& path) {
    const std::size_t slash = path.find_last_of('/');
    return slash == std::string::npos ? path : path.substr(slash + 1);
}

class settings_reader {
public:
    settings_reader(const std::string& path, const settings_options& options) : options_(options) {
        result_.path = path;
    }

    settings_file read(const std::string& text);

private:
    void note(note_level level, long line, const std::string& text);
    [[noreturn]] void fail(long line, const std::string& reason) const {
        throw settings_error(result_.path, line, reason);
    }

    session_spec build(const detail::settings_section& from);
    void read_identity(session_spec& spec) const;
    void read_addresses(session_spec& spec) const;
    void read_flags(session_spec& spec) const;
    void read_dictionaries(session_spec& spec);
    std::string resolve_dictionary(session_spec& spec, const std::string& key);

    const setting& require(const session_spec& spec, const std::string& key,
                           const std::string& why) const;
    std::uint32_t number_of(const session_spec& spec, const std::string& key,
                            std::uint32_t fallback) const;

    settings_options options_;
    settings_file result_;
    detail::settings_sections sections_;
};

void settings_reader::note(note_level level, long line, const std::string& text) {
    const bool is_known = std::any_of(
        result_.notes.begin(), result_.notes.end(),
        [&](const settings_note& present) { return present.line == line && present.text == text; });
    if (is_known) {
        return;  // a default that several sessions share
    }
    settings_note entry;
    entry.level = level;
    entry.line = line;
    entry.text = text;
    result_.notes.push_back(entry);
}

settings_file settings_reader::read(const std::string& text) {
    sections_ = detail::read_sections(result_.path, text);
    if (sections_.sessions.empty()) {
        fail(0, "no [SESSION] section: a settings file describes at least one session");
    }
    result_.notes = sections_.notes;
    for (const detail::settings_section& one : sections_.sessions) {
        session_spec spec = build(one);
        for (const session_spec& other : result_.sessions) {
            if (other.name == spec.name) {
                fail(spec.line, "session " + spec.name + " is described twice, first in line " +
                                    std::to_string(other.line));
            }
        }
        result_.sessions.push_back(std::move(spec));
    }
    std::stable_sort(
        result_.notes.begin(), result_.notes.end(),
        [](const settings_note& a, const settings_note& b) { return a.line < b.line; });
    return result_;
}

const setting& settings_reader::require(const session_spec& spec, const std::string& key,
                                        const std::string& why) const {
    const setting* found = spec.find(key);
    if (found == nullptr) {
        for (const setting& other : spec.settings) {
            if (find_known_key(other.key) == nullptr && nearest_known_key(other.key) == key) {
                fail(other.line, "unknown key '" + other.key + "'; did you mean '" + key + "'?");
            }
        }
        fail(spec.line, key + " is missing" + (why.empty() ? "" : ": " + why));
    }
    if (found->value.empty()) {
        fail(found->line, key + " is empty" + (why.empty() ? "" : ": " + why));
    }
    return *found;
}

std::uint32_t settings_reader::number_of(const session_spec& spec, const std::string& key,
                                         std::uint32_t fallback) const {
    const setting* found = spec.find(key);
    return found == nullptr ? fallback : static_cast<std::uint32_t>(std::stoul(found->value));
}

session_spec settings_reader::build(const detail::settings_section& from) {
    session_spec spec;
    spec.file = result_.path;
    spec.line = from.line;
    spec.settings = from.settings;
    for (const setting& value : sections_.defaults.settings) {
        if (spec.find(value.key) == nullptr) {
            spec.settings.push_back(value);
        }
    }
    read_identity(spec);
    read_flags(spec);
    read_addresses(spec);
    for (const auto read : {detail::read_own_keys, detail::read_tls_keys}) {
        for (const settings_note& said : read(spec)) {
            note(said.level, said.line, said.text);
        }
    }
    read_dictionaries(spec);
    for (const char* key : {"StartTime", "EndTime"}) {
        if (!spec.is_on("NonStopSession", false)) {
            require(spec, key, "every session has a schedule; NonStopSession=Y means always");
        }
    }
    if ((spec.find("StartDay") == nullptr) != (spec.find("EndDay") == nullptr)) {
        fail(spec.line, "StartDay and EndDay come together or not at all");
    }
    return spec;
}

void settings_reader::read_identity(session_spec& spec) const {
    const setting& version = require(spec, "BeginString", "the FIX version, such as FIX.4.4");
    spec.begin_string = version.value;
    static const char* const versions[] = {"FIX.4.0", "FIX.4.1", "FIX.4.2",
                                           "FIX.4.3", "FIX.4.4", "FIXT.1.1"};
    if (std::find(std::begin(versions), std::end(versions), spec.begin_string) ==
        std::end(versions)) {
        fail(version.line,
             "BeginString=" + version.value + ": expected FIX.4.0 to FIX.4.4 or FIXT.1.1");
    }
    spec.sender = require(spec, "SenderCompID", "our own name").value;
    spec.target = require(spec, "TargetCompID", "the other side's name").value;
    const setting& type = require(spec, "ConnectionType", "initiator or acceptor");
    if (type.value != "initiator" && type.value != "acceptor") {
        fail(type.line, "ConnectionType=" + type.value + ": expected initiator or acceptor");
    }
    spec.role = type.value == "initiator" ? session_role::initiator : session_role::acceptor;
    spec.name = spec.begin_string + ":" + spec.sender + "->" + spec.target;
    const setting* qualifier = spec.find("SessionQualifier");
    if (qualifier != nullptr && !qualifier->value.empty()) {
        if (spec.role == session_role::acceptor) {
            fail(qualifier->line, "SessionQualifier cannot be used with an acceptor");
        }
        spec.qualifier = qualifier->value;
        spec.name += ":" + spec.qualifier;
    }
}

void settings_reader::read_flags(session_spec& spec) const {
    spec.reconnect_interval_s = number_of(spec, "ReconnectInterval", spec.reconnect_interval_s);
    spec.logon_timeout_s = number_of(spec, "LogonTimeout", spec.logon_timeout_s);
    spec.logout_timeout_s = number_of(spec, "LogoutTimeout", spec.logout_timeout_s);
    spec.max_latency_s = number_of(spec, "MaxLatency", spec.max_latency_s);
    spec.send_buffer_bytes = number_of(spec, "SocketSendBufferSize", 0);
    spec.receive_buffer_bytes = number_of(spec, "SocketReceiveBufferSize", 0);
    spec.check_comp_id = spec.is_on("CheckCompID", spec.check_comp_id);
    spec.check_latency = spec.is_on("CheckLatency", spec.check_latency);
    spec.reset_on_logon = spec.is_on("ResetOnLogon", spec.reset_on_logon);
    spec.reset_on_logout = spec.is_on("ResetOnLogout", spec.reset_on_logout);
    spec.reset_on_disconnect = spec.is_on("ResetOnDisconnect", spec.reset_on_disconnect);
    spec.reuse_address = spec.is_on("SocketReuseAddress", spec.reuse_address);
    spec.validate_length_and_checksum =
        spec.is_on("ValidateLengthAndChecksum", spec.validate_length_and_checksum);
    if (spec.role == session_role::initiator) {
        const setting& heart =
            require(spec, "HeartBtInt", "seconds between heartbeats, at least 1");
        spec.heart_bt_int_s = number_of(spec, "HeartBtInt", 0);
        if (spec.heart_bt_int_s == 0) {
            fail(heart.line, "HeartBtInt=0: an initiator needs at least 1 second");
        }
    }
}

void settings_reader::read_addresses(session_spec& spec) const {
    if (spec.role == session_role::acceptor) {
        const setting& port = require(spec, "SocketAcceptPort", "the port to listen on");
        spec.accept_endpoint.port = static_cast<std::uint16_t>(std::stoul(port.value));
        const setting* host = spec.find("SocketAcceptHost");
        if (host != nullptr) {
            spec.accept_endpoint.host = host->value;
        }
        return;
    }
    for (int index = 0;; ++index) {
        const std::string suffix = index == 0 ? std::string() : std::to_string(index);
        const setting* host = spec.find("SocketConnectHost" + suffix);
        const setting* port = spec.find("SocketConnectPort" + suffix);
        if (host == nullptr && port == nullptr && index > 0) {
            break;
        }
        if (host == nullptr || host->value.empty()) {
            fail(port != nullptr ? port->line : spec.line,
                 "SocketConnectHost" + suffix + " is missing: where to connect to");
        }
        if (port == nullptr) {
            fail(host->line, "SocketConnectPort" + suffix + " is missing: where to connect to");
        }
        host_port endpoint;
        endpoint.host = host->value;
        endpoint.port = static_cast<std::uint16_t>(std::stoul(port->value));
        if (endpoint.port == 0) {
            fail(port->line, port->key + "=0: expected 1 to 65535");
        }
        spec.connect_endpoints.push_back(endpoint);
    }
    const setting* source_host = spec.find("SocketConnectSourceHost");
    if (source_host != nullptr) {
        spec.source_endpoint.host = source_host->value;
    }
    spec.source_endpoint.port =
        static_cast<std::uint16_t>(number_of(spec, "SocketConnectSourcePort", 0));
}

void settings_reader::read_dictionaries(session_spec& spec) {
    spec.use_data_dictionary = spec.is_on("UseDataDictionary", true);
    const bool is_fixt = spec.begin_string == "FIXT.1.1";
    if (is_fixt) {
        spec.default_appl_ver_id =
            require(spec, "DefaultApplVerID", "a FIXT session needs the version of its messages")
                .value;
    }
    if (!spec.use_data_dictionary) {
        return;
    }
    if (!is_fixt) {
        spec.data_dictionary = resolve_dictionary(spec, "DataDictionary");
        return;
    }
    spec.data_dictionary = resolve_dictionary(spec, "TransportDataDictionary");
    const std::string prefix = "APPDATADICTIONARY";
    std::vector<std::string> keys;
    for (const setting& value : spec.settings) {
        if (detail::upper_case(value.key).compare(0, prefix.size(), prefix) == 0) {
            keys.push_back(value.key);
        }
    }
    for (const std::string& key : keys) {
        const std::size_t dot = key.find('.');
        if (dot == std::string::npos && key.size() != prefix.size()) {
            fail(spec.find(key)->line,
                 key + ": expected AppDataDictionary or AppDataDictionary.VERSION");
        }
        const std::string version =
            dot == std::string::npos ? spec.default_appl_ver_id : key.substr(dot + 1);
        spec.application_dictionaries.emplace_back(version, resolve_dictionary(spec, key));
    }
    if (spec.application_dictionaries.empty()) {
        fail(spec.line,
             "AppDataDictionary is missing: a FIXT session needs the dictionary of its messages");
    }
}

std::string settings_reader::resolve_dictionary(session_spec& spec, const std::string& key) {
    const setting wanted =
        require(spec, key, "the dictionary of this FIX version, or UseDataDictionary=N");
    if (file_exists(wanted.value)) {
        return wanted.value;
    }
    const std::string name = file_name_of(wanted.value);
    if (is_standard_dictionary_name(name) && !options_.dictionary_directory.empty()) {
        const std::string ours = options_.dictionary_directory + "/" + name;
        if (file_exists(ours)) {
            note(note_level::warning, wanted.line,
                 key + "=" + wanted.value + " does not exist: using Millrace's own " + ours);
            for (setting& value : spec.settings) {
                if (detail::upper_case(value.key) == detail::upper_case(key)) {
                    value.value = ours;
                }
            }
            return ours;
        }
    }
    fail(wanted.line, key + "=" + wanted.value + ": no such file");
}

}  // namespace

settings_error::settings_error(const std::string& file, long line, const std::string& reason)
    : std::runtime_error(line > 0 ? file + ":" + std::to_string(line) + ": " + reason
                                  : file + ": " + reason),
      file_(file),
      line_(line) {}

const setting* session_spec::find(const std::string& key) const {
    const std::string wanted = detail::upper_case(key);
    for (const setting& value : settings) {
        if (detail::upper_case(value.key) == wanted) {
            return &value;
        }
    }
    return nullptr;
}

bool session_spec::is_on(const char* key, bool otherwise) const {
    const setting* const found = find(key);
    return found == nullptr ? otherwise : found->value == "Y";
}

settings_file load_settings(const std::string& path, const settings_options& options) {
    struct stat found = {};
    if (::stat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode)) {
        throw settings_error(path, 0, "is a directory: a FIX settings file is expected there");
    }
    std::ifstream file(path.c_str(), std::ios::binary);
    if (!file.is_open()) {
        throw settings_error(path, 0, "cannot be opened: a FIX settings file is expected there");
    }
    std::ostringstream text;
    text << file.rdbuf();
    if (file.bad()) {
        throw settings_error(path, 0, "cannot be read");
    }
    settings_file read = parse_settings(path, text.str(), options);
    for (const session_spec& session : read.sessions) {
        if (!session.password.empty() && (found.st_mode & (S_IROTH | S_IWOTH)) != 0) {
            settings_note open_to_all;
            open_to_all.level = note_level::warning;
            open_to_all.line = session.password_line;
            open_to_all.text =
                "everybody on this host may read this password: chmod 640 the file, or name a "
                "PasswordFile";
            read.notes.push_back(open_to_all);
            break;
        }
    }
    return read;
}

settings_file parse_settings(const std::string& path, const std::string& text,
                             const settings_options& options) {
    return settings_reader(path, options).read(text);
}

}  // namespace gateway
}  // namespace millrace
