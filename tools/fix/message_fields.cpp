#include "tools/fix/message_fields.hpp"

#include <cstdio>
#include <set>

#include "xlator/fix/byte_sum.hpp"
#include "xlator/fix/printer.hpp"

namespace millrace::tools {

namespace {

constexpr int tag_body_length = 9;
constexpr int tag_check_sum = 10;
constexpr int tag_msg_type = 35;

// The same fields with the length and the checksum they should have; empty where the message is no
// frame at all.
std::string resealed(const fix_message& message) {
    xlator::frame_parts parts;
    if (!message.is_whole || !xlator::split_frame(message.bytes, parts)) {
        return {};
    }
    const std::size_t body = message.bytes.find("35=");
    const std::string fields = message.bytes.substr(body, parts.trailer_offset - body);
    std::string sealed = "8=" + std::string(parts.begin_string) + xlator::field_delimiter +
                         "9=" + std::to_string(fields.size()) + xlator::field_delimiter + fields;
    char trailer[16];
    std::snprintf(trailer, sizeof trailer, "10=%03u", xlator::byte_sum(sealed) & 255U);
    return sealed + trailer + xlator::field_delimiter;
}

// An entry begins where a tag comes again that it has already.
class placer {
public:
    // The fields in the order of the message.
    std::string place(int tag, std::uint32_t level) {
        while (levels_.size() > level + 1) {
            levels_.pop_back();
        }
        if (levels_.size() < level + 1) {
            levels_.push_back({last_tag_, 1, {}, {}});
        }
        const bool is_in_group = level > 0;
        one_level& here = levels_.back();
        if (is_in_group && !here.seen.insert(tag).second) {
            ++here.entry;
            here.seen = {tag};
        }
        std::string made;
        for (std::size_t i = 1; i < levels_.size(); ++i) {
            made +=
                std::to_string(levels_[i].counter) + "[" + std::to_string(levels_[i].entry) + "].";
        }
        made += std::to_string(tag);
        if (!is_in_group) {
            if (const int count = ++here.counts[tag]; count > 1) {
                made += "[" + std::to_string(count) + "]";
            }
        }
        last_tag_ = tag;
        return made;
    }

private:
    struct one_level {
        int counter = 0;
        int entry = 1;
        std::set<int> seen;
        std::map<int, int> counts;  // outside of groups
    };
    std::vector<one_level> levels_ = {{}};
    int last_tag_ = 0;
};

}  // namespace

std::string_view value_of(const fix_message& message, int tag) {
    xlator::wire_walk walk(message.bytes);
    xlator::wire_field field;
    while (walk.next(field)) {
        if (field.tag == tag) {
            return field.value;
        }
    }
    return {};
}

const xlator::message_info* info_of(const fix_message& message, const xlator::dictionary* dict) {
    return dict == nullptr ? nullptr : dict->find_message(value_of(message, tag_msg_type));
}

xlator::decoder& message_decoders::of(const xlator::dictionary& dict) {
    std::unique_ptr<xlator::decoder>& reader = decoders_[&dict];
    if (reader == nullptr) {
        xlator::decode_options options;
        options.is_strict = is_strict_;
        options.frame_size_max = fix_message_bytes_max;
        reader = std::make_unique<xlator::decoder>(dict, options);
    }
    return *reader;
}

bool message_fields::decode(const fix_message& message, const xlator::dictionary& dict,
                            std::vector<placed_field>& fields) {
    xlator::decoder& reader = decoders_.of(dict);
    xlator::decode_result result = reader.decode(message.bytes);
    if (result.status == xlator::decode_status::garbled) {
        resealed_ = resealed(message);
        result = reader.decode(resealed_);
    }
    if (result.status != xlator::decode_status::ok &&
        result.status != xlator::decode_status::rejected) {
        return false;
    }
    placer places;
    for (const xlator::field_view field : reader.message()) {
        const bool is_seal = field.tag == tag_body_length || field.tag == tag_check_sum;
        fields.push_back({field.tag,
                          field.level,
                          {},
                          is_seal ? value_of(message, field.tag) : field.value,
                          places.place(field.tag, field.level)});
    }
    return !fields.empty();
}

std::vector<placed_field> message_fields::of(const fix_message& message,
                                             const xlator::dictionary* dict) {
    std::vector<placed_field> fields;
    if (dict != nullptr && decode(message, *dict, fields)) {
        return fields;
    }
    placer places;
    xlator::wire_walk walk(message.bytes, dict);
    xlator::wire_field field;
    while (walk.next(field)) {
        fields.push_back({field.tag, 0, field.text, field.value, places.place(field.tag, 0)});
    }
    return fields;
}

}  // namespace millrace::tools
