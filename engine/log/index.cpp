#include "engine/log/index.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

#include "engine/core/error.hpp"
#include "engine/log/archive_source.hpp"
#include "engine/log/hot_tier.hpp"

namespace millrace::engine {

namespace fs = std::filesystem;

namespace {

std::uint32_t entry_checksum(const index_entry& entry, std::uint32_t seed) {
    return crc32c(seed, &entry, offsetof(index_entry, crc));
}

// Whether the record the entry speaks of stands there, whole.
bool is_confirmed(const segment& where, const index_entry& entry) noexcept {
    const segment_info& info = where.info();
    if (entry.offset < info.header_bytes || entry.offset % record_alignment != 0 ||
        entry.offset > info.segment_bytes - record_header_bytes) {
        return false;
    }
    if (probe_record(where, entry.offset).state != record_state::valid) {
        return false;
    }
    record_header header;
    std::memcpy(&header, where.data() + entry.offset, sizeof header);
    return header.sequence == entry.sequence && header.timestamp == entry.timestamp &&
           (header.flags & record_flag_control) == 0;
}

bool is_not_behind(const index_entry& entry, const read_from& from, position first) noexcept {
    switch (from.what) {
        case read_from::kind::at_sequence:
            return entry.sequence <= from.seq.value;
        case read_from::kind::at_time:
            return entry.timestamp <= from.time.ns;
        case read_from::kind::at_position:
            return first.value + entry.offset <= from.at.value;
        case read_from::kind::tail:
            return true;
        case read_from::kind::first:
        case read_from::kind::oldest_here:
        case read_from::kind::last_snapshot:
            return false;
    }
    return false;
}

}  // namespace

std::string index_file_name(std::uint64_t segment_index) {
    std::string name = segment_file_name(segment_index);
    return name.substr(0, name.find('.')) + ".idx";
}

index_header make_index_header(const segment_info& info) noexcept {
    index_header header{};
    header.magic = index_magic;
    header.format_version = index_format_version;
    header.entry_bytes = sizeof(index_entry);
    std::copy(info.uuid.bytes.begin(), info.uuid.bytes.end(), header.uuid);
    header.segment_index = info.index;
    header.salt = info.salt;
    header.epoch = info.epoch;
    header.crc = crc32c(0, &header, offsetof(index_header, crc));
    return header;
}

bool is_index_header_of(const index_header& header, const segment_info& info) noexcept {
    const index_header wanted = make_index_header(info);
    return std::memcmp(&header, &wanted, sizeof header) == 0;
}

bool is_index_entry_sound(const index_entry& entry, std::uint32_t seed) noexcept {
    return entry.reserved == 0 && entry.crc == entry_checksum(entry, seed);
}

bool index_builder::add(const record_view& record) noexcept {
    const std::uint64_t offset = record.at.value - first_position_;
    records_behind_ += has_entry_ ? 1 : 0;
    if (record.is_control() || (has_entry_ && records_behind_ < index_stride_records &&
                                offset < entry_.offset + index_stride_bytes)) {
        return false;
    }
    entry_ = {record.seq.value, record.time.ns, offset, 0, 0};
    entry_.crc = entry_checksum(entry_, seed_);
    has_entry_ = true;
    records_behind_ = 0;
    return true;
}

void index_builder::resume_at(const index_entry& entry) noexcept {
    entry_ = entry;
    has_entry_ = true;
    records_behind_ = static_cast<std::uint32_t>(-1);  // the record it names is counted again
}

namespace {

bool is_all_zero(const index_entry& entry) {
    const auto bytes = std::as_bytes(std::span(&entry, 1));
    return std::all_of(bytes.begin(), bytes.end(),
                       [](std::byte one) { return one == std::byte{0}; });
}

}  // namespace

index_contents parse_index(std::span<const std::byte> bytes, const segment_info& info) {
    index_contents contents;
    index_header header{};
    if (bytes.size() < sizeof header) {
        contents.fault = "too short for its header";
        return contents;
    }
    std::memcpy(&header, bytes.data(), sizeof header);
    if (!is_index_header_of(header, info)) {
        contents.fault = header.magic == index_magic &&
                                 header.crc == crc32c(0, &header, offsetof(index_header, crc))
                             ? "belongs to another segment or another version"
                             : "its header is damaged";
        return contents;
    }
    const std::uint32_t seed = checksum_seed(info.salt, info.epoch);
    const std::size_t count = (bytes.size() - sizeof header) / sizeof(index_entry);
    contents.entries.reserve(count);
    index_entry before{};
    for (std::size_t i = 0; i < count; ++i) {
        index_entry entry{};
        std::memcpy(&entry, bytes.data() + sizeof header + i * sizeof entry, sizeof entry);
        if (is_all_zero(entry)) {
            // The file keeps its length where a loss of power took its bytes, any sector of them.
            contents.fault = "entry " + std::to_string(i) + " is zeros";
            contents.is_cut = true;
            return contents;
        }
        if (!is_index_entry_sound(entry, seed)) {
            contents.fault = "entry " + std::to_string(i) + " is damaged";
            return contents;
        }
        if (i > 0 && (entry.sequence <= before.sequence || entry.timestamp <= before.timestamp ||
                      entry.offset <= before.offset)) {
            contents.fault = "entry " + std::to_string(i) + " does not lie behind the one before";
            return contents;
        }
        contents.entries.push_back(entry);
        before = entry;
    }
    if ((bytes.size() - sizeof header) % sizeof(index_entry) != 0) {
        contents.fault = "its last entry is incomplete";
        contents.is_cut = true;
    }
    return contents;
}

index_writer::index_writer(const fs::path& directory, const segment& where, position until)
    : path_(directory / index_file_name(where.info().index)), builder_(where.info()) {
    const segment_info& info = where.info();
    std::vector<index_entry> kept = load_confirmed(where);
    const bool is_kept = !kept.empty();
    if (!is_kept) {
        // A new file under the old name: whoever reads the old one goes on doing so.
        const index_header header = make_index_header(info);
        write_file_atomically(path_, {reinterpret_cast<const char*>(&header), sizeof header});
    }
    fd_ = open_file(path_, O_RDWR);
    entry_count_ = kept.size();
    written_bytes_ = sizeof(index_header) + kept.size() * sizeof(index_entry);
    if (is_kept) {
        const index_entry& last = kept.back();
        builder_.resume_at(last);
        catch_up(where,
                 segment_cursor(where, last.offset, {last.sequence - 1}, {last.timestamp - 1}),
                 until);
    } else {
        catch_up(where, segment_cursor(where), until);
    }
    if (!flush()) {
        throw io_error("write", path_.native(), last_error_);
    }
}

// The entries of an existing file, if each is where the segment's own records put it. Only the last
// one is held against the segment here; verify_log() does it for all.
std::vector<index_entry> index_writer::load_confirmed(const segment& where) const {
    if (!fs::exists(path_)) {
        return {};
    }
    const std::string text = read_whole_file(path_);
    index_contents contents =
        parse_index(std::as_bytes(std::span(text.data(), text.size())), where.info());
    if (!contents.fault.empty() || contents.entries.empty() ||
        !is_confirmed(where, contents.entries.back())) {
        return {};
    }
    return std::move(contents.entries);
}

void index_writer::catch_up(const segment& where, segment_cursor cursor, position until) {
    const std::uint64_t first = where.info().first_position().value;
    next_ = {first + cursor.offset()};
    record_view record;
    while (first + cursor.offset() < until.value && cursor.next(record) == damage_kind::none &&
           record.payload != nullptr) {
        add(record);
    }
    // A torn end of a dead writer is not the index's business: it ends before it.
}

void index_writer::add(const record_view& record) noexcept {
    if (record.at < next_ || is_short_) {
        return;
    }
    next_ = record.end;
    if (!builder_.add(record)) {
        return;
    }
    if (pending_count_ == pending_max && !flush()) {
        is_short_ = true;  // an entry left out would not be missed by anybody; none may follow it
        return;
    }
    pending_[pending_count_++] = builder_.entry();
    ++entry_count_;
}

bool index_writer::flush() noexcept {
    if (pending_count_ == 0) {
        return true;
    }
    const std::size_t bytes = pending_count_ * sizeof(index_entry);
    last_error_ = try_write_at(fd_.get(), pending_.data(), bytes, written_bytes_);
    if (last_error_ != 0) {
        return false;
    }
    written_bytes_ += bytes;
    pending_count_ = 0;
    return true;
}

std::size_t rebuild_index(const fs::path& directory, const segment& where) {
    const index_header header = make_index_header(where.info());
    std::string bytes(reinterpret_cast<const char*>(&header), sizeof header);
    index_builder builder(where.info());
    segment_cursor cursor(where);
    record_view record;
    while (cursor.next(record) == damage_kind::none && record.payload != nullptr) {
        if (builder.add(record)) {
            bytes.append(reinterpret_cast<const char*>(&builder.entry()), sizeof(index_entry));
        }
    }
    // Not under the name that a writer's thread takes for its own.
    const fs::path path = directory / index_file_name(where.info().index);
    const fs::path made = path.native() + ".new";
    write_file_atomically(made, bytes);
    rename_file(made, path);
    sync_directory(directory);
    return (bytes.size() - sizeof header) / sizeof(index_entry);
}

indexed_log index_log(const fs::path& directory) {
    if (list_segments(directory).empty()) {
        refuse_without_segments(directory);
    }
    indexed_log made;
    std::optional<file_lock> lock;
    try {
        lock.emplace(directory / "writer.lock", "indexing");
        made.note = detail::join_hot_tier(directory);
    } catch (const locked_error&) {
        if (lock) {
            throw;  // of the hot tier, whose log is a copy of this one
        }
        made.note = "open for writing by " + lock_holder(directory / "writer.lock") +
                    ", which keeps the newest segment's index itself";
    }
    std::vector<std::uint64_t> indexes = list_segments(directory);
    if (!lock && !indexes.empty()) {
        indexes.pop_back();
    }
    // Beside a writer one at a time; one that began so may outlast that writer.
    std::optional<file_lock> alone;
    if (!lock || is_lock_held(directory / "index.lock")) {
        alone.emplace(directory / "index.lock", "indexing");
    }
    for (const std::uint64_t index : indexes) {
        const auto is_gone = [&] { return !fs::exists(directory / segment_file_name(index)); };
        try {
            // A segment that another one follows is complete: what its writer's thread may still
            // add to the file that ours replaces, ours has.
            const std::size_t count =
                rebuild_index(directory, segment::open(directory, index, access::read_only));
            if (!is_gone()) {
                ++made.segment_count;
                made.entry_count += count;
                continue;
            }
        } catch (const error&) {
            if (!is_gone()) {
                throw;
            }
        }
        fs::remove(directory / index_file_name(index));  // retention came between
    }
    return made;
}

namespace {

// Beside its segment: in the log's directory, or in the archive.
unique_fd open_index(const fs::path& directory, std::uint64_t index) {
    const std::string name = index_file_name(index);
    unique_fd here(::open((directory / name).c_str(), O_RDONLY | O_CLOEXEC));
    if (here.is_open() || errno != ENOENT) {
        return here;
    }
    const fs::path home = segment_home(directory, index);
    return home == directory ? unique_fd()
                             : unique_fd(::open((home / name).c_str(), O_RDONLY | O_CLOEXEC));
}

}  // namespace

index_lookup look_up(const fs::path& directory, const segment& where,
                     const read_from& from) noexcept {
    constexpr index_lookup unusable{index_answer::unusable, {}};
    try {
        const segment_info& info = where.info();
        const unique_fd fd = open_index(directory, info.index);
        if (!fd.is_open()) {
            return {};
        }
        index_header header{};
        if (!try_read_at(fd.get(), &header, sizeof header, 0) ||
            !is_index_header_of(header, info)) {
            return unusable;
        }
        std::size_t low = 0;  // entries before it are known not to lie behind what is sought
        std::size_t high = (file_size(fd.get(), index_file_name(info.index)) - sizeof header) /
                           sizeof(index_entry);
        index_lookup best;
        while (low < high) {
            const std::size_t middle = low + (high - low) / 2;
            index_entry entry{};
            if (!try_read_at(fd.get(), &entry, sizeof entry,
                             sizeof header + middle * sizeof entry) ||
                !is_index_entry_sound(entry, where.seed())) {
                return unusable;
            }
            if (is_not_behind(entry, from, info.first_position())) {
                best = {index_answer::found, entry};
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return best.answer == index_answer::found && !is_confirmed(where, best.entry) ? unusable
                                                                                      : best;
    } catch (const std::exception&) {
        return unusable;
    }
}

}  // namespace millrace::engine
