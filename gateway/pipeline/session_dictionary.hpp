// Which dictionary a session's messages are made of, and how its session takes them.
//
// Threading  set-up only
#pragma once

#include <optional>
#include <span>
#include <string>

#include "gateway/pipeline/config.hpp"
#include "gateway/quickfix/settings.hpp"
#include "xlator/fix/decoder.hpp"

namespace millrace::gateway {

// As map_dictionaries::find() takes it: the settings' file, of FIXT that of DefaultApplVerID; where
// they name none, our own of the version. Empty: there is none of that version.
[[nodiscard]] std::string dictionary_of(const session_spec& session);
// Of all sessions of a gateway; nothing where they differ.
[[nodiscard]] std::optional<std::string> dictionary_of(const settings_file& gateway);

// The stream's own, else that of the gateway whose log it is on; empty for other tables, and
// nothing where the gateway's sessions differ. `settings`: by gateway of the configuration.
[[nodiscard]] std::optional<std::string> dictionary_of(const pipeline_config& config,
                                                       std::span<const settings_file> settings,
                                                       const stream_config& stream);

// What the session's QuickFIX would find in a message: ValidateFieldsHaveValues and the like.
[[nodiscard]] xlator::decode_options validation_of(const session_spec& session);

// Null: no gateway of the route has it. `settings`: by gateway of the configuration.
[[nodiscard]] const session_spec* find_session(const pipeline_config& config,
                                               std::span<const settings_file> settings,
                                               const route_config& route);

}  // namespace millrace::gateway
