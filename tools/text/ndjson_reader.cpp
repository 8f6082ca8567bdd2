#include "tools/text/ndjson_reader.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "engine/core/error.hpp"
#include "engine/table/row_text.hpp"
#include "tools/text/column_names.hpp"

namespace millrace::tools {

namespace {

using json = nlohmann::json;

// One byte per character; false if there is a character beyond U+00FF. The text is valid UTF-8.
bool narrow(const std::string& text, std::string& bytes) {
    bytes.clear();
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto lead = static_cast<unsigned char>(text[i]);
        if (lead < 0x80) {
            bytes += text[i];
        } else if (lead <= 0xc3) {
            const auto tail = static_cast<unsigned char>(text[++i]);
            bytes += static_cast<char>(((lead & 0x03) << 6) | (tail & 0x3f));
        } else {
            return false;
        }
    }
    return true;
}

// Fills a row from the parser's events. A handler answers false to stop; reason() says why.
class row_filler final : public json::json_sax_t {
public:
    row_filler(engine::row_builder& row, std::vector<bool>& is_set) : row_(row), is_set_(is_set) {}

    [[nodiscard]] const std::string& reason() const { return reason_; }

    bool null() override { return is_in_object() && set_text(""); }
    bool boolean(bool value) override {
        if (!is_in_object()) {
            return false;
        }
        if (row_.schema().column(column_).type != engine::column_type::boolean) {
            return refuse_column(
                std::string(value ? "true" : "false") + " is not " +
                std::string(engine::column_type_phrase(row_.schema().column(column_).type)));
        }
        return set_text(value ? "true" : "false");
    }
    bool number_integer(number_integer_t value) override {
        return is_in_object() && set_text(std::to_string(value));
    }
    bool number_unsigned(number_unsigned_t value) override {
        return is_in_object() && set_text(std::to_string(value));
    }
    bool number_float(number_float_t, const string_t& digits) override {
        return is_in_object() && set_text(digits);
    }
    bool string(string_t& value) override {
        if (!is_in_object()) {
            return false;
        }
        if (row_.schema().column(column_).type != engine::column_type::bytes) {
            return set_text(value);
        }
        std::string bytes;
        return narrow(value, bytes) ? set_text(bytes)
                                    : refuse_column("a character beyond U+00FF is not a byte");
    }
    bool binary(binary_t&) override { return refuse("binary values are not JSON"); }
    bool start_object(std::size_t) override {
        if (depth_++ == 0) {
            return true;
        }
        return refuse_column("an object is not a value of a column");
    }
    bool end_object() override {
        --depth_;
        return true;
    }
    bool start_array(std::size_t) override {
        return depth_ == 0 ? is_in_object() : refuse_column("an array is not a value of a column");
    }
    bool end_array() override { return true; }
    bool key(string_t& name) override {
        try {
            column_ = row_.schema().index_of(name);
        } catch (const engine::config_error& failure) {
            return refuse(failure.what());
        }
        if (is_set_[column_]) {
            return refuse_column("it stands twice in the object");
        }
        is_set_[column_] = true;
        return true;
    }
    bool parse_error(std::size_t position, const std::string&,
                     const nlohmann::detail::exception& failure) override {
        // The library's sentence ends with what it expected, behind its own place and number.
        const std::string_view what = failure.what();
        const std::size_t detail = what.find(": ");
        return refuse(
            "not JSON at character " + std::to_string(position) + ": " +
            std::string(detail == std::string_view::npos ? what : what.substr(detail + 2)));
    }

private:
    bool refuse(std::string reason) {
        reason_ = std::move(reason);
        return false;
    }
    bool refuse_column(const std::string& reason) {
        return refuse("column " + row_.schema().column(column_).name + ": " + reason);
    }
    bool is_in_object() {
        return depth_ > 0 || refuse("expected an object, as in {\"COLUMN\": value}");
    }
    bool set_text(std::string_view value) {
        const std::string reason = engine::parse_value(row_, column_, value);
        return reason.empty() || refuse_column(reason);
    }

    engine::row_builder& row_;
    std::vector<bool>& is_set_;
    std::string reason_;
    std::size_t column_ = 0;
    std::size_t depth_ = 0;
};

}  // namespace

ndjson_reader::ndjson_reader(text_input input, const engine::row_schema& schema)
    : input_(std::move(input)), schema_(schema) {}

void ndjson_reader::refuse(const std::string& reason) const {
    throw engine::config_error(input_.name(), row_line_, reason);
}

bool ndjson_reader::read_line() {
    while (input_.peek() != text_input::end) {
        row_line_ = input_.line();
        text_.clear();
        for (int byte = input_.get(); byte != text_input::end && byte != '\n';
             byte = input_.get()) {
            if (text_.size() == row_size_max) {
                refuse("the line is longer than " + std::to_string(row_size_max) + " bytes");
            }
            text_ += static_cast<char>(byte);
        }
        if (text_.find_first_not_of(" \t\r") != std::string::npos) {
            return true;
        }
    }
    return false;
}

bool ndjson_reader::next(engine::row_builder& row) {
    if (!read_line()) {
        return false;
    }
    row.clear();
    is_set_.assign(schema_.column_count(), false);
    row_filler filler(row, is_set_);
    if (!json::sax_parse(text_, &filler)) {
        refuse(filler.reason());
    }
    for (std::size_t i = 0; i < schema_.column_count(); ++i) {
        if (!is_set_[i]) {
            if (const std::string reason = detail::missing_reason(schema_.column(i));
                !reason.empty()) {
                refuse(reason);
            }
        }
    }
    if (const std::string reason = detail::empty_key_reason(row); !reason.empty()) {
        refuse(reason);
    }
    return true;
}

}  // namespace millrace::tools
