#include <algorithm>
#include <charconv>
#include <map>
#include <pugixml.hpp>
#include <span>
#include <string_view>

#include "xlator/fix/nearest_name.hpp"
#include "xlator/spec/ir.hpp"

namespace millrace::xlator::spec {

namespace {

const std::map<std::string_view, field_type>& type_names() {
    static const std::map<std::string_view, field_type> names = {
        {"STRING", field_type::string},
        {"CHAR", field_type::character},
        {"PRICE", field_type::price},
        {"INT", field_type::integer},
        {"AMT", field_type::amt},
        {"QTY", field_type::qty},
        {"QUANTITY", field_type::qty},
        {"CURRENCY", field_type::currency},
        {"MULTIPLEVALUESTRING", field_type::multiple_value_string},
        {"MULTIPLESTRINGVALUE", field_type::multiple_value_string},
        {"MULTIPLECHARVALUE", field_type::multiple_char_value},
        {"EXCHANGE", field_type::exchange},
        {"UTCTIMESTAMP", field_type::utc_timestamp},
        {"TIME", field_type::utc_timestamp},
        {"BOOLEAN", field_type::boolean},
        {"LOCALMKTDATE", field_type::local_mkt_date},
        {"DATE", field_type::local_mkt_date},
        {"DATA", field_type::data},
        {"FLOAT", field_type::floating},
        {"PRICEOFFSET", field_type::price_offset},
        {"MONTHYEAR", field_type::month_year},
        {"DAYOFMONTH", field_type::day_of_month},
        {"UTCDATE", field_type::utc_date},
        {"UTCDATEONLY", field_type::utc_date},
        {"UTCTIMEONLY", field_type::utc_time},
        {"NUMINGROUP", field_type::num_in_group},
        {"PERCENTAGE", field_type::percentage},
        {"SEQNUM", field_type::seq_num},
        {"LENGTH", field_type::length},
        {"COUNTRY", field_type::country},
        {"LANGUAGE", field_type::language},
        {"TZTIMEONLY", field_type::tz_time},
        {"TZTIMESTAMP", field_type::tz_timestamp},
        {"XMLDATA", field_type::xml_data},
    };
    return names;
}

// The elements of QuickFIX's format, by what they stand in.
constexpr std::string_view in_root[] = {"header", "trailer", "messages", "components", "fields"};
constexpr std::string_view in_messages[] = {"message"};
constexpr std::string_view in_components[] = {"component"};
constexpr std::string_view in_fields[] = {"field"};
constexpr std::string_view in_field[] = {"value"};
constexpr std::string_view member_kinds[] = {"field", "group", "component"};

// Their attributes. Others, of a venue or another engine, are passed over, unless they are likely
// to be one of these mistyped.
constexpr std::string_view of_root[] = {"type", "major", "minor", "servicepack"};
constexpr std::string_view of_message[] = {"name", "msgtype", "msgcat"};
constexpr std::string_view of_component[] = {"name"};
constexpr std::string_view of_field[] = {"number", "name", "type"};
constexpr std::string_view of_value[] = {"enum", "description"};
constexpr std::string_view of_member[] = {"name", "required"};

constexpr int tag_max = 999'999'999;  // the decoder reads nine digits

class reader {
public:
    reader(const std::string& file, const std::string& text) : file_(file), text_(text) {
        for (std::size_t at = text.find('\n'); at != std::string::npos;
             at = text.find('\n', at + 1)) {
            line_begins_.push_back(static_cast<std::ptrdiff_t>(at) + 1);
        }
    }

