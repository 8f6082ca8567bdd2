#include "tools/venue/journal_format.hpp"

#include <chrono>

#include "engine/core/error.hpp"
#include "tools/venue/decimal.hpp"

namespace millrace::tools {

namespace {

constexpr const char* arrival_names[] = {"first", "duplicate", "again"};

std::uint64_t wall_clock_ns() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

void append_quoted(std::string& text, std::string_view value) {
    constexpr char digits[] = "0123456789abcdef";
    text += '"';
    for (const char c : value) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            text += '\\';
            text += c;
        } else if (byte < 0x20 || byte >= 0x7f) {
            text += "\\u00";
            text += digits[byte >> 4];
            text += digits[byte & 0xf];
        } else {
            text += c;
        }
    }
    text += '"';
}

void append_text(std::string& text, std::string_view key, std::string_view value) {
    text += ",\"";
    text += key;
    text += "\":";
    append_quoted(text, value);
}

void append_char(std::string& text, std::string_view key, char value) {
    append_text(text, key, std::string_view(&value, 1));
}

void append_number(std::string& text, std::string_view key, std::int64_t value) {
    text += ",\"";
    text += key;
    text += "\":";
    text += std::to_string(value);
}

void append_flag(std::string& text, std::string_view key, bool value) {
    text += ",\"";
    text += key;
    text += value ? "\":true" : "\":false";
}

void append_optional(std::string& text, std::string_view key, std::string_view value) {
    if (!value.empty()) {
        append_text(text, key, value);
    }
}

void begin_line(std::string& text, std::string_view event) {
    text += "{\"event\":";
    append_quoted(text, event);
}

// The journal's \u00xx come back from the JSON parser as two-byte UTF-8.
std::string to_bytes(const std::string& utf8) {
    std::string bytes;
    bytes.reserve(utf8.size());
    for (std::size_t i = 0; i < utf8.size(); ++i) {
        const auto lead = static_cast<unsigned char>(utf8[i]);
        if (lead >= 0x80 && i + 1 < utf8.size()) {
            ++i;
            const auto trail = static_cast<unsigned char>(utf8[i]);
            bytes += static_cast<char>(((lead & 0x03) << 6) | (trail & 0x3f));
        } else {
            bytes += utf8[i];
        }
    }
    return bytes;
}

char char_of(const journal_line& line, const char* key) {
    const std::string text = text_of(line, key);
    return text.empty() ? '\0' : text[0];
}

std::int64_t decimal_of(const journal_line& line, const char* key) {
    std::int64_t value = 0;
    if (!parse_decimal(text_of(line, key), value)) {
        throw engine::damage_error(std::string("no decimal in ") + key);
    }
    return value;
}

bool flag_of(const journal_line& line, const char* key) {
    const auto found = line.find(key);
    return found != line.end() && found->is_boolean() && found->get<bool>();
}

}  // namespace

void append_order_line(std::string& text, const std::string& session, std::uint32_t generation,
                       const venue_request& request, arrival how, std::size_t report_count) {
    begin_line(text, "order");
    append_number(text, "reports", static_cast<std::int64_t>(report_count));
    append_number(text, "time_ns", static_cast<std::int64_t>(wall_clock_ns()));
    append_text(text, "session", session);
    append_number(text, "generation", generation);
    append_number(text, "msg_seq_num", request.msg_seq_num);
    append_flag(text, "poss_dup", request.poss_dup);
    append_flag(text, "poss_resend", request.poss_resend);
    append_text(text, "arrival", arrival_names[static_cast<std::size_t>(how)]);
    append_char(text, "msg_type", request.msg_type);
    append_text(text, "cl_ord_id", request.cl_ord_id);
    append_optional(text, "orig_cl_ord_id", request.orig_cl_ord_id);
    append_text(text, "symbol", request.symbol);
    append_text(text, "side", request.side);
    append_text(text, "order_qty", request.order_qty);
    append_optional(text, "ord_type", request.ord_type);
    append_optional(text, "price", request.price);
    append_optional(text, "time_in_force", request.time_in_force);
    append_optional(text, "account", request.account);
    if (!request.parties.empty()) {
        char separator = '[';
        text += ",\"parties\":";
        for (const party& each : request.parties) {
            text += separator;
            text += '[';
            append_quoted(text, each.id);
            text += ',';
            append_quoted(text, each.source);
            text += ',';
            append_quoted(text, each.role);
            text += ']';
            separator = ',';
        }
        text += ']';
    }
    text += "}\n";
}

