#include "gateway/pipeline/config.hpp"

#include <algorithm>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "engine/log/format.hpp"
#include "gateway/pipeline/config_parts.hpp"

namespace millrace::gateway {

namespace {

using detail::config_file;
using detail::config_node;
using detail::config_section;

constexpr std::size_t segment_granularity = 4096;
constexpr std::int64_t batch_max = 65536;
constexpr std::int64_t clients_max = 64;
constexpr std::size_t default_stream_clients = 16;
constexpr std::int64_t reconnect_ms_max = 3'600'000;
constexpr std::int64_t ns_per_ms = 1'000'000;
// Each loss of power jumps over so many numbers, and a session has 2^31 - 1 of them.
constexpr std::int64_t undurable_messages_most = 16'777'216;
constexpr std::int64_t doubt_wait_ms_max = 600'000;

template <class Named>
const Named* find_named(const std::vector<Named>& all, std::string_view name) {
    const auto at =
        std::find_if(all.begin(), all.end(), [&](const Named& one) { return one.name == name; });
    return at == all.end() ? nullptr : &*at;
}

template <class Named>
void add_named(const config_file& file, std::vector<Named>& all, Named added, const char* what) {
    if (const Named* first = find_named(all, added.name)) {
        file.fail(added.line, std::string(what) + " '" + added.name +
                                  "' is described twice, first in line " +
                                  std::to_string(first->line));
    }
    all.push_back(std::move(added));
}

void read_engine(const config_file& file, const config_node& node, pipeline_config& config) {
    const config_section section(
        file, node, "[engine]",
        {"directory", "segment_bytes", "storage", "hot_directory", "hot_bytes_max",
         "sync_delay_max_us", "sync_bytes_max", "low_space_bytes", "seal_key_file", "stamps"});
    config.engine_lines = section.lines();
    config.directory = file.resolve(section.text_or("directory", "."));
    config.segment_bytes = section.bytes_or("segment_bytes", config.segment_bytes,
                                            engine::segment_bytes_min, engine::segment_bytes_max);
    if (config.segment_bytes % segment_granularity != 0) {
        section.fail("segment_bytes", "'segment_bytes' is " + std::to_string(config.segment_bytes) +
                                          "; expected a multiple of 4KiB");
    }
    config.storage = detail::read_storage(section, config.storage);
    if (section.has("hot_directory")) {
        config.storage.hot_directory = file.resolve(section.text("hot_directory"));
    }
    config.keeps_stamps = section.boolean_or("stamps", config.keeps_stamps);
}

gateway_config read_gateway(const config_file& file, const config_node& node,
                            const pipeline_config& config) {
    const config_section section(file, node, "[[gateway]]",
                                 {"name",
                                  "settings",
                                  "directory",
                                  "reconnect_min_ms",
                                  "reconnect_max_ms",
                                  "retain",
                                  "storage",
                                  "hot_bytes_max",
                                  "sync_delay_max_us",
                                  "sync_bytes_max",
                                  "low_space_bytes",
                                  "seal_key_file",
                                  "undurable_messages_max",
                                  "in_doubt",
                                  "doubt_wait_ms",
                                  "session",
                                  "secret_tags",
                                  "users",
                                  "admin_types",
                                  "tls_handshake_ms",
                                  "busy_poll_us",
                                  "slow_consumer_bytes",
                                  "slow_consumer_ms"});
    gateway_config gateway;
    gateway.line = section.line();
    gateway.lines = section.lines();
    gateway.name = section.name("name");
    gateway.settings = file.resolve(section.text("settings"));
    gateway.directory = section.has("directory") ? file.resolve(section.text("directory"))
                                                 : config.directory / gateway.name;
    const std::int64_t least =
        section.integer_or("reconnect_min_ms", 0, 1, reconnect_ms_max) * ns_per_ms;
    const std::int64_t most =
        section.integer_or("reconnect_max_ms", 0, 1, reconnect_ms_max) * ns_per_ms;
    gateway.reconnect_min_ns = least == 0 ? most : least;
    gateway.reconnect_max_ns = most == 0 ? least : most;
    if (gateway.reconnect_max_ns < gateway.reconnect_min_ns) {
        section.fail("reconnect_max_ms", "'reconnect_max_ms' is less than 'reconnect_min_ms'");
    }
    gateway.retention = detail::read_retention(section);
    gateway.storage = detail::read_log_storage(section, config.storage);
    gateway.undurable_messages_max = static_cast<std::size_t>(section.integer_or(
        "undurable_messages_max", static_cast<std::int64_t>(gateway.undurable_messages_max), 1,
        undurable_messages_most));
    gateway.in_doubt =
        static_cast<in_doubt_policy>(section.choice("in_doubt", 0, {"halt", "possresend"}));
    gateway.doubt_wait_ns = section.integer_or("doubt_wait_ms", gateway.doubt_wait_ns / ns_per_ms,
                                               1, doubt_wait_ms_max) *
                            ns_per_ms;
    for (const config_node* session : section.tables("session", "[[gateway.session]]")) {
        gateway.sessions.push_back(read_session(file, *session));
    }
    detail::read_logon_keys(section, gateway);
    detail::read_transport_keys(section, gateway);
    return gateway;
}

stream_config read_stream(const config_file& file, const config_node& node) {
    const config_section section(
        file, node, "[[stream]]",
        {"name", "table", "where", "dictionary", "columns", "batch", "max_clients"});
    stream_config stream;
    stream.line = section.line();
    stream.lines = section.lines();
    stream.name = section.name("name");
    stream.table = section.text("table");
    stream.where = section.text_or("where", "");
    stream.dictionary = section.text_or("dictionary", "");
    stream.columns = section.texts("columns");
    if (section.has("columns") && stream.columns.empty()) {
        section.fail("columns", "'columns' names no column; leave it out to stream all of them");
    }
    stream.batch = static_cast<std::size_t>(
        section.integer_or("batch", static_cast<std::int64_t>(stream.batch), 1, batch_max));
    stream.max_clients = static_cast<std::size_t>(section.integer_or(
        "max_clients", static_cast<std::int64_t>(stream.max_clients), 1, clients_max));
    return stream;
}

stream_config default_stream(const gateway_config& gateway) {
    stream_config stream;
    stream.name = gateway.name + ".FIX_IN";
    stream.table = stream.name;
    stream.where = detail::default_where(gateway);
    stream.max_clients = default_stream_clients;
    stream.line = gateway.line;
    stream.lines.section = gateway.line;
    stream.is_default = true;
    return stream;
}

void read_sections(const config_file& file, const config_section& top, pipeline_config& config) {
    // One wrong section keeps no other from being read.
    const auto each = [&](const char* key, const char* header, auto read) {
        file.collect([&] {
            file.each(top.tables(key, header), [&](const config_node* node) { read(*node); });
        });
    };
    each("table", "[[table]]", [&](const config_node& node) {
        add_named(file, config.tables, detail::read_table(file, node, config), "table");
    });
    each("gateway", "[[gateway]]", [&](const config_node& node) {
        add_named(file, config.gateways, read_gateway(file, node, config), "gateway");
    });
    each("stream", "[[stream]]", [&](const config_node& node) {
        add_named(file, config.streams, read_stream(file, node), "stream");
    });
    for (const gateway_config& gateway : config.gateways) {
        config.streams.push_back(default_stream(gateway));
    }
    each("client", "[[client]]", [&](const config_node& node) {
        add_named(file, config.clients, detail::read_client(file, node, config), "client");
    });
    each("listener", "[[listener]]", [&](const config_node& node) {
        add_named(file, config.listeners, detail::read_listener(file, node, config), "listener");
    });
    each("map", "[[map]]", [&](const config_node& node) {
        add_named(file, config.maps, detail::read_map(file, node), "map");
    });
    if (const config_node* node = top.find("idle")) {
        file.collect([&] { config.idle = detail::read_idle(file, *node, "[idle]", config.idle); });
    }
    each("thread", "[[thread]]", [&](const config_node& node) {
        add_named(file, config.threads, detail::read_thread(file, node, config.idle), "thread");
    });
}

}  // namespace

long key_lines::of(std::string_view key) const {
    const auto at = std::find_if(keys.begin(), keys.end(),
                                 [&](const auto& known) { return known.first == key; });
    return at == keys.end() ? section : at->second;
}

const table_config* pipeline_config::find_table(std::string_view name) const {
    return find_named(tables, name);
}
const stream_config* pipeline_config::find_stream(std::string_view name) const {
    return find_named(streams, name);
}
const gateway_config* pipeline_config::find_gateway(std::string_view name) const {
    return find_named(gateways, name);
}
const map_config* pipeline_config::find_map(std::string_view name) const {
    return find_named(maps, name);
}

pipeline_config parse_config(const std::filesystem::path& path, std::string_view text) {
    const config_file file(path);
    const config_node root = detail::parse_config_tree(file.name(), text);
    const config_section top(file, root, "the top level",
                             {"engine", "table", "gateway", "stream", "client", "listener", "admin",
                              "map", "thread", "idle"});
    pipeline_config config;
    config.path = path;
    config.directory = file.resolve(".");
    if (const config_node* node = top.find("engine")) {
        file.collect([&] { read_engine(file, *node, config); });
    }
    config.admin.path = config.directory / "admin.sock";
    if (const config_node* node = top.find("admin")) {
        file.collect([&] { detail::read_admin(file, *node, config.admin); });
    }
    read_sections(file, top, config);
    file.finish();
    return config;
}

pipeline_config load_config(const std::filesystem::path& path) {
    return parse_config(path, engine::read_whole_file(path));
}

}  // namespace millrace::gateway
