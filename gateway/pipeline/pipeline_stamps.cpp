// The side log of stage stamps, where the configuration asks for it.
#include "gateway/pipeline/cold_agent.hpp"
#include "gateway/pipeline/pipeline.hpp"

namespace millrace::gateway {

using engine::counter_kind;

void pipeline::open_stamps() {
    if (!config_.keeps_stamps) {
        return;
    }
    cold_->stamps = std::make_unique<stamp_log>(config_.directory / std::string(stamps_log_name),
                                                config_.segment_bytes);
    cold_->stamps->written = counters_->add_counter("stamps.written", counter_kind::counter);
    cold_->stamps->refused = counters_->add_counter("stamps.refused", counter_kind::counter);
    const auto add = [&](stamp_ring& ring, const std::string& owner) {
        cold_->stamps->add(ring);
        ring.dropped = counters_->add_counter(owner + ".stamps_dropped", counter_kind::counter);
    };
    for (const auto& gateway : gateways_) {
        add(gateway->use_stamps(), "gateway." + gateway->label());
    }
    for (const auto& client : clients_) {
        if (client->has_handlers()) {
            add(client->use_stamps(), client->name());
        }
    }
}

}  // namespace millrace::gateway
