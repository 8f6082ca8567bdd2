#include "engine/log/log_image.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <optional>

#include "engine/core/error.hpp"
#include "engine/log/archive_source.hpp"
#include "engine/log/hot_tier.hpp"
#include "engine/log/retained.hpp"

namespace millrace::engine {

namespace fs = std::filesystem;

namespace {

// The hot file's bytes, torn ones too. Nothing: it is retired or not there, so the disk has all.
std::optional<mapping> copy_hot_file(const fs::path& directory, std::uint64_t index,
                                     const detail::hot_location& where) {
    const durable_mark mark = durable_mark::open_if_there(directory, where.uuid);
    const fs::path path = where.directory / segment_file_name(index);
    const unique_fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.is_open()) {
        if (errno != ENOENT && errno != ENOTDIR) {
            throw io_error("open", path.native(), errno);
        }
        return std::nullopt;
    }
    const std::size_t size = file_size(fd.get(), path.native());
    if (size == 0) {
        return std::nullopt;
    }
    mapping copy = mapping::anonymous(size);
    if (!try_read_at(fd.get(), copy.data(), size, 0)) {
        throw io_error("read", path.native(), errno);
    }
    // After the copying: the next writer may have brought it home and freed it meanwhile.
    return mark.retired_below() > index ? std::nullopt : std::optional(std::move(copy));
}

void open_bytes(segment_file& file, const fs::path& directory,
                const std::optional<detail::hot_location>& where, bool is_live) {
    if (where && is_live) {
        std::error_code ignored;
        file.is_hot = fs::exists(where->directory / file.path.filename(), ignored);
        try {
            file.followed = segment::open(directory, file.name_index, access::read_only);
            return;
        } catch (const damage_error&) {
            file.is_hot = false;  // what is wrong with it shows in its bytes
        }
    } else if (where) {
        if (std::optional<mapping> copy = copy_hot_file(directory, file.name_index, *where)) {
            file.map = std::move(*copy);
            file.is_hot = true;
            return;
        }
    }
    const unique_fd fd = open_file(file.path, O_RDONLY);
    const std::size_t size = file_size(fd.get(), file.path.native());
    if (size > 0) {
        file.map = mapping(fd.get(), size, access::read_only, file.path.native());
        file.note = mapped_segment(file.map.data(), size, file.path);
    }
}

segment_file open_segment_file(const fs::path& directory, std::uint64_t index,
                               const std::optional<detail::hot_location>& where, bool is_live) {
    segment_file file;
    file.path = directory / segment_file_name(index);
    file.name_index = index;
    std::string fault;
    std::error_code code;
    const auto archived =
        fs::exists(file.path, code) ? std::nullopt : detail::find_archived(directory, index);
    if (archived) {
        file.path = *archived;
        try {
            file.map = detail::load_archived(*archived, detail::archive_room::file);
        } catch (const unpack_error& failure) {
            fault = "the archived segment does not decompress (" + failure.reason() + ")";
            file.is_unpacked = false;
        }
    } else {
        open_bytes(file, directory, where, is_live);
    }
    file.header = read_header_image(file.bytes());
    file.header.fault = fault.empty() ? file.header.fault : fault;
    file.is_usable = file.header.is_usable;
    if (file.is_usable) {
        file.info = file.header.info;
        file.seed = checksum_seed(file.info.salt, file.info.epoch);
    }
    return file;
}

std::string describe_hot(const detail::hot_location& where, std::size_t count, bool is_live) {
    if (!where.is_of_this_boot) {
        return "the host was started anew, so the log's hot tier is gone; the log is what was on "
               "the disk, and the next writer goes on behind that";
    }
    if (detail::is_gone(where)) {
        return "the log's hot tier, " + where.directory.native() +
               ", is gone or not mounted here; read was what is on the disk, and no writer opens "
               "the log until the tier is back or `millrace log recover` accepts its loss";
    }
    return std::to_string(count) + " segments were read in the hot tier, " +
           where.directory.native() +
           (is_live ? "; the writer brings them to the disk"
                    : "; no writer holds it, and the next one brings it to the disk. Until then a "
                      "restart of the host would lose what is there");
}

// The log is what most of its segments say; where two say as much, what the older one says.
const segment_file& find_majority(const std::vector<segment_file>& files) {
    std::map<log_uuid, std::size_t> votes;
    for (const segment_file& file : files) {
        votes[file.info.uuid] += file.is_usable ? 1 : 0;
    }
    const segment_file* best = nullptr;
    for (const segment_file& file : files) {
        if (file.is_usable && (best == nullptr || votes[file.info.uuid] > votes[best->info.uuid])) {
            best = &file;
        }
    }
    return *best;
}

const segment_file* by_name(const std::vector<segment_file>& files, std::uint64_t index) {
    const auto at = std::find_if(files.begin(), files.end(), [&](const segment_file& file) {
        return file.name_index == index;
    });
    return at == files.end() ? nullptr : &*at;
}

segment_identity identify(const segment_file& file, const log_image& image) {
    if (!file.is_usable) {
        return segment_identity::unknown;
    }
    if (file.info.uuid != image.uuid || file.info.segment_bytes != image.segment_bytes) {
        return segment_identity::foreign;
    }
    if (file.info.index == file.name_index) {
        return segment_identity::own;
    }
    const segment_file* holder = by_name(image.files, file.info.index);
    if (holder != nullptr && holder->is_usable && holder->info.uuid == image.uuid) {
        if (holder->info.index == file.info.index) {
            return segment_identity::doubled;
        }
        if (holder->info.index == file.name_index) {
            return segment_identity::swapped;
        }
    }
    // Of two copies under wrong names the first one stands for it.
    for (const segment_file& other : image.files) {
        if (&other == &file) {
            break;
        }
        if (other.is_usable && other.info.uuid == image.uuid &&
            other.info.index == file.info.index) {
            return segment_identity::doubled;
        }
    }
    return segment_identity::misnamed;
}

// A segment whose header is lost: its name says which it is, the others say what is the same in
// all, and two of its records give the checksum's seed.
void infer(segment_file& file, const log_image& image) {
    if (file.bytes().size() < image.header_bytes || image.find(file.name_index) != nullptr) {
        return;
    }
    const found_seed found = find_seed(file.bytes(), image.header_bytes);
    if (!found.is_found) {
        return;
    }
    const bool is_control = (found.first.flags & record_flag_control) != 0;
    segment_info& info = file.info;
    info.uuid = image.uuid;
    info.index = file.name_index;
    info.segment_bytes = image.segment_bytes;
    info.header_bytes = image.header_bytes;
    info.schema = image.schema;
    info.previous_last_sequence = {found.first.sequence - (is_control ? 0 : 1)};
    info.base_timestamp = {found.first.timestamp - 1};
    info.previous_end = {0};
    if (const segment_file* before = image.find(file.name_index - 1); before != nullptr) {
        info.epoch = before->info.epoch;
        info.origin = before->info.origin;
        info.header_bytes = before->info.header_bytes;  // more likely than most of the log's
        info.schema_version = before->info.schema_version;
        info.schema = before->info.schema;
        if (found.offset != image.header_bytes) {
            // Records before the first whole one are lost too; how many, the walk finds out if
            // it begins where the segment before ended.
            image_walk walk(before->bytes(), before->info, before->seed, before->left_from);
            while (walk.next() != image_step::end) {
            }
            info.previous_last_sequence = walk.last_sequence();
            info.base_timestamp = walk.last_timestamp();
        }
    }
    info.base_sequence = info.previous_last_sequence.next();
    file.seed = found.seed;
    file.identity = segment_identity::own;
    file.is_usable = true;
    file.is_inferred = true;
}

// A new writer's segment, begun under another boot of the host or behind an accepted loss, ends the
// one before where its records could be read in order then. Bytes of later sectors may stand behind
// that for ever.
std::size_t find_left_from(const segment_file& file, const log_image& image) {
    if (!file.is_in_place()) {
        return 0;
    }
    const segment_file* next = image.find(file.info.index + 1);
    if (next == nullptr || next->is_inferred || file.is_inferred ||
        next->info.epoch <= file.info.epoch ||
        (next->info.boot_id == file.info.boot_id &&
         accepted_losses(next->info.epoch) == accepted_losses(file.info.epoch))) {
        return 0;
    }
    const std::uint64_t first = file.info.first_position().value;
    const std::uint64_t end = next->info.previous_end.value;
    return end >= file.info.first_record().value && end < first + file.info.segment_bytes
               ? static_cast<std::size_t>(end - first)
               : 0;
}

// The oldest and the newest segment that the files speak of. A file that is none of this log's
// segments still says by its name that there was one, where that name comes next.
void find_range(log_image& image) {
    image.first_index = UINT64_MAX;
    for (const segment_file& file : image.files) {
        if (file.is_in_place()) {
            image.first_index = std::min(image.first_index, file.info.index);
            image.last_index = std::max(image.last_index, file.info.index);
        }
    }
    const auto is_named_only = [](const segment_file& file) {
        return !file.is_in_place() && file.identity != segment_identity::doubled;
    };
    for (const segment_file& file : image.files) {
        const bool is_next = file.name_index == image.last_index + 1;
        image.last_index += is_named_only(file) && is_next ? 1 : 0;
    }
    for (auto file = image.files.rbegin(); file != image.files.rend(); ++file) {
        const bool is_next = file->name_index + 1 == image.first_index;
        image.first_index -= is_named_only(*file) && is_next ? 1 : 0;
    }
}

// What is older than the files here must have been removed on purpose, or archived.
void look_before_the_oldest(log_image& image) {
    if (is_archive(image.directory)) {
        return;  // its manifest says what belongs to it
    }
    try {
        const std::optional<retained_from> kept = read_retained(image.directory);
        if (kept && kept->uuid != image.uuid) {
            image.retained_fault = "it is of log " + to_string(kept->uuid);
            return;
        }
        image.first_index = std::min(image.first_index, kept ? kept->first_segment : 0);
    } catch (const damage_error&) {
        image.retained_fault = "it is not as it was written";
    }
}

}  // namespace

