#include "gateway/pipeline/plan.hpp"

#include <algorithm>

namespace millrace::gateway {

namespace {

constexpr int cpus_for_a_gateway_of_its_own = 4;

bool contains(const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

void add_thread(std::vector<planned_thread>& plan, planned_thread thread) {
    if (!thread.agents.empty()) {
        plan.push_back(std::move(thread));
    }
}

std::vector<planned_thread> default_plan(const pipeline_config& config,
                                         const std::vector<std::string>& agents, int usable_cpus) {
    std::vector<planned_thread> plan;
    if (usable_cpus < cpus_for_a_gateway_of_its_own) {
        add_thread(plan, {"mr-hot", -1, config.idle, agents});
        return plan;
    }
    std::vector<std::string> gateways;
    for (const gateway_config& gateway : config.gateways) {
        gateways.push_back(gateway_name(gateway));
    }
    planned_thread stream{"mr-stream", -1, config.idle, {}};
    std::copy_if(agents.begin(), agents.end(), std::back_inserter(stream.agents),
                 [&](const std::string& agent) { return !contains(gateways, agent); });
    add_thread(plan, std::move(stream));
    for (const std::string& gateway : gateways) {
        add_thread(plan, {"mr-" + gateway, -1, config.idle, {gateway}});
    }
    return plan;
}

std::string destination_of(const route_config& route) {
    if (!route.session.empty()) {
        return "session " + route.session;
    }
    std::string text = route.handler.empty() ? "" : "handler " + route.handler;
    if (!route.table.empty()) {
        text += (text.empty() ? "table " : " -> table ") + route.table;
    }
    return text;
}

}  // namespace

std::string streamer_name(const stream_config& stream) {
    return "streamer:" + stream.table;
}
std::string client_name(const client_config& client) {
    return "client:" + client.name;
}
std::string gateway_name(const gateway_config& gateway) {
    return "gateway:" + gateway.name;
}

std::string ingest_name(const listener_config& listener) {
    return "ingest:" + listener.table;
}

std::string rejects_name(const client_config& client) {
    return "REJECT_" + client.name;
}

std::vector<std::string> agent_names(const pipeline_config& config) {
    std::vector<std::string> names;
    for (const listener_config& listener : config.listeners) {
        names.push_back(ingest_name(listener));
    }
    for (const client_config& client : config.clients) {
        const stream_config* stream = config.find_stream(client.stream);
        if (stream != nullptr && !contains(names, streamer_name(*stream))) {
            names.push_back(streamer_name(*stream));
        }
        names.push_back(client_name(client));
    }
    for (const gateway_config& gateway : config.gateways) {
        names.push_back(gateway_name(gateway));
    }
    return names;
}

std::vector<planned_thread> plan_threads(const pipeline_config& config,
                                         const std::vector<std::string>& application_agents,
                                         int usable_cpus) {
    std::vector<std::string> agents = application_agents;
    const std::vector<std::string> own = agent_names(config);
    agents.insert(agents.end(), own.begin(), own.end());
    if (config.threads.empty()) {
        return default_plan(config, agents, usable_cpus);
    }
    std::vector<planned_thread> plan;
    std::vector<std::string> rest = agents;
    for (const thread_config& thread : config.threads) {
        planned_thread planned{thread.name, thread.cpu, thread.idle.value_or(config.idle), {}};
        for (const std::string& agent : agents) {
            if (contains(thread.agents, agent)) {
                planned.agents.push_back(agent);
                rest.erase(std::remove(rest.begin(), rest.end(), agent), rest.end());
            }
        }
        add_thread(plan, std::move(planned));
    }
    add_thread(plan, {"mr-rest", -1, config.idle, rest});
    return plan;
}

std::string describe(const std::vector<planned_thread>& plan) {
    std::string text;
    for (const planned_thread& thread : plan) {
        text += "  " + thread.name + " (" +
                (thread.cpu < 0 ? std::string("any CPU") : "CPU " + std::to_string(thread.cpu)) +
                ", " + std::string(engine::to_string(thread.idle.kind)) + "):";
        for (const std::string& agent : thread.agents) {
            text += " " + agent;
        }
        text += "\n";
    }
    return text + "  mr-cold (any CPU, sleeping): writes down what the others say\n";
}

std::string describe_graph(const pipeline_config& config) {
    std::string text;
    for (const client_config& client : config.clients) {
        const stream_config* stream = config.find_stream(client.stream);
        for (const route_config& route : client.routes) {
            text += "table " + (stream == nullptr ? client.stream : stream->table) + " -> stream " +
                    client.stream + " -> client " + client.name + " -> route " + route.name +
                    (route.map.empty() ? "" : " (map " + route.map + ")") + " -> " +
                    destination_of(route) + "\n";
        }
    }
    for (const listener_config& listener : config.listeners) {
        text += "listener " + listener.name + ": " + listener.path.native() + " -> table " +
                listener.table + "\n";
    }
    for (const gateway_config& gateway : config.gateways) {
        text += "gateway " + gateway.name + ": " + gateway.settings.native() + " -> " +
                (gateway.directory / "FIX_OUT").native() + ", " +
                (gateway.directory / "FIX_IN").native() + "\n";
    }
    return text;
}

}  // namespace millrace::gateway
