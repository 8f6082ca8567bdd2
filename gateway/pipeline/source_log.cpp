#include "gateway/pipeline/source_log.hpp"

#include <chrono>
#include <thread>

#include "engine/core/error.hpp"

namespace millrace::gateway {

namespace {

constexpr int patience_ms = 1000;
constexpr int look_every_ms = 10;

}  // namespace

void create_log_if_missing(const std::filesystem::path& directory, const engine::row_schema& schema,
                           const engine::table_log_options& options) {
    for (int waited_ms = 0; engine::list_segments(directory).empty(); waited_ms += look_every_ms) {
        try {
            engine::table_log made(directory, schema, options);
            made.start();
            return;  // its writer takes it over
        } catch (const engine::locked_error&) {
            // Between its lock and its first segment a writer needs as long as the disk does.
            if (waited_ms >= patience_ms) {
                throw;
            }
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(look_every_ms));
    }
}

}  // namespace millrace::gateway
