// How a hot tier without a writer comes home, and what is done where a part of it is not there.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "engine/core/error.hpp"
#include "engine/log/archive_source.hpp"
#include "engine/log/crash_point.hpp"
#include "engine/log/hot_registry.hpp"
#include "engine/log/hot_tier.hpp"
#include "engine/log/log_reader.hpp"
#include "engine/log/segment.hpp"

namespace millrace::engine {

namespace fs = std::filesystem;

namespace detail {

namespace {

// What was brought home need not be written again by who goes on with the log. REQUIRES that the
// segment is synced, and all before it.
void mark_durable(const fs::path& directory, std::uint64_t index, durable_mark& mark) {
    const segment home = segment::open(directory, index, access::read_only);
    segment_cursor cursor(home);
    record_view record;
    while (cursor.next(record) == damage_kind::none && record.payload != nullptr) {
    }
    const position end{home.info().first_position().value + cursor.offset()};
    if (end >= mark.durable_position() && cursor.last_sequence() >= mark.durable_sequence()) {
        mark.set_durable(end, cursor.last_sequence());
    }
}

// One after the other, each whole and synced before the next: a crash leaves a prefix.
void bring_home(const fs::path& directory, const hot_location& where, std::uint64_t index,
                durable_mark& mark, bool is_rest_durable) {
    const fs::path path = where.directory / segment_file_name(index);
    const unique_fd fd = open_file(path, O_RDWR);
    if (mark.retired_below() > index) {
        free_hot_file(fd.get(), path);
        return;
    }
    if (!is_begun(fd.get(), path)) {
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
    if (is_rest_durable && mark.retired_below() == index) {
        mark_durable(directory, index, mark);  // before it is retired, as its readers expect
    }
    // Readers of this process may have it mapped from before, when a close could not bring it home.
    retire_hot_segment(info.uuid, index, mark, disk.get(), directory / segment_file_name(index));
    MILLRACE_CRASH_POINT("join.marked");
    free_hot_file(fd.get(), path);
}

// What stands behind a segment that is lost is kept for people, as after a loss of power.
void keep_aside(const fs::path& directory, const hot_location& where, std::uint64_t index) {
    const fs::path path = where.directory / segment_file_name(index);
    const unique_fd fd = open_file(path, O_RDWR);
    if (!is_begun(fd.get(), path)) {
        return;
    }
    const mapping bytes(fd.get(), file_size(fd.get(), path.native()), access::read_only,
                        path.native());
    write_file_atomically(directory / (segment_file_name(index) + ".lost"),
                          {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    free_hot_file(fd.get(), path);
}

bool is_file_begun(const fs::path& path) {
    const unique_fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.is_open() && errno != ENOENT) {
        throw io_error("open", path.native(), errno);
    }
    return fd.is_open() && is_begun(fd.get(), path);
}

// The first segment that was begun in the tier, is not retired, and is not there. That the disk has
// a part of it says that it was begun; where not even that is, no record of it was durable, and
// nobody can tell it from one that never was.
std::optional<std::uint64_t> find_missing(const fs::path& directory, const hot_location& where,
                                          const durable_mark& mark) {
    std::optional<std::uint64_t> next;
    if (mark.is_open()) {
        next = mark.retired_below();
    }
    for (const std::uint64_t index : list_segment_names(where.directory)) {
        if (index < next.value_or(0)) {
            continue;
        }
        if (!is_file_begun(where.directory / segment_file_name(index))) {
            break;
        }
        if (index != next.value_or(index)) {
            return next;
        }
        next = index + 1;
    }
    return next && is_file_begun(directory / segment_file_name(*next)) ? next : std::nullopt;
}

[[noreturn]] void refuse_loss(const fs::path& directory, const std::string& what) {
    throw damage_error(directory.native() + ": " + what +
                       ", and the host was not started anew: somebody removed it, or it is not "
                       "mounted here, as in another container. Records that were committed and "
                       "not durable were there. Open the log where it is, or put it back; to go on "
                       "without them: millrace log recover " +
                       directory.native() + " --accept-loss");
}

void note_loss(const fs::path& directory) {
    rename_file(directory / hot_tier_name, directory / lost_hot_tier_name);
    sync_directory(directory);
}

}  // namespace

std::string join_hot_tier(const fs::path& directory, hot_loss loss) {
    const std::optional<hot_location> where = read_hot_location(directory);
    if (!where) {
        remove_hot_location(directory);
        return {};
    }
    const std::string name = "the log's hot tier, " + where->directory.native();
    if (is_gone(*where)) {
        if (!where->is_of_this_boot) {
            remove_hot_location(directory);
            return "the host was started anew, so the log's hot tier is gone; the log is what was "
                   "on the disk";
        }
        if (loss == hot_loss::refused) {
            refuse_loss(directory, name + ", is gone");
        }
        note_loss(directory);
        return name + ", is given up; the log is what was on the disk";
    }
    // Held by a living writer of a log with this uuid, which a copied directory may meet.
    const file_lock lock(where->directory / "owner.lock", "recovery");
    std::optional<std::uint64_t> missing;
    bool is_rest_durable = false;  // what stands before the tier; without a mark nobody knows
    if (where->is_of_this_boot) {
        const durable_mark known = durable_mark::open_if_there(directory, where->uuid);
        is_rest_durable = known.is_open();
        missing = find_missing(directory, *where, known);
    }
    if (missing && loss == hot_loss::refused) {
        refuse_loss(directory,
                    name + ", lacks segment " + segment_file_name(*missing) +
                        ", which is not whole on the disk (what is whole of the others, millrace "
                        "log salvage copies)");
    }
    durable_mark mark = durable_mark::open_for_writing(directory, where->uuid);
    const std::vector<std::uint64_t> indexes = list_segment_names(where->directory);
    for (const std::uint64_t index : indexes) {
        if (missing && index > *missing) {
            keep_aside(directory, *where, index);
        } else {
            bring_home(directory, *where, index, mark, is_rest_durable);
        }
    }
    remove_unbegun_segments(where->directory, unbegun_kept::none);
    // First: without it the directory is nobody's, and no alarm.
    missing ? note_loss(directory) : remove_hot_location(directory);
    remove_hot_directory(where->directory);
    if (missing) {
        return "segment " + segment_file_name(*missing) + " of " + name +
               ", is given up from where the disk has it; those behind it are kept under the "
               "ending .lost";
    }
    return indexes.empty() ? std::string()
                           : "the hot tier was brought to the disk, up to segment " +
                                 std::to_string(indexes.back());
}

bool is_loss_accepted(const fs::path& directory) {
    return fs::exists(directory / lost_hot_tier_name);
}

void forget_accepted_loss(const fs::path& directory) {
    const fs::path path = directory / lost_hot_tier_name;
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
        throw io_error("unlink", path.native(), errno);
    }
}

}  // namespace detail

std::string recover_hot_tier(const fs::path& directory, hot_loss loss) {
    if (list_segment_names(directory).empty()) {
        refuse_without_segments(directory);
    }
    const file_lock lock(directory / "writer.lock", "recovery");
    return detail::join_hot_tier(directory, loss);
}

}  // namespace millrace::engine
