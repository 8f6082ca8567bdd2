#include <algorithm>

#include "engine/core/error.hpp"
#include "engine/log/archive_manifest.hpp"
#include "engine/log/archive_source.hpp"
#include "engine/log/index.hpp"
#include "engine/log/log_image.hpp"
#include "engine/log/seal_file.hpp"
#include "engine/log/segment.hpp"
#include "engine/log/verify.hpp"

namespace millrace::engine::detail {

namespace fs = std::filesystem;

namespace {

// One archive, held against its manifest.
class archive_check {
public:
    archive_check(const log_image& image, fs::path archive, verify_report& report)
        : image_(image),
          archive_(std::move(archive)),
          path_(archive_ / archive_manifest_name),
          report_(report) {}

    void run() {
        std::error_code code;
        if (!fs::exists(path_, code)) {
            const fs::path link = image_.directory / archive_link_name;
            add(finding_kind::missing_manifest, path_,
                archive_ == image_.directory
                    ? "nothing says what was archived here; restore it from a copy"
                    : "nothing says what was archived here; mount the archive that " +
                          link.native() + " names, or restore the file from a copy");
            return;
        }
        try {
            manifest_ = archive_manifest::load(path_);
        } catch (const damage_error& failure) {
            add(finding_kind::bad_manifest, path_,
                std::string(failure.what()).substr(path_.native().size() + 2));
            return;
        }
        if (manifest_.uuid != image_.uuid || manifest_.segment_bytes != image_.segment_bytes) {
            add(finding_kind::bad_manifest, path_,
                "it is of log " + to_string(manifest_.uuid) + " with segments of " +
                    std::to_string(manifest_.segment_bytes) + " bytes, the segments are of log " +
                    to_string(image_.uuid) + " with " + std::to_string(image_.segment_bytes));
            return;
        }
        for (const auto& [name, file] : manifest_.files) {
            check_file(name, file);
        }
        look_for_unlisted();
    }

private:
    void add(finding_kind kind, const fs::path& path, std::string detail, std::uint64_t index = 0) {
        report_.findings.push_back(
            {kind, path.native(), {index * image_.segment_bytes}, {}, std::move(detail)});
    }

    // Of a name that begins with twelve digits; others get the archive's beginning.
    static std::uint64_t index_in(const std::string& name) {
        constexpr std::size_t digits = 12;
        const bool is_number =
            name.size() > digits && std::all_of(name.begin(), name.begin() + digits,
                                                [](char one) { return one >= '0' && one <= '9'; });
        return is_number ? std::stoull(name.substr(0, digits)) : 0;
    }

    void check_file(const std::string& name, const archived_file& said) {
        const fs::path path = archive_ / name;
        const std::uint64_t index = index_in(name);
        std::error_code code;
        if (name.find('/') != std::string::npos || !fs::exists(path, code)) {
            add(finding_kind::missing_archived, path,
                "the manifest names this file, and it is not there; restore it from a copy", index);
            return;
        }
        const hashed_file file = hash_file(path);
        const std::optional<digest> held =
            said.segment_bytes ? hash_of_contents(path) : std::nullopt;
        const bool is_file_same = file.bytes == said.bytes && file.hash == said.hash;
        const bool is_segment_same = !said.segment_bytes || held == said.segment_hash;
        if (is_file_same && is_segment_same) {
            ++report_.archived_count;
            return;
        }
        std::string detail = "the file has " + std::to_string(file.bytes) + " bytes and SHA-256 " +
                             to_string(file.hash) + ", the manifest says " +
                             std::to_string(said.bytes) + " and " + to_string(said.hash);
        if (said.segment_bytes && is_segment_same) {
            detail +=
                "; the segment in it is the one that was archived, so it was compressed "
                "anew, or the manifest was altered";
        } else if (is_file_same) {
            detail = "the file is as archived, and the segment in it has SHA-256 " +
                     (held ? to_string(*held) : std::string("none")) +
                     ", where the manifest says " + to_string(said.segment_hash) +
                     ": the manifest was altered";
        } else {
            detail += "; restore it from a copy";
        }
        add(finding_kind::not_as_archived, path, std::move(detail), index);
    }

    // Of the segment in a compressed file; none: it cannot be read, which is a finding by itself.
    [[nodiscard]] std::optional<digest> hash_of_contents(const fs::path& path) const {
        const auto held = std::find_if(image_.files.begin(), image_.files.end(),
                                       [&](const segment_file& file) { return file.path == path; });
        if (held != image_.files.end()) {
            return held->bytes().empty() ? std::nullopt : std::optional(sha256_of(held->bytes()));
        }
        try {
            const mapping loaded = load_archived(path, archive_room::file);
            return sha256_of({loaded.data(), loaded.size()});
        } catch (const damage_error&) {
            return std::nullopt;
        }
    }

    // Whoever archives writes the manifest last.
    void look_for_unlisted() {
        if (is_lock_held(archive_ / archive_lock_name)) {
            report_.notes.push_back(archive_.native() +
                                    ": segments are being archived; those that the manifest does "
                                    "not name yet were not judged by it");
            return;
        }
        for (const fs::directory_entry& entry : fs::directory_iterator(archive_)) {
            const std::string name = entry.path().filename().native();
            const bool is_archived =
                name.ends_with(".alog.zst") || name.ends_with(".idx") || name.ends_with(".seal");
            if (is_archived && !manifest_.files.contains(name)) {
                add(finding_kind::unlisted_file, entry.path(),
                    "the manifest does not name it: archiving was cut short, and `millrace log "
                    "archive` goes on with it, or the manifest was altered",
                    index_in(name));
            }
        }
    }

    const log_image& image_;
    fs::path archive_;
    fs::path path_;
    verify_report& report_;
    archive_manifest manifest_;
};

}  // namespace

void check_archives(const log_image& image, verify_report& report) {
    const auto is_archived = [](const segment_file& file) {
        return file.path.extension() == ".zst";
    };
    if (const std::optional<fs::path> link = read_archive_link(image.directory)) {
        archive_check(image, *link, report).run();
    }
    // An archive itself, whatever else lies there.
    const bool is_here =
        std::any_of(image.files.begin(), image.files.end(), [&](const segment_file& file) {
            return is_archived(file) && file.path.parent_path() == image.directory;
        });
    if (is_here) {
        archive_check(image, image.directory, report).run();
    }
}

}  // namespace millrace::engine::detail
