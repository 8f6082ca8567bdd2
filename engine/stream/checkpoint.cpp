#include "engine/stream/checkpoint.hpp"

#include <fcntl.h>

#include <cstring>

#include "engine/core/assert.hpp"
#include "engine/core/crc32c.hpp"
#include "engine/core/error.hpp"
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

std::uint32_t checksum(const stored_checkpoint& slot) {
    return crc32c(0, &slot, offsetof(stored_checkpoint, crc));
}

}  // namespace

checkpoint::checkpoint(const std::filesystem::path& path, std::string_view route_name,
                       const log_uuid& source)
    : route_(route_id(route_name)), source_(source) {
    std::filesystem::path lock_path = path;
    lock_path += ".lock";
    if (path.has_parent_path()) {
        ensure_directory(path.parent_path());
    }
    lock_ = file_lock(lock_path, "checkpoint of route " + std::string(route_name));
    const unique_fd fd = open_file(path, O_RDWR | O_CREAT);
    const std::size_t size = file_size(fd.get(), path.native());
    if (size != 0 && size != file_bytes) {
        throw damage_error(path.native() + ": a checkpoint has " + std::to_string(file_bytes) +
                           " bytes, this file has " + std::to_string(size));
    }
    if (size == 0) {
        allocate_file(fd.get(), file_bytes, path.native());
    }
    map_ = mapping(fd.get(), file_bytes, access::read_write, path.native());
    if (size == 0) {
        write_slot();
        return;
    }
    bool is_found = false;
    for (std::size_t i = 0; i < slot_count; ++i) {
        stored_checkpoint slot{};
        std::memcpy(&slot, map_.data() + i * sizeof slot, sizeof slot);
        if (slot.magic != checkpoint_magic || slot.crc != checksum(slot)) {
            continue;
        }
        if (slot.route != route_ || std::memcmp(slot.source, source.bytes.data(), 16) != 0) {
            throw config_error(path.native() + ": belongs to another route or another source log than "
                               "route '" + std::string(route_name) +
                               "'; restore what fits, or remove the file to begin anew");
        }
        if (!is_found || slot.generation > generation_) {
            generation_ = slot.generation;
            highest_ = {slot.highest};
        }
        is_found = true;
    }
    if (!is_found) {
        throw damage_error(path.native() +
                           ": no valid slot; the checkpoint is damaged. Remove the file to let the route "
                           "begin where its `start` says");
    }
}

void checkpoint::update(sequence completed) noexcept {
    MILLRACE_DCHECK(completed >= highest_, "a checkpoint never goes back");
    highest_ = completed;
    write_slot();
}

void checkpoint::write_slot() noexcept {
    ++generation_;
    stored_checkpoint slot{};
    slot.magic = checkpoint_magic;
    slot.generation = generation_;
    slot.route = route_;
    std::memcpy(slot.source, source_.bytes.data(), sizeof slot.source);
    slot.highest = highest_.value;
    slot.crc = checksum(slot);
    // A process killed inside this copy leaves a slot whose checksum fails, and the other one counts.
    std::memcpy(map_.data() + generation_ % slot_count * sizeof slot, &slot, sizeof slot);
}

}  // namespace millrace::engine
