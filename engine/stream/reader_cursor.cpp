#include "engine/stream/reader_cursor.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <optional>

#include "engine/core/assert.hpp"
#include "engine/core/clock.hpp"
#include "engine/core/crc32c.hpp"
#include "engine/core/error.hpp"
#include "engine/log/archive_source.hpp"
#include "engine/log/crash_point.hpp"
#include "engine/stream/slot_generation.hpp"
#include "engine/table/record.hpp"

namespace millrace::engine {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t cursor_magic = 0x31525352434d524d;  // "MRMCRSR1"
constexpr std::string_view lock_suffix = ".lock";

struct stored_cursor {
    std::uint64_t magic;
    std::uint64_t generation;
    std::uint8_t uuid[16];
    std::uint64_t at;
    std::uint64_t seq;
    std::int64_t time;
    std::int64_t updated;
    std::uint64_t name_hash;
    std::uint8_t reserved[52];
    std::uint32_t crc;  // over the bytes before it
};
static_assert(sizeof(stored_cursor) == 128);
static_assert(offsetof(stored_cursor, at) == 32);
static_assert(offsetof(stored_cursor, name_hash) == 64);
static_assert(offsetof(stored_cursor, crc) == 124);
static_assert(std::is_trivially_copyable_v<stored_cursor>);

constexpr std::size_t slot_count = 2;
constexpr std::size_t file_bytes = slot_count * sizeof(stored_cursor);

std::uint32_t checksum(const stored_cursor& slot) {
    return crc32c(0, &slot, offsetof(stored_cursor, crc));
}

bool is_valid(const stored_cursor& slot) {
    return slot.magic == cursor_magic && slot.crc == checksum(slot) && slot.generation != 0;
}

stored_cursor make_slot(std::uint64_t generation, const log_uuid& uuid, std::uint64_t name_hash,
                        const cursor_state& state) {
    stored_cursor slot{};
    slot.magic = cursor_magic;
    slot.generation = generation;
    std::copy(uuid.bytes.begin(), uuid.bytes.end(), slot.uuid);
    slot.at = state.at.value;
    slot.seq = state.seq.value;
    slot.time = state.time.ns;
    slot.updated = state.updated.ns;
    slot.name_hash = name_hash;
    slot.crc = checksum(slot);
    return slot;
}

struct found_slot {
    std::uint64_t generation = 0;
    std::size_t slot = 0;
    cursor_state state;
};

found_slot find_newest(const fs::path& path, const std::byte* bytes, const log_uuid& uuid,
                       std::string_view name) {
    std::optional<found_slot> found;
    for (std::size_t i = 0; i < slot_count; ++i) {
        stored_cursor slot{};
        std::memcpy(&slot, bytes + i * sizeof slot, sizeof slot);
        if (!is_valid(slot)) {
            continue;
        }
        if (slot.name_hash != route_id(name) ||
            !std::equal(uuid.bytes.begin(), uuid.bytes.end(), slot.uuid)) {
            throw config_error(path.native() +
                               ": the cursor belongs to another log or has another name; remove "
                               "the file to let the reader begin anew");
        }
        if (!found || is_newer_generation(slot.generation, found->generation)) {
            found = {slot.generation, i, {{slot.at}, {slot.seq}, {slot.time}, {slot.updated}}};
        }
    }
    if (!found) {
        throw damage_error(path.native() +
                           ": no valid slot; the cursor is damaged. Remove the file, then "
                           "`millrace cursor set` it where the reader has come to");
    }
    return *found;
}

void check_cursor_name(std::string_view name) {
    const bool is_good = !name.empty() && name.size() <= cursor_name_size_max &&
                         !name.ends_with(lock_suffix) && name.front() != '.' &&
                         std::all_of(name.begin(), name.end(), [](char c) {
                             return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' ||
                                    c == '-' || c == '.';
                         });
    if (!is_good) {
        throw config_error("cursor '" + std::string(name) +
                           "': expected 1 to 64 letters, digits, '_', '-' and '.', not beginning "
                           "with '.' nor ending in .lock");
    }
}

segment_info newest_of(const fs::path& log_directory) {
    const std::vector<std::uint64_t> indexes = list_segments(log_directory);
    if (indexes.empty()) {
        refuse_without_segments(log_directory);
    }
    return read_segment_info(log_directory, indexes.back());
}

void check_size(const fs::path& path, std::size_t size) {
    if (size != file_bytes) {
        throw damage_error(path.native() + ": a cursor has " + std::to_string(file_bytes) +
                           " bytes, this file has " + std::to_string(size));
    }
}

}  // namespace

fs::path reader_cursor_path(const fs::path& log_directory, std::string_view name) {
    check_cursor_name(name);
    return log_directory / "cursors" / name;
}

fs::path reader_cursor_lock(const fs::path& log_directory, std::string_view name) {
    fs::path path = reader_cursor_path(log_directory, name);
    path += lock_suffix;
    return path;
}

