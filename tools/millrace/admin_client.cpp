#include "tools/millrace/admin_client.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/table/nearest.hpp"
#include "gateway/admin/admin_answer.hpp"
#include "gateway/admin/stopped_gateway.hpp"
#include "gateway/intake/local_socket.hpp"
#include "gateway/pipeline/admin_setup.hpp"
#include "gateway/pipeline/storage_options.hpp"
#include "tools/millrace/dictionary_path.hpp"
#include "tools/millrace/exit_code.hpp"

namespace millrace::tools {

namespace {

using gateway::admin_request;
using gateway::answered_session;
using gateway::audit_outcome;
using gateway::session_verb;

// Longer than a Logout may wait for its answer.
constexpr int answer_timeout_ms = 60'000;

// Nothing where nobody listens.
std::optional<engine::unique_fd> connect(const std::filesystem::path& path) {
    try {
        return gateway::connect_locally(path);
    } catch (const engine::io_error& failure) {
        if (failure.error_number() != ENOENT && failure.error_number() != ECONNREFUSED) {
            throw;
        }
        return std::nullopt;
    }
}

void send_line(int fd, const std::string& line, const std::string& path) {
    std::size_t sent = 0;
    while (sent < line.size()) {
        const ssize_t size = ::send(fd, line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
        if (size < 0 && errno == EPIPE) {
            return;  // it has said why
        }
        if (size < 0 && errno != EINTR) {
            throw engine::io_error("send", path, errno);
        }
        sent += size > 0 ? static_cast<std::size_t>(size) : 0;
    }
}

std::string receive_line(int fd, const std::string& path) {
    std::string line;
    std::array<char, 4096> chunk;
    while (line.find('\n') == std::string::npos) {
        pollfd waiting{fd, POLLIN, 0};
        const int ready = ::poll(&waiting, 1, answer_timeout_ms);
        if (ready < 0 && errno == EINTR) {
            continue;
        }
        if (ready <= 0) {
            throw engine::error(path + ": no answer within " +
                                std::to_string(answer_timeout_ms / 1000) +
                                " s; the request may still be carried out: ask for the session");
        }
        const ssize_t size = ::recv(fd, chunk.data(), chunk.size(), 0);
        if (size < 0 && errno == EINTR) {
            continue;
        }
        if (size <= 0) {
            throw engine::error(path +
                                ": the engine closed the connection without an answer; the "
                                "request may still have been carried out: ask for the "
                                "session");
        }
        line.append(chunk.data(), static_cast<std::size_t>(size));
    }
    return line.substr(0, line.find('\n'));
}

// A session of a gateway that does not run.
struct stopped_session {
    const gateway::gateway_config* gateway;
    gateway::session_spec spec;
    bool is_enabled = true;  // as the configuration says
};

bool is_enabled_in(const gateway::gateway_config& config, const std::string& session) {
    for (const gateway::session_config& one : config.sessions) {
        if (one.name == session) {
            return one.is_enabled;
        }
    }
    return true;
}

std::vector<stopped_session> find_sessions(const gateway::pipeline_config& config,
                                           const std::string& wanted) {
    gateway::settings_options options;
    options.dictionary_directory = dictionary_directory().native();
    std::vector<stopped_session> found;
    std::vector<std::string> names;
    for (const gateway::gateway_config& one : config.gateways) {
        const gateway::settings_file settings =
            gateway::load_settings(one.settings.native(), options);
        for (const gateway::session_spec& spec : settings.sessions) {
            names.push_back(spec.name);
            if (wanted.empty() || is_named(spec, wanted)) {
                found.push_back({&one, spec, is_enabled_in(one, spec.name)});
            }
        }
    }
    const std::vector<std::string_view> known(names.begin(), names.end());
    if (found.empty()) {
        throw usage_error("no session '" + wanted + "'" + engine::did_you_mean(wanted, known));
    }
    if (!wanted.empty() && found.size() > 1) {
        throw usage_error("'" + wanted +
                          "' are the CompIDs of several sessions: call it by its whole name");
    }
    return found;
}

bool has_changed(const gateway::session_outcome& outcome) {
    const gateway::session_view& before = outcome.before;
    const gateway::session_view& after = outcome.after;
    return before.next_sender != after.next_sender || before.next_target != after.next_target ||
           before.generation != after.generation;
}

gateway::audit_entry entry_of(const admin_request& request, const stopped_session& session) {
    gateway::audit_entry entry;
    entry.uid = ::geteuid();
    entry.user = gateway::user_name(entry.uid);
    entry.verb = request.verb;
    entry.gateway = session.gateway->name;
    entry.session = session.spec.name;
    entry.reason = request.reason;
    return entry;
}

answered_session change(const gateway::pipeline_config& config, const admin_request& request,
                        const stopped_session& session, gateway::audit_log& audit) {
    gateway::audit_entry entry = entry_of(request, session);
    engine::correlation chain;
    if (!audit.append(entry, chain) || !audit.sync()) {
        throw engine::error(std::string(gateway::audit_log_name) +
                            ": the audit log takes no record (no space?), so nothing was done");
    }
    gateway::stopped_gateway stopped;
    stopped.directory = session.gateway->directory;
    stopped.logs = gateway::fix_log_options_of(config, *session.gateway, "millrace session");
    answered_session answered;
    answered.gateway = session.gateway->name;
    answered.name = session.spec.name;
    try {
        const gateway::session_outcome outcome =
            request.verb == gateway::session_verb::import_store
                ? gateway::import_stopped(stopped, session.spec, request.directory)
                : gateway::change_stopped(stopped, session.spec.name, session.is_enabled,
                                          to_command(request));
        answered.outcome = outcome.is_done        ? audit_outcome::done
                           : has_changed(outcome) ? audit_outcome::failed
                                                  : audit_outcome::refused;
        answered.text = outcome.said();
        answered.before = outcome.before;
        answered.after = outcome.after;
    } catch (const std::exception& problem) {
        entry.outcome = audit_outcome::failed;
        entry.text = problem.what();
        static_cast<void>(audit.append(entry, chain) && audit.sync());
        throw;
    }
    note_outcome(entry, answered);
    if (!audit.append(entry, chain) || !audit.sync()) {
        answered.outcome = audit_outcome::failed;
        answered.text += "; the audit log does not have it (no space?)";
    }
    return answered;
}

std::string carry_out_stopped(const gateway::pipeline_config& config,
                              const admin_request& request) {
    const std::vector<stopped_session> sessions = find_sessions(config, request.session);
    gateway::audit_log audit(config.directory / std::string(gateway::audit_log_name),
                             gateway::audit_segment_bytes(config));
    gateway::admin_answer answer;
    for (const stopped_session& session : sessions) {
        answer.sessions.push_back(change(config, request, session, audit));
    }
    summarize(answer);
    audit.close();
    std::string line = to_line(answer);
    line.pop_back();
    return line;
}

}  // namespace

std::string carry(const gateway::pipeline_config& config, const admin_request& request) {
    const std::string path = config.admin.path.native();
    if (const std::optional<engine::unique_fd> socket =
            config.admin.is_enabled ? connect(config.admin.path) : std::nullopt) {
        send_line(socket->get(), to_line(request) + "\n", path);
        return receive_line(socket->get(), path);
    }
    if (!gateway::works_stopped(request.verb)) {
        throw engine::error(config.admin.is_enabled
                                ? path + ": no engine serves this socket; `millrace run " +
                                      config.path.native() + "` does"
                                : config.path.native() +
                                      ": [admin] has enabled = false, so no engine can be asked");
    }
    return carry_out_stopped(config, request);
}

}  // namespace millrace::tools
