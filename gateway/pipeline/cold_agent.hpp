// The cold thread's work: writes down what the hot stages say.
//
// Threading  an agent of its own runner, which sleeps between turns
#pragma once

#include <vector>

#include "gateway/pipeline/pipeline.hpp"

namespace millrace::gateway {

class pipeline::cold_agent {
public:
    cold_agent(const pipeline_options& options) : options_(options) {}

    void add(event_ring& ring) { rings_.push_back(&ring); }

    [[nodiscard]] const char* name() const noexcept { return "cold"; }
    void on_start() {}
    int do_work() noexcept;
    void on_close() noexcept { do_work(); }

    engine::counter lines_failed;

private:
    void write(event_level level, engine::timestamp time, std::string_view text);

    pipeline_options options_;
    std::vector<event_ring*> rings_;
};

}  // namespace millrace::gateway
