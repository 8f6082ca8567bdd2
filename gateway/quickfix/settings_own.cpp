#include "gateway/quickfix/settings_own.hpp"

#include <algorithm>

#include "gateway/quickfix/settings_sections.hpp"

namespace millrace {
namespace gateway {
namespace detail {

namespace {

class own_reader : private key_reader {
public:
    explicit own_reader(session_spec& spec) : key_reader(spec) {}

    std::vector<settings_note> read() {
        read_logon();
        read_allowed_addresses();
        read_outbound_fields();
        return notes_;
    }

private:
    void read_logon();
    void read_allowed_addresses();
    void read_outbound_fields();

    std::uint32_t number_of(const char* key, std::uint32_t fallback) const {
        const setting* const found = spec_.find(key);
        return found == nullptr ? fallback : static_cast<std::uint32_t>(std::stoul(found->value));
    }
};

void own_reader::read_logon() {
    const setting* const user = spec_.find("Username");
    const setting* const password = spec_.find("Password");
    const setting* const file = spec_.find("PasswordFile");
    const setting* const secret = password != nullptr ? password : file;
    if (spec_.role == session_role::acceptor) {
        for (const setting* one : {user, password, file}) {
            if (one != nullptr) {
                note(note_level::notice, one->line,
                     "'" + one->key +
                         "' has no meaning for an acceptor: it checks, and names itself "
                         "to nobody");
            }
        }
    } else if (user != nullptr || secret != nullptr) {
        if (password != nullptr && file != nullptr) {
            fail(file->line, "Password and PasswordFile: expected one of them");
        }
        if (user == nullptr || user->value.empty()) {
            fail(secret->line, "Username is missing: a password is somebody's");
        }
        spec_.user_name = user->value;
        if (secret != nullptr && secret->value.empty()) {
            fail(secret->line, secret->key + " is empty");
        }
        if (secret != nullptr) {
            (password != nullptr ? spec_.password : spec_.password_file) = secret->value;
            spec_.password_line = secret->line;
        }
    }
    // One copy is enough of what nobody is to read.
    spec_.settings.erase(std::remove_if(spec_.settings.begin(), spec_.settings.end(),
                                        [](const setting& one) {
                                            return detail::upper_case(one.key) == "PASSWORD";
                                        }),
                         spec_.settings.end());
}

void own_reader::read_allowed_addresses() {
    const setting* const list = spec_.find("AllowedRemoteAddresses");
    if (list == nullptr) {
        return;
    }
    if (spec_.role == session_role::initiator) {
        note(note_level::notice, list->line,
             "'" + list->key + "' has no meaning for an initiator: it chooses whom it calls");
        return;
    }
    for (const std::string& word : words_of(list->value, false)) {
        spec_.allowed_addresses.push_back({word, "", list->line});
    }
    if (spec_.allowed_addresses.empty()) {
        fail(list->line, list->key + " is empty: nobody could log on");
    }
}

void own_reader::read_outbound_fields() {
    spec_.inbound_routing_tag = number_of("InboundRoutingTag", spec_.inbound_routing_tag);
    spec_.outbound_routing_tag = number_of("OutboundRoutingTag", spec_.outbound_routing_tag);
    spec_.persist_messages = spec_.is_on("PersistMessages", true);
    for (const setting& value : spec_.settings) {
        if (detail::upper_case(value.key).compare(0, 13, "OUTBOUNDFIELD") != 0) {
            continue;
        }
        const std::size_t equals = value.value.find('=');
        if (equals == std::string::npos || equals == 0 || equals + 1 == value.value.size()) {
            fail(value.line, value.key + "=" + value.value +
                                 ": expected a tag or a name, = and a value, such as 50=DESK");
        }
        spec_.outbound_fields.push_back(
            {value.value.substr(0, equals), value.value.substr(equals + 1), value.line});
    }
}

}  // namespace

std::vector<settings_note> read_own_keys(session_spec& spec) {
    return own_reader(spec).read();
}

}  // namespace detail
}  // namespace gateway
}  // namespace millrace