const segment_file* log_image::find(std::uint64_t index) const {
    const auto at = std::find_if(files.begin(), files.end(), [&](const segment_file& file) {
        return file.is_in_place() && file.info.index == index;
    });
    return at == files.end() ? nullptr : &*at;
}

log_image open_log_image(const fs::path& directory, bool is_live) {
    log_image image;
    image.directory = directory;
    const std::optional<detail::hot_location> where = detail::read_hot_location(directory);
    const std::vector<std::uint64_t> indexes = list_readable_segments(directory);
    for (const std::uint64_t index : indexes) {
        image.files.push_back(open_segment_file(directory, index, where, is_live));
        image.hot_count += image.files.back().is_hot ? 1 : 0;
    }
    const std::vector<std::uint64_t> names = list_segment_names(directory);
    image.spare_count = static_cast<std::size_t>(
        names.end() -
        std::upper_bound(names.begin(), names.end(), indexes.empty() ? 0 : indexes.back()));
    image.hot_text = where ? describe_hot(*where, image.hot_count, is_live) : std::string();
    if (image.files.empty()) {
        throw error(directory.native() + ": no audit log here (no segment files)");
    }
    if (std::none_of(image.files.begin(), image.files.end(),
                     [](const segment_file& file) { return file.is_usable; })) {
        throw damage_error(image.files.front().path.native() + ": " +
                           image.files.front().header.fault +
                           "; no segment here has a header that can be read, so nothing says what "
                           "the log is. Restore one from a copy");
    }
    const segment_info& model = find_majority(image.files).info;
    image.uuid = model.uuid;
    image.segment_bytes = model.segment_bytes;
    image.header_bytes = model.header_bytes;
    image.schema = model.schema;
    for (segment_file& file : image.files) {
        file.identity = identify(file, image);
    }
    for (segment_file& file : image.files) {
        file.left_from = find_left_from(file, image);
    }
    for (segment_file& file : image.files) {
        if (file.identity == segment_identity::unknown) {
            infer(file, image);
        }
    }
    find_range(image);
    look_before_the_oldest(image);
    return image;
}

}  // namespace millrace::engine
