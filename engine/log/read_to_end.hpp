// Reads a log up to an end that is known, as whoever takes a log up again must.
//
// Threading  one thread, the reader's
// Progress   a reader that crosses the torn end of an older segment has nothing for some
//            milliseconds; one that comes no further for long never will
// Errors     next throws damage_error: the log is damaged, or its end is not reached
#pragma once

#include <cstdint>

#include "engine/log/log_reader.hpp"

namespace millrace::engine {

class read_to_end {
public:
    static constexpr std::int64_t patience_ns_default = 10'000'000'000;

    // REQUIRES: the reader outlives this.
    read_to_end(log_reader& reader, position end, std::int64_t patience_ns = patience_ns_default)
        : reader_(&reader), end_(end), patience_ns_(patience_ns) {}

    // False: the end is reached.
    [[nodiscard]] bool next(record_view& record);

private:
    log_reader* reader_;
    position end_;
    std::int64_t patience_ns_;
};

}  // namespace millrace::engine
