// What a pipeline does for operators: the audit log, and the socket that serves them.
#include "gateway/pipeline/admin_setup.hpp"
#include "gateway/pipeline/cold_agent.hpp"
#include "gateway/pipeline/pipeline.hpp"

namespace millrace::gateway {

// Before the gateways: who changes a stopped one holds it.
void pipeline::open_audit() {
    if (config_.has_admin()) {
        audit_ = std::make_unique<audit_log>(config_.directory / std::string(audit_log_name),
                                             audit_segment_bytes(config_));
    }
}

// As the listeners, it comes last.
void pipeline::make_admin() {
    if (audit_ == nullptr) {
        return;
    }
    std::vector<session_agent*> gateways;
    for (const auto& one : gateways_) {
        gateways.push_back(one.get());
    }
    admin_ =
        std::make_unique<admin_listener>(std::move(gateways), *audit_, admin_options_of(config_));
    audit_->hand_over();
    cold_->add(admin_->events());
    using engine::counter_kind;
    engine::counters_file& file = *counters_;
    admin_counters& counters = admin_->counters;
    admin_->events().dropped = file.add_counter("admin.lines_dropped", counter_kind::counter);
    counters.requests = file.add_counter("admin.requests", counter_kind::counter);
    counters.refused_users = file.add_counter("admin.refused_users", counter_kind::counter);
    counters.refused_connections =
        file.add_counter("admin.refused_connections", counter_kind::counter);
    counters.connections = file.add_counter("admin.connections", counter_kind::gauge);
    counters.kill_latency = file.add_counter("admin.kill_latency", counter_kind::maximum,
                                             engine::counter_unit::nanoseconds);
    serve_socket("mr-admin", *admin_, "serves " + config_.admin.path.native());
}

}  // namespace millrace::gateway
