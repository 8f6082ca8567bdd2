// One client's way to one destination: translate a record, and hand it over exactly once.
//
// Threading  the client's thread
// Progress   offer() never waits: a destination without room says back_pressured, and the record
//            waits in the log
// Invariant  a route accepts sequences in ascending order; one at or below highest(), or parked, is
//            passed over
// Errors     a record that cannot be delivered halts the route or is parked, as its policy says
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/counters/counter.hpp"
#include "engine/ring/byte_ring.hpp"
#include "engine/stream/checkpoint.hpp"
#include "engine/stream/streamer.hpp"
#include "engine/table/predicate.hpp"
#include "gateway/pipeline/config.hpp"
#include "gateway/pipeline/event.hpp"
#include "gateway/pipeline/failure.hpp"
#include "gateway/pipeline/map_build.hpp"
#include "gateway/pipeline/message_pass.hpp"
#include "gateway/pipeline/reject_log.hpp"
#include "gateway/session/event_ring.hpp"
#include "gateway/session/outbound.hpp"
#include "gateway/session/stage_stamps.hpp"
#include "xlator/map/outbound_map.hpp"

namespace millrace::gateway {

enum class offer_status : std::uint8_t {
    accepted,        // delivered, parked or not wanted
    back_pressured,  // offer the same record again
    halted,          // this route takes nothing until it is restarted
};

// What became of one delivery attempt, before policies.
enum class delivery_status : std::uint8_t {
    done,
    passed_over,  // not for this route: another message type than its map's
    back_pressured,
    refused,  // the session takes nothing more from this route
    untranslatable,
    nacked,
};

// Into a FIX session's outbound ring.
struct session_sink {
    std::variant<xlator::outbound_map, message_pass> map;
    std::unique_ptr<outbound_link> link;
    std::size_t message_bytes_max = 0;
    bool is_of_session = false;  // the map's dictionary is the session's own
};

// To a handler, then into a table; either may be absent.
struct local_sink {
    std::variant<std::monostate, inbound_map, xlator::row_map> map;  // none: rows as they are
    event_handler handler;
    engine::table_log* table = nullptr;
    std::unique_ptr<engine::checkpoint> progress;  // where there is no table
    std::vector<std::byte> row;                    // room to build one
    engine::short_name event_name;
    engine::sequence
        redelivered_until;  // records up to here may have been delivered before the start
    // Up to here they may repeat what was delivered before a loss of power, in rows too.
    engine::sequence repeats_until;
    std::optional<std::size_t> poss_dup;  // the column that says so, where the source is a FIX_IN
    engine::sequence acknowledged;        // by the handler; its row may still wait for room
};

struct route_counters {
    engine::status_text state;
    engine::counter delivered;
    engine::counter
        passed_over;  // by operation, by `where`, or another message type than the map's
    engine::counter parked;
    engine::counter dropped;
    engine::counter halted;  // 1 where the route stopped
    engine::counter back_pressured;
    engine::counter highest;
    engine::counter longest_handler_ns;
};

class route {
public:
    using destination = std::variant<session_sink, local_sink>;

    // `resume_after`: how far the destination has come. `parked`: records behind it that stand in
    // the reject log, ascending; messages before them may have waited for their session when the
    // process ended. `fields`: what its `where` may ask for beside columns.
    route(const route_config& config, destination to, const engine::row_schema& source_schema,
          const engine::log_uuid& source, engine::sequence resume_after, reject_log* rejects,
          event_ring& events, std::vector<engine::sequence> parked = {},
          const engine::row_fields* fields = nullptr);

    [[nodiscard]] offer_status offer(const engine::stream_slot& record,
                                     const engine::row_view& row) noexcept;

    [[nodiscard]] const std::string& name() const noexcept { return config_.name; }
    [[nodiscard]] engine::sequence highest() const noexcept { return highest_; }
    [[nodiscard]] bool is_halted() const noexcept { return is_halted_; }
    [[nodiscard]] const char* halt_reason() const noexcept { return halt_reason_; }
    // Of a route to a session: where its encoded messages wait; else null.
    [[nodiscard]] const engine::byte_ring* outbound_ring() const noexcept {
        const auto* const to = std::get_if<session_sink>(&to_);
        return to != nullptr ? &to->link->ring : nullptr;
    }

    [[nodiscard]] bool has_handler() const noexcept {
        const auto* const to = std::get_if<local_sink>(&to_);
        return to != nullptr && to->handler.call != nullptr;
    }
    void set_stamps(stamp_ring& stamps) noexcept { stamps_ = &stamps; }
    void set_failure_hook(failure_hook hook) noexcept { hook_ = hook; }

    route_counters counters;

private:
    [[nodiscard]] delivery_status deliver(session_sink& to, const engine::stream_slot& record,
                                          const engine::row_view& row) noexcept;
    [[nodiscard]] delivery_status deliver(local_sink& to, const engine::stream_slot& record,
                                          const engine::row_view& row) noexcept;
    // The row that goes on, in to.row; empty where there is no table.
    [[nodiscard]] delivery_status make_row(local_sink& to, const engine::stream_slot& record,
                                           const engine::row_view& source,
                                           std::span<std::byte>& payload) noexcept;
    [[nodiscard]] delivery_status call_handler(local_sink& to, const engine::stream_slot& record,
                                               const engine::row_view& source,
                                               const engine::row_view& row, bool& writes) noexcept;
    [[nodiscard]] delivery_status write_row(local_sink& to, const engine::stream_slot& record,
                                            const engine::row_view& source,
                                            std::span<std::byte> payload) noexcept;
    // The record may stand for one that was lost, and done before.
    [[nodiscard]] static bool may_repeat(const local_sink& to, const engine::stream_slot& record,
                                         const engine::row_view& source) noexcept {
        return record.seq <= to.repeats_until ||
               (to.poss_dup && source.unsigned_integer(*to.poss_dup) != 0);
    }
    [[nodiscard]] bool was_parked(engine::sequence seq) noexcept;
    [[nodiscard]] offer_status done_with(const engine::stream_slot& record) noexcept;
    [[nodiscard]] offer_status fail(failure_policy policy, const engine::stream_slot& record,
                                    const engine::row_view& row) noexcept;
    void tell(failure_policy policy, const engine::stream_slot& record, const engine::row_view& row,
              std::string_view reason) const noexcept;
    void say(const char* what, const engine::stream_slot& record) noexcept;
    void halt(const engine::stream_slot& record, std::string_view reason) noexcept;
    void set_reason(std::string_view what, int tag, int column,
                    const engine::row_schema* columns) noexcept;
    [[nodiscard]] static engine::correlation correlation_of(
        const engine::row_envelope& envelope, const engine::stream_slot& record) noexcept;

    route_config config_;
    destination to_;
    engine::log_uuid source_;
    std::uint64_t id_;
    engine::predicate where_;
    engine::sequence highest_;
    reject_log* rejects_;
    event_ring* events_;
    stamp_ring* stamps_ = nullptr;
    failure_hook hook_;
    std::vector<engine::sequence> parked_;  // by an earlier run
    std::size_t next_parked_ = 0;
    engine::sequence unparked_;  // failed, and not parked yet for want of room
    engine::position
        parked_end_;  // of the reject log, that must be durable before the route goes on
    bool is_halted_ = false;
    char halt_reason_[400] = {};  // "position N: reason"
    char reason_[200] = {};       // why the last delivery failed
};

}  // namespace millrace::gateway
