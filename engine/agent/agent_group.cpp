#include "engine/agent/agent_group.hpp"

#include "engine/core/assert.hpp"

namespace millrace::engine {

void agent_group::add(agent_ref agent) {
    MILLRACE_ASSERT(!is_started_, "agents join a group before it starts");
    agents_.push_back(agent);
}

void agent_group::start() {
    MILLRACE_ASSERT(!is_started_, "a group starts once");
    std::size_t started_count = 0;
    try {
        for (agent_ref& agent : agents_) {
            agent.on_start();
            ++started_count;
        }
    } catch (...) {
        while (started_count > 0) {
            agents_[--started_count].on_close();
        }
        throw;
    }
    is_started_ = true;
}

std::int64_t agent_group::drain(std::size_t step_limit) noexcept {
    std::int64_t total = 0;
    for (std::size_t i = 0; i < step_limit; ++i) {
        const std::int64_t work_count = step();
        if (work_count == 0) {
            break;
        }
        total += work_count;
    }
    return total;
}

void agent_group::close() noexcept {
    if (!is_started_) {
        return;
    }
    is_started_ = false;
    for (auto agent = agents_.rbegin(); agent != agents_.rend(); ++agent) {
        agent->on_close();
    }
}

}  // namespace millrace::engine
