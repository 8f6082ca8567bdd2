#include "engine/log/seal_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "engine/core/error.hpp"
#include "engine/log/archive_source.hpp"
#include "engine/log/hot_tier.hpp"

namespace millrace::engine {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void refuse(const fs::path& path, const std::string& reason) {
    throw damage_error(path.native() + ": " + reason);
}

seal_contents open_contents(const fs::path& path, const segment& where, const digest& previous) {
    seal_contents contents = read_seals(path.parent_path(), where.info());
    if (!contents.fault.empty() && !contents.is_cut) {
        refuse(path, contents.fault +
                         "; seals are never made again over others. Verify the log, "
                         "then move this file away or restore it");
    }
    if (contents.has_header && contents.header.previous != previous) {
        refuse(path, "its chain of seals does not continue that of the segment before");
    }
    return contents;
}

seal_builder start_builder(const segment& where, const digest& previous, const seal_key* key,
                           const seal_contents& contents) {
    return contents.seals.empty() ? seal_builder(where, previous, key)
                                  : seal_builder(where, contents.seals.back(), key);
}

}  // namespace

seal_writer::seal_writer(const fs::path& directory, const segment& where, const digest& previous,
                         const seal_key* key)
    : seal_writer(directory / seal_file_name(where.info().index), where, previous, key,
                  open_contents(directory / seal_file_name(where.info().index), where, previous)) {}

seal_writer::seal_writer(fs::path path, const segment& where, const digest& previous,
                         const seal_key* key, const seal_contents& contents)
    : path_(std::move(path)),
      builder_(start_builder(where, previous, key, contents)),
      head_(contents.seals.empty() ? previous : contents.seals.back().hash),
      seal_count_(contents.seals.size()) {
    if (!contents.has_header) {
        const seal_header header = make_seal_header(where.info(), previous);
        write_file_atomically(path_, {reinterpret_cast<const char*>(&header), sizeof header});
    }
    fd_ = open_file(path_, O_RDWR);
    if (contents.is_cut &&
        ::ftruncate(fd_.get(),
                    static_cast<off_t>(sizeof(seal_header) + seal_count_ * sizeof(seal))) != 0) {
        throw io_error("ftruncate", path_.native(), errno);
    }
}

bool seal_writer::put_seal() noexcept {
    const seal& made = builder_.last();
    last_error_ = try_write_at(fd_.get(), &made, sizeof made,
                               sizeof(seal_header) + seal_count_ * sizeof made);
    if (last_error_ != 0) {
        return false;
    }
    ++seal_count_;
    head_ = made.hash;
    return true;
}

bool seal_writer::add(const record_view& record) noexcept {
    if (last_error_ != 0) {
        return false;
    }
    if (record.at < builder_.next_position()) {
        return true;
    }
    try {
        return !builder_.add(record) || put_seal();
    } catch (const std::exception&) {
        last_error_ = ENOMEM;
        return false;
    }
}

bool seal_writer::seal_now() noexcept {
    if (last_error_ != 0 || !builder_.has_unsealed()) {
        return last_error_ == 0;
    }
    try {
        builder_.close_range(false);
        return put_seal();
    } catch (const std::exception&) {
        last_error_ = ENOMEM;
        return false;
    }
}

bool seal_writer::finish_segment() noexcept {
    if (last_error_ != 0 || builder_.is_finished()) {
        return last_error_ == 0;
    }
    try {
        builder_.close_range(true);
        return put_seal();
    } catch (const std::exception&) {
        last_error_ = ENOMEM;
        return false;
    }
}

bool seal_writer::sync() noexcept {
    if (last_error_ == 0 && ::fdatasync(fd_.get()) != 0) {
        last_error_ = errno;
    }
    return last_error_ == 0;
}

segment_cursor seal_writer::cursor_of(const segment& where) const {
    if (seal_count_ == 0) {
        return segment_cursor(where);
    }
    const seal& last = builder_.last();
    return segment_cursor(where, last.end - where.info().first_position().value,
                          {last.last_sequence}, {last.last_timestamp});
}

