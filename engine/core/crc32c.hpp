// CRC-32C (Castagnoli), the checksum of every record.
//
// Source  RFC 3720 B.4 test vectors; the SSE4.2 crc32 instruction computes this polynomial; three
//         lanes joined by carry-less products as in V. Gopal et al., Fast CRC Computation for iSCSI
//         Polynomial
#pragma once

#include <cstddef>
#include <cstdint>

namespace millrace::engine {

// Extends `crc` (0 for the first call) over size bytes. Equal results on every host.
[[nodiscard]] std::uint32_t crc32c(std::uint32_t crc, const void* data, std::size_t size) noexcept;
// Extends `crc` over the four bytes of `prefix`, as this host stores them, and then over the data.
[[nodiscard]] std::uint32_t crc32c_prefixed(std::uint32_t crc, std::uint32_t prefix,
                                            const void* data, std::size_t size) noexcept;

// The `crc` before these bytes: crc32c(crc32c_undo(crc, data, size), data, size) == crc.
[[nodiscard]] std::uint32_t crc32c_undo(std::uint32_t crc, const void* data,
                                        std::size_t size) noexcept;

namespace detail {
// The table-driven form every host can run; the tests hold the fast form against it.
[[nodiscard]] std::uint32_t crc32c_portable(std::uint32_t crc, const void* data,
                                            std::size_t size) noexcept;
}  // namespace detail

}  // namespace millrace::engine
