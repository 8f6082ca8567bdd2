// Which agents a configuration makes, and which thread runs each: printed by `check`, obeyed by the
// pipeline.
//
// Threading  set-up only
#pragma once

#include <string>
#include <vector>

#include "gateway/pipeline/config.hpp"

namespace millrace::gateway {

// The names thread plans use. Every agent of one pipeline has a name of its own.
[[nodiscard]] std::string streamer_name(const stream_config& stream);    // "streamer:TABLE"
[[nodiscard]] std::string client_name(const client_config& client);      // "client:NAME"
[[nodiscard]] std::string gateway_name(const gateway_config& gateway);   // "gateway:NAME"
[[nodiscard]] std::string ingest_name(const listener_config& listener);  // "ingest:TABLE"
// Of its reject log: "REJECT_NAME".
[[nodiscard]] std::string rejects_name(const client_config& client);

// All agents of the configuration, in the order in which data walks through them.
[[nodiscard]] std::vector<std::string> agent_names(const pipeline_config& config);

struct planned_thread {
    std::string name;
    int cpu = -1;
    engine::idle_config idle;
    std::vector<std::string> agents;  // in the order in which they work
};

// `application_agents` (a feeder, for one) run first. Without a [[thread]] section: one thread
// below 4 usable CPUs, else one for streams and clients and one for each gateway. What the sections
// do not name gets a thread of its own.
[[nodiscard]] std::vector<planned_thread> plan_threads(
    const pipeline_config& config, const std::vector<std::string>& application_agents,
    int usable_cpus);

[[nodiscard]] std::string describe(const std::vector<planned_thread>& plan);
// One line per route: table -> stream -> client -> route -> destination.
[[nodiscard]] std::string describe_graph(const pipeline_config& config);

}  // namespace millrace::gateway
