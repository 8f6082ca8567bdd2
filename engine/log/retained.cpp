#include "engine/log/retained.hpp"

#include <charconv>
#include <string>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"

namespace millrace::engine {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view first_line = "millrace retained 1\n";
constexpr std::string_view log_key = "log ";
constexpr std::string_view segment_key = "first_segment ";
constexpr std::size_t uuid_digits = 36;

std::string text_of(const retained_from& kept) {
    std::string text(first_line);
    text += std::string(log_key) + to_string(kept.uuid) + "\n";
    text += std::string(segment_key) + std::to_string(kept.first_segment) + "\n";
    return text;
}

// Whatever text_of() would not have written is damage.
std::optional<retained_from> parse_retained(const std::string& text) {
    retained_from kept;
    const std::size_t uuid_at = first_line.size() + log_key.size();
    const std::size_t number_at = uuid_at + uuid_digits + 1 + segment_key.size();
    if (text.size() <= number_at || !parse(text.substr(uuid_at, uuid_digits), kept.uuid)) {
        return std::nullopt;
    }
    std::from_chars(text.data() + number_at, text.data() + text.size(), kept.first_segment);
    return text == text_of(kept) ? std::optional(kept) : std::nullopt;
}

}  // namespace

std::optional<retained_from> read_retained(const fs::path& directory) {
    const fs::path path = directory / retained_name;
    if (!fs::exists(path)) {
        return std::nullopt;
    }
    const std::optional<retained_from> kept = parse_retained(read_whole_file(path));
    if (!kept) {
        throw damage_error(path.native() +
                           ": is not as it was written, so nothing says which segments were "
                           "removed on purpose; restore it from a copy, or accept what is not "
                           "here by `millrace log retain DIR --accept-missing`");
    }
    return kept;
}

void write_retained(const fs::path& directory, const retained_from& kept) {
    const std::optional<retained_from> before = read_retained(directory);
    if (!before || before->uuid != kept.uuid || before->first_segment < kept.first_segment) {
        replace_retained(directory, kept);
    }
}

void replace_retained(const fs::path& directory, const retained_from& kept) {
    write_file_atomically(directory / retained_name, text_of(kept));
}

}  // namespace millrace::engine
