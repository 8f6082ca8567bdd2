// The dictionaries of maps, conditions and tools: our own versions by name, a venue's by its file.
//
// Threading  set-up only; what find() returned is constant, and lives as long as this object
// Errors     find() returns null, and says why
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "xlator/fix/dictionary.hpp"
#include "xlator/spec/loaded_dictionary.hpp"

namespace millrace::gateway {

class map_dictionaries {
public:
    // `ours`: where our FIX40.xml to FIXT11.xml lie; empty: FIX44 alone is known by name. `beside`:
    // where a file's relative path begins.
    explicit map_dictionaries(std::filesystem::path ours = {}, std::filesystem::path beside = {})
        : ours_(std::move(ours)), beside_(std::move(beside)) {}

    // A version ("FIX44", "FIX50SP2") or a file in QuickFIX's format ("venue/ACME.xml"); of FIX 5.0
    // and later the transport is our FIXT11.
    [[nodiscard]] const xlator::dictionary* find(const std::string& name, std::string& reason);

private:
    [[nodiscard]] std::unique_ptr<const xlator::spec::loaded_dictionary> load(
        const std::filesystem::path& path) const;

    std::filesystem::path ours_;
    std::filesystem::path beside_;
    std::map<std::string, std::unique_ptr<const xlator::spec::loaded_dictionary>> loaded_;
    std::map<std::string, std::string> refused_;  // by name: why, so that no file is read twice
};

}  // namespace millrace::gateway