reader_cursor::reader_cursor(const fs::path& log_directory, std::string_view name)
    : uuid_(newest_of(log_directory).uuid), name_hash_(route_id(name)) {
    const fs::path path = reader_cursor_path(log_directory, name);
    ensure_directory(path.parent_path());
    lock_ = file_lock(reader_cursor_lock(log_directory, name), "cursor " + std::string(name));
    if (!fs::exists(path)) {
        const stored_cursor slots[slot_count] = {
            make_slot(1, uuid_, name_hash_, find_cursor_state(log_directory, read_from::first()))};
        write_file_atomically(path, {reinterpret_cast<const char*>(slots), sizeof slots});
    }
    const unique_fd fd = open_file(path, O_RDWR);
    check_size(path, file_size(fd.get(), path.native()));
    map_ = mapping(fd.get(), file_bytes, access::read_write, path.native());
    const found_slot newest = find_newest(path, map_.data(), uuid_, name);
    generation_ = newest.generation;
    newest_slot_ = newest.slot;
    state_ = newest.state;
    go_back_to_survivor(log_directory);
}

// A crash on the way finds the same again.
void reader_cursor::go_back_to_survivor(const fs::path& log_directory) {
    const cursor_state survivor = surviving_state(log_directory, state_);
    if (survivor.seq != state_.seq) {
        lost_ = {survivor.seq.next(), state_.seq};
        set(survivor);
    }
}

void reader_cursor::update(const record_view& done) noexcept {
    MILLRACE_DCHECK(done.seq >= state_.seq, "a reader's cursor goes back");
    state_ = {done.end, done.seq, done.time, utc_now()};
    write_slot();
}

void reader_cursor::set(const cursor_state& to) noexcept {
    state_ = to;
    state_.updated = utc_now();
    write_slot();
}

void reader_cursor::write_slot() noexcept {
    generation_ = next_generation(generation_);
    newest_slot_ = (newest_slot_ + 1) % slot_count;
    const stored_cursor slot = make_slot(generation_, uuid_, name_hash_, state_);
    // A process killed inside this copy leaves a slot whose checksum fails, and the other counts.
    std::byte* to = map_.data() + newest_slot_ * sizeof slot;
    constexpr std::size_t half = sizeof slot / 2;
    std::memcpy(to, &slot, half);
    MILLRACE_CRASH_POINT("cursor.half_written");
    std::memcpy(to + half, reinterpret_cast<const std::byte*>(&slot) + half, half);
    MILLRACE_CRASH_POINT("cursor.written");
}

std::vector<std::string> list_reader_cursors(const fs::path& log_directory) {
    std::vector<std::string> names;
    std::error_code code;
    for (fs::directory_iterator it(log_directory / "cursors", code), last; !code && it != last;
         it.increment(code)) {
        std::string name = it->path().filename().native();
        if (!name.ends_with(lock_suffix) && !name.ends_with(".route") && !name.ends_with(".tmp")) {
            names.push_back(std::move(name));
        }
    }
    if (code && code != std::errc::no_such_file_or_directory) {
        throw io_error("readdir", (log_directory / "cursors").native(), code.value());
    }
    std::sort(names.begin(), names.end());
    return names;
}

cursor_state read_reader_cursor(const fs::path& log_directory, std::string_view name) {
    const fs::path path = reader_cursor_path(log_directory, name);
    // Its reader may be writing the slot that does not count yet, never the one that does; twice,
    // because between two reads of ours it may have gone on to the other.
    for (int attempt = 0;; ++attempt) {
        const std::string bytes = read_whole_file(path);
        check_size(path, bytes.size());
        try {
            return find_newest(path, reinterpret_cast<const std::byte*>(bytes.data()),
                               newest_of(log_directory).uuid, name)
                .state;
        } catch (const damage_error&) {
            if (attempt == 2) {
                throw;
            }
        }
    }
}

void remove_reader_cursor(const fs::path& log_directory, std::string_view name) {
    const fs::path path = reader_cursor_path(log_directory, name);
    if (!fs::exists(path)) {
        throw error(path.native() + ": there is no such cursor");
    }
    const file_lock held(reader_cursor_lock(log_directory, name),
                         "removing cursor " + std::string(name));
    if (!fs::remove(path)) {
        throw error(path.native() + ": somebody has removed the cursor meanwhile");
    }
    sync_directory(path.parent_path());
}

cursor_state surviving_state(const fs::path& log_directory, const cursor_state& state) {
    const read_place place{newest_of(log_directory).uuid, state.seq, state.time, state.at};
    const read_place survivor = surviving_place(log_directory, place);
    return {survivor.end, survivor.done, survivor.time, state.updated};
}

cursor_state find_cursor_state(const fs::path& log_directory, const read_from& from) {
    log_reader reader(log_directory, from);
    record_view record;
    if (from.what != read_from::kind::tail && reader.poll(record) == read_status::record) {
        const sequence done{record.seq.value - 1};
        return {record.at, done, place_behind(log_directory, done).time, utc_now()};
    }
    const timestamp last = reader.last_sequence().is_none() ? timestamp{} : reader.last_timestamp();
    return {reader.next_position(), reader.last_sequence(), last, utc_now()};
}

}  // namespace millrace::engine
