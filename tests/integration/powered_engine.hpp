// One life of an engine on one thread: orders out of a log to a venue, its reports into a log, from
// there to a handler and into a table. Put together by hand from the parts a pipeline is made of,
// so that a test decides when each of them works, under which boot, and when all of them are gone.
//
//   ORDER_OUT -> streamer -> client -> session agent (FIX_OUT) -> wire
//   wire -> session agent (FIX_IN) -> streamer -> client -> EXECUTION, and a handler of its own
//
// Threading  one thread
// Errors     opening throws as the parts do
#pragma once

#include <array>
#include <deque>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/stream/streamer.hpp"
#include "engine/stream/table_log.hpp"
#include "gateway/pipeline/client_agent.hpp"
#include "gateway/pipeline/config.hpp"
#include "gateway/pipeline/route_past.hpp"
#include "gateway/session/session_agent.hpp"

namespace millrace::tests {

enum class which_log : std::uint8_t { orders, fix_out, fix_in, executions };
inline constexpr std::size_t log_count = 4;
using log_sequences = std::array<std::uint64_t, log_count>;  // by which_log

struct engine_settings {
    gateway::gate_level gate = gateway::gate_level::committed;
    gateway::in_doubt_policy in_doubt = gateway::in_doubt_policy::halt;
    bool resets_on_logon = false;
    engine::storage_mode storage = engine::storage_mode::direct;
    // So long committed records may wait for their sync.
    std::int64_t orders_delay_ns = 2'000'000;
    std::int64_t gateway_delay_ns = 2'000'000;  // FIX_OUT and FIX_IN
    std::int64_t executions_delay_ns = 2'000'000;
    std::uint16_t venue_port = 0;
    std::string venue;  // its CompID
    std::filesystem::path disk;
    std::filesystem::path hot;  // what lies here is gone with the power
};

// The report as a handler was shown it.
struct shown_report {
    std::uint64_t sequence = 0;  // of FIX_IN
    std::string exec_id;
    bool is_redelivered = false;
};

class powered_engine {
public:
    powered_engine(const engine_settings& settings, const std::string& boot_id);
    ~powered_engine();
    powered_engine(const powered_engine&) = delete;
    powered_engine& operator=(const powered_engine&) = delete;

    // False: the log has no room at the moment.
    [[nodiscard]] bool append_order(std::uint64_t number);
    int step();
    // In order, as a host that goes on does it. REQUIRES: no step afterwards.
    void close();

    [[nodiscard]] log_sequences last_sequences() const;
    [[nodiscard]] log_sequences durable_sequences() const;
    // How far FIX_OUT says that the route has come.
    [[nodiscard]] std::uint64_t sent_through() const;
    [[nodiscard]] gateway::session_agent& agent() { return *agent_; }
    [[nodiscard]] gateway::fix_session& session() { return *agent_->sessions().front(); }
    [[nodiscard]] std::vector<shown_report>& shown() { return handler_.shown; }
    [[nodiscard]] std::vector<std::string>& said() { return said_; }
    // What stands against the engine itself: a halted route or stream.
    [[nodiscard]] std::string failure() const;

    static constexpr std::string_view route_name = "orders";

private:
    struct report_handler {
        gateway::answer operator()(const gateway::event& happened) noexcept;
        std::vector<shown_report> shown;
    };
    struct stage {
        std::unique_ptr<engine::streamer> streamer;
        engine::subscription* subscription = nullptr;
        std::unique_ptr<gateway::client_agent> client;
    };

    void open_orders();
    void open_reports();
    [[nodiscard]] std::unique_ptr<gateway::route> make_execution_route();
    [[nodiscard]] std::unique_ptr<gateway::route> make_watching_route();
    [[nodiscard]] gateway::route_past& past_of(const std::string& route,
                                               const engine::table_log& source);
    void subscribe(stage& to, const engine::table_log& source, engine::sequence resume_after,
                   const std::string& where);
    void listen();

    engine_settings settings_;
    gateway::pipeline_config config_;
    gateway::map_dictionaries dictionaries_;
    std::unique_ptr<engine::table_log> orders_;
    std::unique_ptr<gateway::session_agent> agent_;
    std::unique_ptr<engine::table_log> executions_;
    std::deque<gateway::route_past> pasts_;
    report_handler handler_;
    stage out_;
    stage in_;
    std::vector<std::string> said_;
};

}  // namespace millrace::tests
