#include "engine/log/segment_image.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include "engine/log/record_order.hpp"

namespace millrace::engine {

namespace {

// Beyond it a flipped bit of the schema is not searched for: the time grows with its square.
constexpr std::size_t correctable_schema_bytes = 8 * 1024;
constexpr std::size_t considered_header_bytes = 256 * 1024;

struct raw_header {
    segment_static fixed{};
    segment_activation active{};
    std::string_view schema;
};

// Empty: the static part is as it was written.
std::string static_fault(std::span<const std::byte> bytes, raw_header& raw) {
    std::memcpy(&raw.fixed, bytes.data(), sizeof raw.fixed);
    std::memcpy(&raw.active, bytes.data() + sizeof raw.fixed, sizeof raw.active);
    const segment_static& fixed = raw.fixed;
    if (fixed.magic != segment_magic) {
        return "not an audit log segment (wrong magic)";
    }
    if (fixed.format_version != log_format_version) {
        return "format version " + std::to_string(fixed.format_version) + ", this program reads " +
               std::to_string(log_format_version);
    }
    if (fixed.segment_bytes < segment_bytes_min || fixed.segment_bytes > segment_bytes_max ||
        fixed.header_bytes < segment_header_bytes_min || fixed.header_bytes > fixed.segment_bytes ||
        fixed.header_bytes % segment_header_bytes_min != 0 ||
        fixed.schema_bytes > fixed.header_bytes - schema_offset ||
        fixed.segment_index > UINT64_MAX / fixed.segment_bytes - 1) {
        return "impossible sizes";
    }
    if (bytes.size() < schema_offset + fixed.schema_bytes) {
        return "the file ends within its header";
    }
    raw.schema = {reinterpret_cast<const char*>(bytes.data()) + schema_offset, fixed.schema_bytes};
    std::uint32_t crc = crc32c(0, &fixed, offsetof(segment_static, crc));
    crc = crc32c(crc, raw.schema.data(), raw.schema.size());
    if (crc != fixed.crc) {
        return "checksum of the static part";
    }
    return fixed.incompatible_flags != 0 || fixed.alignment != record_alignment
               ? "needs features this program does not have"
               : "";
}

bool is_activation_whole(std::span<const std::byte> bytes) {
    segment_activation active{};
    std::memcpy(&active, bytes.data() + sizeof(segment_static), sizeof active);
    return active.crc == crc32c(0, &active, offsetof(segment_activation, crc));
}

// Flips each bit of bytes[begin, end) and asks whether all is well then; leaves the right one
// flipped.
template <class IsWell>
bool correct_one_bit(std::vector<std::byte>& bytes, std::size_t begin, std::size_t end,
                     IsWell&& is_well) {
    for (std::size_t at = begin; at < std::min(end, bytes.size()); ++at) {
        for (int bit = 0; bit < 8; ++bit) {
            const auto mask = static_cast<std::byte>(1 << bit);
            bytes[at] ^= mask;
            if (is_well()) {
                return true;
            }
            bytes[at] ^= mask;
        }
    }
    return false;
}

segment_info info_of(const raw_header& raw) {
    segment_info info;
    std::copy(std::begin(raw.fixed.uuid), std::end(raw.fixed.uuid), info.uuid.bytes.begin());
    std::copy(std::begin(raw.fixed.origin), std::end(raw.fixed.origin), info.origin.bytes.begin());
    info.index = raw.fixed.segment_index;
    info.segment_bytes = raw.fixed.segment_bytes;
    info.header_bytes = raw.fixed.header_bytes;
    info.salt = raw.fixed.salt;
    info.epoch = raw.active.epoch;
    info.base_sequence = {raw.active.base_sequence};
    info.base_timestamp = {raw.active.base_timestamp};
    info.previous_last_sequence = {raw.active.previous_last_sequence};
    info.previous_end = {raw.active.previous_end};
    std::copy(std::begin(raw.active.boot_id), std::end(raw.active.boot_id), info.boot_id.begin());
    info.schema_version = raw.fixed.schema_version;
    info.schema = raw.schema;
    return info;
}

}  // namespace

std::size_t first_nonzero(std::span<const std::byte> bytes, std::size_t from,
                          std::size_t until) noexcept {
    std::size_t at = from;
    for (; at + 8 <= until; at += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data() + at, 8);
        if (word != 0) {
            break;
        }
    }
    while (at < until && bytes[at] == std::byte{0}) {
        ++at;
    }
    return at;
}

