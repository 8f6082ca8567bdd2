// A FIX version as each side has it: our tables and decoders, QuickFIX's dictionaries, the screen.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "tests/gateway/quickfix/port_test_support.hpp"
#include "tests/xlator/differential/quickfix_oracle.hpp"
#include "xlator/fix/decoder.hpp"
#include "xlator/spec/loaded_dictionary.hpp"

namespace millrace::tests {

class fix_version {
public:
    static constexpr std::array<const char*, 8> names = {"FIX40", "FIX41", "FIX42",    "FIX43",
                                                         "FIX44", "FIX50", "FIX50SP1", "FIX50SP2"};

    explicit fix_version(const std::string& name);

    // Whether a session of this version would show the frame to QuickFIX, which other frames can
    // crash.
    [[nodiscard]] bool passes_screen(const std::string& frame) const;
    [[nodiscard]] xlator::decoder& lax() { return lax_; }
    [[nodiscard]] xlator::decoder& strict() { return strict_; }
    [[nodiscard]] quickfix_oracle& oracle() { return oracle_; }

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] const xlator::dictionary& tables() const { return loaded_.tables(); }

private:
    const std::string name_;
    const bool has_transport_;
    const xlator::spec::loaded_dictionary loaded_;
    xlator::decoder lax_;
    xlator::decoder strict_;
    quickfix_oracle oracle_;
    test::memory_store store_;
    test::recording_listener listener_;
    std::unique_ptr<gateway::session_port> port_;
};

}  // namespace millrace::tests
