// A record that a route could not translate, or that its handler refused, for an application that
// wants to know of each.
//
// Threading  the hook runs on the client's thread, between two records; it must not wait
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/core/types.hpp"
#include "engine/table/row.hpp"
#include "gateway/pipeline/config.hpp"

namespace millrace::gateway {

struct delivery_failure {
    std::string_view route;
    engine::position at;  // of the record in its log
    engine::sequence seq;
    engine::row_view row;                          // as it stands there
    std::string_view message;                      // the FIX message, where the row carries one
    std::string_view reason;                       // "required tag is missing: tag 54, column SIDE"
    failure_policy policy = failure_policy::halt;  // what is done with it now
};

struct failure_hook {
    using function = void (*)(void* context, const delivery_failure&) noexcept;
    function call = nullptr;
    void* context = nullptr;

    // From a callable that outlives the pipeline: void operator()(const delivery_failure&).
    template <class Callable>
    [[nodiscard]] static failure_hook of(Callable& callable) noexcept {
        return {[](void* caller, const delivery_failure& failure) noexcept {
                    (*static_cast<Callable*>(caller))(failure);
                },
                &callable};
    }
};

}  // namespace millrace::gateway
