// What somebody who waits until a position is durable finds at one look.
//
// Threading  any thread, beside the persister
// Progress   wait-free
// Invariant  halted and closed are answered only where the position will not become durable
#pragma once

#include "engine/core/published_word.hpp"
#include "engine/core/types.hpp"
#include "engine/log/log_options.hpp"

namespace millrace::engine::detail {

// timed_out: not yet.
template <class Mark, class Memory>
[[nodiscard]] durable_wait look_for_durable(
    const Mark& mark, position until, const published_word<bool, Memory>& is_halted,
    const published_word<bool, Memory>& is_stopped) noexcept {
    // Before the position, which then is the last there will be.
    const bool was_halted = is_halted.read();
    const bool was_stopped = is_stopped.read();
    if (mark.durable_position() >= until) {
        return durable_wait::durable;
    }
    return was_halted    ? durable_wait::halted
           : was_stopped ? durable_wait::closed
                         : durable_wait::timed_out;
}

}  // namespace millrace::engine::detail
