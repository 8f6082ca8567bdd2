// What a pipeline does for its listeners: the tables they write, the agents that write them, and
// the threads that read their sockets.
#include <bit>

#include "engine/core/error.hpp"
#include "gateway/pipeline/check.hpp"
#include "gateway/pipeline/pipeline.hpp"
#include "gateway/pipeline/plan.hpp"
#include "gateway/pipeline/storage_options.hpp"

namespace millrace::gateway {

namespace {

constexpr std::int64_t answer_interval_ns = 100'000;
// Clients that left and whose rows are still on their way.
constexpr std::size_t leaving_max = 16;

}  // namespace

void pipeline::open_listeners() {
    for (const listener_config& config : config_.listeners) {
        if (tables_.contains(config.table)) {
            throw engine::config_error(config_.path.native(), config.line,
                                       "listener '" + config.name + "' writes table '" +
                                           config.table +
                                           "', which this program writes itself: one log has one "
                                           "writer");
        }
        const table_config& table = *config_.find_table(config.table);
        auto& written = tables_[table.name];
        written = std::make_unique<engine::table_log>(
            table.directory, table.schema,
            log_options_of(config_, table.storage, "listener " + config.name));
        written->start();
        engine::ingest_options ingest;
        ingest.name = ingest_name(config);
        ingest.producers_max = config.connections_max + leaving_max;
        ingest.in_flight_max = std::bit_ceil(config.in_flight_max);
        ingest.ring_bytes = std::bit_ceil(4 * (table.schema.payload_size(config.line_bytes_max)));
        ingests_.push_back(std::make_unique<engine::ingest>(*written, std::move(ingest)));
    }
}

// The sockets come last: who can connect is served.
void pipeline::make_listeners() {
    for (std::size_t at = 0; at < config_.listeners.size(); ++at) {
        const listener_config& config = config_.listeners[at];
        intake_options options;
        options.name = "listener:" + config.name;
        options.path = config.path;
        options.mode = config.mode;
        options.connections_max = config.connections_max;
        options.line_bytes_max = config.line_bytes_max;
        options.in_flight_max = config.in_flight_max;
        options.level =
            config.is_durable ? engine::ack_level::durable : engine::ack_level::committed;
        listeners_.push_back(std::make_unique<intake_listener>(*ingests_[at], std::move(options)));
        bind_listener_counters(at);
        serve_socket("mr-" + config.name, *listeners_.back(), "reads " + config.path.native());
    }
}

// By a thread of its own.
void pipeline::serve_socket(const std::string& thread, engine::agent_ref agent,
                            const std::string& what) {
    engine::idle_config idle;
    idle.kind = engine::idle_kind::sleeping;
    idle.park_min_ns = idle.park_max_ns = answer_interval_ns;
    listener_runners_.push_back(std::make_unique<engine::runner>(
        engine::runner_options{thread, -1, idle}, std::vector<engine::agent_ref>{agent}));
    thread_plan_ += "  " + thread + " (any CPU, sleeping): " + what + "\n";
}

void pipeline::bind_listener_counters(std::size_t at) {
    using engine::counter_kind;
    engine::counters_file& file = *counters_;
    const auto add = [&](engine::counter& target, const std::string& label, counter_kind kind) {
        target = file.add_counter(label, kind);
    };
    const std::string socket = "listener." + config_.listeners[at].name + ".";
    intake_counters& intake = listeners_[at]->counters;
    add(intake.connections, socket + "connections", counter_kind::gauge);
    add(intake.accepted, socket + "accepted", counter_kind::counter);
    add(intake.refused_connections, socket + "refused_connections", counter_kind::counter);
    add(intake.rows, socket + "rows", counter_kind::counter);
    add(intake.refused_lines, socket + "refused_lines", counter_kind::counter);
    add(intake.back_pressured, socket + "back_pressured", counter_kind::counter);
    add(intake.readers, socket + "readers", counter_kind::gauge);
    add(intake.rows_read, socket + "rows_read", counter_kind::counter);
    const std::string table = "ingest." + config_.listeners[at].table + ".";
    engine::ingest_counters& ingest = ingests_[at]->counters;
    add(ingest.appended, table + "appended", counter_kind::counter);
    add(ingest.refused, table + "refused", counter_kind::counter);
    add(ingest.log_back_pressured, table + "log_back_pressured", counter_kind::counter);
    add(ingest.back_pressured, table + "back_pressured", counter_kind::counter);
    add(ingest.producers, table + "producers", counter_kind::gauge);
}

void pipeline::start_listeners() {
    for (const auto& one : listener_runners_) {
        one->start();
    }
}

// Before the agents that write: what the clients sent is appended and answered.
void pipeline::stop_listeners() noexcept {
    for (const auto& one : listener_runners_) {
        one->stop();
    }
}

}  // namespace millrace::gateway
