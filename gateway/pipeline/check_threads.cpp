#include <unistd.h>

#include <algorithm>
#include <map>

#include "engine/core/thread.hpp"
#include "gateway/pipeline/check_report.hpp"
#include "gateway/pipeline/plan.hpp"

namespace millrace::gateway::detail {

namespace {

const std::string streamer_prefix = "streamer:";
constexpr std::string_view feeder = "feeder";  // of an application that appends rows itself

std::string list(const std::vector<int>& cpus) {
    std::string text;
    for (const int cpu : cpus) {
        text += (text.empty() ? "" : ", ") + std::to_string(cpu);
    }
    return text;
}

bool spins(const check_report& report, const thread_config& thread) {
    return thread.idle.value_or(report.config.idle).kind == engine::idle_kind::spin;
}

void check_cpus(check_report& report) {
    const std::vector<int> allowed = engine::allowed_cpus();
    const long present = ::sysconf(_SC_NPROCESSORS_CONF);
    std::map<int, const thread_config*> pinned;
    for (const thread_config& thread : report.config.threads) {
        if (thread.cpu < 0) {
            continue;
        }
        const long line = thread.lines.of("cpu");
        if (std::find(allowed.begin(), allowed.end(), thread.cpu) == allowed.end()) {
            const bool exists = thread.cpu < present;
            report.error(line,
                         "thread '" + thread.name + "': CPU " + std::to_string(thread.cpu) +
                             (exists ? " is not allowed for this process" : " does not exist") +
                             "; allowed are " + list(allowed));
        }
        const auto [other, is_new] = pinned.emplace(thread.cpu, &thread);
        if (!is_new && (spins(report, thread) || spins(report, *other->second))) {
            report.warning(line, "threads '" + other->second->name + "' and '" + thread.name +
                                     "' share CPU " + std::to_string(thread.cpu) +
                                     ", and one of them spins");
        }
    }
}

// One log has one writing thread, whichever clients write it.
void check_shared_tables(check_report& report,
                         const std::map<std::string, const thread_config*>& planned) {
    std::map<std::string, const client_config*> writers;
    for (const client_config& client : report.config.clients) {
        for (const route_config& route : client.routes) {
            if (route.table.empty()) {
                continue;
            }
            const auto [writer, is_new] = writers.emplace(route.table, &client);
            const auto first = planned.find(client_name(*writer->second));
            const auto second = planned.find(client_name(client));
            if (is_new || first == planned.end() || second == planned.end() ||
                first->second == second->second) {
                continue;
            }
            report.error(second->second->lines.of("agents"),
                         "clients '" + writer->second->name + "' and '" + client.name +
                             "' both write table '" + route.table +
                             "', so one thread must run both");
        }
    }
}

// An unknown table is wrong where it stands, and not once more as an agent.
std::vector<std::string> known_agents(const check_report& report) {
    std::vector<std::string> agents = agent_names(report.config);
    for (const stream_config& stream : report.config.streams) {
        if (find_schema(report.config, stream.table) == nullptr) {
            std::erase(agents, streamer_name(stream));
        }
    }
    return agents;
}

// Whatever an unknown stream or table was meant to be, its streamer may be in the plan.
std::vector<std::string> possible_streamers(const check_report& report) {
    const pipeline_config& config = report.config;
    const bool is_unsure =
        std::any_of(config.clients.begin(), config.clients.end(), [&](const client_config& client) {
            const stream_config* stream = config.find_stream(client.stream);
            return stream == nullptr || find_schema(config, stream->table) == nullptr;
        });
    std::vector<std::string> streamers;
    if (is_unsure) {
        for (const table_config& table : config.tables) {
            streamers.push_back(streamer_prefix + table.name);
        }
        for (const gateway_config& gateway : config.gateways) {
            streamers.push_back(streamer_prefix + gateway.name + ".FIX_IN");
            streamers.push_back(streamer_prefix + gateway.name + ".FIX_OUT");
        }
    }
    return streamers;
}

}  // namespace

void check_threads(check_report& report) {
    if (report.config.threads.empty()) {
        return;
    }
    check_cpus(report);
    const std::vector<std::string> agents = known_agents(report);
    const std::vector<std::string> possible = possible_streamers(report);
    std::vector<std::string_view> known(agents.begin(), agents.end());
    known.insert(known.end(), possible.begin(), possible.end());
    known.push_back(feeder);
    std::map<std::string, const thread_config*> planned;
    for (const thread_config& thread : report.config.threads) {
        for (const std::string& agent : thread.agents) {
            const long line = thread.lines.of("agents");
            if (std::find(known.begin(), known.end(), agent) == known.end()) {
                report.error(line, "unknown agent" + named(agent, known));
                continue;
            }
            const auto [first, is_new] = planned.emplace(agent, &thread);
            if (!is_new) {
                report.error(line, "agent '" + agent + "' is planned twice, in thread '" +
                                       first->second->name + "' and in thread '" + thread.name +
                                       "'");
            }
        }
    }
    for (const std::string& agent : agents) {
        if (!planned.contains(agent)) {
            report.error(report.config.threads.front().line,
                         "no [[thread]] runs agent '" + agent + "'; a plan names all of them");
        }
    }
    check_shared_tables(report, planned);
}

}  // namespace millrace::gateway::detail