header_image read_header_image(std::span<const std::byte> bytes) {
    header_image image;
    if (bytes.size() < schema_offset) {
        image.is_damaged = true;
        image.fault = "too short for a segment header";
        return image;
    }
    raw_header raw;
    image.fault = static_fault(bytes, raw);
    const bool is_static_whole = image.fault.empty();
    const bool is_active_whole = is_activation_whole(bytes);
    if (is_static_whole && !is_active_whole) {
        image.fault = "checksum of the activation part";
    }
    // A copy, which is put right as far as one flipped bit in each part is all that is wrong.
    const auto considered = bytes.first(std::min(bytes.size(), considered_header_bytes));
    std::vector<std::byte> copy(considered.begin(), considered.end());
    image.is_usable = is_static_whole && is_active_whole;
    if (!image.is_usable) {
        image.is_damaged = true;
        const bool is_static_right =
            is_static_whole ||
            correct_one_bit(copy, 0, sizeof(segment_static),
                            [&] { return static_fault(copy, raw).empty(); }) ||
            correct_one_bit(copy, schema_offset, schema_offset + correctable_schema_bytes,
                            [&] { return static_fault(copy, raw).empty(); });
        image.is_usable =
            is_static_right &&
            (is_active_whole || correct_one_bit(copy, sizeof(segment_static), schema_offset,
                                                [&] { return is_activation_whole(copy); }));
        if (!image.is_usable) {
            return image;
        }
        static_cast<void>(
            static_fault(is_static_whole ? bytes : std::span<const std::byte>(copy), raw));
        std::memcpy(&raw.active, copy.data() + sizeof(segment_static), sizeof raw.active);
    }
    image.info = info_of(raw);
    const std::size_t schema_end = schema_offset + raw.fixed.schema_bytes;
    const std::size_t header_end = std::min<std::size_t>(bytes.size(), raw.fixed.header_bytes);
    const std::size_t dirty = first_nonzero(bytes, std::min(schema_end, header_end), header_end);
    image.padding_fault = dirty == header_end ? 0 : dirty;
    return image;
}

found_seed find_seed(std::span<const std::byte> bytes, std::size_t from) noexcept {
    found_seed found;
    const std::size_t length_max = record_bytes_limit(bytes.size());
    const auto seed_at = [&](std::size_t offset, std::uint32_t& seed, std::uint32_t& length) {
        if (offset + record_header_bytes > bytes.size()) {
            return false;
        }
        const std::uint64_t word = load_commit_word(bytes.data() + offset);
        length = commit_length(word);
        if (length < record_header_bytes || length > length_max || length > bytes.size() - offset) {
            return false;
        }
        seed = crc32c_undo(crc32c_undo(commit_crc(word), bytes.data() + offset + 8, length - 8),
                           &length, sizeof length);
        return true;
    };
    for (std::size_t offset = from; offset + record_header_bytes <= bytes.size();
         offset += record_alignment) {
        std::uint32_t seeds[2] = {};
        std::uint32_t lengths[2] = {};
        if (!seed_at(offset, seeds[0], lengths[0]) ||
            !seed_at(offset + align_record(lengths[0]), seeds[1], lengths[1]) ||
            seeds[0] != seeds[1]) {
            continue;
        }
        found.is_found = true;
        found.seed = seeds[0];
        found.offset = offset;
        std::memcpy(&found.first, bytes.data() + offset, sizeof found.first);
        return found;
    }
    return found;
}

image_walk::image_walk(std::span<const std::byte> bytes, const segment_info& info,
                       std::uint32_t seed, std::size_t left_from) noexcept
    : bytes_(bytes.first(std::min<std::size_t>(bytes.size(), info.segment_bytes))),
      first_position_(info.first_position().value),
      length_max_(record_bytes_limit(info.segment_bytes)),
      seed_(seed),
      left_from_(left_from),
      offset_(info.header_bytes),
      last_sequence_(info.previous_last_sequence),
      last_timestamp_(info.base_timestamp) {}

image_walk::probe image_walk::probe_at(std::size_t offset) const noexcept {
    probe found;
    if (offset + record_header_bytes > bytes_.size()) {
        return found;
    }
    const std::byte* record = bytes_.data() + offset;
    const std::uint64_t word = load_commit_word(record);
    if (word == 0) {
        return found;
    }
    found.length = commit_length(word);
    found.state = record_state::damaged;
    if (found.length < record_header_bytes || found.length > length_max_ ||
        found.length > bytes_.size() - offset) {
        found.kind = damage_kind::bad_length;
        return found;
    }
    if (record_checksum(seed_, record, found.length) != commit_crc(word)) {
        found.kind = damage_kind::bad_checksum;
        return found;
    }
    found.state = record_state::valid;
    std::memcpy(&found.header, record, sizeof found.header);
    return found;
}

