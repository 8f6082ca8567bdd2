// Several agents that share a thread: started in order, worked in order, closed in reverse order.
//
// Threading  start, step and close on one thread; build the group anywhere before
// Errors     start() rethrows what an agent's on_start threw, after closing those that had started
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/agent/agent.hpp"

namespace millrace::engine {

// The runner's loop without the runner, so that a test can drive a whole graph by hand.
class agent_group {
public:
    agent_group() = default;
    explicit agent_group(std::vector<agent_ref> agents) : agents_(std::move(agents)) {}
    agent_group(const agent_group&) = delete;
    agent_group& operator=(const agent_group&) = delete;
    agent_group(agent_group&&) = delete;
    agent_group& operator=(agent_group&&) = delete;
    ~agent_group() { close(); }

    // REQUIRES: not started
    void add(agent_ref agent);
    void start();
    // One duty cycle: each agent works once. Returns the work they did together.
    std::int64_t step() noexcept {
        std::int64_t work_count = 0;
        for (agent_ref& agent : agents_) {
            work_count += agent.do_work();
        }
        return work_count;
    }
    // Steps until a cycle finds no work, at most step_limit times; returns the work done.
    std::int64_t drain(std::size_t step_limit) noexcept;
    // Closes what was started; a second call does nothing.
    void close() noexcept;

    [[nodiscard]] const std::vector<agent_ref>& agents() const noexcept { return agents_; }
    [[nodiscard]] bool is_started() const noexcept { return is_started_; }

private:
    std::vector<agent_ref> agents_;
    bool is_started_ = false;
};

}  // namespace millrace::engine
