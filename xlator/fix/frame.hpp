// Frames: from a body to the bytes on the wire, and from a byte stream back to frames.
//
//     8=FIX.4.4|9=<length>|35=D|34=..|49=..|52=..|56=..|<body>10=<sum>|
//
// Threading  functions of their arguments; any thread
// Progress   no allocation, no exception; scan_frame() never reads past its bytes
// Invariant  header fields come out as 8, 9, 35, then by tag ascending, as QuickFIX writes them
// Units      size: bytes; sending_time.ns: UTC
// Errors     too small a buffer, bad header text and garbled bytes are values
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "xlator/fix/byte_sum.hpp"
#include "xlator/fix/encoder.hpp"
#include "xlator/fix/utc_timestamp.hpp"

namespace millrace::xlator {

struct frame_header {
    std::string_view begin_string = "FIX.4.4";
    std::string_view msg_type;
    std::uint64_t msg_seq_num = 0;
    std::string_view sender_comp_id;
    utc_timestamp sending_time;
    std::string_view target_comp_id;
};

// Writes header, body and trailer into out. body_sum is byte_sum(body), which encode() returns.
[[nodiscard]] encode_result frame(std::span<char> out, const frame_header& header,
                                  std::string_view body, std::uint32_t body_sum) noexcept;

enum class scan_status : std::uint8_t {
    incomplete,  // the bytes so far are the beginning of a frame, or nothing: read more
    frame,       // the first `size` bytes are a frame: begins 8= 9= 35=, length and checksum agree
    garbled,     // skip `size` bytes: they are no frame
};

enum class garble_reason : std::uint8_t {
    none,
    no_begin_string,   // bytes before 8=FIX
    bad_begin_string,  // 8=FIX is not followed by a short text
    bad_body_length,   // 9= does not follow, is no number or above the limit
    no_msg_type,       // 35= does not follow
    bad_trailer,       // 10=ddd| does not stand where the length says
    bad_check_sum,     // 10= disagrees with the bytes
};

struct [[nodiscard]] scan_result {
    scan_status status = scan_status::incomplete;
    garble_reason reason = garble_reason::none;
    std::size_t size = 0;
};

inline constexpr std::size_t frame_size_max_default = 65'536;

// Looks for a frame at the start of bytes. frame_size_max bounds what a length may promise.
[[nodiscard]] scan_result scan_frame(std::string_view bytes,
                                     std::size_t frame_size_max = frame_size_max_default) noexcept;

// Where the parts of a frame lie; filled from a frame that scan_frame() accepted.
struct frame_parts {
    std::string_view begin_string;
    std::string_view msg_type;
    std::size_t fields_offset = 0;   // first field behind 35
    std::size_t trailer_offset = 0;  // "10="
};

// false: not a frame. Checks structure only, not length and checksum.
[[nodiscard]] bool split_frame(std::string_view frame, frame_parts& parts) noexcept;

}  // namespace millrace::xlator
