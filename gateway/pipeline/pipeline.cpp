#include "gateway/pipeline/pipeline.hpp"

#include <algorithm>

#include "engine/core/error.hpp"
#include "engine/core/thread.hpp"
#include "engine/log/clock_keeper.hpp"
#include "engine/table/schema_change.hpp"
#include "gateway/pipeline/check.hpp"
#include "gateway/pipeline/cold_agent.hpp"
#include "gateway/pipeline/plan.hpp"
#include "gateway/pipeline/session_dictionary.hpp"
#include "gateway/pipeline/source_log.hpp"
#include "gateway/pipeline/storage_options.hpp"

namespace millrace::gateway {

namespace {

constexpr std::int64_t cold_interval_ns = 20'000'000;

// Of a log that is made empty and let go at once: its writer decides how it is kept.
engine::table_log_options creation_options(const pipeline_config& config) {
    engine::table_log_options options;
    options.segment_bytes = config.segment_bytes;
    options.purpose = "create";
    return options;
}

// Room for more of each kind than a stage has, so that any configuration that opens is counted.
engine::counters_options counters_room(const pipeline_config& config,
                                       const std::vector<settings_file>& settings) {
    constexpr std::size_t each = 48;  // of a session, a log, a gateway's or a client's own
    std::size_t sessions = 0;
    for (const settings_file& file : settings) {
        sessions += file.sessions.size();
    }
    std::size_t routes = 0;
    for (const client_config& client : config.clients) {
        routes += client.routes.size();
    }
    const std::size_t stages = sessions + routes + config.tables.size() +
                               3 * config.gateways.size() + 2 * config.clients.size() +
                               2 * config.listeners.size();
    engine::counters_options room;
    room.counter_capacity =
        std::min(room.counter_capacity + each * stages, engine::counters_file::capacity_max);
    room.status_capacity =
        std::min(room.status_capacity + 2 * stages, engine::counters_file::capacity_max);
    return room;
}

answer acknowledge(void*, const event&) noexcept {
    return answer::ack;
}

}  // namespace

pipeline::pipeline(pipeline_config config, pipeline_options options)
    : config_(std::move(config)),
      options_(std::move(options)),
      dictionaries_(options_.dictionary_directory, config_.path.parent_path()) {
    require_valid(config_, options_.dictionary_directory);
    handlers_["ack"] = {&acknowledge, nullptr};
}

pipeline::~pipeline() {
    stop();
}

void pipeline::set_handler(std::string_view name, event_handler handler) {
    MILLRACE_ASSERT(!is_open_, "handlers are set before open()");
    handlers_.insert_or_assign(std::string(name), handler);
}

void pipeline::set_failure_hook(failure_hook hook) {
    MILLRACE_ASSERT(!is_open_, "the hook is set before open()");
    hook_ = hook;
}

void pipeline::add_agent(engine::agent_ref agent) {
    MILLRACE_ASSERT(!is_open_, "agents are added before open()");
    application_agents_.push_back(agent);
}

engine::table_log& pipeline::open_source(std::string_view name) {
    MILLRACE_ASSERT(!is_open_, "sources are opened before open()");
    const table_config* table = config_.find_table(name);
    if (table == nullptr) {
        throw engine::config_error(config_.path.native() + ": no table '" + std::string(name) +
                                   "'");
    }
    auto& slot = tables_[table->name];
    if (slot == nullptr) {
        slot = std::make_unique<engine::table_log>(
            table->directory, table->schema,
            log_options_of(config_, table->storage, "table " + table->name));
        slot->start();
    }
    return *slot;
}

void pipeline::open() {
    MILLRACE_ASSERT(!is_open_, "a pipeline is opened once");
    std::vector<std::string> handlers;
    for (const auto& [name, handler] : handlers_) {
        handlers.push_back(name);
    }
    require_valid(config_, options_.dictionary_directory, handlers);
    engine::keep_clock();
    engine::ensure_directory(config_.directory);
    load_all_settings();
    counters_ = std::make_unique<engine::counters_file>(engine::counters_file::create(
        config_.directory / "counters.dat", counters_room(config_, settings_)));
    open_audit();
    open_gateways();
    open_targets();
    open_listeners();
    open_clients();
    for (const auto& gateway : gateways_) {
        gateway->open();
    }
    cold_ = std::make_unique<cold_agent>(options_, *counters_);
    for (const auto& gateway : gateways_) {
        cold_->add(gateway->events());
        cold_->tend(*gateway);
    }
    for (std::size_t i = 0; i < clients_.size(); ++i) {
        cold_->add(clients_[i]->events());
        if (clients_[i]->rejects() != nullptr) {
            cold_->tend(*clients_[i]->rejects(), rejects_name(config_.clients[i]));
        }
    }
    for (const auto& streamer : streamers_) {
        for (const auto& one : streamer->subscriptions()) {
            cold_->watch(*one);
        }
    }
    bind_counters();
    open_stamps();
    make_runners();
    make_listeners();
    make_admin();
    begin_lives();  // all progress is durable as it is to be
    is_open_ = true;
}

void pipeline::load_all_settings() {
    settings_options settings;
    settings.dictionary_directory = options_.dictionary_directory.native();
    for (const gateway_config& config : config_.gateways) {
        settings_.push_back(load_settings(config.settings.native(), settings));
    }
}

void pipeline::open_gateways() {
    for (const gateway_config& config : config_.gateways) {
        session_agent_options wanted;
        wanted.name = config.name;
        wanted.directory = config.directory;
        wanted.logs = fix_log_options_of(config_, config, "gateway " + config.name);
        wanted.session.reconnect_min_ns = config.reconnect_min_ns;
        wanted.session.reconnect_max_ns = config.reconnect_max_ns;
        wanted.session.handshake_timeout_ns = config.tls_handshake_ns;
        wanted.session.connection.busy_poll_us = static_cast<int>(config.busy_poll_us);
        wanted.session.connection.pending_bytes_max = config.slow_consumer_bytes;
        wanted.session.connection.pending_stall_ns_max = config.slow_consumer_ns;
        wanted.undurable_messages_max = config.undurable_messages_max;
        wanted.in_doubt = config.in_doubt;
        wanted.session.doubt_wait_ns = config.doubt_wait_ns;
        for (const session_config& session : config.sessions) {
            if (session.lane == session_lane::slow) {
                wanted.slow_sessions.push_back(session.name);
            }
            wanted.own_rules.push_back(
                {session.name, session.resends, session.throttling, session.poss_resend_window});
            if (!session.is_enabled) {
                wanted.disabled_sessions.push_back(session.name);
            }
        }
        wanted.users = config.users;
        gateways_.push_back(
            std::make_unique<session_agent>(std::move(wanted), settings_[gateways_.size()]));
    }
}

// Tables that routes write into belong to this process; several routes may share one.
void pipeline::open_targets() {
    const auto is_opened = [&](const std::string& table) { return tables_.contains(table); };
    for (const client_config& client : config_.clients) {
        for (const route_config& wanted : client.routes) {
            if (is_opened(wanted.table)) {
                throw engine::config_error(
                    config_.path.native(), wanted.line,
                    "route '" + wanted.name + "' writes table '" + wanted.table +
                        "', which this program writes itself: one log has one "
                        "writer");
            }
        }
    }
    for (const client_config& client : config_.clients) {
        for (const route_config& wanted : client.routes) {
            if (!wanted.table.empty() && !is_opened(wanted.table)) {
                const table_config& table = *config_.find_table(wanted.table);
                tables_[table.name] = std::make_unique<engine::table_log>(
                    table.directory, table.schema,
                    log_options_of(config_, table.storage, "table " + table.name));
            }
        }
    }
}

// A log follows some changes of its columns; read by any others, its rows would be nonsense.
void pipeline::check_columns(const source_log& log) const {
    const std::uint64_t newest = engine::list_segments(log.directory).back();
    const std::string text = engine::read_segment_info(log.directory, newest).schema;
    const engine::schema_change change =
        engine::compare_schemas(engine::row_schema::parse(text), log.schema);
    if (change.relation == engine::schema_relation::incompatible) {
        throw engine::config_error(
            config_.path.native() + ": table " + log.schema.table_name() + ": its log in " +
            log.directory.native() + " has other columns than this file says; correct them, " +
            "`millrace log migrate` the log, or give the table another directory\n" +
            change.text());
    }
}

const pipeline::source_log& pipeline::log_of_stream(const stream_config& stream) {
    const auto known = logs_by_stream_.find(stream.name);
    if (known != logs_by_stream_.end()) {
        return *known->second;
    }
    source_logs_.push_back({log_directory(config_, stream.table),
                            *find_schema(config_, stream.table),
                            dictionary_of(config_, settings_, stream).value_or(std::string())});
    const source_log& log = source_logs_.back();
    // A stream may be opened before anybody has written.
    create_log_if_missing(log.directory, log.schema, creation_options(config_));
    check_columns(log);
    logs_by_stream_[stream.name] = &log;
    return log;
}

bool pipeline::writes(const std::string& table) const {
    return tables_.contains(table) || config_.find_table(table) == nullptr;
}

engine::streamer& pipeline::streamer_of(const std::string& name) {
    for (const auto& known : streamers_) {
        if (name == known->name()) {
            return *known;
        }
    }
    streamers_.push_back(std::make_unique<engine::streamer>(name));
    return *streamers_.back();
}

void pipeline::make_runners() {
    std::vector<engine::agent_ref> agents(application_agents_);
    std::vector<std::string> application_names;
    for (const engine::agent_ref& agent : application_agents_) {
        application_names.emplace_back(agent.name());
    }
    for (const auto& one : ingests_) {
        agents.emplace_back(*one);
    }
    for (const auto& one : streamers_) {
        agents.emplace_back(*one);
    }
    for (const auto& one : clients_) {
        agents.emplace_back(*one);
    }
    for (const auto& one : gateways_) {
        agents.emplace_back(*one);
    }
    const auto plan = plan_threads(config_, application_names, engine::usable_cpu_count());
    thread_plan_ = describe(plan);
    for (const planned_thread& thread : plan) {
        std::vector<engine::agent_ref> members;
        for (const std::string& name : thread.agents) {
            const auto found = std::find_if(agents.begin(), agents.end(), [&](const auto& agent) {
                return agent.name() == name;
            });
            MILLRACE_ASSERT(found != agents.end(), "the plan names an agent that was not made");
            members.push_back(*found);
        }
        runners_.push_back(std::make_unique<engine::runner>(
            engine::runner_options{thread.name, thread.cpu, thread.idle}, std::move(members)));
    }
    engine::idle_config cold_idle;
    cold_idle.kind = engine::idle_kind::sleeping;
    cold_idle.park_min_ns = cold_idle.park_max_ns = cold_interval_ns;
    cold_runner_ = std::make_unique<engine::runner>(
        engine::runner_options{"mr-cold", -1, cold_idle}, std::vector<engine::agent_ref>{*cold_});
}

}  // namespace millrace::gateway
