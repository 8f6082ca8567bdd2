// How often a call asks for memory: allocation_count.cpp replaces operator new, in all its forms,
// for the whole program it is linked into.
//
// Threading  each thread counts its own
#pragma once

#include <cstddef>

namespace millrace::tests {

// Of this thread, since it began.
[[nodiscard]] std::size_t allocation_count() noexcept;

template <class Call>
[[nodiscard]] std::size_t allocations_in(Call&& call) {
    const std::size_t before = allocation_count();
    call();
    return allocation_count() - before;
}

}  // namespace millrace::tests
