#include "gateway/session/session_setup.hpp"

#include <algorithm>
#include <string_view>
#include <tuple>

#include "engine/core/error.hpp"
#include "gateway/session/guarded_file.hpp"

namespace millrace::gateway::detail {

namespace {

constexpr std::int64_t ns_per_s = 1'000'000'000;

void check_names(const session_spec& spec) {
    constexpr std::size_t comp_id_bytes_max = 22;  // of the columns SENDER and TARGET
    if (spec.name.size() > session_name_bytes_max) {
        throw engine::config_error(spec.file, spec.line,
                                   "session " + spec.name + ": the name is longer than " +
                                       std::to_string(session_name_bytes_max) + " bytes");
    }
    if (spec.sender.size() > comp_id_bytes_max || spec.target.size() > comp_id_bytes_max) {
        throw engine::config_error(spec.file, spec.line,
                                   "session " + spec.name + ": a CompID is longer than " +
                                       std::to_string(comp_id_bytes_max) + " bytes");
    }
}

bool is_reached_at(const session_spec& spec, const host_port& endpoint) {
    return spec.role == session_role::acceptor && spec.accept_endpoint.host == endpoint.host &&
           spec.accept_endpoint.port == endpoint.port;
}

}  // namespace

std::string password_of(const session_spec& spec) {
    if (spec.password_file.empty()) {
        return spec.password;
    }
    constexpr std::size_t file_bytes_max = 4096;
    try {
        std::string text =
            read_guarded_file(spec.password_file, "a file of a password", file_bytes_max).text;
        text.resize(std::min(text.find_first_of("\r\n"), text.size()));
        if (text.empty() || text.find('\x01') != std::string::npos) {
            throw engine::config_error(spec.password_file +
                                       ": its first line is no password a field can hold");
        }
        return text;
    } catch (const engine::config_error& failure) {
        throw engine::config_error(spec.file, spec.password_line, failure.what());
    }
}

address_list allowed_of(const session_spec& spec) {
    address_list allowed;
    for (const setting& one : spec.allowed_addresses) {
        try {
            allowed.add(one.key);
        } catch (const engine::config_error& failure) {
            throw engine::config_error(spec.file, one.line,
                                       std::string("AllowedRemoteAddresses: ") + failure.what());
        }
    }
    return allowed;
}

address_list allowed_at(const settings_file& settings, const host_port& endpoint) {
    address_list allowed;
    for (const session_spec& spec : settings.sessions) {
        if (!is_reached_at(spec, endpoint)) {
            continue;
        }
        const address_list own = allowed_of(spec);
        if (own.is_empty()) {
            return {};
        }
        allowed.add(own);
    }
    return allowed;
}

std::unique_ptr<connector> make_connector(const session_spec& spec,
                                          const fix_session_options& options) {
    if (spec.role != session_role::initiator) {
        return nullptr;
    }
    std::vector<std::vector<socket_address>> endpoints;
    for (const host_port& endpoint : spec.connect_endpoints) {
        endpoints.push_back(resolve(endpoint.host, endpoint.port));
    }
    connector_options wanted;
    const std::int64_t interval_ns =
        static_cast<std::int64_t>(spec.reconnect_interval_s) * ns_per_s;
    wanted.retry_min_ns = options.reconnect_min_ns > 0 ? options.reconnect_min_ns : interval_ns;
    wanted.retry_max_ns = options.reconnect_max_ns > 0 ? options.reconnect_max_ns : interval_ns;
    if (!spec.source_endpoint.host.empty() || spec.source_endpoint.port != 0) {
        wanted.source =
            resolve(spec.source_endpoint.host, spec.source_endpoint.port, address_use::listen)
                .front();
    }
    return std::make_unique<connector>(std::move(endpoints), wanted);
}

namespace {

// Where the settings have what a message about a file begins with.
long line_of(const session_spec& spec, std::string_view message) {
    for (const setting& one : spec.settings) {
        if (!one.value.empty() && message.starts_with(one.value + ":")) {
            return one.line;
        }
    }
    return spec.line;
}

// The names apart: who comes is known by his Logon.
bool is_same_tls(const tls_spec& a, const tls_spec& b) {
    const auto all = [](const tls_spec& one) {
        return std::tie(one.is_on, one.certificate_file, one.key_file, one.authorities_file,
                        one.authorities_directory, one.revocation_file, one.revocation_directory,
                        one.verify_level, one.has_tls_1_2, one.has_tls_1_3, one.ciphers,
                        one.cipher_suites);
    };
    return all(a) == all(b);
}

}  // namespace

std::unique_ptr<tls_context> make_tls(const session_spec& spec) {
    const tls_spec& tls = spec.tls;
    if (!tls.is_on) {
        return nullptr;
    }
    constexpr std::size_t key_bytes_max = 64 * 1024;
    try {
        tls_options wanted;
        wanted.role = spec.role == session_role::acceptor ? tls_role::server : tls_role::client;
        wanted.certificate_file = tls.certificate_file;
        wanted.key_file = tls.key_file;
        if (!tls.key_file.empty()) {
            wanted.key_text =
                read_guarded_file(tls.key_file, "the private key of a certificate", key_bytes_max)
                    .text;
        }
        wanted.authorities_file = tls.authorities_file;
        wanted.authorities_directory = tls.authorities_directory;
        wanted.revocation_file = tls.revocation_file;
        wanted.revocation_directory = tls.revocation_directory;
        wanted.verify = tls.verify_level == 0   ? tls_verify::none
                        : tls.verify_level == 1 ? tls_verify::optional
                                                : tls_verify::required;
        wanted.has_tls_1_2 = tls.has_tls_1_2;
        wanted.has_tls_1_3 = tls.has_tls_1_3;
        wanted.ciphers = tls.ciphers;
        wanted.cipher_suites = tls.cipher_suites;
        wanted.peer_names = tls.peer_names;
        return std::make_unique<tls_context>(wanted);
    } catch (const engine::config_error& failure) {
        throw engine::config_error(spec.file, line_of(spec, failure.what()), failure.what());
    }
}

void check_port_tls(const session_spec& spec, const settings_file& settings) {
    for (const session_spec& other : settings.sessions) {
        if (is_reached_at(spec, other.accept_endpoint) &&
            is_reached_at(other, spec.accept_endpoint) && !is_same_tls(spec.tls, other.tls)) {
            throw engine::config_error(spec.file, spec.line,
                                       "session " + spec.name + " is reached at the port of " +
                                           other.name +
                                           ", with another TLS: a port has one certificate and "
                                           "one way to check its callers (CertificatePeerNames "
                                           "may differ)");
        }
    }
}

connection_options connection_of(const session_spec& spec, const fix_session_options& options) {
    connection_options wanted = options.connection;
    if (spec.send_buffer_bytes > 0) {
        wanted.send_buffer_bytes = static_cast<int>(spec.send_buffer_bytes);
    }
    if (spec.receive_buffer_bytes > 0) {
        wanted.receive_buffer_bytes = static_cast<int>(spec.receive_buffer_bytes);
    }
    return wanted;
}

ledger_options ledger_of(const session_spec& spec, const fix_session_options& options) {
    ledger_options wanted = options.ledger;
    wanted.inbound_routing_tag = spec.inbound_routing_tag;
    return wanted;
}

bool resets_at_logon(const session_spec& spec) noexcept {
    return spec.role == session_role::initiator &&
           (spec.reset_on_logon || spec.reset_on_disconnect);
}

const session_spec& checked(const session_spec& spec) {
    check_names(spec);
    return spec;
}

}  // namespace millrace::gateway::detail
