#include "engine/table/row_object.hpp"

#include "engine/table/json_text.hpp"
#include "engine/table/row_text.hpp"

namespace millrace::engine {

namespace {

void append_value(std::string& out, const row_view& row, std::size_t index) {
    if (row.is_empty(index)) {
        out += "null";
        return;
    }
    const column_type type = row.schema().column(index).type;
    std::string text;
    append_value_text(row, index, text);
    if (is_integer(type) || type == column_type::decimal || type == column_type::boolean) {
        out += text;  // these are JSON as they stand
    } else if (type == column_type::bytes) {
        append_json_bytes(out, text);
    } else {
        append_json_text(out, text);
    }
}

void append_origin(std::string& out, const row_envelope& envelope) {
    if (!envelope.has_origin()) {
        out += "null";
        return;
    }
    out += "{\"route\":\"" + route_text(envelope.origin.route) + "\",\"log\":\"" +
           to_string(envelope.origin.log) +
           "\",\"sequence\":" + std::to_string(envelope.origin.sequence) + "}";
}

void append_column(std::string& out, const row_view& row, std::size_t index,
                   const schemas_by_log& inner) {
    const row_schema* schema = inner_schema(row, index, inner);
    if (schema == nullptr) {
        append_value(out, row, index);
        return;
    }
    out += '{';
    append_row_members(out, row_view(*schema, row.trailing()), inner_correlation(row));
    out += '}';
}

}  // namespace

void append_row_object(std::string& out, const row_place& place, const row_view& row,
                       const correlation& own, const schemas_by_log& inner) {
    out += "{\"sequence\":" + std::to_string(place.seq.value) +
           ",\"position\":" + std::to_string(place.at.value) + ",\"timestamp\":\"" +
           to_string(place.time) + "\",";
    append_row_members(out, row, own, inner);
    out += "}\n";
}

void append_row_members(std::string& out, const row_view& row, const correlation& own,
                        const schemas_by_log& inner) {
    const row_envelope envelope = row.envelope();
    out += "\"operation\":\"";
    out += to_string(envelope.operation);
    out += "\",\"event\":";
    append_json_text(out, envelope.event.view());
    out += ",\"user\":";
    append_json_text(out, envelope.user.view());
    const correlation chain = row.correlation_or(own);
    out += ",\"correlation\":{\"log\":\"" + log_id_text(chain.log_id) +
           "\",\"sequence\":" + std::to_string(chain.sequence) + "},\"origin\":";
    append_origin(out, envelope);
    out += ",\"redelivered\":";
    out += envelope.is_redelivered() ? "true" : "false";
    out += ",\"retried\":";
    out += envelope.is_retried() ? "true" : "false";
    out += ",\"intended\":";
    out += envelope.intended_ns == 0 ? "null"
                                     : "\"" + to_string(timestamp{envelope.intended_ns}) + "\"";
    out += ",\"row\":{";
    for (std::size_t i = 0; i < row.schema().column_count(); ++i) {
        out += (i == 0 ? "\"" : ",\"") + row.schema().column(i).name + "\":";
        append_column(out, row, i, inner);
    }
    out += '}';
}

const row_schema* inner_schema(const row_view& row, std::size_t index,
                               const schemas_by_log& inner) noexcept {
    if (inner.empty() || row.schema().column(index).type != column_type::bytes) {
        return nullptr;
    }
    const auto found = inner.find(row.envelope().origin.log);
    const bool is_row =
        found != inner.end() && row_view::check(found->second, row.trailing()) == row_status::ok;
    return is_row ? &found->second : nullptr;
}

correlation inner_correlation(const row_view& row) noexcept {
    const origin from = row.envelope().origin;
    return row.correlation_or({correlation_log_id(from.log), from.sequence});
}

std::string route_text(std::uint64_t route) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string text(16, '0');
    for (std::size_t i = 16; i > 0; --i, route >>= 4) {
        text[i - 1] = digits[route & 15];
    }
    return text;
}

}  // namespace millrace::engine
