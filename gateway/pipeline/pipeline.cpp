#include "gateway/pipeline/pipeline.hpp"

#include <algorithm>
#include <bit>
#include <thread>

#include "engine/core/clock.hpp"
#include "engine/core/error.hpp"
#include "engine/core/thread.hpp"
#include "engine/log/clock_keeper.hpp"
#include "engine/table/schema_change.hpp"
#include "gateway/pipeline/check.hpp"
#include "gateway/pipeline/cold_agent.hpp"
#include "gateway/pipeline/plan.hpp"
#include "gateway/pipeline/reader_progress.hpp"
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

// Four of the largest messages fit, each with its header; a ring of just four bodies is doubled.
std::size_t outbound_ring_bytes(const route_config& config) {
    return std::bit_ceil(
        std::max(config.ring_bytes, 4 * (sizeof(outbound_header) + config.max_message_bytes)));
}

answer acknowledge(void*, const event&) noexcept {
    return answer::ack;
}

engine::sequence last_sequence(const std::filesystem::path& directory) {
    return engine::log_reader(directory, engine::read_from::tail()).last_sequence();
}

engine::log_uuid uuid_of(const std::filesystem::path& log) {
    return engine::read_segment_info(log, engine::list_segments(log).back()).uuid;
}

// The sequence a route without history begins behind.
engine::sequence resolve_start(const start_config& start, const std::filesystem::path& directory) {
    switch (start.what) {
        case start_kind::first:
            return {};
        case start_kind::unset:
        case start_kind::tail:
            return last_sequence(directory);
        case start_kind::sequence:
            return {start.seq.value > 0 ? start.seq.value - 1 : 0};
        case start_kind::time: {
            engine::log_reader reader(directory, engine::read_from::at_time(start.time));
            engine::record_view record;
            // The first record at or after the time, else everything that is still to come.
            return reader.poll(record) == engine::read_status::record
                       ? engine::sequence{record.seq.value - 1}
                       : reader.last_sequence();
        }
    }
    return {};
}

// Whatever its source loses, a route never had what lies before its start.
engine::sequence first_floor(const start_config& start) {
    return start.what == start_kind::sequence && start.seq.value > 0
               ? engine::sequence{start.seq.value - 1}
               : engine::sequence{};
}

}  // namespace