// Whether a whole record may follow once records before it are lost. A payload may hold a copy of
// an earlier record, which is whole as well, but never one of a later record.
bool image_walk::is_later(const record_header& header) const noexcept {
    const bool is_control = (header.flags & record_flag_control) != 0;
    const bool is_in_order = is_control ? header.sequence >= last_sequence_.value
                                        : header.sequence > last_sequence_.value;
    return is_in_order && (is_gap(header) ? header.timestamp >= last_timestamp_.ns
                                          : header.timestamp > last_timestamp_.ns);
}

std::size_t image_walk::find_later(std::size_t from) const noexcept {
    for (std::size_t at = from; at + record_header_bytes <= bytes_.size(); at += record_alignment) {
        const probe found = probe_at(at);
        if (found.state == record_state::valid && is_later(found.header)) {
            return at;
        }
    }
    return bytes_.size();
}

image_step image_walk::take(const probe& found) noexcept {
    record_.at = {first_position_ + offset_};
    record_.payload = bytes_.data() + offset_ + record_header_bytes;
    record_.payload_size = found.length - static_cast<std::uint32_t>(record_header_bytes);
    const std::size_t length_end = offset_ + found.length;
    offset_ += align_record(found.length);
    record_.end = {first_position_ + offset_};
    record_.seq = {found.header.sequence};
    record_.time = {found.header.timestamp};
    record_.type = found.header.type;
    record_.flags = found.header.flags;
    last_sequence_ = record_.seq;
    last_timestamp_ = record_.time;
    is_over_hole_ = false;
    const std::size_t padding_end = std::min(offset_, bytes_.size());
    padding_offset_ = first_nonzero(bytes_, length_end, padding_end);
    has_padding_fault_ = padding_offset_ != padding_end;
    return image_step::record;
}

bool image_walk::is_left_behind(std::size_t to) const noexcept {
    return left_from_ != 0 && (offset_ >= left_from_ || to > left_from_);
}

image_step image_walk::step_over(damage_kind kind, std::size_t to) noexcept {
    if (is_left_behind(to)) {
        return finish(kind);
    }
    const probe behind = probe_at(to);
    hole_ = {kind, offset_, to, last_sequence_.next(), last_sequence_};
    if (behind.state == record_state::valid && is_later(behind.header)) {
        const bool is_control = (behind.header.flags & record_flag_control) != 0;
        hole_.last_lost = {is_gap(behind.header) ? last_sequence_.value
                           : is_control          ? behind.header.sequence
                                                 : behind.header.sequence - 1};
        is_over_hole_ = true;
    }
    offset_ = to;
    return image_step::hole;
}

image_step image_walk::finish(damage_kind kind) noexcept {
    end_.offset = offset_;
    end_.kind = kind;
    end_.dirty_begin = first_nonzero(bytes_, std::min(offset_, bytes_.size()), bytes_.size());
    end_.dirty_end = bytes_.size();
    while (end_.dirty_end > end_.dirty_begin && bytes_[end_.dirty_end - 1] == std::byte{0}) {
        --end_.dirty_end;
    }
    return image_step::end;
}

image_step image_walk::next() noexcept {
    if (has_padding_fault_) {
        has_padding_fault_ = false;
        return image_step::padding;
    }
    probe found = probe_at(offset_);
    const std::size_t later =
        found.state == record_state::valid ? offset_ : find_later(offset_ + record_alignment);
    if (found.state == record_state::absent && later < bytes_.size()) {
        found = probe_at(offset_);  // a writer may just have committed both
    }
    if (found.state == record_state::valid) {
        if (is_over_hole_ ||
            check_order(found.header, last_sequence_, last_timestamp_) == damage_kind::none) {
            return take(found);
        }
        if (is_later(found.header)) {
            return step_over(damage_kind::missing_records, offset_);
        }
        return step_over(check_order(found.header, last_sequence_, last_timestamp_),
                         offset_ + align_record(found.length));
    }
    if (later < bytes_.size()) {
        return step_over(
            found.state == record_state::absent ? damage_kind::missing_records : found.kind, later);
    }
    return finish(found.kind);
}

}  // namespace millrace::engine