    dictionary read() {
        pugi::xml_document document;
        const pugi::xml_parse_result parsed = document.load_buffer(text_.data(), text_.size());
        if (!parsed) {
            throw dictionary_error(file_, line_at(parsed.offset),
                                   std::string("not well-formed XML: ") + parsed.description());
        }
        const pugi::xml_node root = document.child("fix");
        if (!root) {
            throw dictionary_error(file_, 1, "no <fix> element: is this a QuickFIX dictionary?");
        }
        expect_one_root(document, root);
        expect_sections(root);
        expect_attributes(root, of_root);
        dictionary result;
        result.file = file_;
        result.line = line_of(root);
        result.begin_string = begin_string(root);
        read_fields(root, result);
        result.header = read_members(root.child("header"));
        result.trailer = read_members(root.child("trailer"));
        expect_children(root.child("components"), in_components);
        for (const pugi::xml_node node : root.child("components").children("component")) {
            expect_attributes(node, of_component);
            result.components.push_back(
                {required_attribute(node, "name"), {}, read_members(node), line_of(node)});
        }
        read_messages(root, result);
        return result;
    }

private:
    // Every element is asked for its line, so they are not counted anew each time.
    long line_at(std::ptrdiff_t offset) const {
        const auto behind = std::upper_bound(line_begins_.begin(), line_begins_.end(), offset);
        return static_cast<long>(behind - line_begins_.begin());
    }
    long line_of(pugi::xml_node node) const { return line_at(node.offset_debug()); }

    // What is mistyped would be missing from the dictionary without a word.
    void expect_children(pugi::xml_node parent, std::span<const std::string_view> known) const {
        for (const pugi::xml_node node : parent.children()) {
            const std::string_view name = node.name();
            if (node.type() != pugi::node_element ||
                std::find(known.begin(), known.end(), name) != known.end()) {
                continue;
            }
            std::string reason =
                "unexpected <" + std::string(name) + "> in <" + parent.name() + ">";
            if (const std::string_view nearest = nearest_name(name, known); !nearest.empty()) {
                reason += "; did you mean <" + std::string(nearest) + ">?";
            } else if (known.empty()) {
                reason += ", in which nothing stands here";
            } else {
                reason += ", in which these stand:";
                for (const std::string_view one : known) {
                    reason += " <" + std::string(one) + ">";
                }
            }
            throw dictionary_error(file_, line_of(node), reason);
        }
    }

    void expect_attributes(pugi::xml_node node, std::span<const std::string_view> known) const {
        for (const pugi::xml_attribute attribute : node.attributes()) {
            const std::string_view name = attribute.name();
            if (std::find(known.begin(), known.end(), name) != known.end()) {
                continue;
            }
            const std::string_view nearest = nearest_name(name, known);
            if (!nearest.empty() && !node.attribute(std::string(nearest).c_str())) {
                throw dictionary_error(file_, line_of(node),
                                       "unexpected attribute \"" + std::string(name) + "\" of <" +
                                           node.name() + ">; did you mean \"" +
                                           std::string(nearest) + "\"?");
            }
        }
    }

    void expect_one_root(const pugi::xml_document& document, pugi::xml_node root) const {
        for (const pugi::xml_node node : document.children()) {
            if (node.type() == pugi::node_element && node != root) {
                throw dictionary_error(
                    file_, line_of(node),
                    std::string("unexpected <") + node.name() + "> beside the <fix> in line " +
                        std::to_string(line_of(root)) + ": a file is one dictionary");
            }
        }
    }

    void expect_sections(pugi::xml_node root) const {
        expect_children(root, in_root);
        for (const std::string_view name : in_root) {
            const pugi::xml_node first = root.child(name.data());
            if (const pugi::xml_node second = first.next_sibling(name.data())) {
                throw dictionary_error(file_, line_of(second),
                                       "a second <" + std::string(name) +
                                           ">, the first is in line " +
                                           std::to_string(line_of(first)));
            }
        }
    }

    std::string required_attribute(pugi::xml_node node, const char* name) const {
        const pugi::xml_attribute attribute = node.attribute(name);
        if (!attribute || *attribute.value() == '\0') {
            throw dictionary_error(
                file_, line_of(node),
                std::string("<") + node.name() + "> has no attribute \"" + name + "\"");
        }
        return attribute.value();
    }

    std::string begin_string(pugi::xml_node root) const {
        const pugi::xml_attribute type = root.attribute("type");
        std::string result = type ? type.value() : "FIX";
        if (result != "FIX" && result != "FIXT") {
            throw dictionary_error(
                file_, line_of(root),
                "attribute \"type\" of <fix> must be FIX or FIXT, not " + result);
        }
        result += "." + required_attribute(root, "major") + "." + required_attribute(root, "minor");
        const std::string pack = root.attribute("servicepack").value();
        if (!pack.empty() && pack != "0") {
            result += "SP" + pack;
        }
        return result;
    }

