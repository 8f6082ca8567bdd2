// The frames of the benchmarks of a gateway: whole messages whose numbers and times are patched in
// place, and as much reading as a peer needs that has no session rules.
//
// Threading  one thread at a time for each template
// Progress   nothing allocates after construction
// Units      time: UTC ns
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace millrace::bench {

inline constexpr char soh = '\x01';
inline constexpr std::size_t number_digits = 8;

// With so many digits, the first ones zero.
void put_digits(char* at, std::uint64_t value, std::size_t digits);

// A whole message with an own MsgSeqNum(34) and SendingTime(52), and a ClOrdID(11) if its body has
// one.
class wire_template {
public:
    // The body from 35 on, with bars for the field ends, number_digits for each number and a time
    // with milliseconds.
    explicit wire_template(const std::string& body_with_bars);

    struct numbers {
        std::uint64_t msg_seq_num = 0;
        std::uint64_t cl_ord_id = 0;
    };
    // Valid until the next call.
    std::string_view patch(numbers wanted, std::int64_t utc_ns);
    [[nodiscard]] std::string_view bytes() const { return bytes_; }
    // Of a frame that was made by such a template.
    [[nodiscard]] std::uint64_t cl_ord_id_of(std::string_view frame) const;

private:
    void put_date(std::int64_t day);

    std::string bytes_;
    std::size_t msg_seq_num_ = 0;
    std::size_t cl_ord_id_ = 0;  // 0: it has none
    std::size_t time_ = 0;
    std::int64_t day_ = -1;
};

[[nodiscard]] wire_template make_order();
// What the responder sends for an order of `sender`'s: all of it is filled.
[[nodiscard]] wire_template make_report(std::string_view sender);

// Size of the message at the front of `bytes`, or 0 while it is not whole.
[[nodiscard]] std::size_t frame_size(std::string_view bytes);
[[nodiscard]] bool is_checksum_right(std::string_view frame);

// What a peer looks at. Reading ends behind ClOrdID.
struct frame_head {
    char msg_type = 0;
    std::uint64_t msg_seq_num = 0;
    std::uint64_t cl_ord_id = 0;
    std::string_view sender;
    std::string_view test_req_id;
};
[[nodiscard]] frame_head read_head(std::string_view frame);

struct execution_row {
    std::uint64_t msg_seq_num = 0;
    std::uint64_t cl_ord_id = 0;
    std::uint64_t field_count = 0;
    std::uint64_t last_qty = 0;
    char symbol[16] = {};
    char last_px[16] = {};
    char exec_type = 0;
    char ord_status = 0;
    char padding[126] = {};
};
static_assert(sizeof(execution_row) == 192);

// Walks every field.
[[nodiscard]] execution_row walk_report(std::string_view frame);
// It is the responder's report for that order.
[[nodiscard]] bool is_expected(const execution_row& row, std::uint64_t number);

}  // namespace millrace::bench
