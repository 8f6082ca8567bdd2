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

template <class Change>
void session_agent::note_switches(std::size_t session, Change&& change) {
    session_switches wanted = switches_;
    for (std::size_t i = 0; i < sessions_.size(); ++i) {
        if (session == session_command::every_session || session == i) {
            change(wanted, sessions_[i]->name());
        }
    }
    write_switches(options_.directory, wanted);
    switches_ = std::move(wanted);
}

void session_agent::keep_switch(std::size_t session, session_verb verb) {
    note_switches(session,
                  [&](session_switches& all, std::string_view name) { all.apply(name, verb); });
}

void session_agent::take_back_switch(std::size_t session, session_verb verb,
                                     const session_switches& before) {
    note_switches(session, [&](session_switches& all, std::string_view name) {
        all.take_back(name, verb, before);
    });
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
