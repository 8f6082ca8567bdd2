#include "engine/log/log_copy.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <exception>
#include <system_error>

#include "engine/core/error.hpp"
#include "engine/log/crash_point.hpp"
#include "engine/log/segment_names.hpp"

namespace millrace::engine {

namespace fs = std::filesystem;

namespace {

constexpr const char* lock_name = "unfinished";
constexpr const char* log_name = "log";

dev_t device_of(const fs::path& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) {
        throw io_error("stat", path.native(), errno);
    }
    return status.st_dev;
}

fs::path resolve(const fs::path& target) {
    std::error_code code;
    const fs::path whole = fs::absolute(target, code);  // else one that is not there stays relative
    const fs::path place = code ? fs::path() : fs::weakly_canonical(whole, code);
    if (code) {
        throw io_error("look for", target.native(), code.value());
    }
    return place.has_filename() ? place : place.parent_path();
}

bool is_left_over(const fs::path& staging) {
    bool has_lock = false;
    bool has_other = false;
    for (const fs::directory_entry& entry : fs::directory_iterator(staging)) {
        has_lock = has_lock || entry.path().filename() == lock_name;
        has_other = has_other ||
                    (entry.path().filename() != lock_name && entry.path().filename() != log_name);
    }
    return !has_other && (has_lock || fs::is_empty(staging));
}

}  // namespace

void check_new_log_target(const fs::path& target) {
    std::error_code code;
    const fs::file_status status = fs::status(target, code);
    if (status.type() == fs::file_type::not_found && !target.empty()) {
        return;
    }
    if (status.type() != fs::file_type::directory) {
        throw config_error(target.native() + ": is no directory; a new log needs one that is " +
                           "empty or not there");
    }
    const bool is_empty = fs::is_empty(target, code);
    if (code) {
        throw io_error("look into", target.native(), code.value());
    }
    if (!is_empty) {
        throw config_error(target.native() +
                           ": is not empty; a new log needs a directory that is empty or not "
                           "there");
    }
    const fs::path place = resolve(target);
    if (device_of(place) != device_of(place.parent_path())) {
        throw config_error(target.native() +
                           ": a file system is mounted there, and a new log gets its name by a "
                           "renaming; name a directory in it that is not there yet");
    }
}

new_log::new_log(fs::path target, std::string_view purpose) {
    check_new_log_target(target);
    target_ = resolve(target);
    staging_ = target_;
    staging_ += ".tmp";
    path_ = staging_ / log_name;
    ensure_directory(staging_);
    if (!is_left_over(staging_)) {
        throw config_error(staging_.native() + ": is in the way of " + target.native() +
                           ", and not what a copy that was broken off has left; move it away, or "
                           "give the new log another name");
    }
    try {
        prepare(purpose);
    } catch (const std::exception&) {
        clear();
        throw;
    }
    MILLRACE_CRASH_POINT("copy.begun");
}

new_log::~new_log() {
    clear();
}

void new_log::prepare(std::string_view purpose) {
    const std::string maker = lock_holder(staging_ / lock_name);
    lock_ = file_lock(staging_ / lock_name, purpose);
    sync_directory(staging_);  // or nothing says whose the rest is, once the power was lost
    if (fs::exists(path_)) {
        std::error_code code;
        fs::remove_all(path_, code);
        if (code) {
            throw io_error("remove", path_.native(), code.value());
        }
        note_ = staging_.native() + ": a copy that was broken off was there and is removed; " +
                (maker.empty() ? "nothing says whose it was" : "it was made by " + maker);
    }
    ensure_directory(path_);
    writer_lock_ = file_lock(path_ / "writer.lock", purpose);
}

// What cannot be removed is told and removed by the next attempt; what another one holds is its.
void new_log::clear() {
    std::error_code ignored;
    if (lock_.is_held()) {
        fs::remove_all(path_, ignored);
        fs::remove(staging_ / lock_name, ignored);
    }
    fs::remove(staging_, ignored);  // if nothing is left in it
}

void new_log::finish() {
    sync_directory(path_);
    MILLRACE_CRASH_POINT("copy.durable");
    std::error_code code;
    if (const fs::file_status old = fs::status(target_, code); fs::is_directory(old)) {
        fs::permissions(path_, old.permissions(), code);  // whoever made it has chosen who may look
        if (code) {
            throw io_error("chmod", path_.native(), code.value());
        }
    }
    rename_file(path_, target_);
    MILLRACE_CRASH_POINT("copy.named");
    sync_directory(target_.parent_path());
    MILLRACE_CRASH_POINT("copy.synced");
}

file_lock hold_still(const fs::path& log) {
    // An archive has no writer, and what holds no segment is no log.
    return list_segment_names(log).empty() ? file_lock()
                                           : file_lock::against_writer(log / "writer.lock");
}

}  // namespace millrace::engine