bool seal_writer::catch_up(const segment& where) noexcept {
    if (builder_.is_finished() || last_error_ != 0) {
        return last_error_ == 0;
    }
    segment_cursor cursor = cursor_of(where);
    record_view record;
    while (cursor.next(record) == damage_kind::none && record.payload != nullptr) {
        if (!add(record)) {
            return false;
        }
    }
    return true;
}

seal_contents read_seals(const fs::path& directory, const segment_info& info) {
    const fs::path path = directory / seal_file_name(info.index);
    if (!fs::exists(path)) {
        return {};
    }
    const std::string text = read_whole_file(path);
    return parse_seals(std::as_bytes(std::span(text.data(), text.size())), info);
}

digest archived_seal_head(const fs::path& directory, std::uint64_t first) {
    const auto archived = first == 0 ? std::nullopt : detail::find_archived(directory, first - 1);
    if (!archived) {
        return {};
    }
    const fs::path home = archived->parent_path();
    const seal_contents contents = read_seals(home, read_segment_info(directory, first - 1));
    if (!contents.has_header) {
        return {};
    }
    if (!contents.is_finished()) {
        refuse(home / seal_file_name(first - 1),
               "ends before its segment does, and nothing in " + directory.native() +
                   " can be sealed in one chain with it; verify the archive");
    }
    return contents.seals.back().hash;
}

seal_head read_seal_head(const fs::path& directory) {
    const std::vector<std::uint64_t> indexes = list_readable_segments(directory);
    for (auto it = indexes.rbegin(); it != indexes.rend(); ++it) {
        const seal_contents contents =
            read_seals(segment_home(directory, *it), read_segment_info(directory, *it));
        if (!contents.fault.empty() && !contents.is_cut) {
            refuse(directory / seal_file_name(*it), contents.fault);
        }
        if (!contents.seals.empty()) {
            const seal& last = contents.seals.back();
            return {
                true,           last.hash, {last.last_sequence}, {last.end}, {last.last_timestamp},
                last.is_keyed()};
        }
    }
    return {};
}

namespace {

// Ascending, from `first` on.
std::vector<std::uint64_t> list_seal_files(const fs::path& directory, std::uint64_t first) {
    std::vector<std::uint64_t> indexes;
    for (const fs::directory_entry& entry : fs::directory_iterator(directory)) {
        std::uint64_t index = 0;
        const std::string stem = entry.path().stem().native();
        const auto [end, code] = std::from_chars(stem.data(), stem.data() + stem.size(), index);
        if (code == std::errc{} && index >= first &&
            entry.path().filename().native() == seal_file_name(index)) {
            indexes.push_back(index);
        }
    }
    std::sort(indexes.begin(), indexes.end());
    return indexes;
}

// What its own seals say of a segment whose header nobody can read.
segment_info info_from_seals(std::span<const std::byte> bytes, const segment_info& known) {
    segment_info info = known;
    info.header_bytes = segment_header_bytes_min;
    seal_header header{};
    seal first{};
    if (bytes.size() >= sizeof header) {
        std::memcpy(&header, bytes.data(), sizeof header);
        info.salt = header.salt;
        info.epoch = header.epoch;
    }
    if (bytes.size() >= sizeof header + sizeof first) {
        std::memcpy(&first, bytes.data() + sizeof header, sizeof first);
        info.previous_last_sequence = {first.first_sequence - 1};
    }
    return info;
}

seal_contents read_seals_without(const fs::path& directory, const segment_info& known) {
    const std::string text = read_whole_file(directory / seal_file_name(known.index));
    const auto bytes = std::as_bytes(std::span(text.data(), text.size()));
    try {
        segment_info info = read_segment_info(directory, known.index);
        info.uuid = known.uuid;  // a foreign segment proves nothing here
        return parse_seals(bytes, info);
    } catch (const damage_error&) {
        return parse_seals(bytes, info_from_seals(bytes, known));
    } catch (const io_error& failure) {
        if (failure.error_number() != ENOENT) {
            throw;
        }
        return parse_seals(bytes, info_from_seals(bytes, known));
    }
}

}  // namespace

