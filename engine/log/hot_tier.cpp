#include "engine/log/hot_tier.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <sstream>

#include "engine/core/error.hpp"
#include "engine/log/crash_point.hpp"
#include "engine/log/segment.hpp"

namespace millrace::engine {

namespace fs = std::filesystem;

namespace detail {

namespace {

constexpr std::string_view first_line = "millrace hot tier 1";
constexpr std::string_view way_out = "; name another hot directory, or use storage mode \"direct\"";

std::string cannot_be_made(const fs::path& directory, int number) {
    return directory.native() + ": the hot directory cannot be made (" + std::strerror(number) +
           ")" + std::string(way_out);
}

std::string directory_identity(const fs::path& directory) {
    struct stat status {};
    if (::stat(directory.c_str(), &status) != 0) {
        throw io_error("stat", directory.native(), errno);
    }
    return std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
}

// The rest of the line that begins with `key` and a space.
std::string value_of(const std::string& text, std::string_view key) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (line.size() > key.size() + 1 && line.starts_with(key) && line[key.size()] == ' ') {
            return line.substr(key.size() + 1);
        }
    }
    return {};
}

// One after the other, each whole and synced before the next: a crash leaves a prefix.
void bring_home(const fs::path& directory, const hot_location& where, std::uint64_t index,
                durable_mark& mark) {
    const fs::path path = where.directory / segment_file_name(index);
    const unique_fd fd = open_file(path, O_RDWR);
    if (mark.retired_below() > index) {
        free_hot_file(fd.get(), path);
        return;
    }
    if (!is_begun(fd.get())) {
        return;  // a spare, which remove_unbegun_segments takes
    }
    const segment_info info = read_header(fd.get(), path, index);
    if (info.uuid != where.uuid) {
        throw damage_error(path.native() + ": " +
                           std::string(describe(damage_kind::foreign_segment)));
    }
    const mapping bytes(fd.get(), info.segment_bytes, access::read_only, path.native());
    const std::size_t used = used_bytes({bytes.data(), bytes.size()}, info.header_bytes);
    const unique_fd disk =
        replace_segment_file(directory, index, {bytes.data(), used}, info.segment_bytes);
    MILLRACE_CRASH_POINT("join.copied");
    // Readers of this process may have it mapped from before, when a close could not bring it home.
    retire_hot_segment(info.uuid, index, mark, disk.get(), directory / segment_file_name(index));
    MILLRACE_CRASH_POINT("join.marked");
    free_hot_file(fd.get(), path);
}

}  // namespace

}  // namespace detail

fs::path default_hot_directory() {
    return "/dev/shm/millrace-" + std::to_string(::getuid());
}

hot_directory_look look_at_hot_directory(const fs::path& directory) {
    std::error_code code;
    fs::path nearest = fs::absolute(directory);
    while (!fs::exists(nearest, code) && nearest.has_relative_path()) {
        nearest = nearest.parent_path();
    }
    struct statfs status {};
    struct stat owner {};
    if (::statfs(nearest.c_str(), &status) != 0 || ::stat(nearest.c_str(), &owner) != 0) {
        return {detail::cannot_be_made(directory, errno), 0};
    }
    // Its name can be guessed, and the place is open to all.
    const bool is_there = nearest == fs::absolute(directory);
    if (is_there && owner.st_uid != ::geteuid() && owner.st_uid != 0) {
        return {directory.native() +
                    ": the hot directory belongs to another user, who could change the log" +
                    std::string(detail::way_out),
                0};
    }
    const auto type = static_cast<std::uint64_t>(status.f_type) & 0xffffffff;
    if (type != TMPFS_MAGIC && type != RAMFS_MAGIC) {
        return {directory.native() + ": the hot directory does not lie in a memory file system" +
                    std::string(detail::way_out),
                0};
    }
    if (::access(nearest.c_str(), W_OK | X_OK) != 0) {
        return {detail::cannot_be_made(directory, errno), 0};
    }
    return {{}, type == RAMFS_MAGIC ? UINT64_MAX : free_bytes(nearest)};
}

namespace detail {

std::optional<hot_location> read_hot_location(const fs::path& directory) {
    const fs::path path = directory / hot_tier_name;
    if (::access(path.c_str(), F_OK) != 0) {
        return std::nullopt;
    }
    std::string text;
    try {
        text = read_whole_file(path);
    } catch (const io_error& failure) {
        if (failure.error_number() == ENOENT) {
            return std::nullopt;  // the writer closed just now
        }
        throw;
    }
    hot_location where;
    where.directory = value_of(text, "directory");
    const std::string log = value_of(text, "log");
    if (!text.starts_with(first_line) || where.directory.empty() || log.empty() ||
        !parse(value_of(text, "uuid"), where.uuid)) {
        throw damage_error(path.native() +
                           ": does not say where the log's hot tier is; remove the file if no "
                           "writer of this log was ever killed, else restore it");
    }
    if (log != directory_identity(directory)) {
        return std::nullopt;
    }
    where.is_of_this_boot = value_of(text, "boot") == read_boot_id_text();
    return where;
}

void write_hot_location(const fs::path& directory, const hot_location& where) {
    std::string text(first_line);
    text += "\ndirectory " + where.directory.native() + "\nuuid " + to_string(where.uuid) +
            "\nboot " + read_boot_id_text() + "\nlog " + directory_identity(directory) + "\n";
    write_file_atomically(directory / hot_tier_name, text);
}

void remove_hot_location(const fs::path& directory) {
    const fs::path path = directory / hot_tier_name;
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
        throw io_error("unlink", path.native(), errno);
    }
}

