#include "tools/fix/dictionary_choice.hpp"

#include "engine/core/error.hpp"
#include "xlator/fix/printer.hpp"

namespace millrace::tools {

namespace {

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

const xlator::dictionary* dictionary_choice::by_name(const std::string& name) {
    std::string reason;
    return all_.find(name, reason);
}

const xlator::dictionary* dictionary_choice::of(const fix_message& message) {
    if (asked_ != nullptr) {
        return asked_;
    }
    xlator::wire_walk walk(message.bytes);
    xlator::wire_field field;
    if (!walk.next(field) || field.tag != 8) {
        return nullptr;
    }
    if (field.value.starts_with("FIX.4.")) {
        return by_name("FIX4" + std::string(field.value.substr(6)));
    }
    if (field.value != "FIXT.1.1") {
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
    return by_name(name_of_version(version));
}

}  // namespace millrace::tools