void append_report_line(std::string& text, const std::string& session, const venue_request& request,
                        const std::string& order_id, const venue_report& report) {
    begin_line(text, "report");
    append_text(text, "session", session);
    append_text(text, "exec_id", report.exec_id);
    append_text(text, "cl_ord_id", request.cl_ord_id);
    append_optional(text, "orig_cl_ord_id", request.orig_cl_ord_id);
    append_text(text, "order_id", order_id);
    append_char(text, "msg_type", report.msg_type);
    append_char(text, "exec_type", report.exec_type);
    append_char(text, "ord_status", report.ord_status);
    if (report.reason >= 0) {
        append_number(text, "reason", report.reason);
    }
    append_text(text, "last_qty", format_decimal(report.last_qty));
    append_text(text, "last_px", format_decimal(report.last_px));
    append_text(text, "cum_qty", format_decimal(report.cum_qty));
    append_text(text, "leaves_qty", format_decimal(report.leaves_qty));
    append_text(text, "avg_px", format_decimal(report.avg_px));
    text += "}\n";
}

void append_event_line(std::string& text, std::string_view event, const std::string& session,
                       std::uint32_t generation) {
    begin_line(text, event);
    append_number(text, "time_ns", static_cast<std::int64_t>(wall_clock_ns()));
    append_text(text, "session", session);
    append_number(text, "generation", generation);
    text += "}\n";
}

std::string text_of(const journal_line& line, const char* key) {
    const auto found = line.find(key);
    if (found == line.end()) {
        return std::string();
    }
    if (!found->is_string()) {
        throw engine::damage_error(std::string("no text in ") + key);
    }
    return to_bytes(found->get_ref<const std::string&>());
}

venue_request parse_order_line(const journal_line& line) {
    venue_request request;
    request.msg_type = char_of(line, "msg_type");
    request.msg_seq_num = line.at("msg_seq_num").get<int>();
    request.poss_dup = flag_of(line, "poss_dup");
    request.poss_resend = flag_of(line, "poss_resend");
    request.cl_ord_id = text_of(line, "cl_ord_id");
    request.orig_cl_ord_id = text_of(line, "orig_cl_ord_id");
    request.symbol = text_of(line, "symbol");
    request.side = text_of(line, "side");
    request.order_qty = text_of(line, "order_qty");
    request.ord_type = text_of(line, "ord_type");
    request.price = text_of(line, "price");
    request.time_in_force = text_of(line, "time_in_force");
    request.account = text_of(line, "account");
    const auto parties = line.find("parties");
    if (parties != line.end()) {
        for (const auto& each : *parties) {
            request.parties.push_back(party{to_bytes(each.at(0).get<std::string>()),
                                            to_bytes(each.at(1).get<std::string>()),
                                            to_bytes(each.at(2).get<std::string>())});
        }
    }
    return request;
}

venue_report parse_report_line(const journal_line& line) {
    venue_report report;
    report.exec_id = text_of(line, "exec_id");
    report.msg_type = char_of(line, "msg_type");
    report.exec_type = char_of(line, "exec_type");
    report.ord_status = char_of(line, "ord_status");
    report.reason = line.value("reason", -1);
    report.last_qty = decimal_of(line, "last_qty");
    report.last_px = decimal_of(line, "last_px");
    report.cum_qty = decimal_of(line, "cum_qty");
    report.leaves_qty = decimal_of(line, "leaves_qty");
    report.avg_px = decimal_of(line, "avg_px");
    return report;
}

arrival parse_arrival(const journal_line& line) {
    const std::string name = text_of(line, "arrival");
    for (std::size_t i = 0; i < std::size(arrival_names); ++i) {
        if (name == arrival_names[i]) {
            return static_cast<arrival>(i);
        }
    }
    throw engine::damage_error("unknown arrival \"" + name + "\"");
}

std::size_t read_entries(const std::string& text, const std::string& path,
                         const std::function<void(const std::vector<journal_line>&)>& handle) {
    std::vector<journal_line> entry;
    std::size_t wanted = 1;  // lines of the entry
    std::size_t entry_end = 0;
    std::size_t line_begin = 0;
    std::size_t line_number = 0;
    while (true) {
        const std::size_t line_end = text.find('\n', line_begin);
        if (line_end == std::string::npos) {
            return entry_end;
        }
        ++line_number;
        try {
            entry.push_back(journal_line::parse(text.data() + line_begin, text.data() + line_end));
            const std::string event = text_of(entry.back(), "event");
            if ((entry.size() > 1) != (event == "report")) {
                throw engine::damage_error("report and order lines do not match");
            }
            if (event == "order") {
                wanted = 1 + entry.back().at("reports").get<std::size_t>();
            }
            line_begin = line_end + 1;
            if (entry.size() == wanted) {
                handle(entry);
                entry.clear();
                wanted = 1;
                entry_end = line_begin;
            }
        } catch (const std::exception& error) {
            throw engine::damage_error(path + ":" + std::to_string(line_number) +
                                       ": damaged journal line: " + error.what());
        }
    }
}

}  // namespace millrace::tools
