// Where a reading begins and ends: one spelling for every command that reads a log.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/log/log_reader.hpp"

namespace CLI {
class App;
}

namespace millrace::tools {

// --offset | --sequence | --time begin it, --until-offset | --until-sequence | --until-time end it
// (inclusive).
class read_range {
public:
    void add_options(CLI::App& verb);
    // Those that begin it; from() then throws CLI::ValidationError for a value that is none.
    void add_begin_options(CLI::App& verb);
    [[nodiscard]] bool has_begin() const {
        return !offset_.empty() || !sequence_.empty() || !time_.empty();
    }
    // Throws config_error for a time that is none.
    [[nodiscard]] engine::read_from from(const engine::read_from& otherwise) const;
    [[nodiscard]] bool is_past_end(const engine::record_view& record) const {
        return until_.is_past(record);
    }
    // Whether nothing that is still to come lies within: of a log that is followed.
    [[nodiscard]] bool is_over(const engine::log_reader& reader) const;
    // What was given, by the options' names, "sequence" to "until_time"; times in one spelling.
    struct bound {
        std::string name;
        std::string value;
        bool is_time = false;
    };
    [[nodiscard]] std::vector<bound> bounds() const;
    // Throws engine::error unless the log has the records that the range names: a range that names
    // none would print nothing, or too much, and say nothing. A time names no record.
    void check_places(const std::filesystem::path& directory) const;

private:
    [[nodiscard]] engine::read_until read_until_options() const;
    void find_places(const std::filesystem::path& directory) const;

    std::string offset_, sequence_, time_;
    std::string until_offset_, until_sequence_, until_time_;
    engine::read_until until_;  // what these three say, once the command line is parsed
};

}  // namespace millrace::tools
