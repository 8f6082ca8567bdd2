#include "gateway/pipeline/reader_progress.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "engine/core/error.hpp"
#include "engine/log/recovery.hpp"
#include "engine/stream/checkpoint.hpp"
#include "engine/stream/origin_tracker.hpp"
#include "engine/stream/reader_cursor.hpp"
#include "gateway/pipeline/check.hpp"
#include "gateway/pipeline/route_past.hpp"
#include "gateway/session/fix_tables.hpp"
#include "gateway/session/resend_floor.hpp"

namespace millrace::gateway {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view route_suffix = ".route";

bool has_log(const fs::path& directory) {
    return !engine::list_segments(directory).empty();
}

std::string holder_of(const fs::path& lock) {
    if (!engine::is_lock_held(lock)) {
        return {};
    }
    const std::string holder = engine::lock_holder(lock);
    return holder.empty() ? "somebody" : holder;
}

engine::timestamp written_at(const fs::path& file) {
    const auto system = std::chrono::file_clock::to_sys(fs::last_write_time(file));
    return {
        std::chrono::duration_cast<std::chrono::nanoseconds>(system.time_since_epoch()).count()};
}

// Takes the later of what is known and what `log` says of the route.
void look_into(const fs::path& log, reader_progress& found) {
    if (!has_log(log)) {
        return;
    }
    const engine::origin_tracker origins = engine::read_origins(log);
    if (!origins.knows(found.name)) {
        return;
    }
    const engine::sequence highest = origins.highest(engine::route_id(found.name));
    if (!found.has_begun || highest > found.done) {
        found.done = highest;
        found.updated = engine::recover_tail(log).last_timestamp;
        found.where = log;
    }
    found.has_begun = true;
}

reader_progress find_session_route(const pipeline_config& config, const route_config& route,
                                   reader_progress found) {
    found.store = progress_store::fix_out;
    for (const gateway_config& gateway : config.gateways) {
        if (route.gateway.empty() || route.gateway == gateway.name) {
            const fs::path log = gateway.directory / "FIX_OUT";
            found.where = found.where.empty() ? log : found.where;
            look_into(log, found);
        }
    }
    found.holder = holder_of(found.where / "writer.lock");
    return found;
}

reader_progress find_table_route(const pipeline_config& config, const client_config& client,
                                 const route_config& route, reader_progress found) {
    found.store = progress_store::table;
    found.where = log_directory(config, route.table);
    look_into(found.where, found);
    found.holder = holder_of(found.where / "writer.lock");
    look_into(client.reject_directory, found);
    return found;
}

reader_progress find_handler_route(const pipeline_config& config, const client_config& client,
                                   const route_config& route, reader_progress found) {
    found.where = config.directory / "checkpoints" / (route.name + ".checkpoint");
    if (fs::exists(found.where)) {
        const engine::checkpoint_state state = engine::read_checkpoint(found.where);
        found.has_begun = true;
        found.done = state.highest;
        found.updated = written_at(found.where);
        found.holder = holder_of(found.where.native() + ".lock");
    }
    const fs::path file = found.where;
    look_into(client.reject_directory, found);
    found.where = file;
    return found;
}

bool is_same(const fs::path& left, const fs::path& right) {
    return fs::weakly_canonical(left) == fs::weakly_canonical(right);
}

}  // namespace

std::string_view describe(progress_store store) {
    switch (store) {
        case progress_store::checkpoint:
            return "checkpoint";
        case progress_store::fix_out:
            return "FIX_OUT";
        case progress_store::table:
            return "table";
        case progress_store::reader_file:
            return "reader";
    }
    return "unknown";
}

std::vector<reader_progress> find_cursors(const fs::path& directory) {
    std::vector<reader_progress> all;
    for (const std::string& name : engine::list_reader_cursors(directory)) {
        const engine::cursor_state state = engine::read_reader_cursor(directory, name);
        reader_progress found;
        found.name = name;
        found.directory = directory;
        found.store = progress_store::reader_file;
        found.where = engine::reader_cursor_path(directory, name);
        found.has_begun = true;
        found.done = engine::surviving_state(directory, state).seq;
        found.lost = found.done == state.seq ? engine::sequence{} : state.seq;
        found.updated = state.updated;
        found.holder = holder_of(engine::reader_cursor_lock(directory, name));
        all.push_back(std::move(found));
    }
    return all;
}

