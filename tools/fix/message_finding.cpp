#include "tools/fix/message_finding.hpp"

#include "tools/fix/message_printer.hpp"
#include "tools/text/escape.hpp"

namespace millrace::tools {

namespace {

constexpr int tag_msg_seq_num = 34;

}  // namespace

message_finding finding_of(const fix_message& message, const xlator::dictionary* dict,
                           message_decoders& decoders, const std::string& no_dictionary) {
    if (!message.is_whole) {
        return {"garbled: it ends without a trailer"};
    }
    if (dict == nullptr) {
        return {no_dictionary};
    }
    const xlator::decode_result result = decoders.of(*dict).decode(message.bytes);
    switch (result.status) {
        case xlator::decode_status::ok:
            return {};
        case xlator::decode_status::garbled:
            return {"garbled: length, checksum or the order of the first fields are wrong"};
        case xlator::decode_status::unsupported_version:
            return {"of another version than the dictionary, " +
                    std::string(dict->info().begin_string)};
        case xlator::decode_status::rejected:
            break;
    }
    return {std::string(xlator::describe(result.reason)), static_cast<int>(result.reason),
            result.ref_tag};
}

void append_finding(std::string& out, const message_finding& finding, std::string_view file,
                    const fix_message& message, const xlator::dictionary* dict) {
    const xlator::message_info* const info = info_of(message, dict);
    append_printable(out, file);
    out += ":" + std::to_string(message.line) + ": offset " + std::to_string(message.offset) +
           ": " + std::string(info == nullptr ? "message" : info->name) + " ";
    append_printable(out, value_of(message, tag_msg_seq_num));
    out += ": " + finding.text;
    if (finding.reason >= 0) {
        out += " (373=" + std::to_string(finding.reason) + ")";
    }
    if (finding.tag != 0) {
        out += ", " + name_of(finding.tag, dict);
    }
    out += '\n';
}

void append_finding_json(std::string& out, const message_finding& finding, std::string_view file,
                         const fix_message& message, const xlator::dictionary* dict) {
    out += "{\"file\":";
    append_json_text(out, file);
    out += ",\"line\":" + std::to_string(message.line) +
           ",\"offset\":" + std::to_string(message.offset) + ",";
    append_json_type(out, message, dict);
    out += ",\"msg_seq_num\":";
    append_json_bytes(out, value_of(message, tag_msg_seq_num));
    out += ",\"finding\":";
    append_json_text(out, finding.text);
    if (finding.reason >= 0) {
        out += ",\"reason\":" + std::to_string(finding.reason);
    }
    if (finding.tag != 0) {
        out += ',';
        append_json_tag(out, finding.tag, dict);
    }
    out += "}\n";
}

}  // namespace millrace::tools
