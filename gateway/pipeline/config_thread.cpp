#include <algorithm>

#include "engine/core/error.hpp"
#include "gateway/pipeline/config_parts.hpp"

namespace millrace::gateway::detail {

namespace {

constexpr std::int64_t ns_per_us = 1000;
constexpr std::int64_t idle_us_max =
    999'999;  // a second of sleep would outlast what a stop may take
constexpr std::int64_t cpu_max = 4095;

engine::idle_kind read_kind(const config_section& section, std::string_view key,
                            engine::idle_kind otherwise) {
    if (!section.has(key)) {
        return otherwise;
    }
    const std::string kind = section.text(key);
    return section.file().at(section.line_of(key),
                             [&] { return engine::parse_idle_config(kind).kind; });
}

std::int64_t read_us(const config_section& section, std::string_view key, std::int64_t least_us,
                     std::int64_t otherwise_ns) {
    return section.integer_or(key, otherwise_ns / ns_per_us, least_us, idle_us_max) * ns_per_us;
}

}  // namespace

engine::idle_config read_idle(const config_file& file, const config_node& node,
                              const std::string& title, const engine::idle_config& otherwise) {
    const config_section section(file, node, title,
                                 {"kind", "spin_us", "park_after_us", "park_min_us", "park_max_us",
                                  "quiet_after_us", "quiet_park_max_us"});
    engine::idle_config idle;
    idle.kind = read_kind(section, "kind", otherwise.kind);
    idle.spin_ns = read_us(section, "spin_us", 0, otherwise.spin_ns);
    idle.park_after_ns = read_us(section, "park_after_us", 0, otherwise.park_after_ns);
    idle.park_min_ns = read_us(section, "park_min_us", 1, otherwise.park_min_ns);
    idle.park_max_ns = read_us(section, "park_max_us", 1, otherwise.park_max_ns);
    idle.quiet_after_ns = read_us(section, "quiet_after_us", 0, otherwise.quiet_after_ns);
    idle.quiet_park_max_ns = read_us(section, "quiet_park_max_us", 1,
                                     std::max(otherwise.quiet_park_max_ns, idle.park_max_ns));
    if (idle.park_after_ns < idle.spin_ns) {
        section.fail("park_after_us", "'park_after_us' is less than 'spin_us'");
    }
    if (idle.park_max_ns < idle.park_min_ns) {
        section.fail("park_max_us", "'park_max_us' is less than 'park_min_us'");
    }
    if (idle.quiet_park_max_ns < idle.park_max_ns) {
        section.fail("quiet_park_max_us", "'quiet_park_max_us' is less than 'park_max_us'");
    }
    return idle;
}

thread_config read_thread(const config_file& file, const config_node& node,
                          const engine::idle_config& idle) {
    const config_section section(file, node, "[[thread]]", {"name", "cpu", "idle", "agents"});
    thread_config thread;
    thread.line = section.line();
    thread.lines = section.lines();
    thread.name = section.name("name");
    thread.cpu = static_cast<int>(section.integer_or("cpu", -1, 0, cpu_max));
    if (const config_node* own = section.find("idle")) {
        if (own->kind == node_kind::table) {
            thread.idle = read_idle(file, *own, "idle", idle);
        } else {
            thread.idle = idle;
            thread.idle->kind = read_kind(section, "idle", idle.kind);
        }
    }
    thread.agents = section.texts("agents");
    if (thread.agents.empty()) {
        section.fail("agents",
                     "thread '" + thread.name + "' runs no agent; expected agents = [...]");
    }
    return thread;
}

}  // namespace millrace::gateway::detail
