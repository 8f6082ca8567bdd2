// Decides in one pass whether a received frame may be shown to the session library.
//
// The library trusts lengths and numbers it reads from the wire; frames that are well formed by
// length and checksum can still kill the process inside it. Nothing reaches it that this screen
// has not passed. The header facts it finds on the way are kept.
//
// Threading  pure functions over the caller's bytes
// Progress   one pass over the frame; no allocation, no exception
// Invariant  a passed frame has 8, 9, 35 first; 10= and three digits last and nowhere else; tags,
//            7, 16, 34, 36 and 108 that are 32-bit decimals; every data field directly behind its
//            length, which ends it on a SOH inside the body; 8, 9, 34, 35, 43, 49, 52, 56 once
// Units      spans: bytes from the start of the frame
// Errors     a failure is a verdict: the frame is garbled, to be ignored and kept for the audit
// Source     a tag that is zero or negative passes: QuickFIX answers it with Reject 373=0, as the
//            session test cases want (FIX session protocol, 14a); 34=0 passes in a SequenceReset,
//            whose number the library ignores in reset mode, and nowhere else
#pragma once

#include <cstddef>
#include <cstdint>

#include "gateway/quickfix/data_fields.hpp"
#include "gateway/quickfix/msg_seq_num.hpp"
#include "gateway/quickfix/utc_timestamp.hpp"

namespace millrace {
namespace gateway {

enum class garble_reason : std::uint8_t {
    none,
    too_short,
    too_long,
    begin_string,   // 8= is not first, or not a FIX version
    body_length,    // 9= is not second, not a number, or not the length of the body
    msg_type,       // 35= is not third, or holds bytes no message type has
    check_sum,      // 10= is not last, not three digits, or not the sum of the bytes
    tag,            // a tag that is no 32-bit decimal, or a field without '=' or an end
    number,         // 7, 16, 34, 36 or 108 is no 32-bit decimal; or 34=0, but in a SequenceReset
    data_length,    // a data field the library would read differently, or beyond its end
    repeated_field  // a second 8, 9, 10, 34, 35, 43, 49, 52 or 56: no single meaning
};

const char* to_text(garble_reason reason) noexcept;

struct field_span {
    std::uint32_t offset = 0;
    std::uint32_t size = 0;
    constexpr bool is_present() const { return offset != 0; }
};

struct frame_facts {
    field_span begin_string;           // 8
    field_span msg_type;               // 35
    field_span sender;                 // 49
    field_span target;                 // 56
    field_span target_sub_id;          // 57
    field_span sending_time;           // 52
    field_span cl_ord_id;              // 11, the first
    field_span orig_cl_ord_id;         // 41, the first
    field_span text;                   // 58, the first
    field_span appl_ver_id;            // 1128
    field_span user_name;              // 553, the first
    field_span password;               // 554, the first
    field_span encrypt_method;         // 98, the first
    msg_seq_num number;                // 34
    std::uint32_t new_seq_no = 0;      // 36
    std::uint32_t begin_seq_no = 0;    // 7
    std::uint32_t end_seq_no = 0;      // 16
    std::uint32_t heart_bt_int_s = 0;  // 108
    std::uint32_t body_offset = 0;     // of the first byte counted by 9
    bool has_number = false;
    bool has_heart_bt_int = false;
    bool is_admin = false;       // 35 is one of 0 1 2 3 4 5 A
    bool poss_dup = false;       // 43=Y
    bool poss_resend = false;    // 97=Y
    bool reset_seq_num = false;  // 141=Y
    bool gap_fill = false;       // 123=Y
};

struct screen_options {
    std::size_t frame_bytes_max = 65536 + 64;
    bool validate_length_and_checksum = true;  // ValidateLengthAndChecksum of the session
};

// A frame and the screen's verdict on it. Only screen_frame() makes one that passed; it refers to
// the caller's bytes.
class screened_frame {
public:
    screened_frame() = default;

    const char* data() const noexcept { return data_; }
    std::size_t size() const noexcept { return size_; }
    bool is_passed() const noexcept { return reason_ == garble_reason::none; }
    garble_reason reason() const noexcept { return reason_; }
    // Of a garbled frame: what was found before the fault, for the audit only.
    const frame_facts& facts() const noexcept { return facts_; }

    const char* begin_of(field_span span) const noexcept { return data_ + span.offset; }
    bool equals(field_span span, const char* text, std::size_t size) const noexcept;
    bool is_msg_type(char type) const noexcept {
        return facts_.msg_type.size == 1 && data_[facts_.msg_type.offset] == type;
    }

private:
    friend screened_frame screen_frame(const char* data, std::size_t size,
                                       const data_field_table& data_fields,
                                       const screen_options& options) noexcept;

    const char* data_ = nullptr;
    std::size_t size_ = 0;
    garble_reason reason_ = garble_reason::too_short;
    frame_facts facts_;
};

screened_frame screen_frame(const char* data, std::size_t size, const data_field_table& data_fields,
                            const screen_options& options) noexcept;

}  // namespace gateway
}  // namespace millrace
