// Which dictionary a session's messages are made of, and how its session takes them.
//
// Threading  set-up only; what find() returned is constant, and lives as long as the object
// Errors     find() returns null, and says why
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "gateway/quickfix/settings.hpp"
#include "xlator/fix/decoder.hpp"
#include "xlator/spec/loaded_dictionary.hpp"

namespace millrace::gateway {

// The settings' file, of FIXT that of DefaultApplVerID; where they name none, the name of our own
// of the version ("FIX44"). Empty: there is none of that version.
[[nodiscard]] std::string dictionary_of(const session_spec& session);

// What the session's QuickFIX would find in a message: ValidateFieldsHaveValues and the like.
[[nodiscard]] xlator::decode_options validation_of(const session_spec& session);

// The files that sessions validate with, read once each.
class message_dictionaries {
public:
    // Header and trailer of FIXT are the session's own transport's.
    [[nodiscard]] const xlator::dictionary* find(const session_spec& session, std::string& reason);

private:
    using files = std::pair<std::string, std::string>;  // application, transport or empty

    std::map<files, std::unique_ptr<const xlator::spec::loaded_dictionary>> loaded_;
    std::map<files, std::string> refused_;
};

}  // namespace millrace::gateway
