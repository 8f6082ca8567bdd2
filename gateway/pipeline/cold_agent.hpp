// The cold thread's work: writes down what the hot stages say, and how full their rings are.
//
// Threading  an agent of its own runner, which sleeps between turns
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "gateway/pipeline/clock_watch.hpp"
#include "gateway/pipeline/log_watch.hpp"
#include "gateway/pipeline/pipeline.hpp"
#include "gateway/pipeline/stamp_log.hpp"

namespace millrace::gateway {

class pipeline::cold_agent {
public:
    // REQUIRES: counters outlives this.
    cold_agent(const pipeline_options& options, engine::counters_file& counters)
        : options_(options), counters_(counters) {}

    void add(event_ring& ring) { rings_.push_back(&ring); }
    // Its doubts are looked after.
    void tend(session_agent& gateway) { gateways_.push_back({&gateway, {}}); }
    // A halt, and what it waits for in vain, are said once; the engine has no voice of its own.
    void watch(const engine::subscription& stream) { streams_.push_back({&stream, false, {}}); }
    // Rings whose filling is published every turn.
    void watch(const engine::stream_ring& ring, engine::counter used) {
        slot_rings_.emplace_back(&ring, std::move(used));
    }
    void watch(const engine::byte_ring& ring, engine::counter used) {
        byte_rings_.emplace_back(&ring, std::move(used));
    }

    void watch(log_watch log) { logs_.push_back(std::move(log)); }
    // Makes the log when it is wanted, and watches it from then on.
    void tend(reject_log& rejects, std::string name) {
        rejects_.push_back({&rejects, std::move(name), 0, {}});
    }

    [[nodiscard]] const char* name() const noexcept { return "cold"; }
    void on_start() {}
    int do_work() noexcept;
    void on_close() noexcept;

    engine::counter lines_failed;
    clock_watch clock;
    std::unique_ptr<stamp_log> stamps;  // null: not asked for

private:
    // What the engine cannot say itself.
    struct watched_stream {
        const engine::subscription* stream;
        bool is_halt_said = false;
        engine::sequence wait_said;
    };

    struct tended_rejects {
        reject_log* log;
        std::string name;
        std::int64_t next_try_ns = 0;
        std::string said;
    };

    void tend_rejects() noexcept;
    void open(tended_rejects& one);
    void look_at_streams() noexcept;
    void say_halt(watched_stream& one) noexcept;
    void say_wait(watched_stream& one) noexcept;
    void look_at_logs() noexcept;
    void tend_gateways() noexcept;
    void say_clock_steps() noexcept;
    void try_write(event_level level, engine::timestamp time, std::string_view text) noexcept;
    void write(event_level level, engine::timestamp time, std::string_view text);

    pipeline_options options_;
    engine::counters_file& counters_;
    std::vector<event_ring*> rings_;
    std::vector<tended_rejects> rejects_;
    std::vector<watched_stream> streams_;
    std::vector<log_watch> logs_;
    std::int64_t next_log_look_ns_ = 0;
    std::vector<std::pair<session_agent*, std::string>> gateways_;  // and what was said last
    std::int64_t next_tend_ns_ = 0;
    std::vector<std::pair<const engine::stream_ring*, engine::counter>> slot_rings_;
    std::vector<std::pair<const engine::byte_ring*, engine::counter>> byte_rings_;
};

}  // namespace millrace::gateway
