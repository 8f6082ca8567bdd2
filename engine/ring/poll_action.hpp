// What a poll handler answers, and how both rings call one.
//
// Errors  handlers run inside noexcept polls: one that throws ends the process
#pragma once

#include <concepts>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace millrace::engine {

enum class poll_action : std::uint8_t {
    consumed,  // go on with the next one
    stop,      // not consumed: the same one comes first at the next poll
};

namespace detail {

// A handler that returns void consumes whatever it is given.
template <class Handler, class... Arguments>
[[nodiscard]] poll_action call_handler(Handler& handler, Arguments&&... arguments) {
    using result = std::invoke_result_t<Handler&, Arguments&&...>;
    static_assert(std::is_void_v<result> || std::same_as<result, poll_action>,
                  "a poll handler returns void or poll_action");
    if constexpr (std::is_void_v<result>) {
        handler(std::forward<Arguments>(arguments)...);
        return poll_action::consumed;
    } else {
        return handler(std::forward<Arguments>(arguments)...);
    }
}

}  // namespace detail

}  // namespace millrace::engine
