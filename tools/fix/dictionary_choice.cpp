#include "tools/fix/dictionary_choice.hpp"

#include <array>
#include <utility>

#include "engine/core/error.hpp"
#include "xlator/fix/printer.hpp"

namespace millrace::tools {

namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 5> fix4_versions = {{
    {"FIX.4.0", "FIX40"},
    {"FIX.4.1", "FIX41"},
    {"FIX.4.2", "FIX42"},
    {"FIX.4.3", "FIX43"},
    {"FIX.4.4", "FIX44"},
}};

// Of ApplVerID(1128). A FIX 4 message within FIXT is read as the newest: there is no such pair of
// dictionaries.
std::string name_of_version(std::string_view id) {
    return id == "7" ? "FIX50" : id == "8" ? "FIX50SP1" : "FIX50SP2";
}

}  // namespace

dictionary_choice::dictionary_choice(const std::string& asked, const std::filesystem::path& ours)
    : all_(ours) {
    if (!asked.empty()) {
        std::string reason;
        asked_ = all_.find(asked, reason);
        if (asked_ == nullptr) {
            throw engine::config_error("--dictionary: " + reason);
        }
    }
}

const xlator::dictionary* dictionary_choice::of(const fix_message& message) {
    if (asked_ != nullptr) {
        return asked_;
    }
    xlator::wire_walk walk(message.bytes);
    xlator::wire_field field;
    const bool has_begin = walk.next(field) && field.tag == 8;
    for (const auto& [begin_string, name] : fix4_versions) {
        if (has_begin && field.value == begin_string) {
            return all_.find(std::string(name), reason_);
        }
    }
    if (!has_begin || field.value != "FIXT.1.1") {
        reason_ = "no dictionary of ours is for its BeginString(8); name one with --dictionary";
        return nullptr;
    }
    std::string version = default_version_;
    while (walk.next(field)) {
        if (field.tag == 1137) {
            version = default_version_ = field.value;
        } else if (field.tag == 1128) {
            version = field.value;
        }
    }
    return all_.find(name_of_version(version), reason_);
}

}  // namespace millrace::tools
