#include "engine/stream/archive_log.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <sstream>
#include <string>

#include "engine/core/error.hpp"
#include "engine/log/archive_source.hpp"
#include "engine/log/index.hpp"
#include "engine/log/seal_file.hpp"
#include "engine/log/segment.hpp"
#include "engine/log/sha256.hpp"
#include "engine/stream/retention.hpp"

namespace millrace::engine {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view manifest_head = "millrace archive 1";

digest hash_file(const fs::path& path) {
    const std::string text = read_whole_file(path);
    return sha256_of(std::as_bytes(std::span(text.data(), text.size())));
}

// The manifest: a line for each file, by name; kept sorted.
class manifest {
public:
    manifest(fs::path path, const log_uuid& uuid, std::uint64_t segment_bytes)
        : path_(std::move(path)),
          head_(std::string(manifest_head) + "\nlog " + to_string(uuid) + "\nsegment_bytes " +
                std::to_string(segment_bytes) + "\n") {
        if (!fs::exists(path_)) {
            return;
        }
        const std::string text = read_whole_file(path_);
        if (!text.starts_with(head_)) {
            throw config_error(path_.native() +
                               ": the archive is another log's; give this one a directory of its "
                               "own");
        }
        std::istringstream lines(text.substr(head_.size()));
        for (std::string line; std::getline(lines, line);) {
            files_[line.substr(0, line.find(' '))] = line;
        }
    }

    void put(const std::string& name, const std::string& facts) {
        files_[name] = name + " " + facts;
    }
    [[nodiscard]] std::string facts(const std::string& name) const {
        const auto at = files_.find(name);
        return at == files_.end() ? std::string() : at->second.substr(name.size() + 1);
    }
    void write() const {
        std::string text = head_;
        for (const auto& [name, line] : files_) {
            text += line + "\n";
        }
        write_file_atomically(path_, text);
        sync_directory(path_.parent_path());
    }

private:
    fs::path path_;
    std::string head_;
    std::map<std::string, std::string> files_;
};

// Compared with the original, not with what it was made from in memory.
void check_copy(const fs::path& original, std::span<const std::byte> bytes, const fs::path& copy) {
    const mapping read = detail::load_archived(copy);
    if (read.size() != bytes.size() || std::memcmp(read.data(), bytes.data(), bytes.size()) != 0) {
        throw damage_error(copy.native() + ": decompressed it is not " + original.native() +
                           "; the original was kept");
    }
}

void copy_sidecar(const fs::path& directory, const fs::path& archive, const std::string& name,
                  manifest& files) {
    const fs::path from = directory / name;
    if (!fs::exists(from)) {
        return;
    }
    const std::string text = read_whole_file(from);
    write_file_atomically(archive / name, text);
    files.put(name, "bytes " + std::to_string(text.size()) + " sha256 " +
                        to_string(hash_file(archive / name)));
}

// Makes the copy, or proves the one that is there.
void archive_one(const fs::path& directory, const fs::path& archive, std::uint64_t index,
                 const archive_options& options, manifest& files, archive_report& report) {
    const fs::path original = directory / segment_file_name(index);
    const segment where = segment::open(directory, index, access::read_only);
    const std::span<const std::byte> bytes(where.data(), where.info().segment_bytes);
    const std::string name = archived_file_name(index);
    const fs::path copy = archive / name;
    if (fs::exists(copy) && !files.facts(name).empty()) {
        check_copy(original, bytes, copy);
        ++report.known_count;
    } else {
        const fs::path made = copy.native() + ".tmp";
        const std::size_t packed = detail::compress_segment(bytes, made, options.level);
        check_copy(original, bytes, made);
        rename_file(made, copy);
        files.put(name, "bytes " + std::to_string(packed) + " sha256 " +
                            to_string(hash_file(copy)) + " segment_bytes " +
                            std::to_string(bytes.size()) + " segment_sha256 " +
                            to_string(sha256_of(bytes)));
        ++report.new_count;
        report.plain_bytes += bytes.size();
        report.packed_bytes += packed;
    }
    copy_sidecar(directory, archive, index_file_name(index), files);
    copy_sidecar(directory, archive, seal_file_name(index), files);
}

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
    const file_lock lock(archive / "archive.lock", "archiving " + directory.native());
    manifest files(archive / archive_manifest_name, info.uuid, info.segment_bytes);
    archive_report report;
    retention_plan gone;
    for (const std::uint64_t index : indexes) {
        if (index >= below) {
            break;
        }
        archive_one(directory, archive, index, options, files, report);
        gone.doomed.push_back(index);
        gone.first_kept = index + 1;
    }
    files.write();
    if (options.is_deleted && !gone.doomed.empty()) {
        write_file_atomically(directory / archive_link_name,
                              fs::absolute(archive).lexically_normal().native() + "\n");
        sync_directory(directory);
        apply_retention(directory, gone);
        report.deleted_count = gone.doomed.size();
    }
    return report;
}

}  // namespace millrace::engine
