// The hot segments this process writes, and where its own readers have mapped them.
//
// A streamer's slots point into such mappings. When a segment is retired, each mapping is made to
// show the disk's file at the same address, so the slots in flight stay valid; readers in other
// processes cannot be helped so, and copy (hot_mirror.hpp).
//
// Threading  any thread; serialised, for opening and retiring segments only
// Errors     mapping and retiring throw io_error
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <utility>

#include "engine/core/file.hpp"
#include "engine/log/durable_mark.hpp"

namespace millrace::engine::detail {

// While it stands, its mapping is replaced when its segment is retired. Goes before the mapping.
class hot_registration {
public:
    hot_registration() = default;
    explicit hot_registration(const std::byte* address) : address_(address) {}
    hot_registration(hot_registration&& other) noexcept
        : address_(std::exchange(other.address_, nullptr)) {}
    hot_registration& operator=(hot_registration&& other) noexcept {
        reset();
        address_ = std::exchange(other.address_, nullptr);
        return *this;
    }
    hot_registration(const hot_registration&) = delete;
    hot_registration& operator=(const hot_registration&) = delete;
    ~hot_registration() { reset(); }

private:
    void reset() noexcept;
    const std::byte* address_ = nullptr;
};

// `fd` stays the caller's, and open until the segment is retired or removed.
void add_hot_segment(const log_uuid& uuid, std::uint64_t index, int fd);
void remove_hot_segment(const log_uuid& uuid, std::uint64_t index) noexcept;
// From the return on nobody in this process reads the hot file, and nobody begins to.
// REQUIRES that all of the segment is on stable storage in the file behind disk_fd.
void retire_hot_segment(const log_uuid& uuid, std::uint64_t index, durable_mark& mark, int disk_fd,
                        const std::filesystem::path& disk_path);

struct hot_mapping {
    mapping map;
    hot_registration registration;
};
// Nothing: this process does not write the segment, or it is retired.
[[nodiscard]] std::optional<hot_mapping> try_map_hot_segment(const log_uuid& uuid,
                                                             std::uint64_t index);
// Whether a segment this process writes is begun; nothing: see above.
[[nodiscard]] std::optional<bool> is_hot_segment_begun(const log_uuid& uuid, std::uint64_t index);

}  // namespace millrace::engine::detail
