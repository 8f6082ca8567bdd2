// Which dictionary the messages of a configuration's gateways and streams are made of.
//
// Threading  set-up only
#pragma once

#include <optional>
#include <span>
#include <string>

#include "gateway/pipeline/config.hpp"
#include "gateway/quickfix/settings.hpp"
#include "gateway/session/message_dictionary.hpp"

namespace millrace::gateway {

// Of all sessions of a gateway; nothing where they differ.
[[nodiscard]] std::optional<std::string> dictionary_of(const settings_file& gateway);

// The stream's own, else that of the gateway whose log it is on; empty for other tables, and
// nothing where the gateway's sessions differ. `settings`: by gateway of the configuration.
[[nodiscard]] std::optional<std::string> dictionary_of(const pipeline_config& config,
                                                       std::span<const settings_file> settings,
                                                       const stream_config& stream);

// Null: no gateway of the route has it. `settings`: by gateway of the configuration.
[[nodiscard]] const session_spec* find_session(const pipeline_config& config,
                                               std::span<const settings_file> settings,
                                               const route_config& route);

}  // namespace millrace::gateway
