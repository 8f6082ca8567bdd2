#include "gateway/pipeline/config_parts.hpp"

namespace millrace::gateway::detail {

namespace {

constexpr std::int64_t ns_per_us = 1000;
constexpr std::int64_t sync_delay_us_max = 60'000'000;
constexpr std::size_t hot_bytes_least = std::size_t{64} << 10;
constexpr std::size_t hot_bytes_most = std::size_t{1} << 40;
constexpr std::size_t sync_bytes_least = std::size_t{4} << 10;
constexpr std::size_t sync_bytes_most = std::size_t{1} << 30;
constexpr std::size_t low_space_most = std::size_t{1} << 50;

}  // namespace

storage_config read_storage(const config_section& section, const storage_config& otherwise) {
    storage_config storage = otherwise;
    storage.kind = static_cast<storage_kind>(section.choice(
        "storage", static_cast<std::size_t>(otherwise.kind), {"hot", "direct", "synchronous"}));
    storage.hot_bytes_max =
        section.bytes_or("hot_bytes_max", otherwise.hot_bytes_max,
                         section.has("hot_bytes_max") ? hot_bytes_least : 0, hot_bytes_most);
    storage.sync_delay_max_ns =
        section.integer_or("sync_delay_max_us", otherwise.sync_delay_max_ns / ns_per_us, 0,
                           sync_delay_us_max) *
        ns_per_us;
    storage.sync_bytes_max = section.bytes_or("sync_bytes_max", otherwise.sync_bytes_max,
                                              sync_bytes_least, sync_bytes_most);
    storage.low_space_bytes = section.bytes_or(
        "low_space_bytes", static_cast<std::size_t>(otherwise.low_space_bytes), 0, low_space_most);
    if (section.has("seal_key_file")) {
        storage.seal_key_file = section.file().resolve(section.text("seal_key_file"));
    }
    return storage;
}

// What one log's section says must mean something for that log; [engine] speaks for those that
// have no word of their own, and some of these may be of another kind.
storage_config read_log_storage(const config_section& section, const storage_config& otherwise) {
    const storage_config storage = read_storage(section, otherwise);
    if (section.has("hot_bytes_max") && storage.kind != storage_kind::hot) {
        section.fail("hot_bytes_max",
                     "'hot_bytes_max' is about storage = \"hot\", which this is not");
    }
    for (const std::string_view key :
         {"sync_delay_max_us", "sync_bytes_max", "low_space_bytes", "seal_key_file"}) {
        if (section.has(key) && storage.kind == storage_kind::synchronous) {
            section.fail(key, "'" + std::string(key) +
                                  "' is about the threads of a log, and storage = "
                                  "\"synchronous\" has none; use \"hot\" or \"direct\"");
        }
    }
    return storage;
}

}  // namespace millrace::gateway::detail
