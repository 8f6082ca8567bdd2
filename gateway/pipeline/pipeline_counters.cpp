#include "gateway/pipeline/cold_agent.hpp"
#include "gateway/pipeline/pipeline.hpp"
#include "gateway/pipeline/plan.hpp"

namespace millrace::gateway {

using engine::counter_kind;
using engine::counter_unit;

void pipeline::bind_counters() {
    cold_->lines_failed = counters_->add_counter("cold.lines_failed", counter_kind::counter);
    cold_->clock.bind(*counters_);
    bind_stream_counters();
    bind_client_counters();
    bind_gateway_counters();
    watch_logs();
}

std::vector<pipeline::written_log> pipeline::written_logs() const {
    std::vector<written_log> logs;
    for (const auto& [name, table] : tables_) {
        logs.push_back({name, &table->log()});
    }
    for (const auto& gateway : gateways_) {
        logs.push_back({gateway->label() + ".FIX_OUT", &gateway->out_table().log()});
        logs.push_back({gateway->label() + ".FIX_IN", &gateway->in_table().log()});
    }
    for (std::size_t i = 0; i < clients_.size(); ++i) {
        const reject_log* const rejects = clients_[i]->rejects();
        if (rejects != nullptr && rejects->is_open()) {
            logs.push_back({rejects_name(config_.clients[i]), &rejects->log()});
        }
    }
    return logs;
}

void pipeline::watch_logs() {
    for (const written_log& one : written_logs()) {
        if (!one.log->is_synchronous()) {
            cold_->watch(log_watch(one.name, *one.log, *counters_));
        }
    }
}

void pipeline::bind_stream_counters() {
    engine::counters_file& file = *counters_;
    for (const auto& streamer : streamers_) {
        for (const auto& one : streamer->subscriptions()) {
            const std::string label = "stream." + one->name() + ".";
            one->counters.state = file.add_status(label + "state");
            one->counters.delivered = file.add_counter(label + "delivered", counter_kind::counter);
            one->counters.filtered = file.add_counter(label + "filtered", counter_kind::counter);
            one->counters.next_position = file.add_counter(
                label + "next_position", counter_kind::gauge, counter_unit::position);
            one->counters.last_sequence = file.add_counter(
                label + "last_sequence", counter_kind::gauge, counter_unit::sequence);
            one->counters.undurable_sequence = file.add_counter(
                label + "undurable_sequence", counter_kind::gauge, counter_unit::sequence);
        }
    }
}

void pipeline::bind_client_counters() {
    engine::counters_file& file = *counters_;
    for (const auto& client : clients_) {
        cold_->watch(client->ring(), file.add_counter(std::string(client->name()) + ".ring_slots",
                                                      counter_kind::gauge, counter_unit::items));
        client->events().dropped =
            file.add_counter(std::string(client->name()) + ".lines_dropped", counter_kind::counter);
        for (const auto& one : client->routes()) {
            const std::string label = "route." + one->name() + ".";
            one->counters.state = file.add_status(label + "state");
            one->counters.delivered = file.add_counter(label + "delivered", counter_kind::counter);
            one->counters.passed_over =
                file.add_counter(label + "passed_over", counter_kind::counter);
            one->counters.parked = file.add_counter(label + "parked", counter_kind::counter);
            one->counters.dropped = file.add_counter(label + "dropped", counter_kind::counter);
            one->counters.halted = file.add_counter(label + "halted", counter_kind::gauge);
            one->counters.back_pressured =
                file.add_counter(label + "back_pressured", counter_kind::counter);
            one->counters.highest =
                file.add_counter(label + "highest", counter_kind::gauge, counter_unit::sequence);
            one->counters.highest.set(one->highest().value);
            one->counters.longest_handler_ns = file.add_counter(
                label + "longest_handler", counter_kind::maximum, counter_unit::nanoseconds);
            if (const engine::byte_ring* const ring = one->outbound_ring()) {
                cold_->watch(*ring, file.add_counter(label + "ring_bytes", counter_kind::gauge,
                                                     counter_unit::bytes));
            }
        }
    }
}

void pipeline::bind_gateway_counters() {
    engine::counters_file& file = *counters_;
    for (const auto& gateway : gateways_) {
        session_agent_counters& own = gateway->counters;
        const auto add_own = [&](engine::counter& target, const char* name, counter_kind kind) {
            target = file.add_counter("gateway." + gateway->label() + "." + name, kind);
        };
        add_own(gateway->events().dropped, "lines_dropped", counter_kind::counter);
        add_own(own.refused_connections, "refused_connections", counter_kind::counter);
        add_own(own.waiting_connections, "waiting_connections", counter_kind::gauge);
        add_own(own.refused_addresses, "refused_addresses", counter_kind::counter);
        add_own(own.tls_failures, "tls_failures", counter_kind::counter);
        add_own(own.refused_logons, "refused_logons", counter_kind::counter);
        add_own(own.waiting_logons, "waiting_logons", counter_kind::gauge);
        for (const auto& session : gateway->sessions()) {
            const std::string label = "session." + session->name() + ".";
            fix_session_counters& counters = session->counters;
            counters.state = file.add_status(label + "state");
            const auto add = [&](engine::counter& target, const char* name, counter_kind kind) {
                target = file.add_counter(label + name, kind);
            };
            add(counters.is_logged_on, "is_logged_on", counter_kind::gauge);
            add(counters.is_logon_time, "is_logon_time", counter_kind::gauge);
            add(counters.is_enabled, "is_enabled", counter_kind::gauge);
            add(counters.is_killed, "is_killed", counter_kind::gauge);
            add(counters.next_sender, "next_sender", counter_kind::gauge);
            add(counters.next_target, "next_target", counter_kind::gauge);
            add(counters.messages_in, "messages_in", counter_kind::counter);
            add(counters.messages_out, "messages_out", counter_kind::counter);
            add(counters.fast_in, "fast_in", counter_kind::counter);
            add(counters.fast_out, "fast_out", counter_kind::counter);
            add(counters.garbled, "garbled", counter_kind::counter);
            add(counters.refused_before_logon, "refused_before_logon", counter_kind::counter);
            add(counters.connects, "connects", counter_kind::counter);
            add(counters.disconnects, "disconnects", counter_kind::counter);
            add(counters.tls_failures, "tls_failures", counter_kind::counter);
            add(counters.resent, "resent", counter_kind::counter);
            add(counters.undelivered, "undelivered", counter_kind::counter);
            add(counters.refused_requests, "refused_requests", counter_kind::counter);
            add(counters.halted_routes, "halted_routes", counter_kind::counter);
            add(counters.duplicate_origins, "duplicate_origins", counter_kind::counter);
            add(counters.pending_bytes, "pending_bytes", counter_kind::gauge);
            add(counters.pending_bytes_high, "pending_bytes_high", counter_kind::maximum);
            add(counters.gated_bytes, "gated_bytes", counter_kind::gauge);
            add(counters.disk_waits, "disk_waits", counter_kind::counter);
            add(counters.in_doubt_routes, "in_doubt_routes", counter_kind::gauge);
            add(counters.poss_resent, "poss_resent", counter_kind::counter);
            add(counters.withdrawn, "withdrawn", counter_kind::counter);
            add(counters.unsent, "unsent", counter_kind::counter);
            add(counters.throttled, "throttled", counter_kind::counter);
            ledger_counters& ledger = session->ledger().counters;
            add(ledger.ignored_increments, "ignored_increments", counter_kind::counter);
            add(ledger.duplicates, "duplicates", counter_kind::counter);
            add(ledger.repeated, "repeated", counter_kind::counter);
            add(ledger.held_frames, "held_frames", counter_kind::gauge);
            add(ledger.held_bytes, "held_bytes", counter_kind::gauge);
            add(ledger.refused_appends, "refused_appends", counter_kind::counter);
            add(ledger.resets, "resets", counter_kind::counter);
            add(ledger.unproven_resets, "unproven_resets", counter_kind::counter);
        }
    }
}

}  // namespace millrace::gateway
