#include "engine/log/durable_mark.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "engine/core/assert.hpp"
#include "engine/core/crc32c.hpp"
#include "engine/core/error.hpp"
#include "engine/log/crash_point.hpp"

namespace millrace::engine {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t mark_magic = 0x000a0d1a4b52414d;  // "MARK\x1a\r\n\0"
constexpr std::uint32_t mark_version = 1;
constexpr std::size_t mark_bytes = 4096;

struct mark_head {
    std::uint64_t magic;
    std::uint32_t version;
    std::uint32_t crc;  // over the other three
    std::uint8_t uuid[16];
};
static_assert(sizeof(mark_head) == 32);
static_assert(std::is_trivially_copyable_v<mark_head>);

mark_head make_head(const log_uuid& uuid) {
    mark_head head{};
    head.magic = mark_magic;
    head.version = mark_version;
    std::copy(uuid.bytes.begin(), uuid.bytes.end(), head.uuid);
    head.crc = crc32c(crc32c(0, &head, offsetof(mark_head, crc)), head.uuid, sizeof head.uuid);
    return head;
}

bool is_mark_of(const mapping& map, const log_uuid& uuid) {
    const mark_head wanted = make_head(uuid);
    return std::memcmp(map.data(), &wanted, sizeof wanted) == 0;
}

// Not mapped: there is none, or none of that size.
mapping map_if_there(const fs::path& directory) {
    const fs::path path = directory / durable_mark_name;
    const unique_fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.is_open() && errno != ENOENT) {
        throw io_error("open", path.native(), errno);
    }
    if (!fd.is_open() || file_size(fd.get(), path.native()) != mark_bytes) {
        return {};
    }
    return {fd.get(), mark_bytes, access::read_only, path.native()};
}

}  // namespace

durable_mark durable_mark::open_for_writing(const fs::path& directory, const log_uuid& uuid) {
    const fs::path path = directory / durable_mark_name;
    const unique_fd fd = open_file(path, O_RDWR | O_CREAT);
    if (file_size(fd.get(), path.native()) != mark_bytes) {
        // Grows or shrinks to the one size it ever has; its readers look at the head first.
        if (::ftruncate(fd.get(), 0) != 0) {
            throw io_error("ftruncate", path.native(), errno);
        }
        allocate_file(fd.get(), mark_bytes, path.native());
    }
    mapping map(fd.get(), mark_bytes, access::read_write, path.native());
    if (!is_mark_of(map, uuid)) {
        std::memset(map.data(), 0, mark_bytes);
        const mark_head head = make_head(uuid);
        std::memcpy(map.data(), &head, sizeof head);
        // A log without a mark takes what a loss of power left for damage, so the mark is there
        // before anything that can be left.
        try {
            sync_file_whole(fd.get(), path.native());
            sync_directory(directory);
        } catch (const io_error&) {
            ::unlink(path.c_str());  // else the next attempt would take it for durable
            throw;
        }
    }
    return durable_mark(std::move(map));
}

durable_mark durable_mark::open_if_there(const fs::path& directory, const log_uuid& uuid) {
    mapping map = map_if_there(directory);
    return map.is_mapped() && is_mark_of(map, uuid) ? durable_mark(std::move(map)) : durable_mark();
}

position durable_mark::position_of_any(const fs::path& directory) {
    mapping map = map_if_there(directory);
    if (!map.is_mapped()) {
        return {};
    }
    mark_head head{};
    std::memcpy(&head, map.data(), sizeof head);
    log_uuid uuid;
    std::copy(std::begin(head.uuid), std::end(head.uuid), uuid.bytes.begin());
    return is_mark_of(map, uuid) ? durable_mark(std::move(map)).durable_position() : position{};
}

durable_mark durable_mark::open(const fs::path& directory, const log_uuid& uuid) noexcept {
    try {
        return open_if_there(directory, uuid);
    } catch (const std::exception&) {
        return {};  // unreadable: nothing is known to be durable
    }
}

void durable_mark::set_durable(position to, sequence last) noexcept {
    MILLRACE_ASSERT(to >= durable_position(), "the durable position goes back");
    MILLRACE_ASSERT(last >= durable_sequence(), "the durable sequence goes back");
    words().set_durable(to, last);
}

void durable_mark::set_retired_below(std::uint64_t index) noexcept {
    MILLRACE_ASSERT(index >= retired_below(), "a retired segment comes back");
    words().set_retired_below(index);
}

}  // namespace millrace::engine
