#include "engine/log/segment.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>

#include "engine/core/error.hpp"
#include "engine/log/archive_source.hpp"
#include "engine/log/crash_point.hpp"
#include "engine/log/hot_tier.hpp"

namespace millrace::engine {

namespace fs = std::filesystem;

using detail::hot_location;
using detail::hot_mirror;
using detail::pull_outcome;

namespace {

constexpr std::size_t page_bytes = 4096;

// Faults every page in for writing now, so that no append pays for it later.
void touch_pages(std::byte* data, std::size_t size, [[maybe_unused]] const fs::path& path) {
#ifdef MADV_POPULATE_WRITE
    if (::madvise(data, size, MADV_POPULATE_WRITE) == 0) {
        return;
    }
    if (errno != EINVAL) {  // EINVAL: a kernel before 5.14
        throw io_error("madvise", path.native(), errno);
    }
#endif
    for (std::size_t offset = 0; offset < size; offset += page_bytes) {
        auto& byte =
            *reinterpret_cast<volatile unsigned char*>(data + offset);  // one write per page
        byte = byte;
    }
}

// Not open: there is no such file. One that is there and cannot be opened must not pass for none.
unique_fd open_if_there(const fs::path& path) {
    unique_fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.is_open() && errno != ENOENT && errno != ENOTDIR) {
        throw io_error("open", path.native(), errno);
    }
    return fd;
}

// In the hot tier: nothing if the file is not there, or is retired and so not to be trusted.
template <class Result, class Read>
std::optional<Result> read_hot_file(const fs::path& directory, std::uint64_t index, Read&& read) {
    const std::optional<hot_location> where = detail::read_hot_location(directory);
    if (!where) {
        return std::nullopt;
    }
    const durable_mark mark = durable_mark::open_if_there(directory, where->uuid);
    const fs::path path = where->directory / segment_file_name(index);
    const unique_fd fd = open_if_there(path);
    if (!fd.is_open()) {
        return std::nullopt;
    }
    try {
        std::optional<Result> result = read(fd.get(), path);
        return mark.retired_below() > index ? std::nullopt : std::move(result);
    } catch (const damage_error&) {
        if (mark.retired_below() > index) {
            return std::nullopt;  // it was freed while it was read
        }
        throw;
    }
}

// On the disk. While a hot tier stands and the segment is not retired, its hot file has lost its
// name: then what is durable of it counts, and the persister may just be writing the rest.
bool is_file_begun(const fs::path& directory, std::uint64_t index,
                   const std::optional<hot_location>& where) {
    const fs::path path = directory / segment_file_name(index);
    const unique_fd fd = open_if_there(path);
    if (!fd.is_open()) {
        return false;
    }
    if (where && where->is_of_this_boot) {
        const durable_mark mark = durable_mark::open_if_there(directory, where->uuid);
        const std::uint64_t first = index * file_size(fd.get(), path.native());
        if (mark.retired_below() <= index && mark.durable_position().value <= first) {
            return false;
        }
    }
    return detail::is_begun(fd.get(), path);
}

// For reading. Not open: there is none, but a compressed one instead, at `archived`.
unique_fd open_disk_file(const fs::path& path, std::uint64_t index,
                         std::optional<fs::path>& archived) {
    unique_fd fd = open_if_there(path);
    if (!fd.is_open() && !(archived = detail::find_archived(path.parent_path(), index))) {
        throw io_error("open", path.native(), ENOENT);
    }
    return fd;
}

}  // namespace

namespace {

// Throws io_error where it cannot be told.
bool look_whether_begun(const fs::path& directory, std::uint64_t index) {
    const auto begun = read_hot_file<bool>(directory, index, [](int fd, const fs::path& path) {
        return std::optional<bool>(detail::is_begun(fd, path));
    });
    if (begun) {
        return *begun;
    }
    const std::optional<hot_location> where = detail::read_hot_location(directory);
    if (where) {
        // Its file may have lost its name, but not for the process that writes it.
        if (const auto own = detail::is_hot_segment_begun(where->uuid, index)) {
            return *own;
        }
    }
    return is_file_begun(directory, index, where) || detail::find_archived(directory, index);
}

}  // namespace

bool is_segment_begun(const fs::path& directory, std::uint64_t index) noexcept {
    try {
        return look_whether_begun(directory, index);
    } catch (const std::exception&) {
        return true;  // whoever goes there is told why it cannot be read
    }
}

std::vector<std::uint64_t> list_segments(const fs::path& directory) {
    return detail::without_unbegun(directory, list_segment_names(directory));
}

