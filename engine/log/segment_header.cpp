#include "engine/log/segment_header.hpp"

#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "engine/core/assert.hpp"
#include "engine/core/clock.hpp"
#include "engine/core/error.hpp"
#include "engine/core/file.hpp"

namespace millrace::engine::detail {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void fail(const fs::path& path, std::string_view reason) {
    throw damage_error(path.native() + ": " + std::string(reason));
}

std::uint32_t static_checksum(const segment_static& header, std::string_view schema) {
    const std::uint32_t crc = crc32c(0, &header, offsetof(segment_static, crc));
    return crc32c(crc, schema.data(), schema.size());
}

std::uint32_t activation_checksum(const segment_activation& active) {
    return crc32c(0, &active, offsetof(segment_activation, crc));
}

void check_static(const fs::path& path, const segment_static& fixed, const std::byte* bytes,
                  std::size_t file_bytes) {
    if (fixed.magic != segment_magic) {
        fail(path, "not an audit log segment (wrong magic)");
    }
    if (fixed.format_version != log_format_version) {
        fail(path, "format version " + std::to_string(fixed.format_version) +
                       ", this program reads " + std::to_string(log_format_version));
    }
    const bool has_schema = fixed.header_bytes <= file_bytes &&
                            fixed.header_bytes >= segment_header_bytes_min &&
                            fixed.schema_bytes <= fixed.header_bytes - schema_offset;
    const std::string_view schema(reinterpret_cast<const char*>(bytes) + schema_offset,
                                  has_schema ? fixed.schema_bytes : 0);
    // First, for a damaged byte may stand anywhere: the rest judges a header as it was written.
    if (has_schema && fixed.crc != static_checksum(fixed, schema)) {
        fail(path, "segment header is damaged (checksum of the static part)");
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
}

}  // namespace

const std::string& read_boot_id_text() {
    // No process outlives its boot. A failure is tried again: an id that could not be read would
    // look like another boot.
    static const std::string text = [] {
        const fs::path path = "/proc/sys/kernel/random/boot_id";
        std::error_code code;
        if (!fs::exists(path, code) && !code) {
            return std::string();
        }
        std::string read = read_whole_file(path);
        read.erase(std::find(read.begin(), read.end(), '\n'), read.end());
        log_uuid parsed;
        if (!parse(read, parsed)) {
            throw damage_error(path.native() + ": holds \"" + read + "\", which is no boot id");
        }
        return read;
    }();
    return text;
}

host_identity read_host_identity() {
    host_identity host;
    log_uuid parsed;
    if (parse(read_boot_id_text(), parsed)) {
        host.boot_id = parsed.bytes;
    }
    host.process_id = static_cast<std::uint32_t>(::getpid());
    return host;
}

std::uint64_t random_salt() {
    std::uint64_t salt = 0;
    if (::getrandom(&salt, sizeof salt, 0) != static_cast<ssize_t>(sizeof salt)) {
        throw io_error("getrandom", "", errno);
    }
    return salt;
}

void write_static_part(std::byte* bytes, const segment_info& info) {
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
    fixed.schema_version = info.schema_version;
    fixed.created_ns = utc_now().ns;
    fixed.crc = static_checksum(fixed, info.schema);
    std::memcpy(bytes, &fixed, sizeof fixed);
    std::memcpy(bytes + schema_offset, info.schema.data(), info.schema.size());
}

segment_activation make_activation(const segment_info& info, const host_identity& host) noexcept {
    segment_activation active{};
    active.epoch = info.epoch;
    active.base_sequence = info.base_sequence.value;
    active.base_timestamp = info.base_timestamp.ns;
    active.previous_last_sequence = info.previous_last_sequence.value;
    active.previous_end = info.previous_end.value;
    active.clock_realtime_ns = utc_now().ns;
    active.clock_monotonic_ns = monotonic_now_ns();
    std::copy(host.boot_id.begin(), host.boot_id.end(), active.boot_id);
    active.process_id = host.process_id;
    active.crc = activation_checksum(active);
    while (active.crc == 0) {  // zero says "not begun", so one in four thousand million waits 1 ns
        ++active.clock_monotonic_ns;
        active.crc = activation_checksum(active);
    }
    return active;
}

segment_info check_header(const fs::path& path, const std::byte* bytes, std::size_t file_bytes) {
    segment_static fixed{};
    segment_activation active{};
    std::memcpy(&fixed, bytes, sizeof fixed);
    std::memcpy(&active, bytes + sizeof fixed, sizeof active);
    check_static(path, fixed, bytes, file_bytes);
    if (active.crc != activation_checksum(active)) {
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
    std::copy(std::begin(active.boot_id), std::end(active.boot_id), info.boot_id.begin());
    info.schema_version = fixed.schema_version;
    info.schema.assign(reinterpret_cast<const char*>(bytes) + schema_offset, fixed.schema_bytes);
    return info;
}

void check_index(const fs::path& path, const segment_info& info, std::uint64_t index) {
    if (info.index != index) {
        fail(path, "is segment " + std::to_string(info.index) + " of its log under a wrong name");
    }
}

namespace {

// False: the file ends before. A failure is neither that nor damage.
bool read_at(int fd, void* bytes, std::size_t size, std::size_t offset, const fs::path& path) {
    errno = 0;
    if (try_read_at(fd, bytes, size, offset)) {
        return true;
    }
    if (errno != 0) {
        throw io_error("pread", path.native(), errno);
    }
    return false;
}

}  // namespace

segment_info read_header(int fd, const fs::path& path, std::uint64_t index) {
    const std::size_t size = file_size(fd, path.native());
    if (size < segment_header_bytes_min) {
        fail(path, "too short for a segment header");
    }
    std::vector<std::byte> bytes(segment_header_bytes_min);
    if (!read_at(fd, bytes.data(), bytes.size(), 0, path)) {
        fail(path, "too short for a segment header");
    }
    segment_static fixed{};
    std::memcpy(&fixed, bytes.data(), sizeof fixed);
    if (fixed.header_bytes > bytes.size()) {  // a long schema
        // The size is not checked yet; what it claims beyond the file is refused below.
        bytes.resize(std::min<std::size_t>(fixed.header_bytes, size));
        if (!read_at(fd, bytes.data(), bytes.size(), 0, path)) {
            fail(path, "too short for its header");
        }
    }
    segment_info info = check_header(path, bytes.data(), size);
    check_index(path, info, index);
    return info;
}

std::optional<log_uuid> uuid_without_activation(int fd, const fs::path& path) {
    segment_static fixed{};
    const std::size_t size = file_size(fd, path.native());
    if (!read_at(fd, &fixed, sizeof fixed, 0, path)) {
        return std::nullopt;
    }
    std::vector<std::byte> bytes(std::clamp<std::size_t>(fixed.header_bytes, schema_offset, size));
    if (size < schema_offset || !read_at(fd, bytes.data(), bytes.size(), 0, path)) {
        return std::nullopt;
    }
    try {
        check_static(path, fixed, bytes.data(), size);
    } catch (const damage_error&) {
        return std::nullopt;
    }
    if (std::any_of(bytes.begin() + sizeof fixed, bytes.begin() + schema_offset,
                    [](std::byte one) { return one != std::byte{0}; })) {
        return std::nullopt;
    }
    log_uuid uuid;
    std::copy(std::begin(fixed.uuid), std::end(fixed.uuid), uuid.bytes.begin());
    return uuid;
}

bool is_begun(int fd, const fs::path& path) {
    segment_static fixed{};
    std::uint64_t begun = 0;
    if (!read_at(fd, &begun, sizeof begun, begun_word_offset, path) || begun != 0 ||
        !read_at(fd, &fixed, sizeof fixed, 0, path) || fixed.magic != segment_magic) {
        return true;
    }
    // A record behind a header without activation is damage, not a segment to come.
    std::uint64_t first_record = 0;
    return !read_at(fd, &first_record, sizeof first_record, fixed.header_bytes, path) ||
           first_record != 0;
}

}  // namespace millrace::engine::detail
