#include "gateway/quickfix/dictionary.hpp"

#include <algorithm>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <sstream>

#include "gateway/quickfix/data_fields.hpp"
#include "gateway/quickfix/settings.hpp"

namespace millrace {
namespace gateway {
namespace detail {

namespace {

// The library offers no way to list what a dictionary holds, only to ask about a given field or
// message. So candidates are taken from the text of the file and put to the parsed dictionary,
// which alone decides.
std::set<std::string> attribute_values(const std::string& text, const std::string& attribute) {
    std::set<std::string> values;
    std::size_t at = 0;
    while ((at = text.find(attribute, at)) != std::string::npos) {
        at += attribute.size();
        const std::size_t equals = text.find_first_not_of(" \t\r\n", at);
        if (equals == std::string::npos || text[equals] != '=') {
            continue;
        }
        const std::size_t quote = text.find_first_not_of(" \t\r\n", equals + 1);
        if (quote == std::string::npos || (text[quote] != '"' && text[quote] != '\'')) {
            continue;
        }
        const std::size_t end = text.find(text[quote], quote + 1);
        if (end == std::string::npos) {
            break;
        }
        values.insert(text.substr(quote + 1, end - quote - 1));
        at = end + 1;
    }
    return values;
}

class group_walk {
public:
    group_walk(const std::string& path, const std::string& text, loaded_dictionary& into)
        : path_(path), into_(into) {
        for (const std::string& number : attribute_values(text, "number")) {
            const long tag = std::strtol(number.c_str(), nullptr, 10);
            if (tag > 0 && tag <= 0x7fffffffL) {
                tags_.push_back(static_cast<int>(tag));
            }
        }
        messages_ = attribute_values(text, "msgtype");
        messages_.insert("_header_");
        messages_.insert("_trailer_");
    }

    void run() {
        for (const int tag : tags_) {
            if (into_.parsed.isDataField(tag)) {
                into_.data_tags.push_back(static_cast<std::uint32_t>(tag));
            }
        }
        for (const std::string& message : messages_) {
            visit(into_.parsed, message, 1);
        }
    }

private:
    void visit(const FIX::DataDictionary& level, const std::string& message, int depth) {
        for (const int counter : tags_) {
            int delimiter = 0;
            const FIX::DataDictionary* group = nullptr;
            if (!level.getGroup(message, counter, delimiter, group)) {
                continue;
            }
            check_counter(counter, message);
            for (const std::uint32_t data : into_.data_tags) {
                const bool has_data = group->isField(static_cast<int>(data));
                if (has_data && depth > 1) {
                    add(into_.nested_data_tags, data);
                }
                if (!has_data &&
                    group->isField(static_cast<int>(data_field_table::length_tag_of(data)))) {
                    add(into_.ambiguous_data_tags, data);
                }
            }
            visit(*group, message, depth + 1);
        }
    }

    // The library converts a counter to a number where it may not throw.
    void check_counter(int counter, const std::string& message) const {
        FIX::TYPE::Type type = FIX::TYPE::Unknown;
        into_.parsed.getFieldType(counter, type);
        if (type != FIX::TYPE::NumInGroup && type != FIX::TYPE::Int && type != FIX::TYPE::Length &&
            type != FIX::TYPE::SeqNum) {
            throw settings_error(path_, 0,
                                 "field " + std::to_string(counter) +
                                     " counts a group of message " + message +
                                     " but is no number: its type must be NUMINGROUP or INT");
        }
    }

    static void add(std::vector<std::uint32_t>& to, std::uint32_t tag) {
        if (std::find(to.begin(), to.end(), tag) == to.end()) {
            to.push_back(tag);
        }
    }

    const std::string& path_;
    loaded_dictionary& into_;
    std::vector<int> tags_;
    std::set<std::string> messages_;
};

std::string read_text(const std::string& path) {
    std::ifstream file(path.c_str(), std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    if (!file.is_open() || file.bad()) {
        throw settings_error(path, 0, "the data dictionary cannot be read");
    }
    return text.str();
}

std::unique_ptr<const loaded_dictionary> parse_dictionary(const std::string& path) {
    const std::string text = read_text(path);
    try {
        std::unique_ptr<loaded_dictionary> loaded(new loaded_dictionary());
        // Not its constructor: one that throws leaks the groups it has read.
        loaded->parsed.readFromURL(path);
        group_walk(path, text, *loaded).run();
        return std::unique_ptr<const loaded_dictionary>(std::move(loaded));
    } catch (const FIX::Exception& problem) {
        throw settings_error(path, 0, std::string("not a data dictionary: ") + problem.what());
    }
}

}  // namespace

const loaded_dictionary& load_dictionary(const std::string& path) {
    static std::map<std::string, std::unique_ptr<const loaded_dictionary>> known;
    std::unique_ptr<const loaded_dictionary>& loaded = known[path];
    if (loaded == nullptr) {
        loaded = parse_dictionary(path);
    }
    return *loaded;
}

}  // namespace detail
}  // namespace gateway
}  // namespace millrace
