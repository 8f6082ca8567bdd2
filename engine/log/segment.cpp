#include "engine/log/segment.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "engine/core/assert.hpp"
#include "engine/core/clock.hpp"
#include "engine/core/error.hpp"

namespace millrace::engine {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view suffix = ".alog";
constexpr std::size_t index_digits = 12;

[[noreturn]] void fail(const fs::path& path, std::string_view reason) {
    throw damage_error(path.native() + ": " + std::string(reason));
}

void read_boot_id(std::uint8_t (&id)[16]) {
    std::ifstream file("/proc/sys/kernel/random/boot_id");
    std::string text;
    log_uuid parsed;
    if (file >> text && parse(text, parsed)) {
        std::copy(parsed.bytes.begin(), parsed.bytes.end(), id);
    }
}

std::uint32_t static_checksum(const segment_static& header, std::string_view schema) {
    const std::uint32_t crc = crc32c(0, &header, offsetof(segment_static, crc));
    return crc32c(crc, schema.data(), schema.size());
}

segment_info check_header(const fs::path& path, const std::byte* bytes, std::size_t file_bytes) {
    segment_static fixed{};
    segment_activation active{};
    std::memcpy(&fixed, bytes, sizeof fixed);
    std::memcpy(&active, bytes + sizeof fixed, sizeof active);
    if (fixed.magic != segment_magic) {
        fail(path, "not an audit log segment (wrong magic)");
    }
    if (fixed.format_version != log_format_version) {
        fail(path, "format version " + std::to_string(fixed.format_version) +
                       ", this program reads " + std::to_string(log_format_version));
    }
    if (fixed.incompatible_flags != 0) {
        fail(path, "needs features this program does not have; use a newer one");
    }
    if (fixed.alignment != record_alignment) {
        fail(path, "records are aligned to " + std::to_string(fixed.alignment) +
                       " bytes, this program reads " + std::to_string(record_alignment));
    }
    if (fixed.segment_bytes != file_bytes) {
        fail(path, "file has " + std::to_string(file_bytes) + " bytes, its header says " +
                       std::to_string(fixed.segment_bytes));
    }
    if (fixed.header_bytes < segment_header_bytes_min || fixed.header_bytes > file_bytes ||
        fixed.header_bytes % segment_header_bytes_min != 0 ||
        fixed.schema_bytes > fixed.header_bytes - schema_offset) {
        fail(path, "segment header is damaged (sizes)");
    }
    const std::string_view schema(reinterpret_cast<const char*>(bytes) + schema_offset,
                                  fixed.schema_bytes);
    if (fixed.crc != static_checksum(fixed, schema)) {
        fail(path, "segment header is damaged (checksum of the static part)");
    }
    if (active.crc != crc32c(0, &active, offsetof(segment_activation, crc))) {
        fail(path, "segment header is damaged (checksum of the activation part)");
    }
    segment_info info;
    std::copy(std::begin(fixed.uuid), std::end(fixed.uuid), info.uuid.bytes.begin());
    std::copy(std::begin(fixed.origin), std::end(fixed.origin), info.origin.bytes.begin());
    info.index = fixed.segment_index;
    info.segment_bytes = fixed.segment_bytes;
    info.header_bytes = fixed.header_bytes;
    info.salt = fixed.salt;
    info.epoch = active.epoch;
    info.base_sequence = {active.base_sequence};
    info.base_timestamp = {active.base_timestamp};
    info.previous_last_sequence = {active.previous_last_sequence};
    info.previous_end = {active.previous_end};
    info.schema = schema;
    return info;
}

void check_index(const fs::path& path, const segment_info& info, std::uint64_t index) {
    if (info.index != index) {
        fail(path, "is segment " + std::to_string(info.index) + " of its log under a wrong name");
    }
}

void write_header(std::byte* bytes, const segment_info& info) {
    segment_static fixed{};
    fixed.magic = segment_magic;
    fixed.format_version = log_format_version;
    fixed.alignment = record_alignment;
    fixed.header_bytes = info.header_bytes;
    fixed.segment_bytes = info.segment_bytes;
    fixed.segment_index = info.index;
    std::copy(info.uuid.bytes.begin(), info.uuid.bytes.end(), fixed.uuid);
    std::copy(info.origin.bytes.begin(), info.origin.bytes.end(), fixed.origin);
    fixed.salt = info.salt;
    fixed.schema_bytes = static_cast<std::uint32_t>(info.schema.size());
    fixed.schema_version = 1;
    fixed.created_ns = utc_now().ns;
    fixed.crc = static_checksum(fixed, info.schema);

    segment_activation active{};
    active.epoch = info.epoch;
    active.base_sequence = info.base_sequence.value;
    active.base_timestamp = info.base_timestamp.ns;
    active.previous_last_sequence = info.previous_last_sequence.value;
    active.previous_end = info.previous_end.value;
    active.clock_realtime_ns = utc_now().ns;
    active.clock_monotonic_ns = monotonic_now_ns();
    read_boot_id(active.boot_id);
    active.process_id = static_cast<std::uint32_t>(::getpid());
    active.crc = crc32c(0, &active, offsetof(segment_activation, crc));

    std::memcpy(bytes, &fixed, sizeof fixed);
    std::memcpy(bytes + sizeof fixed, &active, sizeof active);
    std::memcpy(bytes + schema_offset, info.schema.data(), info.schema.size());
}

// Faults every page in for writing now, so that no append pays for it later.
void touch_pages(std::byte* data, std::size_t size, [[maybe_unused]] const fs::path& path) {
#ifdef MADV_POPULATE_WRITE
    if (::madvise(data, size, MADV_POPULATE_WRITE) == 0) {
        return;
    }
    if (errno != EINVAL) {  // EINVAL: a kernel before 5.14
        throw io_error("madvise", path.native(), errno);
    }
#endif
    for (std::size_t offset = 0; offset < size; offset += 4096) {
        auto& byte =
            *reinterpret_cast<volatile unsigned char*>(data + offset);  // one write per page
        byte = 0;
    }
}

}  // namespace