    int read_tag(pugi::xml_node node) const {
        const std::string text = required_attribute(node, "number");
        int tag = 0;
        const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), tag);
        const bool is_number = end == text.data() + text.size() && text[0] != '-';
        if (is_number && (code == std::errc::result_out_of_range || tag > tag_max)) {
            throw dictionary_error(file_, line_of(node),
                                   "tag \"" + text + "\" has more than nine digits");
        }
        if (code != std::errc{} || !is_number || tag < 1) {
            throw dictionary_error(file_, line_of(node),
                                   "tag \"" + text + "\" is not a positive number");
        }
        return tag;
    }

    void read_fields(pugi::xml_node root, dictionary& result) const {
        expect_children(root.child("fields"), in_fields);
        for (const pugi::xml_node node : root.child("fields").children("field")) {
            expect_children(node, in_field);
            expect_attributes(node, of_field);
            field next;
            next.line = line_of(node);
            next.tag = read_tag(node);
            next.name = required_attribute(node, "name");
            const std::string type = required_attribute(node, "type");
            const auto known = type_names().find(type);
            if (known == type_names().end()) {
                throw dictionary_error(file_, next.line,
                                       "field " + next.name + " has unknown type " + type);
            }
            // Before 4.2, CHAR is what STRING is later, and QuickFIX takes it so.
            const bool is_text = type == "CHAR" && result.begin_string < "FIX.4.2";
            next.type = is_text ? field_type::string : known->second;
            for (const pugi::xml_node value : node.children("value")) {
                expect_children(value, {});
                expect_attributes(value, of_value);
                next.values.push_back({required_attribute(value, "enum"),
                                       value.attribute("description").value(),
                                       {},
                                       line_of(value)});
            }
            result.fields.push_back(std::move(next));
        }
        if (result.fields.empty()) {
            throw dictionary_error(file_, line_of(root), "no <fields> section with fields");
        }
    }

    // As QuickFIX has it: one that says nothing is not required.
    bool read_required(pugi::xml_node node, const std::string& name) const {
        const pugi::xml_attribute attribute = node.attribute("required");
        const std::string_view text = attribute.value();
        const bool is_yes = text == "Y" || text == "y";
        if (attribute && !is_yes && text != "N" && text != "n") {
            throw dictionary_error(file_, line_of(node),
                                   "attribute \"required\" of " + name + " must be Y or N, not \"" +
                                       std::string(text) + "\"");
        }
        return is_yes;
    }

    std::vector<member> read_members(pugi::xml_node parent) const {
        expect_children(parent, member_kinds);
        std::vector<member> result;
        for (const pugi::xml_node node : parent.children()) {
            if (node.type() != pugi::node_element) {
                continue;
            }
            const std::string_view kind = node.name();
            expect_attributes(node, of_member);
            member next;
            next.line = line_of(node);
            next.name = required_attribute(node, "name");
            next.is_required = read_required(node, next.name);
            if (kind == "group") {
                next.kind = member_kind::group;
                next.members = read_members(node);
            } else {
                next.kind = kind == "field" ? member_kind::field : member_kind::component;
                expect_children(node, {});
            }
            result.push_back(std::move(next));
        }
        return result;
    }

    void read_messages(pugi::xml_node root, dictionary& result) const {
        expect_children(root.child("messages"), in_messages);
        for (const pugi::xml_node node : root.child("messages").children("message")) {
            expect_attributes(node, of_message);
            message next;
            next.line = line_of(node);
            next.name = required_attribute(node, "name");
            next.msg_type = required_attribute(node, "msgtype");
            next.is_admin = std::string_view(node.attribute("msgcat").value()) == "admin";
            next.members = read_members(node);
            result.messages.push_back(std::move(next));
        }
        if (result.messages.empty()) {
            throw dictionary_error(file_, line_of(root), "no <messages> section with messages");
        }
    }

    const std::string& file_;
    const std::string& text_;
    std::vector<std::ptrdiff_t> line_begins_ = {0};
};

}  // namespace

dictionary parse_dictionary(const std::string& file, const std::string& text) {
    return reader(file, text).read();
}

}  // namespace millrace::xlator::spec
