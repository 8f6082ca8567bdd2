#include "gateway/pipeline/config_parts.hpp"

namespace millrace::gateway::detail {

namespace {

constexpr std::int64_t connections_max = 1024;
constexpr std::size_t line_bytes_min = 256;
constexpr std::size_t line_bytes_max = std::size_t{4} << 20;
constexpr std::int64_t in_flight_max = 65536;

}  // namespace

// "0660": octal, as chmod takes it.
unsigned read_mode(const config_section& section, unsigned otherwise) {
    if (!section.has("mode")) {
        return otherwise;
    }
    const std::string text = section.text("mode");
    unsigned mode = 0;
    for (const char digit : text) {
        if (digit < '0' || digit > '7' || mode > 0777) {
            mode = 01000;
            break;
        }
        mode = mode * 8 + static_cast<unsigned>(digit - '0');
    }
    if (mode > 0777) {
        section.fail("mode", "'mode' is \"" + text +
                                 "\"; expected the permissions of a file, as in \"0660\"");
    }
    return mode;
}

listener_config read_listener(const config_file& file, const config_node& node,
                              const pipeline_config& config) {
    const config_section section(file, node, "[[listener]]",
                                 {"name", "table", "path", "mode", "connections_max",
                                  "line_bytes_max", "in_flight_max", "level"});
    listener_config listener;
    listener.line = section.line();
    listener.lines = section.lines();
    listener.name = section.name("name");
    listener.table = section.text("table");
    listener.path = section.has("path") ? file.resolve(section.text("path"))
                                        : config.directory / (listener.name + ".sock");
    listener.mode = read_mode(section, listener.mode);
    const auto count = [&](const char* key, std::size_t otherwise, std::int64_t most) {
        return static_cast<std::size_t>(
            section.integer_or(key, static_cast<std::int64_t>(otherwise), 1, most));
    };
    listener.connections_max = count("connections_max", listener.connections_max, connections_max);
    listener.in_flight_max = count("in_flight_max", listener.in_flight_max, in_flight_max);
    listener.line_bytes_max =
        section.bytes_or("line_bytes_max", listener.line_bytes_max, line_bytes_min, line_bytes_max);
    listener.is_durable = section.choice("level", 0, {"committed", "durable"}) == 1;
    return listener;
}

}  // namespace millrace::gateway::detail