std::string segment_file_name(std::uint64_t index) {
    char name[32];
    std::snprintf(name, sizeof name, "%0*llu", static_cast<int>(index_digits),
                  static_cast<unsigned long long>(index));
    return std::string(name).append(suffix);
}

std::vector<std::uint64_t> list_segments(const fs::path& directory) {
    std::vector<std::uint64_t> indexes;
    std::error_code code;
    for (fs::directory_iterator it(directory, code), last; !code && it != last;
         it.increment(code)) {
        const std::string name = it->path().filename().native();
        if (name.size() != index_digits + suffix.size() || !name.ends_with(suffix)) {
            continue;
        }
        std::uint64_t index = 0;
        const auto [end, error] = std::from_chars(name.data(), name.data() + index_digits, index);
        if (error == std::errc{} && end == name.data() + index_digits) {
            indexes.push_back(index);
        }
    }
    if (code && code != std::errc::no_such_file_or_directory) {
        throw io_error("readdir", directory.native(), code.value());
    }
    std::sort(indexes.begin(), indexes.end());
    return indexes;
}

segment_info read_segment_info(const fs::path& directory, std::uint64_t index) {
    const fs::path path = directory / segment_file_name(index);
    const unique_fd fd = open_file(path, O_RDONLY);
    const std::size_t size = file_size(fd.get(), path.native());
    if (size < segment_header_bytes_min) {
        fail(path, "too short for a segment header");
    }
    const mapping map(fd.get(), size, access::read_only, path.native());
    segment_info info = check_header(path, map.data(), size);
    check_index(path, info, index);
    return info;
}

segment segment::create(const fs::path& directory, const segment_info& info) {
    const fs::path path = directory / segment_file_name(info.index);
    fs::path temporary = path;
    temporary += ".tmp";
    segment made;
    made.info_ = info;
    if (::getrandom(&made.info_.salt, sizeof made.info_.salt, 0) !=
        static_cast<ssize_t>(sizeof made.info_.salt)) {
        throw io_error("getrandom", "", errno);
    }
    try {
        const unique_fd fd = open_file(temporary, O_RDWR | O_CREAT | O_TRUNC);
        allocate_file(fd.get(), info.segment_bytes, temporary.native());
        made.map_ = mapping(fd.get(), info.segment_bytes, access::read_write, temporary.native());
        touch_pages(made.map_.data(), made.map_.size(), temporary);
        write_header(made.map_.data(), made.info_);
        made.seed_ = checksum_seed(made.info_.salt, made.info_.epoch);
        if (::rename(temporary.c_str(), path.c_str()) != 0) {
            throw io_error("rename", path.native(), errno);
        }
    } catch (const error&) {
        ::unlink(temporary.c_str());  // on a full disk it holds the very blocks that are short
        throw;
    }
    return made;
}

segment segment::open(const fs::path& directory, std::uint64_t index, access mode) {
    const fs::path path = directory / segment_file_name(index);
    const unique_fd fd = open_file(path, mode == access::read_only ? O_RDONLY : O_RDWR);
    const std::size_t size = file_size(fd.get(), path.native());
    if (size < segment_header_bytes_min) {
        fail(path, "too short for a segment header");
    }
    segment opened;
    opened.map_ = mapping(fd.get(), size, mode, path.native());
    opened.info_ = check_header(path, opened.map_.data(), size);
    check_index(path, opened.info_, index);
    opened.seed_ = checksum_seed(opened.info_.salt, opened.info_.epoch);
    return opened;
}

std::string_view describe(damage_kind kind) {
    switch (kind) {
        case damage_kind::none:
            return "no damage";
        case damage_kind::bad_length:
            return "impossible record length";
        case damage_kind::bad_checksum:
            return "record checksum does not match";
        case damage_kind::bad_sequence:
            return "record sequence is not the next one";
        case damage_kind::bad_timestamp:
            return "record timestamp is not later than the one before";
        case damage_kind::bad_header:
            return "segment header does not match its log";
        case damage_kind::foreign_segment:
            return "segment belongs to another log";
        case damage_kind::missing_segment:
            return "a segment of the log is missing";
        case damage_kind::missing_records:
            return "zeros where the next segment says records are";
    }
    return "unknown damage";
}

record_probe probe_record(const segment& where, std::size_t offset) noexcept {
    const std::size_t size = where.info().segment_bytes;
    if (offset + record_header_bytes > size) {
        return {};
    }
    const std::byte* record = where.data() + offset;
    const std::uint64_t word = load_commit_word(record);
    if (word == 0) {
        return {};
    }
    const std::uint32_t length = commit_length(word);
    if (length < record_header_bytes || length > size - offset ||
        length > record_bytes_limit(size)) {
        return {record_state::damaged, damage_kind::bad_length, 0};
    }
    if (record_checksum(where.seed(), record, length) != commit_crc(word)) {
        return {record_state::damaged, damage_kind::bad_checksum, length};
    }
    return {record_state::valid, damage_kind::none, length};
}

}  // namespace millrace::engine
