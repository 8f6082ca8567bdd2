// The whole graph of one configuration: built, started and stopped in order, owned in one place.
//
//   table log -> streamer -> client -> outbound ring -> gateway -> wire -> gateway -> FIX_IN ->
//   streamer -> client -> ...
//
// Threading  constructed, started and stopped on one thread; agents run on the planned runners
// Errors     the constructor and open() throw config_error, locked_error, damage_error or io_error,
//            before anything runs
#pragma once

#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/agent/runner.hpp"
#include "engine/counters/counters_file.hpp"
#include "engine/stream/streamer.hpp"
#include "engine/stream/table_log.hpp"
#include "gateway/admin/admin_listener.hpp"
#include "gateway/intake/intake_listener.hpp"
#include "gateway/pipeline/client_agent.hpp"
#include "gateway/pipeline/config.hpp"
#include "gateway/pipeline/event.hpp"
#include "gateway/pipeline/failure.hpp"
#include "gateway/pipeline/route_past.hpp"
#include "gateway/session/session_agent.hpp"

namespace millrace::gateway {

struct pipeline_options {
    // Where standard dictionaries (FIX44.xml) lie that the settings file names without a place of
    // their own; in the CMake package millrace_DICTIONARY_DIR. Empty: there are none.
    std::filesystem::path dictionary_directory;
    // Receives the lines hot stages say; called on the cold thread. Null: spdlog to standard error.
    void (*log_line)(void* context, event_level level, engine::timestamp time,
                     std::string_view text) = nullptr;
    void* log_context = nullptr;
};

class pipeline {
public:
    explicit pipeline(pipeline_config config, pipeline_options options = {});
    ~pipeline();
    pipeline(const pipeline&) = delete;
    pipeline& operator=(const pipeline&) = delete;

    // Before open(). A handler named by a route but not given is an error, except "ack", which
    // acknowledges everything.
    void set_handler(std::string_view name, event_handler handler);
    // Before open(): is told of each record that a route could not translate, or whose handler
    // refused it, whatever the policy. What a session refuses halts its route, and is in its state.
    void set_failure_hook(failure_hook hook);
    // Before open(): an application's own agent; it runs first on the runner that plans it
    // ("feeder"), else on the default one.
    void add_agent(engine::agent_ref agent);
    // Before open(): this process writes the table. Valid for the pipeline's life.
    [[nodiscard]] engine::table_log& open_source(std::string_view table);

    void open();   // opens logs for writing, builds every stage; nothing runs yet
    void start();  // returns when every agent has started
    // Stops in order: sessions log out, agents close, logs close. A second call does nothing.
    void stop();

    [[nodiscard]] const pipeline_config& config() const noexcept { return config_; }
    [[nodiscard]] const std::string& thread_plan() const noexcept { return thread_plan_; }
    [[nodiscard]] const std::vector<std::unique_ptr<session_agent>>& gateways() const noexcept {
        return gateways_;
    }
    [[nodiscard]] const std::vector<std::unique_ptr<client_agent>>& clients() const noexcept {
        return clients_;
    }
    [[nodiscard]] const std::vector<std::unique_ptr<engine::streamer>>& streamers() const noexcept {
        return streamers_;
    }
    [[nodiscard]] const std::vector<std::unique_ptr<engine::runner>>& runners() const noexcept {
        return runners_;
    }
    // Of all sessions together; REQUIRES: stopped.
    [[nodiscard]] engine::histogram record_to_wire() const;
    // Those that met damage, and those that met what their policy does not let pass, with their
    // reasons; REQUIRES: stopped.
    [[nodiscard]] std::vector<std::string> halted_streams() const;
    [[nodiscard]] std::vector<std::string> halted_routes() const;
    // Logs of which not everything is on stable storage, with what kept it from there; REQUIRES:
    // stopped.
    [[nodiscard]] std::vector<std::string> undurable_logs() const;

private:
    struct source_log {
        std::filesystem::path directory;
        engine::row_schema schema;
        std::string dictionary;  // of the messages in it; empty: none is known
    };
    struct written_log {
        std::string name;
        const engine::log_writer* log;
    };
    class cold_agent;

    void load_all_settings();
    void open_audit();
    void make_admin();
    void serve_socket(const std::string& thread, engine::agent_ref agent, const std::string& what);
    void open_gateways();
    void open_targets();
    void open_listeners();
    void make_listeners();
    void start_listeners();
    void stop_listeners() noexcept;
    void bind_listener_counters(std::size_t at);
    void open_clients();
    void open_client(const client_config& config);
    [[nodiscard]] engine::sequence resolve_start(const route_config& config,
                                                 const std::filesystem::path& directory) const;
    [[nodiscard]] std::unique_ptr<route> make_route(const route_config& config,
                                                    const source_log& source, client_agent& client,
                                                    const engine::row_fields* fields);
    [[nodiscard]] std::variant<xlator::outbound_map, message_pass> make_session_map(
        const route_config& config, const source_log& source);
    [[nodiscard]] session_sink make_session_sink(const route_config& config,
                                                 const source_log& source,
                                                 const engine::log_uuid& uuid, route_past& past,
                                                 engine::sequence& highest);
    [[nodiscard]] local_sink make_local_sink(const route_config& config, const source_log& source,
                                             const engine::log_uuid& uuid, route_past& past,
                                             engine::sequence& highest);
    void begin_lives();
    void end_lives() noexcept;
    [[nodiscard]] session_agent& gateway_of(const route_config& config) const;
    [[nodiscard]] const source_log& log_of_stream(const stream_config& stream);
    void check_columns(const source_log& log) const;
    [[nodiscard]] engine::streamer& streamer_of(const std::string& name);
    void bind_counters();
    void bind_stream_counters();
    void bind_client_counters();
    void bind_gateway_counters();
    void watch_logs();
    [[nodiscard]] std::vector<written_log> written_logs() const;
    [[nodiscard]] bool writes(const std::string& table) const;
    void open_stamps();
    void make_runners();

    pipeline_config config_;
    pipeline_options options_;
    map_dictionaries dictionaries_;                                  // outlives the clients' maps
    std::vector<std::unique_ptr<const engine::row_fields>> fields_;  // and these their conditions
    std::map<std::string, event_handler, std::less<>> handlers_;
    failure_hook hook_;
    std::vector<engine::agent_ref> application_agents_;
    std::unique_ptr<engine::counters_file> counters_;
    std::unique_ptr<audit_log> audit_;     // null: nobody administers the sessions
    std::vector<settings_file> settings_;  // by gateway
    std::vector<std::unique_ptr<session_agent>> gateways_;
    std::map<std::string, std::unique_ptr<engine::table_log>> tables_;  // those this process writes
    std::vector<std::unique_ptr<engine::ingest>> ingests_;              // by listener
    std::vector<std::unique_ptr<intake_listener>> listeners_;
    std::unique_ptr<admin_listener> admin_;
    std::deque<source_log> source_logs_;
    std::map<std::string, const source_log*> logs_by_stream_;
    std::vector<std::unique_ptr<engine::streamer>> streamers_;
    std::vector<std::unique_ptr<client_agent>> clients_;
    std::deque<route_past> pasts_;  // one for each route
    std::unique_ptr<cold_agent> cold_;
    std::vector<std::unique_ptr<engine::runner>> runners_;
    std::vector<std::unique_ptr<engine::runner>> listener_runners_;
    std::unique_ptr<engine::runner> cold_runner_;
    std::string thread_plan_;
    bool is_open_ = false;
    bool is_started_ = false;
};

}  // namespace millrace::gateway
