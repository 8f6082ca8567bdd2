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

// One that cannot be looked at must not pass for none: records would be lost.
bool is_named(const fs::path& path) {
    if (::access(path.c_str(), F_OK) == 0) {
        return true;
    }
    if (errno != ENOENT && errno != ENOTDIR) {
        throw io_error("access", path.native(), errno);
    }
    return false;
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

bool is_gone(const hot_location& where) {
    struct stat status {};
    if (::stat(where.directory.c_str(), &status) == 0) {
        return !S_ISDIR(status.st_mode);
    }
    if (errno != ENOENT && errno != ENOTDIR) {
        throw io_error("cannot look at the log's hot tier,", where.directory.native(), errno);
    }
    return true;
}

std::optional<hot_location> read_hot_location(const fs::path& directory) {
    const fs::path path = directory / hot_tier_name;
    if (!is_named(path)) {
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
    if (fs::create_directories(directory, code)) {
        fs::permissions(directory, fs::perms::group_write | fs::perms::others_all,
                        fs::perm_options::remove, code);
    }
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

void remove_hot_directory(const fs::path& directory) noexcept {
    ::unlink((directory / "owner.lock").c_str());
    ::rmdir(directory.c_str());
}

void remove_unbegun_segments(const fs::path& directory, unbegun_kept kept) {
    const std::vector<std::uint64_t> names = list_segment_names(directory);
    std::size_t begun_count = names.size();
    const auto path_of = [&](std::size_t at) { return directory / segment_file_name(names[at]); };
    while (begun_count > 0 && !is_begun(open_file(path_of(begun_count - 1), O_RDONLY).get(),
                                        path_of(begun_count - 1))) {
        --begun_count;
    }
    const bool keeps_next = kept == unbegun_kept::next && begun_count > 0 &&
                            begun_count < names.size() &&
                            names[begun_count] == names[begun_count - 1] + 1;
    for (std::size_t at = names.size(); at > begun_count + (keeps_next ? 1 : 0); --at) {
        if (::unlink(path_of(at - 1).c_str()) != 0) {
            throw io_error("unlink", path_of(at - 1).native(), errno);
        }
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
