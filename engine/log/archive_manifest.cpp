#include "engine/log/archive_manifest.hpp"

#include <sstream>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "engine/core/number.hpp"

namespace millrace::engine {

namespace {

constexpr std::string_view first_line = "millrace archive 1";

// "NAME bytes N sha256 HEX" and, of a segment, "segment_bytes N segment_sha256 HEX".
bool parse_file(const std::string& line, std::string& name, archived_file& file) {
    std::istringstream words(line);
    std::string key;
    std::string value;
    bool has_bytes = false;
    bool has_hash = false;
    words >> name;
    while (words >> key >> value) {
        std::uint64_t size = 0;
        if (key == "bytes" && parse_number(value, file.bytes)) {
            has_bytes = true;
        } else if (key == "sha256" && parse(value, file.hash)) {
            has_hash = true;
        } else if (key == "segment_bytes" && parse_number(value, size)) {
            file.segment_bytes = size;
        } else if (key != "segment_sha256" || !parse(value, file.segment_hash)) {
            return false;
        }
    }
    return has_bytes && has_hash && file.segment_bytes.has_value() != file.segment_hash.is_none();
}

}  // namespace

archive_manifest archive_manifest::load(const std::filesystem::path& path) {
    const std::string text = read_whole_file(path);
    archive_manifest made;
    std::istringstream lines(text);
    std::size_t number = 0;
    const auto fail = [&](const std::string& expected) {
        throw damage_error(path.native() + ": line " + std::to_string(number) +
                           " is not as it was written, expected " + expected +
                           "; restore the manifest from a copy");
    };
    for (std::string line; std::getline(lines, line);) {
        ++number;
        std::string name;
        archived_file file;
        if (number == 1 && line != first_line) {
            fail("\"" + std::string(first_line) + "\"");
        } else if (number == 2 &&
                   (!line.starts_with("log ") || !parse(line.substr(4), made.uuid))) {
            fail("\"log UUID\"");
        } else if (number == 3 && (!line.starts_with("segment_bytes ") ||
                                   !parse_number(line.substr(14), made.segment_bytes))) {
            fail("\"segment_bytes N\"");
        } else if (number > 3 &&
                   (!parse_file(line, name, file) || !made.files.try_emplace(name, file).second)) {
            fail(
                "\"NAME bytes N sha256 HEX\", of a segment also \"segment_bytes N segment_sha256 "
                "HEX\", and each name once");
        }
    }
    if (number < 3 || !text.ends_with('\n')) {
        ++number;
        fail("a whole line: the text ends early");
    }
    return made;
}

std::string archive_manifest::text() const {
    std::string made(first_line);
    made += "\nlog " + to_string(uuid) + "\nsegment_bytes " + std::to_string(segment_bytes) + "\n";
    for (const auto& [name, file] : files) {
        made += name + " bytes " + std::to_string(file.bytes) + " sha256 " + to_string(file.hash);
        if (file.segment_bytes) {
            made += " segment_bytes " + std::to_string(*file.segment_bytes) + " segment_sha256 " +
                    to_string(file.segment_hash);
        }
        made += "\n";
    }
    return made;
}

}  // namespace millrace::engine
