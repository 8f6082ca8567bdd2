#include "gateway/pipeline/source_log.hpp"

#include <cerrno>
#include <chrono>
#include <thread>

#include "engine/core/error.hpp"
#include "engine/log/durable_mark.hpp"
#include "engine/log/log_reader.hpp"

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

void make_source_durable(const std::filesystem::path& directory) {
    const engine::log_reader tail(directory, engine::read_from::tail());
    if (const auto mark = engine::durable_mark::open(directory, tail.uuid());
        mark.is_open() && mark.durable_sequence() >= tail.last_sequence()) {
        return;
    }
    try {
        engine::log_options options;
        options.purpose = "bring to the disk";
        engine::log_writer writer(directory, options);
        static_cast<void>(engine::durable_mark::open_for_writing(directory, writer.uuid()));
        writer.close();  // syncs, and moves the mark
        if (writer.last_error() != 0) {
            throw engine::io_error("sync of the log in", directory.native(), writer.last_error());
        }
    } catch (const engine::locked_error&) {
        return;
    } catch (const engine::damage_error&) {
        return;  // the stream that comes to it halts there, and says so; others go on
    } catch (const engine::io_error& failure) {
        if (failure.error_number() != EACCES && failure.error_number() != EROFS) {
            throw;
        }
    }
}

}  // namespace millrace::gateway
