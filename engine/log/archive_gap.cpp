#include "engine/log/archive_gap.hpp"

#include <charconv>
#include <system_error>

#include "engine/core/error.hpp"
#include "engine/log/archive_manifest.hpp"
#include "engine/log/archive_source.hpp"
#include "engine/log/retained.hpp"

namespace millrace::engine {

namespace fs = std::filesystem;

namespace {

constexpr const char* mount_it = "; mount it, or correct the file if it has moved";

// Why nothing can be said of the archive; empty: its manifest is at hand.
std::string try_load(const fs::path& archive, const log_uuid& uuid, archive_manifest& manifest) {
    std::error_code code;
    const fs::file_status status = fs::status(archive, code);
    if (status.type() == fs::file_type::not_found) {
        return ", which is not there";
    }
    if (code) {
        return ", which cannot be looked at: " + code.message();
    }
    const fs::path path = archive / archive_manifest_name;
    if (fs::status(path, code).type() == fs::file_type::not_found) {
        return ", where no archive is (no " + std::string(archive_manifest_name) + ")";
    }
    try {
        manifest = archive_manifest::load(path);
    } catch (const error& failure) {
        return ", which cannot be read: " + std::string(failure.what());
    }
    return manifest.uuid == uuid ? "" : ", which is the archive of log " + to_string(manifest.uuid);
}

// The newest of the segments before `oldest` that the archive should have.
std::optional<std::uint64_t> newest_named(const archive_manifest& manifest, std::uint64_t oldest) {
    std::optional<std::uint64_t> newest;
    for (const auto& [name, file] : manifest.files) {
        std::uint64_t index = 0;
        std::from_chars(name.data(), name.data() + name.size(), index);
        if (index < oldest && name == archived_file_name(index)) {
            newest = index;  // names are in order
        }
    }
    return newest;
}

bool is_removed_on_purpose(const fs::path& directory, const log_uuid& uuid, std::uint64_t before) {
    try {
        const std::optional<retained_from> kept = read_retained(directory);
        return kept && kept->uuid == uuid && kept->first_segment >= before;
    } catch (const damage_error&) {
        return false;
    }
}

}  // namespace

// The manifest says what the archive has, and retained.from, which takes what was archived for
// removed too, says of the rest whether it was to go.
std::optional<archive_gap> find_archive_gap(const fs::path& directory, const log_uuid& uuid,
                                            std::uint64_t oldest) {
    const std::optional<fs::path> archive =
        oldest == 0 ? std::nullopt : read_archive_link(directory);
    if (!archive) {
        return std::nullopt;
    }
    const std::string where = (directory / archive_link_name).native() +
                              ": older segments of the log are in " + archive->native();
    archive_manifest manifest;
    if (const std::string fault = try_load(*archive, uuid, manifest); !fault.empty()) {
        return archive_gap{where + fault + mount_it};
    }
    const std::optional<std::uint64_t> newest = newest_named(manifest, oldest);
    if (!newest) {
        return std::nullopt;
    }
    if (*newest + 1 == oldest) {
        return archive_gap{where + ", and its manifest names " + archived_file_name(*newest) +
                           ", which is not there; restore it from a copy"};
    }
    if (is_removed_on_purpose(directory, uuid, oldest)) {
        return std::nullopt;
    }
    return archive_gap{
        where + ", up to " + segment_file_name(*newest) + ", and those between it and " +
            segment_file_name(oldest) +
            " are missing, and were not removed on purpose; restore them from a copy, or accept "
            "that by `millrace log retain DIR --accept-missing`",
        false};
}

}  // namespace millrace::engine
