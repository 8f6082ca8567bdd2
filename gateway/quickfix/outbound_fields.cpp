#include "gateway/quickfix/outbound_fields.hpp"

#include <quickfix/Message.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>

#include "gateway/quickfix/dictionary.hpp"
#include "gateway/quickfix/port.hpp"
#include "gateway/quickfix/secrets.hpp"

namespace millrace {
namespace gateway {
namespace detail {

namespace {

// A session looks for so much room beyond a body, and more.
constexpr std::size_t outbound_fields_bytes_max = 192;

bool is_sessions_own(int tag) {
    static const int own[] = {8, 9, 10, 34, 35, 43, 49, 52, 56, 97, 122, 1128, 1129, 1156};
    return std::find(std::begin(own), std::end(own), tag) != std::end(own);
}

// The dictionaries of one session: for FIXT the transport's first.
class declared_fields {
public:
    explicit declared_fields(const session_spec& spec) : spec_(spec) {
        if (!spec.use_data_dictionary) {
            return;
        }
        all_.push_back(&load_dictionary(spec.data_dictionary).parsed);
        for (const auto& entry : spec.application_dictionaries) {
            all_.push_back(&load_dictionary(entry.second).parsed);
        }
    }

    // `wanted` names a tag and a value; without a value any will come.
    outbound_field find(const setting& wanted) const {
        outbound_field found;
        found.tag = tag_of(wanted);
        found.value = wanted.value;
        found.is_header = all_.empty() ? FIX::Message::isHeaderField(found.tag)
                                       : all_.front()->isHeaderField(found.tag);
        check(wanted, found);
        return found;
    }

private:
    [[noreturn]] void fail(const setting& wanted, const std::string& reason) const {
        throw settings_error(
            spec_.file, wanted.line,
            (wanted.value.empty() ? "OutboundRoutingTag " + wanted.key
                                  : "OutboundField " + wanted.key + "=" + wanted.value) +
                ": " + reason);
    }
    int tag_of(const setting& wanted) const;
    void check(const setting& wanted, const outbound_field& found) const;
    void check_dictionary(const setting& wanted, const outbound_field& found,
                          const FIX::DataDictionary& dictionary) const;

    const session_spec& spec_;
    std::vector<const FIX::DataDictionary*> all_;
};

int declared_fields::tag_of(const setting& wanted) const {
    const bool is_number = std::all_of(wanted.key.begin(), wanted.key.end(),
                                       [](char byte) { return byte >= '0' && byte <= '9'; });
    if (is_number) {
        const unsigned long long tag = std::strtoull(wanted.key.c_str(), nullptr, 10);
        if (tag == 0 || tag > 0x7fffffffu) {
            fail(wanted, "expected a tag from 1 to 2147483647");
        }
        return static_cast<int>(tag);
    }
    for (const FIX::DataDictionary* dictionary : all_) {
        int tag = 0;
        if (dictionary->getFieldTag(wanted.key, tag)) {
            return tag;
        }
    }
    fail(wanted, all_.empty() ? "without a dictionary a field is named by its tag"
                              : "the session's dictionary has no field of this name");
}

void declared_fields::check(const setting& wanted, const outbound_field& found) const {
    if (is_sessions_own(found.tag)) {
        fail(wanted, "this field is the session's to set");
    }
    if (secret_tags().has(static_cast<std::uint32_t>(found.tag))) {
        fail(wanted, "a secret is no static field; see Password and PasswordFile");
    }
    if (data_field_table::standard().is_data(static_cast<std::uint32_t>(found.tag), true)) {
        fail(wanted, "a field of data needs its length before it, and cannot be static");
    }
    if (FIX::Message::isTrailerField(found.tag)) {
        fail(wanted, "no field of the trailer can be added");
    }
    const bool is_printable = std::all_of(found.value.begin(), found.value.end(), [](char byte) {
        return static_cast<unsigned char>(byte) >= ' ';
    });
    if (!is_printable) {
        fail(wanted, "its value holds a control character");
    }
    if (all_.empty()) {
        return;
    }
    if (!found.is_header && FIX::Message::isHeaderField(found.tag)) {
        fail(
            wanted,
            "the dictionary does not declare this field in the header, and a resend would move it");
    }
    const auto declares = [&](const FIX::DataDictionary* one) { return one->isField(found.tag); };
    const auto dictionary = std::find_if(all_.begin(), all_.end(), declares);
    if (dictionary == all_.end()) {
        fail(wanted,
             "the session's dictionary does not declare this field, neither in the header "
             "nor in a message");
    }
    check_dictionary(wanted, found, **dictionary);
}

void declared_fields::check_dictionary(const setting& wanted, const outbound_field& found,
                                       const FIX::DataDictionary& dictionary) const {
    if (dictionary.isDataField(found.tag)) {
        fail(wanted, "a field of data needs its length before it, and cannot be static");
    }
    FIX::TYPE::Type type = FIX::TYPE::Unknown;
    if (dictionary.getFieldType(found.tag, type) && type == FIX::TYPE::NumInGroup) {
        fail(wanted, "the counter of a group cannot be static");
    }
    if (!found.value.empty() && dictionary.hasFieldValue(found.tag) &&
        !dictionary.isFieldValue(found.tag, found.value)) {
        fail(wanted, "the dictionary does not list this value");
    }
}

}  // namespace

std::vector<outbound_field> find_outbound_fields(const session_spec& spec) {
    std::vector<outbound_field> found;
    const setting* const routing = spec.find("OutboundRoutingTag");
    if (spec.outbound_fields.empty() && routing == nullptr) {
        return found;
    }
    const declared_fields declared(spec);
    if (routing != nullptr) {
        setting any;
        any.key = routing->value;
        any.line = routing->line;
        static_cast<void>(declared.find(any));
    }
    std::size_t bytes = 0;
    for (const setting& wanted : spec.outbound_fields) {
        const outbound_field one = declared.find(wanted);
        const auto same =
            std::find_if(found.begin(), found.end(),
                         [&](const outbound_field& other) { return other.tag == one.tag; });
        if (same != found.end()) {
            throw settings_error(spec.file, wanted.line,
                                 "OutboundField " + wanted.key + ": this field is given twice");
        }
        found.push_back(one);
        bytes += std::to_string(one.tag).size() + one.value.size() + 2;
        if (bytes > outbound_fields_bytes_max) {
            throw settings_error(spec.file, wanted.line,
                                 "OutboundField " + wanted.key +
                                     ": all static fields together have at most 192 bytes");
        }
    }
    return found;
}

bool has_field(const char* fields, std::size_t size, int tag) {
    const std::string mark = std::to_string(tag) + "=";
    const char* const end = fields + size;
    for (const char* at = fields; at < end;) {
        if (static_cast<std::size_t>(end - at) >= mark.size() &&
            std::equal(mark.begin(), mark.end(), at)) {
            return true;
        }
        at = std::find(at, end, '\x01');
        at = at == end ? end : at + 1;
    }
    return false;
}

}  // namespace detail

void check_outbound_fields(const session_spec& spec) {
    static_cast<void>(detail::find_outbound_fields(spec));
}

}  // namespace gateway
}  // namespace millrace
