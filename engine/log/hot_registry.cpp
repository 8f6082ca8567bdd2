#include "engine/log/hot_registry.hpp"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/log/cold_sync.hpp"
#include "engine/log/crash_point.hpp"
#include "engine/log/segment_header.hpp"

namespace millrace::engine::detail {

namespace {

struct hot_entry {
    log_uuid uuid;
    std::uint64_t index;
    int fd;
    pid_t owner;  // a forked child inherits the table, not the right to read in place
};

struct mapped_entry {
    log_uuid uuid;
    std::uint64_t index;
    std::byte* address;
    std::size_t size;
};

struct registry {
    cold_lock lock;
    std::vector<hot_entry> segments;
    std::vector<mapped_entry> mappings;

    [[nodiscard]] const hot_entry* find(const log_uuid& uuid, std::uint64_t index) const {
        const auto found =
            std::find_if(segments.begin(), segments.end(), [&](const hot_entry& one) {
                return one.uuid == uuid && one.index == index && one.owner == ::getpid();
            });
        return found == segments.end() ? nullptr : &*found;
    }
    void erase(const log_uuid& uuid, std::uint64_t index) {
        std::erase_if(segments,
                      [&](const hot_entry& one) { return one.uuid == uuid && one.index == index; });
    }
};

// Never destroyed: readers in static objects may outlive whatever would destroy it.
registry& the_registry() {
    static registry& one = []() -> registry& {
        static auto* made = new registry;
        // A child forked while another thread holds the lock would wait for ever.
        ::pthread_atfork([] { made->lock.lock(); }, [] { made->lock.unlock(); },
                         [] { made->lock.unlock(); });
        return *made;
    }();
    return one;
}

using guard = std::lock_guard<cold_lock>;

// The disk's file in the place of the memory's, with the same bytes: to whoever reads there at that
// moment nothing changes. The thread sanitizer takes a mapping for a write, so it does not see this
// one.
bool replace_mapping(const mapped_entry& one, int disk_fd) noexcept {
#if defined(__SANITIZE_THREAD__)
    return ::syscall(SYS_mmap, one.address, one.size, PROT_READ, MAP_SHARED | MAP_FIXED, disk_fd,
                     0) != -1;
#else
    return ::mmap(one.address, one.size, PROT_READ, MAP_SHARED | MAP_FIXED, disk_fd, 0) !=
           MAP_FAILED;
#endif
}

}  // namespace

void hot_registration::reset() noexcept {
    if (address_ == nullptr) {
        return;
    }
    registry& all = the_registry();
    const guard held(all.lock);
    std::erase_if(all.mappings,
                  [this](const mapped_entry& one) { return one.address == address_; });
    address_ = nullptr;
}

void add_hot_segment(const log_uuid& uuid, std::uint64_t index, int fd) {
    registry& all = the_registry();
    const guard held(all.lock);
    all.erase(uuid, index);
    all.segments.push_back({uuid, index, fd, ::getpid()});
}

void remove_hot_segment(const log_uuid& uuid, std::uint64_t index) noexcept {
    registry& all = the_registry();
    const guard held(all.lock);
    all.erase(uuid, index);
}

void retire_hot_segment(const log_uuid& uuid, std::uint64_t index, durable_mark& mark, int disk_fd,
                        const std::filesystem::path& disk_path) {
    registry& all = the_registry();
    const guard held(all.lock);
    // First, so that a reader of another process that finds zeros finds this too.
    mark.set_retired_below(std::max(mark.retired_below(), index + 1));
    MILLRACE_CRASH_POINT("retire.marked");
    for (const mapped_entry& one : all.mappings) {
        if (one.uuid == uuid && one.index == index && !replace_mapping(one, disk_fd)) {
            throw io_error("mmap", disk_path.native(), errno);
        }
    }
    std::erase_if(all.mappings,
                  [&](const mapped_entry& one) { return one.uuid == uuid && one.index == index; });
    all.erase(uuid, index);
    MILLRACE_CRASH_POINT("retire.replaced");
}

std::optional<hot_mapping> try_map_hot_segment(const log_uuid& uuid, std::uint64_t index) {
    registry& all = the_registry();
    const guard held(all.lock);
    const hot_entry* found = all.find(uuid, index);
    if (found == nullptr) {
        return std::nullopt;
    }
    hot_mapping made;
    made.map =
        mapping(found->fd, file_size(found->fd, "hot segment"), access::read_only, "hot segment");
    all.mappings.push_back({uuid, index, made.map.data(), made.map.size()});
    made.registration = hot_registration(made.map.data());
    return made;
}

std::optional<bool> is_hot_segment_begun(const log_uuid& uuid, std::uint64_t index) {
    registry& all = the_registry();
    const guard held(all.lock);
    const hot_entry* found = all.find(uuid, index);
    if (found == nullptr) {
        return std::nullopt;
    }
    return is_begun(found->fd, "hot segment");
}

}  // namespace millrace::engine::detail
