#include "gateway/pipeline/map_dictionaries.hpp"

#include <algorithm>
#include <array>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "engine/table/nearest.hpp"
#include "fix44/dictionary.hpp"

namespace millrace::gateway {

namespace {

namespace spec = xlator::spec;

constexpr std::array<std::string_view, 8> versions = {"FIX40", "FIX41", "FIX42",    "FIX43",
                                                      "FIX44", "FIX50", "FIX50SP1", "FIX50SP2"};
constexpr std::string_view built_in = "FIX44";

// A file of FIX 5.0 or later has no header of its own. Whoever reads it says what is wrong with it
// otherwise.
bool needs_transport(const std::string& text) {
    const std::size_t root = text.find("<fix");
    const std::string_view line =
        root == std::string::npos
            ? std::string_view()
            : std::string_view(text).substr(root, text.find('>', root) - root);
    return line.find("major=\"5\"") != std::string_view::npos ||
           line.find("major='5'") != std::string_view::npos;
}

}  // namespace

std::unique_ptr<const spec::loaded_dictionary> map_dictionaries::load(
    const std::filesystem::path& path) const {
    const spec::dictionary_text application{path.native(), engine::read_whole_file(path)};
    if (!needs_transport(application.text)) {
        return std::make_unique<spec::loaded_dictionary>(application);
    }
    if (ours_.empty()) {
        throw engine::config_error(path.native() +
                                   " needs a transport, and this program was not told where "
                                   "Millrace's own FIXT11.xml lies");
    }
    const std::filesystem::path session = ours_ / "FIXT11.xml";
    const spec::dictionary_text transport{session.native(), engine::read_whole_file(session)};
    return std::make_unique<spec::loaded_dictionary>(application, &transport);
}

const xlator::dictionary* map_dictionaries::find(const std::string& name, std::string& reason) {
    const std::filesystem::path file(name);
    if (!ours_.empty() && file.parent_path() == ours_ && file.extension() == ".xml") {
        return find(file.stem(), reason);  // as settings name one of ours
    }
    if (name == built_in) {
        static const xlator::dictionary fix44{millrace::fix44::dictionary};
        return &fix44;
    }
    if (const auto known = loaded_.find(name); known != loaded_.end()) {
        return &known->second->tables();
    }
    if (const auto known = refused_.find(name); known != refused_.end()) {
        reason = known->second;
        return nullptr;
    }
    const bool is_version = std::find(versions.begin(), versions.end(), name) != versions.end();
    if (!is_version && !name.ends_with(".xml")) {
        reason = "unknown dictionary '" + name +
                 "', expected FIX40 to FIX50SP2 or a file in QuickFIX's format (ACME.xml)" +
                 engine::did_you_mean(name, versions);
        return nullptr;
    }
    if (is_version && ours_.empty()) {
        reason = "dictionary '" + name + "' is not at hand: this program was not told where " +
                 "Millrace's own lie (pipeline_options::dictionary_directory)";
        return nullptr;
    }
    try {
        const std::filesystem::path path = is_version ? ours_ / (name + ".xml") : beside_ / name;
        return &loaded_.emplace(name, load(path)).first->second->tables();
    } catch (const std::exception& failure) {
        reason = refused_[name] = std::string("dictionary ") + failure.what();
        return nullptr;
    }
}

}  // namespace millrace::gateway
