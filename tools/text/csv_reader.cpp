#include "tools/text/csv_reader.hpp"

#include <algorithm>
#include <utility>

#include "engine/core/error.hpp"
#include "engine/table/row_text.hpp"

namespace millrace::tools {

namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
constexpr std::string_view record_prefix = "record.";
constexpr std::string_view operation_name = "record.operation";

}  // namespace

csv_reader::csv_reader(text_input input, const engine::row_schema& schema)
    : input_(std::move(input)), schema_(schema) {
    read_header();
}

void csv_reader::refuse(const std::string& reason) const {
    throw engine::config_error(input_.name(), row_line_, reason);
}

void csv_reader::read_header() {
    if (!read_fields()) {
        refuse("empty, expected a header line that names the columns");
    }
    if (fields_[0].starts_with(byte_order_mark)) {
        fields_[0].erase(0, byte_order_mark.size());
    }
    for (std::size_t i = 0; i < field_count_; ++i) {
        const std::string& name = fields_[i];
        if (name.starts_with(record_prefix)) {
            columns_.push_back(name == operation_name ? operation : ignored);
            continue;
        }
        std::size_t index = 0;
        try {
            index = schema_.index_of(name);
        } catch (const engine::config_error& failure) {
            refuse(failure.what());
        }
        if (std::find(columns_.begin(), columns_.end(), index) != columns_.end()) {
            refuse("column " + name + " stands twice in the header");
        }
        columns_.push_back(index);
    }
    check_missing();
}

void csv_reader::check_missing() const {
    for (std::size_t i = 0; i < schema_.column_count(); ++i) {
        if (std::find(columns_.begin(), columns_.end(), i) == columns_.end()) {
            if (const std::string reason = engine::missing_reason(schema_.column(i));
                !reason.empty()) {
                refuse(reason);
            }
        }
    }
}

bool csv_reader::next(engine::row_builder& row) {
    if (!read_fields()) {
        return false;
    }
    if (field_count_ != columns_.size()) {
        refuse(std::to_string(field_count_) + " fields, but the header names " +
               std::to_string(columns_.size()) + " columns");
    }
    row.clear();
    for (std::size_t i = 0; i < field_count_; ++i) {
        if (columns_[i] == ignored) {
            continue;
        }
        if (columns_[i] == operation) {
            set_operation(row, fields_[i]);
            continue;
        }
        if (const std::string reason = engine::parse_value(row, columns_[i], fields_[i]);
            !reason.empty()) {
            refuse("column " + schema_.column(columns_[i]).name + ": " + reason);
        }
    }
    if (const std::string reason = engine::empty_key_reason(row); !reason.empty()) {
        refuse(reason);
    }
    return true;
}

void csv_reader::set_operation(engine::row_builder& row, std::string_view name) const {
    engine::row_envelope envelope;
    if (!parse(name, envelope.operation)) {
        refuse(std::string(operation_name) + ": '" + std::string(name.substr(0, 40)) +
               "' is no operation, expected insert, modify or delete");
    }
    row.set_envelope(envelope);
}

bool csv_reader::read_fields() {
    while (input_.peek() != text_input::end) {
        row_line_ = input_.line();
        field_count_ = 0;
        row_size_ = 0;
        has_quotes_ = false;
        do {
            if (field_count_ == fields_.size()) {
                fields_.emplace_back();
            }
            read_field(fields_[field_count_++]);
        } while (skip_comma());
        const bool is_blank = field_count_ == 1 && fields_[0].empty() && !has_quotes_;
        if (!is_blank) {
            return true;
        }
    }
    return false;
}

// Takes the comma or the line's end that must stand behind a field.
bool csv_reader::skip_comma() {
    if (skip_line_end()) {
        return false;
    }
    if (input_.get() != ',') {
        refuse("field " + std::to_string(field_count_) +
               ": bytes behind the closing quote, expected a comma or the line's end");
    }
    return true;
}

bool csv_reader::skip_line_end() {
    if (input_.peek() == text_input::end) {
        return true;
    }
    if (input_.peek() == '\n') {
        input_.get();
        return true;
    }
    return false;
}

void csv_reader::take(std::string& field) {
    if (++row_size_ > row_size_max) {
        refuse("the row is longer than " + std::to_string(row_size_max) +
               " bytes; is a quote never closed?");
    }
    field += static_cast<char>(input_.get());
}

void csv_reader::read_field(std::string& field) {
    field.clear();
    if (input_.peek() == '"') {
        read_quoted(field);
    } else {
        read_plain(field);
    }
}

void csv_reader::read_quoted(std::string& field) {
    const long first_line = input_.line();
    has_quotes_ = true;
    input_.get();
    while (true) {
        if (input_.peek() == text_input::end) {
            refuse("field " + std::to_string(field_count_) + ": the quote opened in line " +
                   std::to_string(first_line) + " is never closed");
        }
        if (input_.peek() == '"') {
            input_.get();
            if (input_.peek() != '"') {
                break;
            }
        }
        take(field);
    }
    if (input_.peek() == '\r') {
        input_.get();
        if (input_.peek() != '\n' && input_.peek() != text_input::end) {
            refuse("field " + std::to_string(field_count_) +
                   ": bytes behind the closing quote, expected a comma or the line's end");
        }
    }
}

void csv_reader::read_plain(std::string& field) {
    while (true) {
        const int byte = input_.peek();
        if (byte == text_input::end || byte == ',' || byte == '\n') {
            break;
        }
        if (byte == '"') {
            refuse("field " + std::to_string(field_count_) +
                   ": a quote inside a field that does not begin with one");
        }
        take(field);
    }
    if (input_.peek() != ',' && field.ends_with('\r')) {
        field.pop_back();
    }
}

}  // namespace millrace::tools
