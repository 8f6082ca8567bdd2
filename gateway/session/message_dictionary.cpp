#include "gateway/session/message_dictionary.hpp"

#include <array>
#include <string_view>

#include "engine/core/file.hpp"
#include "xlator/fix/fix_stream.hpp"

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

xlator::decode_options validation_of(const session_spec& session) {
    xlator::decode_options options;
    options.is_strict = false;
    options.frame_size_max = xlator::stream_frame_bytes_max;
    options.check_field_order = session.is_on("ValidateFieldsOutOfOrder", true);
    options.check_have_values = session.is_on("ValidateFieldsHaveValues", true);
    options.check_user_fields = session.is_on("ValidateUserDefinedFields", true);
    options.allow_unknown_fields = session.is_on("AllowUnknownMsgFields", false);
    return options;
}

const xlator::dictionary* message_dictionaries::find(const session_spec& session,
                                                     std::string& reason) {
    const bool is_fixt = session.begin_string == "FIXT.1.1";
    const files wanted{dictionary_of(session), is_fixt ? session.data_dictionary : std::string()};
    if (!session.use_data_dictionary || session.data_dictionary.empty() ||
        !wanted.first.ends_with(".xml")) {
        reason = "it has no dictionary";
        return nullptr;
    }
    if (const auto known = loaded_.find(wanted); known != loaded_.end()) {
        return &known->second->tables();
    }
    if (const auto known = refused_.find(wanted); known != refused_.end()) {
        reason = known->second;
        return nullptr;
    }
    try {
        using xlator::spec::dictionary_text;
        const auto read = [](const std::string& path) {
            return dictionary_text{path, engine::read_whole_file(path)};
        };
        const dictionary_text application = read(wanted.first);
        const dictionary_text transport = is_fixt ? read(wanted.second) : dictionary_text();
        auto made = std::make_unique<xlator::spec::loaded_dictionary>(
            application, is_fixt ? &transport : nullptr);
        return &loaded_.emplace(wanted, std::move(made)).first->second->tables();
    } catch (const std::exception& failure) {
        reason = refused_[wanted] = failure.what();
        return nullptr;
    }
}

}  // namespace millrace::gateway
