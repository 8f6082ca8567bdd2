// What of the logs' storage contradicts itself, the logs that are there, or the host.
#include <algorithm>

#include "engine/core/error.hpp"
#include "engine/log/hot_tier.hpp"
#include "engine/log/log_options.hpp"
#include "engine/log/segment.hpp"
#include "gateway/pipeline/check_report.hpp"
#include "gateway/pipeline/config_section.hpp"

namespace millrace::gateway::detail {

namespace {

constexpr std::size_t hot_segments_min = 3;  // the writer's and two ahead

// A log's segments have the size they were made with.
std::size_t segment_bytes_of(const std::filesystem::path& directory, std::size_t otherwise) {
    try {
        const std::vector<std::uint64_t> segments = engine::list_segments(directory);
        return segments.empty()
                   ? otherwise
                   : static_cast<std::size_t>(
                         engine::read_segment_info(directory, segments.back()).segment_bytes);
    } catch (const engine::error&) {
        return otherwise;  // no log yet; what is wrong with one is said elsewhere
    }
}

class storage_check {
public:
    explicit storage_check(check_report& report) : report_(report) {}

    void run() {
        for (const table_config& table : report_.config.tables) {
            if (is_written(table)) {
                check_log(table.lines, table.storage, table.directory,
                          "table '" + table.name + "'");
            }
        }
        for (const gateway_config& gateway : report_.config.gateways) {
            check_numbers(gateway);
            for (const char* const name : {"FIX_OUT", "FIX_IN"}) {
                check_log(gateway.lines, gateway.storage, gateway.directory / name,
                          "gateway '" + gateway.name + "' " + name);
            }
        }
        for (const listener_config& listener : report_.config.listeners) {
            const table_config* const table = report_.config.find_table(listener.table);
            if (table != nullptr && table->storage.kind == storage_kind::synchronous) {
                report_.error(line_of(table->lines, "storage"),
                              "listener '" + listener.name + "' writes table '" + table->name +
                                  "', whose storage = \"synchronous\" would make everybody wait "
                                  "for the disk; use \"hot\" or \"direct\" there");
            }
        }
        for (const client_config& client : report_.config.clients) {
            if (client.parks()) {
                check_log(client.lines, report_.config.storage, client.reject_directory,
                          "the reject log of client '" + client.name + "'", false);
            }
            for (const route_config& route : client.routes) {
                check_gate(client, route);
            }
            check_mixed_gates(client);
        }
        check_memory();
    }

private:
    // By `run` itself; a table that others write is kept as they say.
    [[nodiscard]] bool is_written(const table_config& table) const {
        const auto& listeners = report_.config.listeners;
        const auto& clients = report_.config.clients;
        return std::any_of(listeners.begin(), listeners.end(),
                           [&](const auto& one) { return one.table == table.name; }) ||
               std::any_of(clients.begin(), clients.end(), [&](const auto& client) {
                   return std::any_of(client.routes.begin(), client.routes.end(),
                                      [&](const auto& one) { return one.table == table.name; });
               });
    }

    // Where the section has the key, else where [engine] has it.
    [[nodiscard]] long line_of(const key_lines& lines, std::string_view key) const {
        const long own = lines.of(key);
        return own != lines.section ? own : report_.config.engine_lines.of(key);
    }

    void check_log(const key_lines& lines, const storage_config& storage,
                   const std::filesystem::path& directory, const std::string& what,
                   bool is_made_at_start = true) {
        if (storage.kind != storage_kind::hot) {
            return;
        }
        const std::size_t segment = segment_bytes_of(directory, report_.config.segment_bytes);
        const std::size_t limit = engine::hot_bytes_limit(storage.hot_bytes_max, segment);
        if (limit / segment < hot_segments_min) {
            report_.error(line_of(lines, "hot_bytes_max"),
                          what + ": 'hot_bytes_max' is " + size_text(limit) +
                              "; expected at least three of its segments, " +
                              size_text(hot_segments_min * segment));
        }
        ++hot_count_;
        if (is_made_at_start) {
            needed_ += hot_segments_min * segment;
        }
        wanted_ += limit;
    }

    // Numbers are reserved by what is durable, and of such a log nothing is before it is closed.
    void check_numbers(const gateway_config& gateway) {
        if (gateway.storage.kind == storage_kind::synchronous) {
            report_.error(line_of(gateway.lines, "storage"),
                          "FIX_OUT of gateway '" + gateway.name +
                              "': storage = \"synchronous\" is synced by nobody, so numbers could "
                              "be used twice after a loss of power; use \"hot\" or \"direct\"");
        }
    }

    // What is never synced is never durable, and the route would wait for ever. Of gateways' own
    // logs check_numbers() says it.
    void check_gate(const client_config& client, const route_config& route) {
        const stream_config* const stream = report_.config.find_stream(client.stream);
        const table_config* const table =
            stream == nullptr ? nullptr : report_.config.find_table(stream->table);
        if (route.gate == gate_level::durable && table != nullptr &&
            table->storage.kind == storage_kind::synchronous) {
            report_.error(route.lines.of("gate"),
                          "route '" + route.name + "' has gate = \"durable\", and table '" +
                              table->name +
                              "' has storage = \"synchronous\", which syncs only when it is "
                              "closed; use \"hot\" or \"direct\" there");
        }
    }

    // A client has one cursor on its stream.
    void check_mixed_gates(const client_config& client) {
        const auto durable =
            std::find_if(client.routes.begin(), client.routes.end(),
                         [](const auto& one) { return one.gate == gate_level::durable; });
        for (const route_config& route : client.routes) {
            if (durable != client.routes.end() && route.gate == gate_level::committed) {
                report_.warning(route.line, "route '" + route.name +
                                                "' waits for what is durable, "
                                                "as route '" +
                                                durable->name +
                                                "' of its client does; to go ahead it needs a "
                                                "client of its own");
            }
        }
    }

    void check_memory() {
        if (hot_count_ == 0) {
            return;
        }
        const pipeline_config& config = report_.config;
        const std::filesystem::path directory = config.storage.hot_directory.empty()
                                                    ? engine::default_hot_directory()
                                                    : config.storage.hot_directory;
        const engine::hot_directory_look look = engine::look_at_hot_directory(directory);
        const std::string logs =
            hot_count_ == 1 ? "1 hot log" : std::to_string(hot_count_) + " hot logs";
        if (!look.refusal.empty()) {
            report_.error(config.engine_lines.of(
                              config.storage.hot_directory.empty() ? "storage" : "hot_directory"),
                          look.refusal);
        } else if (look.free_bytes < needed_) {
            report_.warning(config.engine_lines.of("storage"),
                            directory.native() + ": " + logs + " need " + size_text(needed_) +
                                " to begin with, and " + size_text(look.free_bytes) +
                                " are free; make it larger, take smaller segments, or use "
                                "storage = \"direct\"");
        } else if (look.free_bytes < wanted_) {
            report_.warning(config.engine_lines.of("hot_bytes_max"),
                            directory.native() + ": " + logs + " may take " + size_text(wanted_) +
                                " together while the disk is behind, and " +
                                size_text(look.free_bytes) +
                                " are free; lower 'hot_bytes_max', or make it larger");
        }
    }

    check_report& report_;
    std::size_t hot_count_ = 0;
    std::uint64_t needed_ = 0;
    std::uint64_t wanted_ = 0;
};

}  // namespace

void check_storage(check_report& report) {
    storage_check(report).run();
}

}  // namespace millrace::gateway::detail
