// FIX_OUT and FIX_IN: the two tables every gateway writes, one row per message and per move of a
// number.
//
// Units      times: UTC ns, 0 where unknown; the record's own timestamp says when it was numbered
//            or received
// Invariant  next_sender and next_target are those after this record
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/table/schema.hpp"
#include "engine/table/values.hpp"

namespace millrace::gateway {

inline constexpr std::size_t session_name_bytes_max = 62;

// FIX_OUT kinds: application, admin, reset (a new generation begins), set (a number was moved
// without a message), withdrawn (a source record in doubt that an operator did not want sent),
// resent (a message went out again), undelivered (one that the peer asked for and did not get, or
// a source record that was not sent), rejected (a source record that the session refused). The
// last four have no number. FIX_IN kinds: application, repeated (one with 97=Y that has been here
// before), admin, rejected (these moved the expected number), duplicate, garbled (audit only), set.
namespace kind {
inline constexpr std::string_view application = "application";
inline constexpr std::string_view repeated = "repeated";
inline constexpr std::string_view admin = "admin";
inline constexpr std::string_view rejected = "rejected";
inline constexpr std::string_view duplicate = "duplicate";
inline constexpr std::string_view garbled = "garbled";
inline constexpr std::string_view reset = "reset";
inline constexpr std::string_view set = "set";
inline constexpr std::string_view withdrawn = "withdrawn";
inline constexpr std::string_view resent = "resent";
inline constexpr std::string_view undelivered = "undelivered";
}  // namespace kind

// What both tables begin with.
struct fix_message_columns {
    engine::text<session_name_bytes_max> session;
    std::uint32_t generation = 0;
    std::uint32_t msg_seq_num = 0;
    std::uint32_t next_sender = 0;
    std::uint32_t next_target = 0;
    engine::text<14> kind;
    engine::text<6> msg_type;
    engine::text<22> sender;
    engine::text<22> target;
    engine::text<38> cl_ord_id;  // its first 38 bytes; the wire bytes hold all of it
    engine::text<38> orig_cl_ord_id;
    engine::text<22> internal_target;  // 57, TargetSubID; FIX_IN: InboundRoutingTag
    std::uint32_t size = 0;            // of the wire bytes
    std::uint32_t poss_dup = 0;        // 43=Y
};

struct fix_out_row {
    fix_message_columns message;
    std::uint32_t ref_seq_num = 0;     // resent, undelivered: the number of the message it is about
    engine::text<18> reason;           // undelivered, rejected: why
    engine::timestamp committed_time;  // of the source record
    engine::timestamp streamed_time;   // when the streamer handed it over
    engine::timestamp translated_time;  // when its body was encoded
    engine::timestamp creation_time;    // of the generation
};

struct fix_in_row {
    fix_message_columns message;
    engine::timestamp received_time;
    engine::timestamp sending_time;  // 52
    engine::timestamp creation_time;
};

// Built once; the layouts are checked against the structs above.
[[nodiscard]] const engine::row_schema& fix_out_schema();
[[nodiscard]] const engine::row_schema& fix_in_schema();

}  // namespace millrace::gateway
