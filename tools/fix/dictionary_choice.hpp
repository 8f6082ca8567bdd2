// Which dictionary a message is read with: the one that was asked for, or ours of its version.
//
// Threading  one thread
// Errors     config_error: the dictionary asked for cannot be read
#pragma once

#include <string>

#include "gateway/pipeline/map_dictionaries.hpp"
#include "tools/fix/message_source.hpp"

namespace millrace::tools {

class dictionary_choice {
public:
    // `asked`: FIX40 to FIX50SP2, a file, or empty; `ours`: where our own lie.
    dictionary_choice(const std::string& asked, const std::filesystem::path& ours);

    // Null: we have none of its version. A FIXT message without ApplVerID(1128) is of the version
    // that the last Logon named, else of FIX 5.0 SP2.
    [[nodiscard]] const xlator::dictionary* of(const fix_message& message);
    // Why of() has said null, for people.
    [[nodiscard]] const std::string& reason() const { return reason_; }

private:
    gateway::map_dictionaries all_;
    const xlator::dictionary* asked_ = nullptr;
    std::string reason_;
    std::string default_version_ = "9";  // DefaultApplVerID(1137)
};

}  // namespace millrace::tools
