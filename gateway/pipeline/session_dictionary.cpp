#include "gateway/pipeline/session_dictionary.hpp"

#include <array>
#include <string_view>
#include <utility>

namespace millrace::gateway {

namespace {

using name_pair = std::pair<std::string_view, std::string_view>;

constexpr std::array<name_pair, 5> by_begin_string = {{{"FIX.4.0", "FIX40"},
                                                       {"FIX.4.1", "FIX41"},
                                                       {"FIX.4.2", "FIX42"},
                                                       {"FIX.4.3", "FIX43"},
                                                       {"FIX.4.4", "FIX44"}}};
// ApplVerID(1128), as a settings file may write it: the version or the enumerator.
constexpr std::array<name_pair, 16> by_application = {{{"FIX.4.0", "FIX40"},
                                                       {"2", "FIX40"},
                                                       {"FIX.4.1", "FIX41"},
                                                       {"3", "FIX41"},
                                                       {"FIX.4.2", "FIX42"},
                                                       {"4", "FIX42"},
                                                       {"FIX.4.3", "FIX43"},
                                                       {"5", "FIX43"},
                                                       {"FIX.4.4", "FIX44"},
                                                       {"6", "FIX44"},
                                                       {"FIX.5.0", "FIX50"},
                                                       {"7", "FIX50"},
                                                       {"FIX.5.0SP1", "FIX50SP1"},
                                                       {"8", "FIX50SP1"},
                                                       {"FIX.5.0SP2", "FIX50SP2"},
                                                       {"9", "FIX50SP2"}}};

template <class Names>
std::string name_in(const Names& names, std::string_view key) {
    for (const auto& [from, to] : names) {
        if (from == key) {
            return std::string(to);
        }
    }
    return {};
}

bool is_on(const session_spec& session, const char* key, bool otherwise) {
    const setting* const found = session.find(key);
    return found == nullptr || found->value.empty() ? otherwise : found->value == "Y";
}

}  // namespace

std::string dictionary_of(const session_spec& session) {
    if (session.begin_string != "FIXT.1.1") {
        return session.data_dictionary.empty() ? name_in(by_begin_string, session.begin_string)
                                               : session.data_dictionary;
    }
    const std::string wanted = name_in(by_application, session.default_appl_ver_id);
    for (const auto& [version, file] : session.application_dictionaries) {
        if (name_in(by_application, version) == wanted) {
            return file;
        }
    }
    return wanted;
}

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

xlator::decode_options validation_of(const session_spec& session) {
    xlator::decode_options options;
    options.is_strict = false;
    options.check_have_values = is_on(session, "ValidateFieldsHaveValues", true);
    options.check_user_fields = is_on(session, "ValidateUserDefinedFields", true);
    options.allow_unknown_fields = is_on(session, "AllowUnknownMsgFields", false);
    return options;
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
