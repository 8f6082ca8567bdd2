// Opening clients, their routes and what these lead to: each route goes on behind what its
// destination holds.
#include <algorithm>
#include <bit>

#include "engine/core/error.hpp"
#include "engine/log/log_reader.hpp"
#include "engine/log/recovery.hpp"
#include "gateway/pipeline/fix_fields.hpp"
#include "gateway/pipeline/pipeline.hpp"
#include "gateway/pipeline/plan.hpp"
#include "gateway/pipeline/reader_progress.hpp"
#include "gateway/pipeline/route_checkpoint.hpp"
#include "gateway/pipeline/session_dictionary.hpp"
#include "gateway/pipeline/source_log.hpp"
#include "gateway/pipeline/storage_options.hpp"

namespace millrace::gateway {

namespace {

// Four of the largest messages fit, each with its header; a ring of just four bodies is doubled.
std::size_t outbound_ring_bytes(const route_config& config) {
    return std::bit_ceil(
        std::max(config.ring_bytes, 4 * (sizeof(outbound_header) + config.max_message_bytes)));
}

engine::sequence last_sequence(const std::filesystem::path& directory) {
    return engine::log_reader(directory, engine::read_from::tail()).last_sequence();
}

engine::log_uuid uuid_of(const std::filesystem::path& log) {
    return engine::read_segment_info(log, engine::list_segments(log).back()).uuid;
}

// Before the first record from there on, else before everything that is still to come.
engine::sequence before_first(const std::filesystem::path& directory,
                              const engine::read_from& from) {
    engine::log_reader reader(directory, from);
    engine::record_view record;
    return reader.poll(record) == engine::read_status::record
               ? engine::sequence{record.seq.value - 1}
               : reader.last_sequence();
}

// Whatever its source loses, a route never had what lies before its start.
engine::sequence first_floor(const start_config& start) {
    return start.what == start_kind::sequence && start.seq.value > 0
               ? engine::sequence{start.seq.value - 1}
               : engine::sequence{};
}

}  // namespace

// The sequence a route without history begins behind.
engine::sequence pipeline::resolve_start(const route_config& config,
                                         const std::filesystem::path& directory) const {
    const start_config& start = config.start;
    switch (start.what) {
        case start_kind::first:
            return {};
        case start_kind::unset:
        case start_kind::tail:
            return last_sequence(directory);
        case start_kind::sequence:
            return {start.seq.value > 0 ? start.seq.value - 1 : 0};
        case start_kind::time:
            return before_first(directory, engine::read_from::at_time(start.time));
        case start_kind::offset:
            try {
                return before_first(directory, engine::read_from::at_position(start.at));
            } catch (const engine::damage_error&) {
                throw;
            } catch (const engine::io_error&) {
                throw;
            } catch (const engine::error& failure) {
                throw engine::config_error(config_.path.native(), config.lines.of("start"),
                                           failure.what());
            }
    }
    return {};
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
    std::string ignored;  // the check has said what is wrong with it
    const engine::row_fields* const fields =
        fields_
            .emplace_back(fields_of(source.schema, dictionary_of(config_, settings_, stream),
                                    dictionaries_, ignored))
            .get();
    auto client = std::make_unique<client_agent>(client_name(config), config.where, source.schema,
                                                 config.ring_slots, fields);
    if (config.parks()) {
        client->set_rejects(std::make_unique<reject_log>(
            config.reject_directory,
            log_options_of(config_, config_.storage, "rejects of client " + config.name)));
    }
    engine::sequence resume_after{UINT64_MAX};
    for (const route_config& wanted : config.routes) {
        auto made = make_route(wanted, source, *client, fields);
        resume_after = std::min(resume_after, made->highest());
        client->add_route(std::move(made));
    }
    if (client->rejects() != nullptr) {
        client->rejects()->set_source(uuid_of(source.directory), source.schema);
        if (client->rejects()->is_there()) {
            client->rejects()->open();
        }
    }
    engine::subscription_options wanted;
    wanted.name = config.name;
    wanted.directory = source.directory;
    wanted.from = engine::read_from::at_sequence(resume_after.next());
    wanted.where = stream.where;
    wanted.fields = fields;
    wanted.batch = stream.batch;
    wanted.schema = source.schema;
    wanted.is_durable_only = is_durable;
    streamer_of(streamer_name(stream)).add(std::move(wanted), client->ring());
    clients_.push_back(std::move(client));
}

std::unique_ptr<route> pipeline::make_route(const route_config& config, const source_log& source,
                                            client_agent& client,
                                            const engine::row_fields* fields) {
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
        // A reader stops at damage as at an end; where that is the reason, it is said here.
        static_cast<void>(engine::recover_tail(source.directory));
        throw engine::damage_error(
            source.directory.native() + ": route '" + config.name + "' has come to sequence " +
            std::to_string(highest.value) + ", but the log ends at " + std::to_string(end.value) +
            "; its end was lost. Restore it, or give the route a new name and a start");
    }
    // Where this process may not write, `log retain` knows of the route by the configuration alone.
    static_cast<void>(register_route(source.directory, config.name, config_.path));
    auto made =
        std::make_unique<route>(config, std::move(to), source.schema, uuid, highest,
                                client.rejects(), client.events(), std::move(parked), fields);
    made->set_failure_hook(hook_);
    return made;
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

std::variant<xlator::outbound_map, message_pass> pipeline::make_session_map(
    const route_config& config, const source_log& source) {
    const map_config& map = *config_.find_map(config.map);
    if (map.kind == map_kind::to_message) {
        return build_outbound_map(config_, map,
                                  dictionary_of(*find_session(config_, settings_, config)),
                                  source.schema, dictionaries_);
    }
    return build_message_pass(config_, map, *find_session(config_, settings_, config),
                              source.schema, dictionaries_);
}

session_sink pipeline::make_session_sink(const route_config& config, const source_log& source,
                                         const engine::log_uuid& uuid, route_past& past,
                                         engine::sequence& highest) {
    session_agent& gateway = gateway_of(config);
    session_sink sink{make_session_map(config, source),
                      std::make_unique<outbound_link>(outbound_ring_bytes(config)),
                      config.max_message_bytes};
    const std::string& dictionary = config_.find_map(config.map)->dictionary;
    sink.is_of_session = dictionary.empty() ||
                         dictionary == dictionary_of(*find_session(config_, settings_, config));
    sink.link->source_id = config.source_id;
    sink.link->when_down = config.when_down;
    sink.link->hold_max_ns = config.hold_max_ns;
    const bool is_known = gateway.out_table().origins().knows(config.name);
    const engine::sequence start_after =
        is_known ? engine::sequence{} : resolve_start(config, source.directory);
    gateway.add_route(config.session, config.name, *sink.link, uuid, start_after, config.gate);
    if (past.is_beyond(gateway.highest_origin(config.name))) {
        gateway.cut_back(config.name, past.survivor());
    }
    if (gateway.has_doubt(config.name)) {
        gateway.limit_doubt(config.name, past.last_before_loss() ? *past.last_before_loss()
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
        const map_config& map = *config_.find_map(config.map);
        const engine::row_schema& target = config_.find_table(config.table)->schema;
        if (map.kind == map_kind::from_message) {
            sink.map = build_inbound_map(config_, map, source.dictionary, target, dictionaries_);
        } else {
            sink.map = build_row_map(config_, map, source.schema, target);
        }
    }
    static_cast<void>(sink.event_name.assign(
        std::string_view(config.handler.empty() ? config.name : config.handler).substr(0, 16)));
    if (!config.table.empty()) {
        engine::table_log& table = *tables_.at(config.table);
        const bool has_history = table.origins().knows(config.name);
        const engine::sequence start_after =
            has_history ? engine::sequence{} : resolve_start(config, source.directory);
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
    const route_checkpoint kept(config_.directory, config.name);
    const bool has_history = kept.has_history();
    sink.progress =
        kept.open(uuid, has_history ? engine::sequence{} : resolve_start(config, source.directory));
    cut_back(*sink.progress, kept.file(), past);
    sink.repeats_until = past.repeats_until();
    sink.redelivered_until = has_history ? last_sequence(source.directory) : engine::sequence{};
    highest = sink.progress->highest();
    return sink;
}

}  // namespace millrace::gateway
