#include "tools/millrace/config_table.hpp"

#include <string>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/table/nearest.hpp"
#include "gateway/pipeline/check.hpp"

namespace millrace::tools {

const gateway::table_config& table_of(const gateway::pipeline_config& config,
                                      std::string_view name) {
    const gateway::table_config* table = config.find_table(name);
    if (table != nullptr) {
        return *table;
    }
    std::vector<std::string_view> names;
    for (const gateway::table_config& known : config.tables) {
        names.emplace_back(known.name);
    }
    throw engine::config_error(config.path.native() + ": no table '" + std::string(name) + "'" +
                               engine::did_you_mean(name, names));
}

std::filesystem::path directory_of(const gateway::pipeline_config& config, std::string_view name) {
    if (gateway::find_schema(config, name) != nullptr) {
        return gateway::log_directory(config, name);
    }
    return table_of(config, name).directory;
}

}  // namespace millrace::tools
