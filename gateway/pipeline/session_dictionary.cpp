#include "gateway/pipeline/session_dictionary.hpp"

#include <utility>

namespace millrace::gateway {

std::optional<std::string> dictionary_of(const settings_file& gateway) {
    std::optional<std::string> common;
    for (const session_spec& session : gateway.sessions) {
        std::string its = dictionary_of(session);
        if (common && *common != its) {
            return std::nullopt;
        }
        common = std::move(its);
    }
    return common.value_or(std::string());
}

std::optional<std::string> dictionary_of(const pipeline_config& config,
                                         std::span<const settings_file> settings,
                                         const stream_config& stream) {
    if (!stream.dictionary.empty()) {
        return stream.dictionary;
    }
    for (std::size_t i = 0; i < settings.size(); ++i) {
        if (stream.table.starts_with(config.gateways[i].name + ".")) {
            return dictionary_of(settings[i]);
        }
    }
    return std::string();
}

const session_spec* find_session(const pipeline_config& config,
                                 std::span<const settings_file> settings,
                                 const route_config& route) {
    for (std::size_t i = 0; i < settings.size(); ++i) {
        if (!route.gateway.empty() && route.gateway != config.gateways[i].name) {
            continue;
        }
        for (const session_spec& session : settings[i].sessions) {
            if (session.name == route.session) {
                return &session;
            }
        }
    }
    return nullptr;
}

}  // namespace millrace::gateway
