// What an operator wants of a gateway's sessions, and what of it outlives the process.
#include <algorithm>

#include "gateway/session/session_agent.hpp"

namespace millrace::gateway {

void session_agent::set_switches() {
    commands_ = std::make_unique<command_slot>(sessions_.size());
    switches_ = read_switches(options_.directory);
    const std::vector<std::string>& disabled = options_.disabled_sessions;
    for (const auto& session : sessions_) {
        const bool is_disabled =
            std::find(disabled.begin(), disabled.end(), session->name()) != disabled.end();
        const switch_state stands = switches_.state_of(session->name(), !is_disabled);
        session->set_switches(stands.is_enabled, stands.is_killed);
        if (!stands.is_enabled) {
            events_.say(event_level::warning, session->name(),
                        "is disabled, and connects when `millrace session enable` says so");
        }
        if (stands.is_killed) {
            events_.say(event_level::warning, session->name(),
                        "no application message leaves until `millrace session kill --off`");
        }
    }
}

void session_agent::keep_switch(std::size_t session, session_verb verb) {
    session_switches wanted = switches_;
    for (std::size_t i = 0; i < sessions_.size(); ++i) {
        if (session == session_command::every_session || session == i) {
            wanted.apply(sessions_[i]->name(), verb);
        }
    }
    write_switches(options_.directory, wanted);
    switches_ = std::move(wanted);
}

void session_agent::serve_command(std::int64_t now_ns) noexcept {
    commands_->serve([&](const session_command& command, std::span<session_outcome> outcomes) {
        for (std::size_t i = 0; i < sessions_.size(); ++i) {
            if (command.session == session_command::every_session || command.session == i) {
                sessions_[i]->execute(command, now_ns, outcomes[i]);
            }
        }
    });
}

}  // namespace millrace::gateway
