// The state of the process's clock as counters, and a line when it stepped.
//
// Threading  bind at set-up, then the cold thread
#pragma once

#include <string>

#include "engine/core/process_clock.hpp"
#include "engine/counters/counters_file.hpp"

namespace millrace::gateway {

class clock_watch {
public:
    void bind(engine::counters_file& file);
    // Publishes; the text is what there is to say, mostly nothing.
    [[nodiscard]] std::string look();

private:
    engine::counter is_calibrated_;
    engine::counter steps_;
    engine::counter error_;  // without its sign, as the slew
    engine::counter slew_;
    std::uint64_t said_steps_ = engine::read_clock_status().steps;
};

}  // namespace millrace::gateway
