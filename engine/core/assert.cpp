#include "engine/core/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace millrace::engine {

void assertion_failed(const char* condition, const char* message, const char* file,
                      int line) noexcept {
    std::fprintf(stderr, "millrace: %s:%d: %s (%s)\n", file, line, message, condition);
    std::abort();
}

}  // namespace millrace::engine
