#include "engine/stream/checkpoint.hpp"

#include <fcntl.h>

#include <cstring>

#include "engine/core/assert.hpp"
#include "engine/core/crc32c.hpp"
#include "engine/core/error.hpp"
#include "engine/log/crash_point.hpp"
#include "engine/stream/slot_generation.hpp"
#include "engine/table/record.hpp"

namespace millrace::engine {

namespace {

constexpr std::uint64_t checkpoint_magic = 0x31544b504843524d;  // "MRCHPKT1"

struct stored_checkpoint {
    std::uint64_t magic;
    std::uint64_t generation;
    std::uint64_t route;
    std::uint8_t source[16];
    std::uint64_t highest;
    std::uint8_t reserved[76];
    std::uint32_t crc;  // over the bytes before it
};
static_assert(sizeof(stored_checkpoint) == 128);
static_assert(offsetof(stored_checkpoint, crc) == 124);

constexpr std::size_t slot_count = 2;
constexpr std::size_t file_bytes = slot_count * sizeof(stored_checkpoint);
constexpr const char* way_out = ". Restore it, or remove the file to begin anew";

std::uint32_t checksum(const stored_checkpoint& slot) {
    return crc32c(0, &slot, offsetof(stored_checkpoint, crc));
}

bool is_valid(const stored_checkpoint& slot) {
    return slot.magic == checkpoint_magic && slot.crc == checksum(slot) && slot.generation != 0;
}

stored_checkpoint make_slot(std::uint64_t generation, std::uint64_t route, const log_uuid& source,
                            sequence highest) {
    stored_checkpoint slot{};
    slot.magic = checkpoint_magic;
    slot.generation = generation;
    slot.route = route;
    std::memcpy(slot.source, source.bytes.data(), sizeof slot.source);
    slot.highest = highest.value;
    slot.crc = checksum(slot);
    return slot;
}

}  // namespace

checkpoint::checkpoint(const std::filesystem::path& path, std::string_view route_name,
                       const log_uuid& source, sequence start_after)
    : route_(route_id(route_name)), source_(source) {
    std::filesystem::path lock_path = path;
    lock_path += ".lock";
    if (path.has_parent_path()) {
        ensure_directory(path.parent_path());
    }
    lock_ = file_lock(lock_path, "checkpoint of route " + std::string(route_name));
    if (!std::filesystem::exists(path)) {
        const stored_checkpoint slots[slot_count] = {make_slot(1, route_, source_, start_after)};
        write_file_atomically(path, {reinterpret_cast<const char*>(slots), sizeof slots});
    }
    const unique_fd fd = open_file(path, O_RDWR);
    const std::size_t size = file_size(fd.get(), path.native());
    if (size != file_bytes) {
        throw damage_error(path.native() + ": a checkpoint has " + std::to_string(file_bytes) +
                           " bytes, this file has " + std::to_string(size) + way_out);
    }
    map_ = mapping(fd.get(), file_bytes, access::read_write, path.native());
    read_slots(path.native(), route_name);
}

void checkpoint::read_slots(std::string_view path_for_errors, std::string_view route_name) {
    const std::string path(path_for_errors);
    bool is_found = false;
    for (std::size_t i = 0; i < slot_count; ++i) {
        stored_checkpoint slot{};
        std::memcpy(&slot, map_.data() + i * sizeof slot, sizeof slot);
        if (!is_valid(slot)) {
            continue;
        }
        if (slot.route != route_ || std::memcmp(slot.source, source_.bytes.data(), 16) != 0) {
            throw config_error(path +
                               ": belongs to another route or another source log than "
                               "route '" +
                               std::string(route_name) +
                               "'; restore what fits, or remove the file to begin anew");
        }
        if (!is_found || is_newer_generation(slot.generation, generation_)) {
            generation_ = slot.generation;
            highest_ = {slot.highest};
            newest_slot_ = i;
        }
        is_found = true;
    }
    if (!is_found) {
        throw damage_error(path + ": no valid slot; the checkpoint is damaged" + way_out);
    }
}

void checkpoint::update(sequence completed) noexcept {
    MILLRACE_DCHECK(completed >= highest_, "a checkpoint never goes back");
    set(completed);
}

void checkpoint::set(sequence completed) noexcept {
    highest_ = completed;
    write_slot();
}

void checkpoint::write_slot() noexcept {
    generation_ = next_generation(generation_);
    newest_slot_ = (newest_slot_ + 1) % slot_count;
    const stored_checkpoint slot = make_slot(generation_, route_, source_, highest_);
    // A process killed inside this copy leaves a slot whose checksum fails, and the other one
    // counts.
    std::byte* to = map_.data() + newest_slot_ * sizeof slot;
    constexpr std::size_t half = sizeof slot / 2;
    std::memcpy(to, &slot, half);
    MILLRACE_CRASH_POINT("checkpoint.half_written");
    std::memcpy(to + half, reinterpret_cast<const std::byte*>(&slot) + half, half);
    MILLRACE_CRASH_POINT("checkpoint.written");
}

checkpoint_state read_checkpoint(const std::filesystem::path& path) {
    checkpoint_state state;
    // Between two reads of ours its writer may have gone on to the other slot.
    for (int attempt = 0; attempt < 3; ++attempt) {
        const std::string bytes = read_whole_file(path);
        std::uint64_t newest = 0;
        for (std::size_t i = 0; bytes.size() == file_bytes && i < slot_count; ++i) {
            stored_checkpoint slot{};
            std::memcpy(&slot, bytes.data() + i * sizeof slot, sizeof slot);
            if (is_valid(slot) && (newest == 0 || is_newer_generation(slot.generation, newest))) {
                newest = slot.generation;
                state.route = slot.route;
                std::memcpy(state.source.bytes.data(), slot.source, sizeof slot.source);
                state.highest = {slot.highest};
            }
        }
        if (newest > 0) {
            return state;
        }
    }
    throw damage_error(path.native() + ": no valid slot; the checkpoint is damaged" + way_out);
}

}  // namespace millrace::engine
