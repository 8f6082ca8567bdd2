// Reads an unchanged QuickFIX settings file into plain session descriptions that know their lines.
//
// Threading  set-up only
// Errors     settings_error: "file:line: reason". Unknown keys are warnings, keys without a
//            meaning here are notices: what works with QuickFIX is not refused for what it holds
//            besides
// Source     syntax and meaning are those of QuickFIX 1.15.1; of two equal keys the later counts
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "gateway/quickfix/secrets.hpp"

namespace millrace {
namespace gateway {

class settings_error : public std::runtime_error {
public:
    settings_error(const std::string& file, long line, const std::string& reason);
    const std::string& file() const noexcept { return file_; }
    long line() const noexcept { return line_; }  // 0: the file as a whole

private:
    std::string file_;
    long line_;
};

enum class session_role : std::uint8_t { initiator, acceptor };

struct host_port {
    std::string host;
    std::uint16_t port = 0;
};

// One key as it stands in the file (session section, else [DEFAULT]).
struct setting {
    std::string key;
    std::string value;
    long line = 0;
};

// TLS of a session's connection, as its keys say it; nobody has looked at the files.
struct tls_spec {
    bool is_on = false;
    std::string certificate_file;  // ours, and those between it and its authority; empty: none
    std::string key_file;          // of that certificate; may be the same file
    std::string authorities_file;  // whose certificates we take; both empty: the host's list
    std::string authorities_directory;
    std::string revocation_file;
    std::string revocation_directory;
    std::uint32_t verify_level = 2;  // 0: the peer needs no certificate; 1: an acceptor's may have
    bool has_tls_1_2 = true;
    bool has_tls_1_3 = true;
    std::string ciphers;                  // of TLS 1.2; empty: OpenSSL's choice
    std::string cipher_suites;            // of TLS 1.3; the same
    std::vector<std::string> peer_names;  // empty: an initiator's host, an acceptor's any
};

struct session_spec {
    std::string file;
    long line = 0;     // of its [SESSION]
    std::string name;  // FIX.4.4:SENDER->TARGET, with :QUALIFIER if there is one
    std::string begin_string;
    std::string sender;
    std::string target;
    std::string qualifier;
    session_role role = session_role::initiator;

    std::vector<host_port> connect_endpoints;  // initiator: primary first, then backups
    host_port source_endpoint;  // initiator: bind before connect; empty host and port 0: not set
    host_port
        accept_endpoint;  // acceptor: host empty means every address; port 0 means any free one
    std::uint32_t reconnect_interval_s = 30;
    std::uint32_t heart_bt_int_s = 0;  // initiator only; an acceptor learns it from the Logon
    std::uint32_t logon_timeout_s = 10;
    std::uint32_t logout_timeout_s = 2;
    std::uint32_t max_latency_s = 120;
    std::uint32_t send_buffer_bytes = 0;     // 0: the system's default
    std::uint32_t receive_buffer_bytes = 0;  // 0: the system's default
    bool check_comp_id = true;
    bool check_latency = true;
    bool reset_on_logon = false;
    bool reset_on_logout = false;
    bool reset_on_disconnect = false;
    bool validate_length_and_checksum = true;
    bool reuse_address = true;

    bool use_data_dictionary = true;
    std::string data_dictionary;  // the session's, for FIXT the transport dictionary; resolved path
    std::string default_appl_ver_id;  // FIXT only, as written
    std::vector<std::pair<std::string, std::string>>
        application_dictionaries;  // FIXT: ApplVerID, resolved path

    std::string user_name;  // initiator: 553 of its Logon; empty: none
    std::string password;   // initiator: 554 of its Logon
    std::string
        password_file;  // whose first line is the password; empty: it stands in the settings
    long password_line = 0;
    std::vector<setting> allowed_addresses;  // acceptor: keys 10.0.0.0/8 or ::1; empty: all
    tls_spec tls;
    // Static fields of what it sends: a tag or a dictionary's name, and the value.
    std::vector<setting> outbound_fields;
    std::uint32_t inbound_routing_tag = 57;   // FIX_IN's INTERNAL_TARGET
    std::uint32_t outbound_routing_tag = 50;  // where the source_id of a route goes
    bool persist_messages = true;             // false: a resend fills gaps only
    secret_tags secrets;                      // what no line of text may say

    std::vector<setting> settings;  // everything, defaults merged in; dictionary paths as resolved

    const setting* find(const std::string& key) const;  // keys differ in case only: equal
    bool is_on(const char* key, bool otherwise) const;  // `otherwise`: where it is not given
};

enum class note_level : std::uint8_t { notice, warning };

struct settings_note {
    note_level level = note_level::notice;
    long line = 0;
    std::string text;
};

struct settings_file {
    std::string path;
    std::vector<session_spec> sessions;  // in the order of the file
    std::vector<settings_note> notes;    // by line
};

struct settings_options {
    // Where a dictionary named like a standard file (FIX44.xml) is taken from if its own path does
    // not exist.
    std::string dictionary_directory;
};

settings_file load_settings(const std::string& path, const settings_options& options);

// The same from text; path is used in messages only.
settings_file parse_settings(const std::string& path, const std::string& text,
                             const settings_options& options);

}  // namespace gateway
}  // namespace millrace
