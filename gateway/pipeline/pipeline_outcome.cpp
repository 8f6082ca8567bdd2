// What a pipeline has to tell when it has stopped.
#include <cstring>

#include "gateway/pipeline/pipeline.hpp"

namespace millrace::gateway {

engine::histogram pipeline::record_to_wire() const {
    engine::histogram all;
    for (const auto& gateway : gateways_) {
        for (const auto& session : gateway->sessions()) {
            all.merge(session->record_to_wire());
        }
    }
    return all;
}

std::vector<std::string> pipeline::halted_streams() const {
    std::vector<std::string> found;
    for (const auto& streamer : streamers_) {
        for (const auto& one : streamer->subscriptions()) {
            if (one->is_halted()) {
                found.push_back("stream of client " + one->name() + ": " + one->halt_reason());
            }
        }
    }
    return found;
}

std::vector<std::string> pipeline::halted_routes() const {
    std::vector<std::string> found;
    for (const auto& client : clients_) {
        for (const auto& one : client->routes()) {
            if (one->is_halted()) {
                found.push_back("route " + one->name() + ": " + one->halt_reason());
            }
        }
    }
    return found;
}

std::vector<std::string> pipeline::undurable_logs() const {
    std::vector<std::string> found;
    for (const written_log& one : written_logs()) {
        const engine::storage_report report = one.log->storage();
        if (report.is_durability_halted || one.log->last_error() != 0) {
            const std::string reason = !report.text.empty()
                                           ? report.text
                                           : std::string(std::strerror(one.log->last_error()));
            found.push_back("log " + one.name + ": " + reason);
        }
    }
    return found;
}

}  // namespace millrace::gateway