std::vector<std::uint64_t> detail::without_unbegun(const fs::path& directory,
                                                   std::vector<std::uint64_t> indexes) {
    while (!indexes.empty() && !look_whether_begun(directory, indexes.back())) {
        indexes.pop_back();
    }
    return indexes;
}

segment_info read_segment_info(const fs::path& directory, std::uint64_t index) {
    const auto info =
        read_hot_file<segment_info>(directory, index, [index](int fd, const fs::path& path) {
            return std::optional<segment_info>(detail::read_header(fd, path, index));
        });
    if (info) {
        return *info;
    }
    const fs::path path = directory / segment_file_name(index);
    if (const auto where = detail::read_hot_location(directory)) {
        if (const auto own = detail::try_map_hot_segment(where->uuid, index)) {
            return detail::check_header(path, own->map.data(), own->map.size());
        }
    }
    std::optional<fs::path> archived;
    const unique_fd fd = open_disk_file(path, index, archived);
    return archived ? detail::read_archived_info(*archived, index)
                    : detail::read_header(fd.get(), path, index);
}

std::size_t used_bytes(std::span<const std::byte> bytes, std::size_t from) {
    std::size_t end = bytes.size();
    // By words: a segment may be as good as empty.
    std::uint64_t word = 0;
    while (end >= from + sizeof word) {
        std::memcpy(&word, bytes.data() + end - sizeof word, sizeof word);
        if (word != 0) {
            break;
        }
        end -= sizeof word;
    }
    while (end > from && bytes[end - 1] == std::byte{0}) {
        --end;
    }
    return end;
}

segment& segment::operator=(segment&& other) noexcept {
    if (this != &other) {
        mirror_ = std::move(other.mirror_);
        note_ = std::move(other.note_);
        registration_ = std::move(other.registration_);  // before the mapping it stands for
        map_ = std::move(other.map_);
        disk_path_ = std::move(other.disk_path_);
        info_ = std::move(other.info_);
        seed_ = other.seed_;
    }
    return *this;
}

segment segment::make_ahead(int fd, const fs::path& path, segment_info info) {
    segment made;
    info.salt = detail::random_salt();
    made.info_ = std::move(info);
    allocate_file(fd, made.info_.segment_bytes, path.native());
    MILLRACE_CRASH_POINT("spare.allocated");
    made.map_ = mapping(fd, made.info_.segment_bytes, access::read_write, path.native());
    const bool is_temporary = path.extension() == ".tmp";  // it gets its name without that
    made.note_ = mapped_segment(made.map_.data(), made.map_.size(),
                                is_temporary ? path.parent_path() / path.stem() : path);
    detail::write_static_part(made.map_.data(), made.info_);
    return made;
}

void segment::touch(const fs::path& path, std::size_t from) {
    const std::size_t first = from / page_bytes * page_bytes;
    touch_pages(map_.data() + first, map_.size() - first, path);
}

segment segment::create(const fs::path& directory, const segment_info& info) {
    const fs::path path = directory / segment_file_name(info.index);
    fs::path temporary = path;
    temporary += ".tmp";
    try {
        const unique_fd fd = open_file(temporary, O_RDWR | O_CREAT | O_TRUNC);
        segment made = make_ahead(fd.get(), temporary, info);
        made.touch(temporary);
        made.begin({info.epoch, info.base_sequence, info.base_timestamp,
                    info.previous_last_sequence, info.previous_end},
                   detail::read_host_identity());
        MILLRACE_CRASH_POINT("create.begun");
        rename_file(temporary, path);
        MILLRACE_CRASH_POINT("create.named");
        return made;
    } catch (const error&) {
        ::unlink(temporary.c_str());  // on a full disk it holds the very blocks that are short
        throw;
    }
}

segment segment::open(const fs::path& directory, std::uint64_t index, access mode) {
    if (mode == access::read_only) {
        if (const auto where = detail::read_hot_location(directory)) {
            return open_hot(directory, index, *where);
        }
    }
    return open_file_of(directory, index, mode);
}

void segment::take_header(const fs::path& path, std::uint64_t index) {
    info_ = detail::check_header(path, map_.data(), map_.size());
    detail::check_index(path, info_, index);
    seed_ = checksum_seed(info_.salt, info_.epoch);
}

