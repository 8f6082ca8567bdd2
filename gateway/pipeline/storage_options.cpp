#include "gateway/pipeline/storage_options.hpp"

#include <utility>

namespace millrace::gateway {

engine::log_options log_options_of(const pipeline_config& config, const storage_config& storage,
                                   std::string purpose) {
    engine::log_options options;
    options.segment_bytes = config.segment_bytes;
    options.purpose = std::move(purpose);
    options.is_synchronous = storage.kind == storage_kind::synchronous;
    if (options.is_synchronous) {
        return options;  // the rest is about threads that it has not
    }
    options.storage = storage.kind == storage_kind::hot ? engine::storage_mode::hot
                                                        : engine::storage_mode::direct;
    options.hot_directory = config.storage.hot_directory;
    options.hot_bytes_max = storage.hot_bytes_max;
    options.sync_delay_max_ns = storage.sync_delay_max_ns;
    options.sync_bytes_max = storage.sync_bytes_max;
    options.low_space_bytes = storage.low_space_bytes;
    options.seal_key_file = storage.seal_key_file;
    return options;
}

fix_log_options fix_log_options_of(const pipeline_config& config, const gateway_config& gateway,
                                   std::string purpose) {
    fix_log_options options;
    options.table = log_options_of(config, gateway.storage, std::move(purpose));
    for (const std::uint32_t tag : gateway.secret_tags) {
        options.secrets.add(tag);
    }
    return options;
}

}  // namespace millrace::gateway