void check_hot_directory(const fs::path& directory, std::uint64_t bytes_needed) {
    std::error_code code;
    fs::create_directories(directory, code);
    const hot_directory_look look = look_at_hot_directory(directory);
    const std::string refusal = code ? cannot_be_made(directory, code.value()) : look.refusal;
    if (!refusal.empty()) {
        throw config_error(refusal);
    }
    if (look.free_bytes < bytes_needed) {
        throw config_error(directory.native() + ": " + std::to_string(bytes_needed) +
                           " bytes are needed for the hot tier and " +
                           std::to_string(look.free_bytes) + " are free there" +
                           std::string(way_out));
    }
}

void free_hot_file(int fd, const fs::path& path) noexcept {
    struct stat status {};
    if (::fstat(fd, &status) == 0) {
        // A file system without holes keeps the memory until the last mapping goes; so be it.
        ::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, status.st_size);
    }
    MILLRACE_CRASH_POINT("retire.punched");
    ::unlink(path.c_str());
    MILLRACE_CRASH_POINT("retire.unlinked");
}

unique_fd replace_segment_file(const fs::path& directory, std::uint64_t index,
                               std::span<const std::byte> bytes, std::size_t segment_bytes) {
    const fs::path path = directory / segment_file_name(index);
    fs::path temporary = path;
    temporary += ".tmp";
    try {
        unique_fd fd = open_file(temporary, O_RDWR | O_CREAT | O_TRUNC);
        allocate_file(fd.get(), segment_bytes, temporary.native());
        write_at(fd.get(), bytes, 0, temporary.native());
        sync_file_whole(fd.get(), temporary.native());
        MILLRACE_CRASH_POINT("replace.written");
        rename_file(temporary, path);
        MILLRACE_CRASH_POINT("replace.named");
        sync_directory(directory);
        return fd;
    } catch (const error&) {
        ::unlink(temporary.c_str());
        throw;
    }
}

std::string join_hot_tier(const fs::path& directory) {
    const std::optional<hot_location> where = read_hot_location(directory);
    std::error_code ignored;
    if (!where || !fs::is_directory(where->directory, ignored)) {
        remove_hot_location(directory);
        if (!where) {
            return {};
        }
        return where->is_of_this_boot
                   ? "somebody removed the log's hot tier, " + where->directory.native() +
                         "; the log is what was on the disk, and records that were not durable "
                         "are lost"
                   : "the host was started anew, so the log's hot tier is gone; the log is what "
                     "was on the disk";
    }
    // Held by a living writer of a log with this uuid, which a copied directory may meet.
    const file_lock lock(where->directory / "owner.lock", "recovery");
    durable_mark mark = durable_mark::open_for_writing(directory, where->uuid);
    const std::vector<std::uint64_t> indexes = list_segment_names(where->directory);
    for (const std::uint64_t index : indexes) {
        bring_home(directory, *where, index, mark);
    }
    remove_unbegun_segments(where->directory);
    remove_hot_location(directory);  // first: without it the directory is nobody's, and no alarm
    remove_hot_directory(where->directory);
    return indexes.empty() ? std::string()
                           : "the hot tier was brought to the disk, up to segment " +
                                 std::to_string(indexes.back());
}

void remove_hot_directory(const fs::path& directory) noexcept {
    ::unlink((directory / "owner.lock").c_str());
    ::rmdir(directory.c_str());
}

void remove_unbegun_segments(const fs::path& directory) {
    std::vector<std::uint64_t> names = list_segment_names(directory);
    while (!names.empty()) {
        const fs::path path = directory / segment_file_name(names.back());
        if (is_begun(open_file(path, O_RDONLY).get())) {
            break;
        }
        if (::unlink(path.c_str()) != 0) {
            throw io_error("unlink", path.native(), errno);
        }
        names.pop_back();
    }
    std::error_code code;
    for (fs::directory_iterator it(directory, code), last; !code && it != last;
         it.increment(code)) {
        if (it->path().native().ends_with(".alog.tmp")) {
            ::unlink(it->path().c_str());
        }
    }
}

}  // namespace detail

}  // namespace millrace::engine
