#include "engine/log/record_lookup.hpp"

#include <cstring>

namespace millrace::engine {

segment* record_lookup::find_segment(std::uint64_t index) noexcept {
    for (segment& known : segments_) {
        if (known.info().index == index) {
            return &known;
        }
    }
    try {
        if (segments_.size() == segments_max) {
            segments_.pop_front();
        }
        segments_.push_back(segment::open(directory_, index, access::read_only));
        return &segments_.back();
    } catch (const std::exception&) {
        return nullptr;
    }
}

bool record_lookup::read(position at, record_view& record) noexcept {
    segment* where = find_segment(at.value / segment_bytes_);
    const std::uint64_t offset = at.value % segment_bytes_;
    if (where == nullptr || offset < where->info().header_bytes || offset % record_alignment != 0) {
        return false;
    }
    record_probe probe = probe_record(*where, offset);
    while (probe.state != record_state::valid && where->refresh()) {
        probe = probe_record(*where, offset);
    }
    if (probe.state != record_state::valid) {
        return false;
    }
    const std::byte* bytes = where->data() + offset;
    record_header header;
    std::memcpy(&header, bytes, sizeof header);
    record.at = at;
    record.end = {at.value + align_record(probe.length)};
    record.seq = {header.sequence};
    record.time = {header.timestamp};
    record.type = header.type;
    record.flags = header.flags;
    record.payload = bytes + record_header_bytes;
    record.payload_size = probe.length - static_cast<std::uint32_t>(record_header_bytes);
    return true;
}

}  // namespace millrace::engine