pipeline::pipeline(pipeline_config config, pipeline_options options)
    : config_(std::move(config)), options_(std::move(options)) {
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
    counters_ = std::make_unique<engine::counters_file>(
        engine::counters_file::create(config_.directory / "counters.dat"));
    open_gateways();
    open_targets();
    open_listeners();
    open_clients();
    for (const auto& gateway : gateways_) {
        gateway->open();
    }
    cold_ = std::make_unique<cold_agent>(options_);
    for (const auto& gateway : gateways_) {
        cold_->add(gateway->events());
        cold_->tend(*gateway);
    }
    for (const auto& client : clients_) {
        cold_->add(client->events());
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
    begin_lives();  // all progress is durable as it is to be
    is_open_ = true;
}

void pipeline::open_gateways() {
    for (const gateway_config& config : config_.gateways) {
        settings_options settings;
        settings.dictionary_directory = options_.dictionary_directory.native();
        session_agent_options wanted;
        wanted.name = config.name;
        wanted.directory = config.directory;
        wanted.logs.table = log_options_of(config_, config.storage, "gateway " + config.name);
        wanted.session.reconnect_min_ns = config.reconnect_min_ns;
        wanted.session.reconnect_max_ns = config.reconnect_max_ns;
        wanted.undurable_messages_max = config.undurable_messages_max;
        wanted.in_doubt = config.in_doubt;
        const settings_file file = load_settings(config.settings.native(), settings);
        gateways_.push_back(std::make_unique<session_agent>(std::move(wanted), file));
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
    source_logs_.push_back(
        {log_directory(config_, stream.table), *find_schema(config_, stream.table)});
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

void pipeline::open_clients() {
    for (const client_config& config : config_.clients) {
        open_client(config);
    }
}

void pipeline::open_client(const client_config& config) {
    const stream_config& stream = *config_.find_stream(config.stream);
    const source_log& source = log_of_stream(stream);
    // The strictest of its routes decides for all of a client: it has one cursor, and its routes
    // take each record together, in order.
    const bool is_durable = std::any_of(config.routes.begin(), config.routes.end(),
                                        [](auto& r) { return r.gate == gate_level::durable; });
    if (is_durable && !writes(stream.table)) {
        make_source_durable(source.directory);
    }
    auto client = std::make_unique<client_agent>(client_name(config), config.where, source.schema,
                                                 uuid_of(source.directory), config.ring_slots);
    const bool parks = std::any_of(config.routes.begin(), config.routes.end(), [](const auto& r) {
        return r.on_untranslatable == failure_policy::park || r.on_nack == failure_policy::park;
    });
    if (parks) {
        client->set_rejects(std::make_unique<reject_log>(
            config.reject_directory,
            log_options_of(config_, config_.storage, "rejects of client " + config.name)));
    }
    engine::sequence resume_after{UINT64_MAX};
    for (const route_config& wanted : config.routes) {
        auto made = make_route(wanted, source, *client);
        resume_after = std::min(resume_after, made->highest());
        client->add_route(std::move(made));
    }
    if (client->rejects() != nullptr) {
        client->rejects()->keep_schema(uuid_of(source.directory), source.schema);
        client->rejects()->open();
    }
    engine::subscription_options wanted;
    wanted.name = config.name;
    wanted.directory = source.directory;
    wanted.from = engine::read_from::at_sequence(resume_after.next());
    wanted.where = stream.where;
    wanted.batch = stream.batch;
    wanted.schema = source.schema;
    wanted.is_durable_only = is_durable;
    streamer_of(streamer_name(stream)).add(std::move(wanted), client->ring());
    clients_.push_back(std::move(client));
}

std::unique_ptr<route> pipeline::make_route(const route_config& config, const source_log& source,
                                            client_agent& client) {
    const engine::log_uuid uuid = uuid_of(source.directory);
    engine::sequence highest;
    std::vector<engine::sequence> parked;
    route_past& past = pasts_.emplace_back(config_.directory, config.name, source.directory, uuid,
                                           first_floor(config.start));
    route::destination to =
        config.session.empty()
            ? route::destination(make_local_sink(config, source, uuid, past, highest))
            : route::destination(make_session_sink(config, source, uuid, past, highest));
    if (client.rejects() != nullptr) {
        client.rejects()->bind_route(config.name, uuid);
        if (past.is_beyond(client.rejects()->highest(config.name))) {
            client.rejects()->cut_back(config.name, past.survivor());
        }
        if (config.session.empty()) {
            highest = std::max(highest, client.rejects()->highest(config.name));
        } else {
            // Records before a parked one may never have got their number: only the parked ones are
            // done.
            parked = client.rejects()->parked_behind(config.name, highest);
        }
    }
    if (const std::string finding = past.finding(); !finding.empty()) {
        client.events().say(event_level::warning, config.name, finding);
    }
    const engine::sequence end = last_sequence(source.directory);
    // A start that is still to come is no history.
    const bool is_to_come =
        config.start.what == start_kind::sequence && highest.next() == config.start.seq;
    if (highest > end && !is_to_come) {
        throw engine::damage_error(
            source.directory.native() + ": route '" + config.name + "' has come to sequence " +
            std::to_string(highest.value) + ", but the log ends at " + std::to_string(end.value) +
            "; its end was lost. Restore it, or give the route a new name and a start");
    }
    // Where this process may not write, `log retain` knows of the route by the configuration alone.
    static_cast<void>(register_route(source.directory, config.name, config_.path));
    return std::make_unique<route>(config, std::move(to), source.schema, uuid, highest,
                                   client.rejects(), client.events(), std::move(parked));
}

session_agent& pipeline::gateway_of(const route_config& config) const {
    for (const auto& gateway : gateways_) {
        if (!config.gateway.empty() && config.gateway != gateway->label()) {
            continue;
        }
        for (const auto& session : gateway->sessions()) {
            if (session->name() == config.session) {
                return *gateway;
            }
        }
    }
    throw engine::config_error(config_.path.native(), config.line,
                               "no gateway has the session '" + config.session + "'");
}

session_sink pipeline::make_session_sink(const route_config& config, const source_log& source,
                                         const engine::log_uuid& uuid, route_past& past,
                                         engine::sequence& highest) {
    session_agent& gateway = gateway_of(config);
    session_sink sink{build_outbound_map(config_, *config_.find_map(config.map), source.schema),
                      std::make_unique<outbound_link>(outbound_ring_bytes(config)),
                      config.max_message_bytes};
    const bool is_known = gateway.out_table().origins().knows(config.name);
    const engine::sequence start_after =
        is_known ? engine::sequence{} : resolve_start(config.start, source.directory);
    gateway.add_route(config.session, config.name, *sink.link, uuid, start_after, config.gate);
    if (past.is_beyond(gateway.highest_origin(config.name))) {
        gateway.cut_back(config.name, past.survivor());
    }
    if (gateway.has_doubt(config.name)) {
        gateway.limit_doubt(config.name, past.last_before_boot() ? *past.last_before_boot()
                                                                 : last_sequence(source.directory));
    }
    highest = gateway.highest_origin(config.name);
    return sink;
}

local_sink pipeline::make_local_sink(const route_config& config, const source_log& source,
                                     const engine::log_uuid& uuid, route_past& past,
                                     engine::sequence& highest) {
    local_sink sink;
    if (source.schema == fix_in_schema()) {
        sink.poss_dup = source.schema.index_of("POSS_DUP");
    }
    if (!config.handler.empty()) {
        sink.handler = handlers_.find(config.handler)->second;  // open() has checked the names
    }
    if (!config.map.empty()) {
        sink.map.emplace(build_inbound_map(config_, *config_.find_map(config.map),
                                           config_.find_table(config.table)->schema));
    }
    static_cast<void>(sink.event_name.assign(
        std::string_view(config.handler.empty() ? config.name : config.handler).substr(0, 16)));
    if (!config.table.empty()) {
        engine::table_log& table = *tables_.at(config.table);
        const bool has_history = table.origins().knows(config.name);
        const engine::sequence start_after =
            has_history ? engine::sequence{} : resolve_start(config.start, source.directory);
        sink.redelivered_until = has_history ? last_sequence(source.directory) : engine::sequence{};
        table.bind_route(config.name, uuid, start_after);
        if (past.is_beyond(table.origins().highest(engine::route_id(config.name)))) {
            table.cut_back(config.name, past.survivor());
        }
        sink.repeats_until = past.repeats_until();
        table.start();
        sink.table = &table;
        sink.row.resize(table.log().record_bytes_max());
        highest = table.origins().highest(engine::route_id(config.name));
        return sink;
    }
    const std::filesystem::path file =
        config_.directory / "checkpoints" / (config.name + ".checkpoint");
    // Beside the checkpoint, and not in its folder: it tells a lost checkpoint from a first start.
    const std::filesystem::path known = config_.directory / "routes" / config.name;
    const bool has_history = std::filesystem::exists(file);
    if (!has_history && std::filesystem::exists(known)) {
        throw engine::damage_error(file.native() + ": the checkpoint of route '" + config.name +
                                   "' is missing, though the route has run before. Restore it; or, "
                                   "to let the route begin where "
                                   "its `start` says, remove " +
                                   known.native() + " too");
    }
    sink.progress = std::make_unique<engine::checkpoint>(
        file, config.name, uuid,
        has_history ? engine::sequence{} : resolve_start(config.start, source.directory));
    if (!has_history) {
        engine::ensure_directory(known.parent_path());
        engine::write_file_atomically(known, "");
    }
    cut_back(*sink.progress, file, past);
    sink.repeats_until = past.repeats_until();
    sink.redelivered_until = has_history ? last_sequence(source.directory) : engine::sequence{};
    highest = sink.progress->highest();
    return sink;
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