segment segment::open_file_of(const fs::path& directory, std::uint64_t index, access mode) {
    const fs::path path = directory / segment_file_name(index);
    std::optional<fs::path> archived;
    const unique_fd fd =
        mode == access::read_only ? open_disk_file(path, index, archived) : open_file(path, O_RDWR);
    if (archived) {
        segment loaded;
        loaded.map_ = detail::load_archived(*archived);
        loaded.take_header(*archived, index);
        return loaded;
    }
    const std::size_t size = file_size(fd.get(), path.native());
    if (size < segment_header_bytes_min) {
        throw damage_error(path.native() + ": too short for a segment header");
    }
    segment opened;
    opened.map_ = mapping(fd.get(), size, mode, path.native());
    opened.note_ = mapped_segment(opened.map_.data(), size, path);
    opened.disk_path_ = path;
    opened.take_header(path, index);
    return opened;
}

segment segment::open_hot(const fs::path& directory, std::uint64_t index,
                          const hot_location& where) {
    const fs::path disk_path = directory / segment_file_name(index);
    if (auto own = detail::try_map_hot_segment(where.uuid, index)) {
        segment opened;
        opened.map_ = std::move(own->map);
        opened.registration_ = std::move(own->registration);
        opened.note_ = mapped_segment(opened.map_.data(), opened.map_.size(), disk_path);
        opened.take_header(disk_path, index);
        return opened;
    }
    durable_mark mark = durable_mark::open_if_there(directory, where.uuid);
    const fs::path hot_path = where.directory / segment_file_name(index);
    unique_fd fd = open_if_there(hot_path);
    // Looked at after the attempt: a file that is gone because it was retired shows here.
    if (mark.retired_below() > index || (!fd.is_open() && !where.is_of_this_boot)) {
        return open_file_of(directory, index, access::read_only);
    }
    const bool is_hot = fd.is_open();
    if (!is_hot) {
        fd = open_file(disk_path, O_RDONLY);
    }
    const fs::path& path = is_hot ? hot_path : disk_path;
    const std::size_t size = file_size(fd.get(), path.native());
    if (size < segment_header_bytes_min) {
        throw damage_error(path.native() + ": too short for a segment header");
    }
    segment opened;
    opened.map_ = mapping::anonymous(size);
    mapping source(fd.get(), size, access::read_only, path.native());
    opened.note_ = mapped_segment(source.data(), size, path);
    opened.mirror_ = std::make_unique<hot_mirror>(
        std::move(source),
        is_hot ? hot_mirror::source_kind::hot_file : hot_mirror::source_kind::disk_file,
        std::move(mark), index);
    opened.disk_path_ = disk_path;
    while (opened.refresh()) {
    }
    opened.take_header(path, index);
    return opened;
}

bool segment::is_cut() const noexcept {
    struct stat status {};
    return mirror_ == nullptr && !disk_path_.empty() && ::stat(disk_path_.c_str(), &status) == 0 &&
           static_cast<std::size_t>(status.st_size) < map_.size();
}

bool segment::refresh_mirror() noexcept {
    switch (mirror_->pull({map_.data(), map_.size()})) {
        case pull_outcome::unchanged:
            return false;
        case pull_outcome::grew:
            return true;
        case pull_outcome::retired:
            break;
    }
    try {
        const unique_fd fd = open_file(disk_path_, O_RDONLY);
        if (file_size(fd.get(), disk_path_.native()) != map_.size()) {
            return false;  // damage, which the next reader to open it is told of
        }
        map_.replace_in_place(fd.get(), disk_path_.native());
        note_ = mapped_segment(map_.data(), map_.size(), disk_path_);
        mirror_.reset();
        return true;
    } catch (const std::exception&) {
        return false;  // out of descriptors, say: what was copied stands, and the next call tries
    }
}

std::string_view describe(damage_kind kind) {
    switch (kind) {
        case damage_kind::none:
            return "no damage";
        case damage_kind::bad_length:
            return "impossible record length";
        case damage_kind::bad_checksum:
            return "record checksum does not match";
        case damage_kind::bad_sequence:
            return "record sequence is not the next one";
        case damage_kind::bad_timestamp:
            return "record timestamp is not later than the one before";
        case damage_kind::bad_header:
            return "segment header does not match its log";
        case damage_kind::foreign_segment:
            return "segment belongs to another log";
        case damage_kind::missing_segment:
            return "a segment of the log is missing";
        case damage_kind::missing_records:
            return "zeros where the next segment says records are";
        case damage_kind::removed_segment:
            return "the next segment was removed by retention before this reader came to it";
        case damage_kind::cut_segment:
            return "the segment's file was cut short";
        case damage_kind::bad_archived:
            return "the archived segment does not decompress";
    }
    return "unknown damage";
}

template record_probe probe_record<native_memory>(const segment&, std::size_t) noexcept;

}  // namespace millrace::engine
