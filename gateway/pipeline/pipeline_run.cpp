// Starting and stopping a pipeline, in order.
#include <chrono>
#include <thread>

#include "engine/core/assert.hpp"
#include "engine/core/error.hpp"
#include "gateway/pipeline/cold_agent.hpp"
#include "gateway/pipeline/pipeline.hpp"

namespace millrace::gateway {

void pipeline::start() {
    MILLRACE_ASSERT(is_open_ && !is_started_, "open() comes first, and start() once");
    try {
        cold_runner_->start();
        for (const auto& one : runners_) {
            one->start();
        }
        start_listeners();
    } catch (...) {
        stop_listeners();
        for (auto one = runners_.rbegin(); one != runners_.rend(); ++one) {
            (*one)->stop();
        }
        cold_runner_->stop();
        throw;
    }
    is_started_ = true;
}

void pipeline::stop() {
    if (!is_started_) {
        return;
    }
    is_started_ = false;
    stop_listeners();
    for (const auto& gateway : gateways_) {
        gateway->request_stop();
    }
    // Bounded by each session's LogoutTimeout; after that it closes without an answer.
    for (const auto& gateway : gateways_) {
        while (!gateway->is_stopped()) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    }
    for (auto one = runners_.rbegin(); one != runners_.rend(); ++one) {
        (*one)->stop();
    }
    cold_runner_->stop();
    for (const auto& [name, table] : tables_) {
        table->close();
    }
    if (audit_ != nullptr) {
        audit_->close();
    }
    end_lives();
}

void pipeline::begin_lives() {
    for (route_past& past : pasts_) {
        past.begin();
    }
}

void pipeline::end_lives() noexcept {
    try {
        for (route_past& past : pasts_) {
            past.end();
        }
    } catch (const engine::io_error&) {  // it then says that this run was killed, which costs
    }                                    // nothing: what was committed is there either way
}

}  // namespace millrace::gateway