std::optional<fs::path> find_any_seal(const fs::path& directory) {
    for (const std::uint64_t index : list_seal_files(directory, 0)) {
        const fs::path path = directory / seal_file_name(index);
        const std::string text = read_whole_file(path);
        const auto bytes = std::as_bytes(std::span(text.data(), text.size()));
        if (bytes.size() < sizeof(seal_header) + sizeof(seal)) {
            continue;
        }
        seal_header header{};
        seal first{};
        std::memcpy(&header, bytes.data(), sizeof header);
        std::memcpy(&first, bytes.data() + sizeof header, sizeof first);
        segment_info known;
        known.index = index;
        known.segment_bytes = index == 0 ? INT64_MAX : first.begin / index;
        std::copy(std::begin(header.uuid), std::end(header.uuid), known.uuid.bytes.begin());
        if (!parse_seals(bytes, info_from_seals(bytes, known)).seals.empty()) {
            return path;
        }
    }
    return std::nullopt;
}

position read_sealed_end(const fs::path& directory, const log_uuid& uuid,
                         std::uint64_t segment_bytes, std::uint64_t first_index) {
    position end{};
    segment_info known;
    known.uuid = uuid;
    known.segment_bytes = segment_bytes;
    std::optional<seal_contents> before;
    for (const std::uint64_t index : list_seal_files(directory, first_index)) {
        const bool is_next = !before || index == known.index + 1;
        known.index = index;
        seal_contents found = read_seals_without(directory, known);
        const bool is_linked = !before || (before->is_finished() &&
                                           before->seals.back().hash == found.header.previous);
        if (!is_next || !is_linked || !found.has_header) {
            break;
        }
        end = found.seals.empty() ? end : position{found.seals.back().end};
        if (!found.fault.empty()) {
            break;
        }
        before = std::move(found);
    }
    return end;
}

namespace {

// Where the records of a segment end must be where the next one says they do.
void check_end(const fs::path& directory, const segment_info& info, const seal_writer& seals,
               std::uint64_t next_index) {
    const segment_info next = read_segment_info(directory, next_index);
    const position end{seals.next_position().value -
                       (seals.is_finished() ? record_header_bytes : 0)};
    if (next.previous_end != end) {
        refuse(directory / segment_file_name(info.index),
               "position " + std::to_string(end.value) +
                   ": the segment is damaged here; what is damaged is not sealed. Verify the log");
    }
}

}  // namespace

sealed_log seal_log(const fs::path& directory, const seal_key* key) {
    if (list_segments(directory).empty()) {
        refuse_without_segments(directory);
    }
    const file_lock lock(directory / "writer.lock", "sealing");
    sealed_log result;
    // What only memory holds could still be lost, and its seals would then belie the log.
    result.note = detail::join_hot_tier(directory);
    const std::vector<std::uint64_t> indexes = list_segments(directory);
    // A chain begins where its first file lies: what stands before was kept without seals, or its
    // seals went with segments that are gone.
    const auto has_seals = [&](std::uint64_t index) {
        return fs::exists(directory / seal_file_name(index));
    };
    const auto oldest = std::find_if(indexes.begin(), indexes.end(), has_seals);
    const auto first = oldest == indexes.end() ? indexes.begin() : oldest;
    digest head;
    if (oldest == indexes.end()) {
        head = archived_seal_head(directory, indexes.front());
    } else {
        head = read_seals(directory, read_segment_info(directory, *first)).header.previous;
    }
    for (auto it = first; it != indexes.end(); ++it) {
        const segment where = segment::open(directory, *it, access::read_only);
        seal_writer seals(directory, where, head, key);
        const std::size_t before = seals.seal_count();
        if (!seals.is_finished()) {
            // What a writer that died left in the page cache. First: a seal on the disk says that
            // the bytes it covers are there.
            const fs::path path = directory / segment_file_name(*it);
            sync_file(open_file(path, O_RDWR).get(), path.native());
        }
        bool is_written = seals.catch_up(where);
        if (is_written && it + 1 != indexes.end()) {
            check_end(directory, where.info(), seals, *(it + 1));
            is_written = seals.finish_segment();
        }
        if (!is_written || !seals.seal_now() || !seals.sync()) {
            throw io_error("write", (directory / seal_file_name(*it)).native(), seals.last_error());
        }
        result.new_seal_count += seals.seal_count() - before;
        head = seals.head();
    }
    result.head = read_seal_head(directory);
    return result;
}

}  // namespace millrace::engine
