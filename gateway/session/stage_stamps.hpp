// When a record reached a stage that comes after it was appended: what its own bytes cannot say.
//
//   session thread, client threads -> a ring each -> cold thread -> the log STAMPS
//
// The other stages stand in the records: when the source was committed, streamed and translated in
// FIX_OUT's row, when a message was numbered in that row's timestamp, when one was received in
// FIX_IN's. `millrace log latency` joins the two by log and sequence.
//
// Threading  one thread puts, one cold thread drains
// Progress   put() is wait-free: a stamp that finds no room is dropped and counted, so no stage
//            waits for the side log
// Units      UTC ns
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "engine/counters/counter.hpp"
#include "engine/ring/slot_ring.hpp"
#include "engine/table/record.hpp"

namespace millrace::gateway {

enum class stage : std::uint32_t {
    sent = 1,     // of a record of FIX_OUT: handed to the socket
    handled = 2,  // of any record a handler was called for: it has answered
};

// As it stands in STAMPS, several to a record.
//
//    0        8          16   24      28          32
//    | log id | sequence | ns | stage | reserved |
struct stage_stamp {
    std::uint64_t log_id = 0;    // correlation_log_id() of the record's log
    std::uint64_t sequence = 0;  // of the record
    std::int64_t time_ns = 0;
    std::uint32_t which = 0;  // a stage
    std::uint32_t reserved = 0;
};
static_assert(sizeof(stage_stamp) == 32);
static_assert(offsetof(stage_stamp, which) == 24);
static_assert(std::is_trivially_copyable_v<stage_stamp>);
static_assert(sizeof(stage_stamp) <= engine::one_line_slot_bytes);

inline constexpr std::uint16_t stamps_record_type = 1;
inline constexpr std::string_view stamps_schema = "millrace stage stamps 1\n";
inline constexpr std::string_view stamps_log_name = "STAMPS";

class stamp_ring {
public:
    // Lasts 20 ms, the cold thread's sleep, at 400,000 stamps a second.
    static constexpr std::size_t capacity = 8192;

    stamp_ring() : ring_(capacity) {}

    void put(stage which, const engine::log_uuid& log, engine::sequence seq,
             std::int64_t time_ns) noexcept {
        const stage_stamp stamp{engine::correlation_log_id(log), seq.value, time_ns,
                                static_cast<std::uint32_t>(which), 0};
        if (ring_.try_push(stamp) != engine::push_status::ok) [[unlikely]] {
            dropped.add(1);
        }
    }

    template <class Visitor>
    std::size_t drain(Visitor&& visit, std::size_t limit) {
        return ring_.poll(visit, limit);
    }

    engine::counter dropped;

private:
    engine::slot_ring<stage_stamp> ring_;
};

}  // namespace millrace::gateway
