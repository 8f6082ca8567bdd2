#include "engine/log/seal.hpp"

#include <algorithm>
#include <cstring>

#include "engine/core/assert.hpp"

namespace millrace::engine {

namespace {

std::span<const std::byte> bytes_until(const seal& one, std::size_t end) {
    return std::as_bytes(std::span(&one, 1)).first(end);
}

std::uint32_t seal_checksum(const seal& one, std::uint32_t seed) {
    return crc32c(seed, &one, offsetof(seal, crc));
}

bool is_zero(std::span<const std::uint8_t> bytes) {
    return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

std::string header_fault(const seal_header& header, const segment_info& info) {
    if (header.magic != seal_magic ||
        header.crc != crc32c(0, &header, offsetof(seal_header, crc))) {
        return "its header is damaged";
    }
    const seal_header wanted = make_seal_header(info, header.previous);
    return std::memcmp(&header, &wanted, sizeof header) == 0
               ? ""
               : "belongs to another segment or another version";
}

// What is wrong with a seal whose checksum holds, behind the one before; empty: nothing.
std::string seal_fault(const seal& one, const seal* before, const segment_info& info) {
    if (one.reserved != 0 || !is_zero(one.reserved_too) ||
        (one.flags & ~(seal_flag_segment_end | seal_flag_keyed)) != 0 ||
        (!one.is_keyed() && !one.mac.is_none())) {
        return "holds what this version does not know";
    }
    const std::uint64_t begin = before != nullptr ? before->end : info.index * info.segment_bytes;
    const std::uint64_t limit = (info.index + 1) * info.segment_bytes;
    if (one.begin != begin || one.end < one.begin || one.end > limit ||
        one.end < info.first_record().value) {
        return "does not cover the bytes that follow";
    }
    const std::uint64_t last =
        before != nullptr ? before->last_sequence : info.previous_last_sequence.value;
    if (one.first_sequence != last + 1 || one.last_sequence < last) {
        return "does not cover the sequences that follow";
    }
    if (before != nullptr && before->is_segment_end()) {
        return "stands behind the segment's end";
    }
    return {};
}

}  // namespace

std::string seal_file_name(std::uint64_t segment_index) {
    std::string name = segment_file_name(segment_index);
    return name.substr(0, name.find('.')) + ".seal";
}

seal_header make_seal_header(const segment_info& info, const digest& previous) noexcept {
    seal_header header{};
    header.magic = seal_magic;
    header.format_version = seal_format_version;
    header.seal_bytes = sizeof(seal);
    std::copy(info.uuid.bytes.begin(), info.uuid.bytes.end(), header.uuid);
    header.segment_index = info.index;
    header.salt = info.salt;
    header.epoch = info.epoch;
    header.previous = previous;
    header.crc = crc32c(0, &header, offsetof(seal_header, crc));
    return header;
}

seal_builder::seal_builder(const segment& where, const digest& previous, const seal_key* key)
    : key_(key),
      seed_(where.seed()),
      begin_(where.info().first_position().value),
      end_(where.info().first_record().value),
      first_sequence_(where.info().previous_last_sequence.value + 1),
      last_sequence_(where.info().previous_last_sequence.value),
      last_timestamp_(where.info().base_timestamp.ns),
      oldest_ns_(where.info().base_timestamp.ns),
      previous_(previous) {
    hash_.update(previous_.view());
    hash_.update({where.data(), where.info().header_bytes});
}

seal_builder::seal_builder(const segment& where, const seal& last, const seal_key* key)
    : key_(key),
      seed_(where.seed()),
      begin_(last.end),
      end_(last.end),
      first_sequence_(last.last_sequence + 1),
      last_sequence_(last.last_sequence),
      last_timestamp_(last.last_timestamp),
      oldest_ns_(last.last_timestamp),
      is_finished_(last.is_segment_end()),
      previous_(last.hash),
      last_(last) {
    hash_.update(previous_.view());
}

bool seal_builder::add(const record_view& record) {
    MILLRACE_ASSERT(!is_finished_, "a record behind the end of its segment");
    MILLRACE_ASSERT(record.at.value == end_, "a record was left out");
    const std::size_t size = record.end.value - record.at.value;
    hash_.update({record.payload - record_header_bytes, size});
    end_ = record.end.value;
    last_sequence_ = record.seq.value;
    last_timestamp_ = record.time.ns;
    oldest_ns_ = record_count_ == 0 ? record.time.ns : oldest_ns_;
    ++record_count_;
    const bool is_end = record.is_control(control_type::end);
    if (is_end || record_count_ >= seal_records_max ||
        last_timestamp_ - oldest_ns_ >= seal_interval_ns) {
        close_range(is_end);
        return true;
    }
    return false;
}

void seal_builder::close_range(bool is_segment_end) {
    MILLRACE_ASSERT(!is_finished_, "the segment's last seal is made");
    MILLRACE_ASSERT(has_unsealed() || is_segment_end, "an empty range");
    seal made{};
    made.first_sequence = first_sequence_;
    made.last_sequence = last_sequence_;
    made.begin = begin_;
    made.end = end_;
    made.last_timestamp = last_timestamp_;
    if (is_segment_end) {
        made.flags |= seal_flag_segment_end;
    }
    if (key_ != nullptr) {
        made.flags |= seal_flag_keyed;
    }
    hash_.update(bytes_until(made, offsetof(seal, hash)));
    made.hash = hash_.finish();
    if (key_ != nullptr) {
        made.mac = hmac_sha256(key_->bytes(), bytes_until(made, offsetof(seal, mac)));
    }
    made.crc = seal_checksum(made, seed_);
    last_ = made;
    previous_ = made.hash;
    begin_ = end_;
    first_sequence_ = last_sequence_ + 1;
    record_count_ = 0;
    is_finished_ = is_segment_end;
    hash_.update(previous_.view());
}

seal_contents parse_seals(std::span<const std::byte> bytes, const segment_info& info) {
    seal_contents contents;
    if (bytes.size() < sizeof(seal_header)) {
        contents.fault = "too short for its header";
        contents.is_cut = true;
        return contents;
    }
    std::memcpy(&contents.header, bytes.data(), sizeof(seal_header));
    contents.fault = header_fault(contents.header, info);
    if (!contents.fault.empty()) {
        return contents;
    }
    contents.has_header = true;
    const std::uint32_t seed = checksum_seed(info.salt, info.epoch);
    const std::size_t count = (bytes.size() - sizeof(seal_header)) / sizeof(seal);
    const bool has_rest = (bytes.size() - sizeof(seal_header)) % sizeof(seal) != 0;
    contents.seals.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        seal one{};
        std::memcpy(&one, bytes.data() + sizeof(seal_header) + i * sizeof one, sizeof one);
        if (one.crc != seal_checksum(one, seed)) {
            contents.fault = "seal " + std::to_string(i) + " is damaged";
            // A loss of power may give a file its length and lose the bytes.
            const auto left = std::as_bytes(bytes.subspan(sizeof(seal_header) + i * sizeof one));
            contents.is_cut = (i + 1 == count && !has_rest) ||
                              std::all_of(left.begin(), left.end(),
                                          [](std::byte byte) { return byte == std::byte{0}; });
            return contents;
        }
        const seal* before = contents.seals.empty() ? nullptr : &contents.seals.back();
        if (const std::string fault = seal_fault(one, before, info); !fault.empty()) {
            contents.fault = "seal " + std::to_string(i) + " " + fault;
            return contents;
        }
        contents.seals.push_back(one);
    }
    if (has_rest) {
        contents.fault = "its last seal is incomplete";
        contents.is_cut = true;
    }
    return contents;
}

bool is_hash_of(const seal& one, const digest& previous, std::span<const std::byte> bytes) {
    sha256 hash;
    hash.update(previous.view());
    hash.update(bytes);
    hash.update(bytes_until(one, offsetof(seal, hash)));
    return hash.finish() == one.hash;
}

bool is_mac_of(const seal& one, const seal_key& key) {
    return is_same_secret(one.mac, hmac_sha256(key.bytes(), bytes_until(one, offsetof(seal, mac))));
}

}  // namespace millrace::engine
