#include "gateway/intake/row_json.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "engine/core/error.hpp"
#include "engine/table/row_text.hpp"

namespace millrace::gateway {

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
    row_filler(engine::row_builder& row, std::vector<bool>& is_set, row_settings* settings)
        : row_(row), is_set_(is_set), settings_(settings) {}

    [[nodiscard]] const std::string& reason() const { return reason_; }

    bool null() override { return is_for_column("null") && set_text(""); }
    bool boolean(bool value) override {
        if (is_in_object() && setting_ == "@stop_at_error") {
            settings_->stops_at_error = value;
            return true;
        }
        if (!is_for_column(value ? "true" : "false")) {
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
        return set_number(std::to_string(value));
    }
    bool number_unsigned(number_unsigned_t value) override {
        return set_number(std::to_string(value));
    }
    bool number_float(number_float_t, const string_t& digits) override {
        return set_number(digits);
    }
    bool string(string_t& value) override {
        if (!is_in_object()) {
            return false;
        }
        if (!setting_.empty()) {
            return is_place() ? add_place(value) : set_setting(value);
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
        if (is_place() && depth_ == 2) {
            places().emplace();
            return true;
        }
        return setting_.empty() ? refuse_column("an object is not a value of a column")
                                : is_for_column("an object");
    }
    bool end_object() override {
        --depth_;
        return true;
    }
    bool start_array(std::size_t) override {
        if (depth_ == 0 || !setting_.empty()) {
            return is_for_column("an array");
        }
        return refuse_column("an array is not a value of a column");
    }
    bool end_array() override { return true; }
    bool key(string_t& name) override {
        if (depth_ == 2) {
            member_ = name;
            return true;
        }
        setting_.clear();
        if (settings_ != nullptr && name.starts_with('@')) {
            setting_ = name;
            return is_setting(name) ||
                   refuse("no setting '" + name + "'; expected @level, @operation, @event, " +
                          "@table, @stop_at_error, @read, @until or @where");
        }
        try {
            column_ = row_.schema().index_of(name);
        } catch (const engine::config_error& failure) {
            return refuse(failure.what());
        }
        if (is_set_[column_]) {
            return refuse_column("it stands twice in the object");
        }
        is_set_[column_] = true;
        if (settings_ != nullptr) {
            settings_->has_row = true;
        }
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
    // False, and a reason: not in an object, or a setting that is no such value.
    bool is_for_column(const std::string& what) {
        if (is_in_object() && !setting_.empty()) {
            return refuse(setting_ + ": " + what + " is none of its values");
        }
        return depth_ > 0;
    }
    static bool is_setting(std::string_view name) {
        static constexpr std::array<std::string_view, 8> names = {
            "@level",         "@operation", "@event", "@table",
            "@stop_at_error", "@read",      "@until", "@where"};
        return std::find(names.begin(), names.end(), name) != names.end();
    }
    [[nodiscard]] bool is_place() const { return setting_ == "@read" || setting_ == "@until"; }
    std::optional<std::vector<place_text>>& places() {
        return setting_ == "@read" ? settings_->read : settings_->until;
    }
    bool add_place(const std::string& value) {
        if (depth_ == 1) {
            places().emplace();  // a word alone
            member_.clear();
        }
        places()->push_back({member_, value});
        return true;
    }
    bool set_number(const std::string& digits) {
        return is_place() && depth_ == 2 ? add_place(digits)
                                         : is_for_column("a number") && set_text(digits);
    }
    bool set_setting(const std::string& value) {
        engine::short_name event;
        if (setting_ == "@table") {
            settings_->table = value;
        } else if (setting_ == "@where") {
            settings_->where = value;
        } else if (setting_ == "@event" && event.assign(value)) {
            settings_->event = event;
        } else if (setting_ == "@level" && (value == "committed" || value == "durable")) {
            settings_->level =
                value == "durable" ? engine::ack_level::durable : engine::ack_level::committed;
        } else if (setting_ == "@operation" && value == to_string(engine::operation::insert)) {
            settings_->operation = engine::operation::insert;
        } else if (setting_ == "@operation" && value == to_string(engine::operation::modify)) {
            settings_->operation = engine::operation::modify;
        } else if (setting_ == "@operation" && value == to_string(engine::operation::remove)) {
            settings_->operation = engine::operation::remove;
        } else {
            return refuse(setting_ + ": '" + value + "' is none of its values");
        }
        return true;
    }
    bool set_text(std::string_view value) {
        const std::string reason = engine::parse_value(row_, column_, value);
        return reason.empty() || refuse_column(reason);
    }

    engine::row_builder& row_;
    std::vector<bool>& is_set_;
    row_settings* settings_;
    std::string setting_;  // the member that is read is this one, and no column
    std::string member_;   // of the object that is its value
    std::string reason_;
    std::size_t column_ = 0;
    std::size_t depth_ = 0;
};

template <class Value>
void take_one(std::optional<Value>& mine, const std::optional<Value>& later) {
    if (later.has_value()) {
        mine = later;
    }
}

}  // namespace

void row_settings::take(const row_settings& later) {
    take_one(level, later.level);
    take_one(operation, later.operation);
    take_one(event, later.event);
    take_one(table, later.table);
    take_one(stops_at_error, later.stops_at_error);
}

std::string row_json::fill(std::string_view line, engine::row_builder& row,
                           row_settings* settings) {
    row.clear();
    is_set_.assign(schema_.column_count(), false);
    row_filler filler(row, is_set_, settings);
    if (!json::sax_parse(line, &filler)) {
        return filler.reason();
    }
    if (settings != nullptr && !settings->has_row) {
        return {};
    }
    for (std::size_t i = 0; i < schema_.column_count(); ++i) {
        if (!is_set_[i]) {
            if (std::string reason = engine::missing_reason(schema_.column(i)); !reason.empty()) {
                return reason;
            }
        }
    }
    return engine::empty_key_reason(row);
}

}  // namespace millrace::gateway
