#include "engine/stream/archive_log.hpp"

#include <algorithm>
#include <cstring>
#include <string>

#include "engine/core/error.hpp"
#include "engine/log/archive_source.hpp"
#include "engine/log/crash_point.hpp"
#include "engine/log/index.hpp"
#include "engine/log/seal_file.hpp"
#include "engine/log/segment.hpp"
#include "engine/log/sha256.hpp"
#include "engine/stream/retention.hpp"

namespace millrace::engine {

namespace fs = std::filesystem;

namespace {

// Of this log, begun or gone on with.
archive_manifest open_manifest(const fs::path& archive, const segment_info& info) {
    const fs::path path = archive / archive_manifest_name;
    if (!fs::exists(path)) {
        return {info.uuid, info.segment_bytes, {}};
    }
    archive_manifest manifest = archive_manifest::load(path);
    if (manifest.uuid != info.uuid || manifest.segment_bytes != info.segment_bytes) {
        throw config_error(path.native() +
                           ": the archive is another log's; give this one a directory of its own");
    }
    return manifest;
}

void write_manifest(const fs::path& archive, const archive_manifest& manifest) {
    write_file_atomically(archive / archive_manifest_name, manifest.text());
    sync_directory(archive);
}

// Compared with the original, not with what it was made from in memory.
void check_copy(const fs::path& original, std::span<const std::byte> bytes, const fs::path& copy) {
    const mapping read = detail::load_archived(copy);
    if (read.size() != bytes.size() || std::memcmp(read.data(), bytes.data(), bytes.size()) != 0) {
        throw damage_error(copy.native() + ": decompressed it is not " + original.native() +
                           "; the original was kept");
    }
}

void copy_sidecar(const fs::path& directory, const fs::path& archive, const std::string& name,
                  archive_manifest& manifest) {
    const fs::path from = directory / name;
    if (!fs::exists(from)) {
        return;
    }
    const std::string text = read_whole_file(from);
    write_file_atomically(archive / name, text);
    manifest.files[name] = {text.size(), hash_file(archive / name).hash};
}

// Makes the copy, or proves the one that is there.
void archive_one(const fs::path& directory, const fs::path& archive, std::uint64_t index,
                 const archive_options& options, archive_manifest& manifest,
                 archive_report& report) {
    const fs::path original = directory / segment_file_name(index);
    const segment where = segment::open(directory, index, access::read_only);
    const std::span<const std::byte> bytes(where.data(), where.info().segment_bytes);
    const std::string name = archived_file_name(index);
    const fs::path copy = archive / name;
    if (fs::exists(copy) && manifest.files.contains(name)) {
        // A bit of a frame that its decoder passes over is no difference of the content, but it is
        // damage to whoever verifies the archive.
        if (hash_file(copy).hash != manifest.files[name].hash) {
            throw damage_error(copy.native() +
                               ": is not the file that the archive's manifest "
                               "names; the original was kept");
        }
        check_copy(original, bytes, copy);
        ++report.known_count;
    } else {
        const fs::path made = copy.native() + ".tmp";
        const std::size_t packed = detail::compress_segment(bytes, made, options.level);
        check_copy(original, bytes, made);
        MILLRACE_CRASH_POINT("archive.packed");
        rename_file(made, copy);
        MILLRACE_CRASH_POINT("archive.named");
        manifest.files[name] = {packed, hash_file(copy).hash, bytes.size(), sha256_of(bytes)};
        ++report.new_count;
        report.plain_bytes += bytes.size();
        report.packed_bytes += packed;
    }
    copy_sidecar(directory, archive, index_file_name(index), manifest);
    copy_sidecar(directory, archive, seal_file_name(index), manifest);
    MILLRACE_CRASH_POINT("archive.copied");
}

// The seals of a log, from the oldest segment to the newest.
class seal_chain {
public:
    seal_chain(const fs::path& directory, std::uint64_t first)
        : directory_(directory), is_begun_(archived_seal_head(directory, first) != digest{}) {}

    // Whether nothing is left to be sealed in the next segment. All are before the first seal.
    [[nodiscard]] bool is_complete_in(std::uint64_t index) {
        const seal_contents contents = read_seals(directory_, read_segment_info(directory_, index));
        is_begun_ = is_begun_ || contents.has_header;
        return !is_begun_ || contents.is_finished();
    }

private:
    const fs::path& directory_;
    bool is_begun_;
};

void check_link(const fs::path& directory, const fs::path& archive) {
    const auto link = read_archive_link(directory);
    if (link && fs::weakly_canonical(*link) != fs::weakly_canonical(archive)) {
        throw config_error(directory.native() + ": its older segments are in the archive " +
                           link->native() + "; go on with that one, or move it and correct " +
                           (directory / archive_link_name).native());
    }
}

}  // namespace

archive_report archive_log(const fs::path& directory, const fs::path& archive,
                           const archive_options& options) {
    const std::uint64_t below = removable_below(directory);
    const std::vector<std::uint64_t> indexes = list_segments(directory);
    if (fs::weakly_canonical(directory) == fs::weakly_canonical(archive)) {
        throw config_error(archive.native() + ": an archive needs a directory of its own");
    }
    check_link(directory, archive);
    const segment_info info = read_segment_info(directory, indexes.back());
    ensure_directory(archive);
    const file_lock lock(archive / archive_lock_name, "archiving " + directory.native());
    archive_manifest manifest = open_manifest(archive, info);
    archive_report report;
    retention_plan gone;
    seal_chain seals(directory, indexes.front());
    for (const std::uint64_t index : indexes) {
        if (index >= below) {
            break;
        }
        if (options.is_deleted && !seals.is_complete_in(index)) {
            report.unsealed = index;
            break;
        }
        archive_one(directory, archive, index, options, manifest, report);
        gone.doomed.push_back(index);
        gone.first_kept = index + 1;
    }
    write_manifest(archive, manifest);
    MILLRACE_CRASH_POINT("archive.listed");
    if (options.is_deleted && !gone.doomed.empty()) {
        write_file_atomically(directory / archive_link_name,
                              fs::absolute(archive).lexically_normal().native() + "\n");
        sync_directory(directory);
        MILLRACE_CRASH_POINT("archive.linked");
        apply_retention(directory, gone);
        report.deleted_count = gone.doomed.size();
    }
    return report;
}

}  // namespace millrace::engine