std::vector<reader_progress> find_progress(const pipeline_config& config) {
    std::vector<reader_progress> all;
    for (const client_config& client : config.clients) {
        const stream_config* const stream = config.find_stream(client.stream);
        if (stream == nullptr || find_schema(config, stream->table) == nullptr) {
            throw engine::config_error(config.path.native(), client.line,
                                       "client '" + client.name +
                                           "' reads nothing that is there; `millrace check` "
                                           "says more");
        }
        for (const route_config& route : client.routes) {
            reader_progress found;
            found.name = route.name;
            found.directory = log_directory(config, stream->table);
            all.push_back(!route.session.empty() ? find_session_route(config, route, found)
                          : !route.table.empty()
                              ? find_table_route(config, client, route, found)
                              : find_handler_route(config, client, route, found));
            reader_progress& last = all.back();
            if (last.has_begun) {
                last.done =
                    surviving_progress(config.directory, last.name, last.directory, last.done);
            }
        }
    }
    std::vector<fs::path> logs;
    for (const table_config& table : config.tables) {
        logs.push_back(table.directory);
    }
    for (const gateway_config& gateway : config.gateways) {
        logs.push_back(gateway.directory / "FIX_OUT");
        logs.push_back(gateway.directory / "FIX_IN");
    }
    for (const fs::path& log : logs) {
        std::vector<reader_progress> cursors = find_cursors(log);
        std::move(cursors.begin(), cursors.end(), std::back_inserter(all));
    }
    return all;
}

bool register_route(const fs::path& directory, std::string_view route, const fs::path& config) {
    const fs::path path = directory / "cursors" / (std::string(route) + std::string(route_suffix));
    const std::string text = fs::absolute(config).lexically_normal().native() + "\n";
    try {
        if (fs::exists(path) && engine::read_whole_file(path) == text) {
            return true;
        }
        engine::ensure_directory(path.parent_path());
        engine::write_file_atomically(path, text);
        return true;
    } catch (const engine::io_error& failure) {
        const int number = failure.error_number();
        if (number == EACCES || number == EPERM || number == EROFS) {
            return false;
        }
        throw;
    }
}

std::vector<reader_progress> find_readers(const fs::path& directory) {
    std::vector<reader_progress> all = find_cursors(directory);
    std::error_code code;
    for (fs::directory_iterator it(directory / "cursors", code), last; !code && it != last;
         it.increment(code)) {
        if (it->path().extension() != route_suffix) {
            continue;
        }
        const std::string name = it->path().stem().native();
        std::string text = engine::read_whole_file(it->path());
        text.erase(std::find(text.begin(), text.end(), '\n'), text.end());
        const std::string advice = "; if the route reads this log no more, remove " +
                                   it->path().native() + ", or use --force";
        if (!fs::exists(text)) {
            throw engine::error(directory.native() + ": route '" + name +
                                "' reads this log, and its configuration " + text +
                                " is not there" + advice);
        }
        const std::vector<reader_progress> known = find_progress(load_config(text));
        const auto found = std::find_if(known.begin(), known.end(), [&](const auto& one) {
            return one.name == name && one.store != progress_store::reader_file &&
                   is_same(one.directory, directory);
        });
        if (found == known.end()) {
            throw engine::error(directory.native() + ": route '" + name + "' reads this log, and " +
                                text + " knows it no more" + advice);
        }
        all.push_back(*found);
    }
    return all;
}

std::vector<engine::retention_floor> find_floors(const fs::path& directory,
                                                 const std::vector<reader_progress>& readers) {
    std::vector<engine::retention_floor> floors;
    for (const reader_progress& one : readers) {
        if (one.has_begun && is_same(one.directory, directory)) {
            const bool is_route = one.store != progress_store::reader_file;
            floors.push_back({std::string(is_route ? "route " : "cursor ") + one.name +
                                  ", which has come to sequence " + std::to_string(one.done.value),
                              one.done});
        }
    }
    const std::uint64_t newest = engine::list_segments(directory).back();
    if (engine::read_segment_info(directory, newest).schema == fix_out_schema().to_text()) {
        const auto sessions = find_resend_floors(directory);
        floors.insert(floors.end(), sessions.begin(), sessions.end());
    }
    return floors;
}

}  // namespace millrace::gateway
