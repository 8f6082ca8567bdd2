// How an application takes part: a handler sees one event and answers ack or nack.
//
// Threading  a handler runs on the runner of its client; it must not block
// Progress   its longest call is a counter
// Errors     a handler must not throw; one that does ends the process
#pragma once

#include <string_view>

#include "engine/core/types.hpp"
#include "engine/table/row.hpp"

namespace millrace::gateway {

// Everything refers to memory that is valid during the call only.
struct event {
    std::string_view route;
    engine::position at;  // of the source record in its log
    engine::sequence seq;
    engine::timestamp committed;
    engine::row_view source;  // the source record's row
    engine::row_view row;  // what the map made of it; the source again where the route has no map
    std::string_view message;     // the FIX message, where the source row carries one
    bool is_redelivered = false;  // may have been delivered before: the same record before the last
                                  // restart, or, sent again by the venue or written again after a
                                  // loss of power, another one of the same content
};

enum class answer : std::uint8_t {
    ack,   // done: the route goes on, and its row is written where it has a table
    skip,  // done, but nothing is written: the handler knows this event already. A route into a
           // table resumes behind the last row it wrote, so what was skipped behind that comes
           // again after a restart
    nack,  // refused: the route's on_nack policy applies
};

struct event_handler {
    using function = answer (*)(void* context, const event&) noexcept;
    function call = nullptr;
    void* context = nullptr;

    // From a callable that outlives the pipeline: answer operator()(const event&).
    template <class Callable>
    [[nodiscard]] static event_handler of(Callable& callable) noexcept {
        return {[](void* context, const event& happened) noexcept {
                    return (*static_cast<Callable*>(context))(happened);
                },
                &callable};
    }
};

}  // namespace millrace::gateway
