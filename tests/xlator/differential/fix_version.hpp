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

    // A set of switches has a bit for each, in the order of validation_switches: 1 where it is not
    // at its default. So 0 is what a session has that sets none.
    static constexpr std::size_t switch_count = 4;
    static constexpr std::size_t switch_sets = std::size_t{1} << switch_count;
    static constexpr std::array<const char*, switch_count> switch_names = {
        "field order unchecked", "empty values allowed", "user fields unchecked",
        "unknown fields allowed"};

    explicit fix_version(const std::string& name);

    // Of both sides, until the next call; 0 before the first.
    void set_switches(std::size_t set);
    [[nodiscard]] std::size_t switches() const { return switches_; }
    [[nodiscard]] bool allows_unknown_fields() const;

    // Whether a session of this version would show the frame to QuickFIX, which other frames can
    // crash.
    [[nodiscard]] bool passes_screen(const std::string& frame) const;
    [[nodiscard]] xlator::decoder& lax() { return lax_with(switches_); }
    [[nodiscard]] xlator::decoder& strict() { return decoder_with(strict_, switches_, true); }
    // With other switches than both sides have now.
    [[nodiscard]] xlator::decoder& lax_with(std::size_t set) {
        return decoder_with(lax_, set, false);
    }
    [[nodiscard]] quickfix_oracle& oracle() { return oracle_; }

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] const xlator::dictionary& tables() const { return loaded_.tables(); }

private:
    // Each made when it is first asked for.
    using decoders = std::array<std::unique_ptr<xlator::decoder>, switch_sets>;

    xlator::decoder& decoder_with(decoders& all, std::size_t set, bool is_strict);

    const std::string name_;
    const bool has_transport_;
    const xlator::spec::loaded_dictionary loaded_;
    std::size_t switches_ = 0;
    decoders lax_;
    decoders strict_;
    quickfix_oracle oracle_;
    test::memory_store store_;
    test::recording_listener listener_;
    std::unique_ptr<gateway::session_port> port_;
};

}  // namespace millrace::tests
