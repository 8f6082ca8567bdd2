// The cold thread's work: writes down what the hot stages say, and how full their rings are.
//
// Threading  an agent of its own runner, which sleeps between turns
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "gateway/pipeline/clock_watch.hpp"
#include "gateway/pipeline/pipeline.hpp"
#include "gateway/pipeline/stamp_log.hpp"

namespace millrace::gateway {

class pipeline::cold_agent {
public:
    cold_agent(const pipeline_options& options) : options_(options) {}

    void add(event_ring& ring) { rings_.push_back(&ring); }
    // A stream's halt is said once; the engine has no voice of its own.
    void watch(const engine::subscription& stream) { streams_.push_back({&stream, false}); }
    // Rings whose filling is published every turn.
    void watch(const engine::stream_ring& ring, engine::counter used) {
        slot_rings_.emplace_back(&ring, std::move(used));
    }
    void watch(const engine::byte_ring& ring, engine::counter used) {
        byte_rings_.emplace_back(&ring, std::move(used));
    }

    [[nodiscard]] const char* name() const noexcept { return "cold"; }
    void on_start() {}
    int do_work() noexcept;
    void on_close() noexcept;

    engine::counter lines_failed;
    clock_watch clock;
    std::unique_ptr<stamp_log> stamps;  // null: not asked for

private:
    void say_halted_streams() noexcept;
    void say_clock_steps() noexcept;
    void try_write(event_level level, engine::timestamp time, std::string_view text) noexcept;
    void write(event_level level, engine::timestamp time, std::string_view text);

    pipeline_options options_;
    std::vector<event_ring*> rings_;
    std::vector<std::pair<const engine::subscription*, bool>> streams_;  // and whether it was said
    std::vector<std::pair<const engine::stream_ring*, engine::counter>> slot_rings_;
    std::vector<std::pair<const engine::byte_ring*, engine::counter>> byte_rings_;
};

}  // namespace millrace::gateway
