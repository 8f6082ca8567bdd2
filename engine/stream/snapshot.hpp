// The payload of a snapshot record: sections, each {kind, bytes, content}, so that owners can stack
// their state.
//
//   0        4        8
//   | kind   | bytes  | content ... | next section, aligned to 8
//
// Errors  a reader meets only whole sections; what does not fit ends the walk and is reported
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "engine/core/assert.hpp"

namespace millrace::engine {

enum class snapshot_section : std::uint32_t {
    route_origins = 1,
    sessions_out = 2,
    sessions_in = 3,
};

struct snapshot_section_header {
    std::uint32_t kind;
    std::uint32_t bytes;  // of the content, without the padding
};
static_assert(sizeof(snapshot_section_header) == 8);

[[nodiscard]] constexpr std::size_t snapshot_section_bytes(std::size_t content_bytes) {
    return sizeof(snapshot_section_header) + (content_bytes + 7) / 8 * 8;
}

// Takes the next section's room from the front of `room`. REQUIRES: it fits.
[[nodiscard]] inline std::span<std::byte> put_snapshot_section(std::span<std::byte>& room,
                                                               snapshot_section kind,
                                                               std::size_t content_bytes) noexcept {
    const std::size_t bytes = snapshot_section_bytes(content_bytes);
    MILLRACE_ASSERT(bytes <= room.size(), "snapshot section does not fit its record");
    const snapshot_section_header header{static_cast<std::uint32_t>(kind),
                                         static_cast<std::uint32_t>(content_bytes)};
    std::memset(room.data(), 0, bytes);
    std::memcpy(room.data(), &header, sizeof header);
    const auto content = room.subspan(sizeof header, content_bytes);
    room = room.subspan(bytes);
    return content;
}

// Calls visit(kind, content) for each section; false if the payload is not a sequence of whole
// sections.
template <class Visitor>
[[nodiscard]] bool visit_snapshot(std::span<const std::byte> payload, Visitor&& visit) {
    while (!payload.empty()) {
        snapshot_section_header header{};
        if (payload.size() < sizeof header) {
            return false;
        }
        std::memcpy(&header, payload.data(), sizeof header);
        if (snapshot_section_bytes(header.bytes) > payload.size()) {
            return false;
        }
        visit(static_cast<snapshot_section>(header.kind),
              payload.subspan(sizeof header, header.bytes));
        payload = payload.subspan(snapshot_section_bytes(header.bytes));
    }
    return true;
}

}  // namespace millrace::engine
