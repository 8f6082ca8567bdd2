#include "tools/text/row_printer.hpp"

#include <array>

#include "engine/core/error.hpp"
#include "engine/table/nearest.hpp"
#include "engine/table/row_text.hpp"
#include "tools/text/escape.hpp"

namespace millrace::tools {

namespace {

using engine::column_type;
using engine::record_view;
using engine::row_envelope;
using engine::row_view;

void append_padded(std::string& out, std::string_view text, std::size_t width) {
    out.append(text.size() < width ? width - text.size() : 0, ' ');
    out += text;
}

// Quoted only where a reader could not tell where the value ends.
void append_text_value(std::string& out, std::string_view value) {
    if (value.find_first_of(" \"=#") == std::string_view::npos) {
        append_printable(out, value);
        return;
    }
    std::string printable;
    append_printable(printable, value);
    out += '"';
    for (const char c : printable) {
        if (c == '"') {
            out += '\\';
        }
        out += c;
    }
    out += '"';
}

void append_text_marks(std::string& out, const row_envelope& envelope,
                       const engine::correlation& chain) {
    const auto append_name = [&out](std::string_view label, std::string_view name) {
        if (!name.empty()) {
            out += label;
            append_text_value(out, name);
        }
    };
    append_name(" event=", envelope.event.view());
    append_name(" user=", envelope.user.view());
    out += " correlation=" + to_string(chain);
    if (envelope.has_origin()) {
        out += " origin=" + engine::route_text(envelope.origin.route) + ":" +
               to_string(envelope.origin.log) + ":" + std::to_string(envelope.origin.sequence);
    }
    out += envelope.is_redelivered() ? " redelivered" : "";
    out += envelope.is_retried() ? " retried" : "";
}

}  // namespace

row_format parse_row_format(std::string_view name) {
    static constexpr std::array<std::string_view, 3> names = {"text", "json", "csv"};
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i] == name) {
            return static_cast<row_format>(i);
        }
    }
    throw engine::config_error("unknown format '" + std::string(name) + "'" +
                               engine::did_you_mean(name, names) + ", expected text, json or csv");
}

void row_printer::append_header(std::string& out) const {
    if (format_ != row_format::csv) {
        return;
    }
    out +=
        "record.sequence,record.position,record.timestamp,record.operation,record.event,"
        "record.user,record.correlation,record.origin";
    for (const engine::schema_column& column : schema_.columns()) {
        out += ",";
        out += column.name;
    }
    out += "\n";
}

void row_printer::append_row(std::string& out, const record_view& record,
                             const row_view& row) const {
    switch (format_) {
        case row_format::text:
            append_text_row(out, record, row);
            break;
        case row_format::json:
            engine::append_row_object(out, {record.seq, record.at, record.time}, row,
                                      own_of(record), inner_);
            break;
        case row_format::csv:
            append_csv_row(out, record, row);
            break;
    }
}

// A row within the bytes column, as people or programs read one.
bool row_printer::append_inner(std::string& out, const row_view& row, std::size_t index) const {
    const engine::row_schema* schema = engine::inner_schema(row, index, inner_);
    if (schema == nullptr) {
        return false;
    }
    const row_view inner(*schema, row.trailing());
    const engine::correlation own = engine::inner_correlation(row);
    out += '{';
    if (format_ == row_format::text) {
        row_printer(format_, *schema, row.envelope().origin.log)
            .append_text_values(out, inner, own);
    } else {
        engine::append_row_members(out, inner, own);
    }
    out += '}';
    return true;
}

// SEQUENCE TIME OPERATION COLUMN=value ... # event=... user=... ; empty columns are left out.
void row_printer::append_text_row(std::string& out, const record_view& record,
                                  const row_view& row) const {
    append_padded(out, std::to_string(record.seq.value), 10);
    out += " " + to_string(record.time) + " ";
    append_text_values(out, row, own_of(record));
    out += '\n';
}

void row_printer::append_text_values(std::string& out, const row_view& row,
                                     const engine::correlation& own) const {
    out += to_string(row.operation());
    std::string value;
    for (std::size_t i = 0; i < schema_.column_count(); ++i) {
        if (row.is_empty(i)) {
            continue;
        }
        out += " " + schema_.column(i).name + "=";
        if (append_inner(out, row, i)) {
            continue;
        }
        value.clear();
        engine::append_value_text(row, i, value);
        if (schema_.column(i).type == column_type::bytes) {
            append_printable_wire(out, value);
        } else {
            append_text_value(out, value);
        }
    }
    out += " #";
    append_text_marks(out, row.envelope(), row.correlation_or(own));
}

void row_printer::append_csv_row(std::string& out, const record_view& record,
                                 const row_view& row) const {
    const row_envelope envelope = row.envelope();
    out += std::to_string(record.seq.value) + "," + std::to_string(record.at.value) + "," +
           to_string(record.time) + ",";
    out += to_string(envelope.operation);
    out += ',';
    append_csv_field(out, envelope.event.view());
    out += ',';
    append_csv_field(out, envelope.user.view());
    out += "," + to_string(correlation_of(record, row)) + ",";
    if (envelope.has_origin()) {
        out += engine::route_text(envelope.origin.route) + ":" + to_string(envelope.origin.log) +
               ":" + std::to_string(envelope.origin.sequence);
    }
    std::string value;
    for (std::size_t i = 0; i < schema_.column_count(); ++i) {
        value.clear();
        if (!append_inner(value, row, i)) {
            engine::append_value_text(row, i, value);
        }
        out += ',';
        append_csv_field(out, value);
    }
    out += "\n";
}

}  // namespace millrace::tools
