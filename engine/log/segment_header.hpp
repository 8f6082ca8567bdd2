// Writing and checking the header of a segment: the static part first, the activation part when a
// writer begins on it.
//
// Threading  one thread writes a header; readers take it once it is begun
// Invariant  the last eight bytes of the activation part, its checksum among them, are stored last;
//            zero there means that no writer has begun on the segment
// Errors     a header that fails its checks is a damage_error
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string>

#include "engine/core/native_memory.hpp"
#include "engine/core/types.hpp"
#include "engine/log/format.hpp"

namespace millrace::engine {

// What a segment's header says, checked.
struct segment_info {
    log_uuid uuid;
    std::uint64_t index = 0;
    std::uint64_t segment_bytes = 0;
    std::uint32_t header_bytes = 0;
    std::uint64_t salt = 0;
    std::uint64_t epoch = 0;
    sequence base_sequence;
    timestamp base_timestamp;
    sequence previous_last_sequence;
    position previous_end;
    log_uuid origin;                         // see original_log(); none: this log
    std::array<std::uint8_t, 16> boot_id{};  // of the host when it was begun; zeros: unknown
    std::uint32_t schema_version = 1;        // raised by a writer that opens the log with another
    std::string schema;

    // To which the records of this segment were first written: the log itself, or the one they were
    // salvaged or migrated from. Correlations go on naming that one.
    [[nodiscard]] const log_uuid& original_log() const { return origin.is_none() ? uuid : origin; }
    [[nodiscard]] position first_position() const { return {index * segment_bytes}; }
    [[nodiscard]] position first_record() const { return {index * segment_bytes + header_bytes}; }
};

namespace detail {

inline constexpr std::size_t begun_word_offset = schema_offset - 8;
// Of a header this much is enough to say whether its segment is begun.
inline constexpr std::size_t header_glance_bytes = schema_offset;

// Read once per process; the roll then needs no system call for them.
struct host_identity {
    std::array<std::uint8_t, 16> boot_id{};
    std::uint32_t process_id = 0;
};
[[nodiscard]] host_identity read_host_identity();
[[nodiscard]] const std::string& read_boot_id_text();  // empty where there is none

[[nodiscard]] std::uint64_t random_salt();

// REQUIRES zeros at `bytes`, header_bytes long.
void write_static_part(std::byte* bytes, const segment_info& info);
[[nodiscard]] segment_activation make_activation(const segment_info& info,
                                                 const host_identity& host) noexcept;

// REQUIRES the static part. From the return on readers see the segment as begun.
template <class Memory = native_memory>
void store_activation_part(std::byte* bytes, const segment_activation& active) noexcept {
    constexpr std::size_t last_word = begun_word_offset - sizeof(segment_static);
    std::byte* to = bytes + sizeof(segment_static);
    Memory::writing(to, last_word);
    std::memcpy(to, &active, last_word);
    std::uint64_t word = 0;
    std::memcpy(&word, reinterpret_cast<const std::byte*>(&active) + last_word, sizeof word);
    using word_ref = typename Memory::template atomic_ref<std::uint64_t>;
    // release: pairs with segment_header.cpp: is_begun, where the system call reads it
    word_ref(*reinterpret_cast<std::uint64_t*>(to + last_word))
        .store(word, std::memory_order_release);
}

// `bytes` holds at least segment_header_bytes_min bytes of a file of `file_bytes`.
[[nodiscard]] segment_info check_header(const std::filesystem::path& path, const std::byte* bytes,
                                        std::size_t file_bytes);
// Reads the header of the file behind `fd` and checks it.
[[nodiscard]] segment_info read_header(int fd, const std::filesystem::path& path,
                                       std::uint64_t index);
void check_index(const std::filesystem::path& path, const segment_info& info, std::uint64_t index);

// The log of a segment whose activation part is all zeros, its static part good; else nothing.
// Since that part is stored before any record, one with records has lost it to a loss of power.
[[nodiscard]] std::optional<log_uuid> uuid_without_activation(int fd,
                                                              const std::filesystem::path& path);

// False: zeros where the activation part ends and where the first record would stand, so no writer
// has begun on it. Whatever is too short or too odd to tell counts as begun, so that it is refused
// aloud; what cannot be read at all throws io_error.
[[nodiscard]] bool is_begun(int fd, const std::filesystem::path& path);

}  // namespace detail

}  // namespace millrace::engine
