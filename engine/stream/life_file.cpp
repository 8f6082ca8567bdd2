#include "engine/stream/life_file.hpp"

#include <cerrno>
#include <string_view>
#include <utility>

#include "engine/core/assert.hpp"
#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "engine/core/number.hpp"
#include "engine/log/segment_header.hpp"

namespace millrace::engine {

namespace {

constexpr std::string_view title = "millrace life 1";

// Takes the next line's text behind `name` and its space from the front of `rest`.
bool take_line(std::string_view& rest, std::string_view name, std::string_view& value) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) {
        return false;
    }
    const std::string_view line = rest.substr(0, end);
    if (!line.starts_with(name) || line.substr(name.size(), 1) != " ") {
        return false;
    }
    value = line.substr(name.size() + 1);
    rest.remove_prefix(end + 1);
    return true;
}

bool parse_note(std::string_view text, life_note& note) {
    std::string_view log;
    std::string_view epoch;
    std::string_view boot;
    std::string_view state;
    if (!text.starts_with(title) || text.substr(title.size(), 1) != "\n") {
        return false;
    }
    text.remove_prefix(title.size() + 1);
    if (!take_line(text, "log", log) || !take_line(text, "epoch", epoch) ||
        !take_line(text, "boot", boot) || !take_line(text, "state", state) || !text.empty()) {
        return false;
    }
    const bool is_number = parse_number(epoch, note.epoch);
    note.boot = boot;
    note.is_closed = state == "closed";
    return parse(log, note.log) && is_number && (note.is_closed || state == "open");
}

std::string to_text(const life_note& note) {
    return std::string(title) + "\nlog " + to_string(note.log) + "\nepoch " +
           std::to_string(note.epoch) + "\nboot " + note.boot + "\nstate " +
           (note.is_closed ? "closed" : "open") + "\n";
}

}  // namespace

std::string current_boot() {
    return detail::read_boot_id_text();
}

std::optional<life_note> read_life(const std::filesystem::path& path) {
    std::string text;
    try {
        text = read_whole_file(path);
    } catch (const io_error& failure) {
        if (failure.error_number() == ENOENT) {
            return std::nullopt;
        }
        throw;
    }
    life_note note;
    if (!parse_note(text, note)) {
        throw damage_error(path.native() +
                           ": does not say how the last run ended; restore it, or, if the host has "
                           "not lost power since that run, remove it");
    }
    return note;
}

life_file::life_file(std::filesystem::path path)
    : path_(std::move(path)), boot_(current_boot()), previous_(read_life(path_)) {}

bool life_file::is_of_other_boot() const noexcept {
    return previous_.has_value() && previous_->boot != boot_;
}

life_end life_file::previous_end() const noexcept {
    if (!previous_) {
        return life_end::none;
    }
    if (previous_->is_closed) {
        return life_end::closed;
    }
    return is_of_other_boot() ? life_end::lost_power : life_end::killed;
}

void life_file::begin(const log_uuid& log, std::uint64_t epoch) {
    current_ = life_note{log, epoch, boot_, false};
    if (path_.has_parent_path()) {
        ensure_directory(path_.parent_path());
    }
    write();
}

void life_file::close() {
    MILLRACE_ASSERT(current_.has_value(), "a life ends after it began");
    if (!current_->is_closed) {
        current_->is_closed = true;
        write();
    }
}

void life_file::write() const {
    write_file_atomically(path_, to_text(*current_));
}

}  // namespace millrace::engine
