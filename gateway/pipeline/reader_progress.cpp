#include "gateway/pipeline/reader_progress.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <optional>

#include "engine/core/error.hpp"
#include "engine/log/recovery.hpp"
#include "engine/stream/origin_tracker.hpp"
#include "engine/stream/reader_cursor.hpp"
#include "gateway/pipeline/check.hpp"
#include "gateway/pipeline/route_checkpoint.hpp"
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

void find_session_route(const pipeline_config& config, const route_config& route,
                        reader_progress& found) {
    for (const gateway_config& gateway : config.gateways) {
        if (route.gateway.empty() || route.gateway == gateway.name) {
            const fs::path log = gateway.directory / "FIX_OUT";
            found.where = found.where.empty() ? log : found.where;
            look_into(log, found);
        }
    }
    found.holder = holder_of(found.where / "writer.lock");
}

void find_table_route(const pipeline_config& config, const client_config& client,
                      const route_config& route, reader_progress& found) {
    found.where = log_directory(config, route.table);
    look_into(found.where, found);
    found.holder = holder_of(found.where / "writer.lock");
    look_into(client.reject_directory, found);
}

void find_handler_route(const pipeline_config& config, const client_config& client,
                        reader_progress& found) {
    const route_checkpoint kept(config.directory, found.name);
    found.where = kept.file();
    if (kept.has_history()) {
        found.done = kept.read().highest;
        found.has_begun = true;
        found.updated = written_at(kept.file());
        found.holder = holder_of(kept.file().native() + ".lock");
    }
    look_into(client.reject_directory, found);
    found.where = kept.file();
}

progress_store store_of(const route_config& route) {
    if (!route.session.empty()) {
        return progress_store::fix_out;
    }
    return route.table.empty() ? progress_store::checkpoint : progress_store::table;
}

void find_route(const pipeline_config& config, const client_config& client,
                const route_config& route, reader_progress& found) {
    switch (found.store) {
        case progress_store::fix_out:
            find_session_route(config, route, found);
            break;
        case progress_store::table:
            find_table_route(config, client, route, found);
            break;
        default:
            find_handler_route(config, client, found);
    }
    if (found.has_begun) {
        found.done = surviving_progress(config.directory, found.name, found.directory, found.done);
    }
}

// Calls look(client, route, directory of the log it reads) for each.
template <class Look>
void for_each_route(const pipeline_config& config, Look&& look) {
    for (const client_config& client : config.clients) {
        const stream_config* const stream = config.find_stream(client.stream);
        if (stream == nullptr || find_schema(config, stream->table) == nullptr) {
            throw engine::config_error(config.path.native(), client.line,
                                       "client '" + client.name +
                                           "' reads nothing that is there; `millrace check` "
                                           "says more");
        }
        const fs::path directory = log_directory(config, stream->table);
        for (const route_config& route : client.routes) {
            look(client, route, directory);
        }
    }
}

// What goes wrong is kept with the one it concerns.
template <class Look>
reader_progress look_at(reader_progress found, Look&& look) {
    try {
        look(found);
    } catch (const engine::error&) {
        found.trouble = std::current_exception();
    }
    return found;
}

reader_progress progress_of(const pipeline_config& config, const client_config& client,
                            const route_config& route, const fs::path& directory) {
    reader_progress wanted;
    wanted.name = route.name;
    wanted.directory = directory;
    wanted.store = store_of(route);
    return look_at(std::move(wanted),
                   [&](reader_progress& found) { find_route(config, client, route, found); });
}

bool is_same(const fs::path& left, const fs::path& right) {
    return fs::weakly_canonical(left) == fs::weakly_canonical(right);
}

// From `directory`, as it is spelled where that leads there: a link that is changed tomorrow is
// followed then.
fs::path way_to(const fs::path& config, const fs::path& directory) {
    const fs::path spelled = fs::absolute(config).lexically_normal().lexically_relative(
        fs::absolute(directory).lexically_normal());
    std::error_code ignored;
    return fs::equivalent(directory / spelled, config, ignored) ? spelled
                                                                : fs::relative(config, directory);
}

// What a note names; an absolute path, as older ones have, stands for itself.
fs::path noted_config(const reader_progress& route) {
    std::string text = engine::read_whole_file(route.where);
    text.erase(std::find(text.begin(), text.end(), '\n'), text.end());
    const fs::path config = route.directory / text;
    // The file may be a link, and its own directories lie beside that.
    return fs::weakly_canonical(config.parent_path()) / config.filename();
}

// By the note that the route has left in `found.where`.
void find_noted_route(reader_progress& found) {
    const fs::path config = noted_config(found);
    const auto refuse = [&](const std::string& what) {
        throw engine::error(
            found.directory.native() + ": route '" + found.name + "' reads this log, and " + what +
            "; if the route reads this log no more, remove " + found.where.native());
    };
    if (!fs::exists(config)) {
        refuse("its configuration " + config.native() + " is not there");
    }
    const pipeline_config loaded = load_config(config);
    std::optional<reader_progress> known;
    for_each_route(loaded, [&](const client_config& client, const route_config& route,
                               const fs::path& directory) {
        if (!known && route.name == found.name && is_same(directory, found.directory)) {
            known = progress_of(loaded, client, route, directory);
        }
    });
    if (!known) {
        refuse(config.native() + " knows it no more");
    }
    found = *std::move(known);
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
        case progress_store::unknown:
            return "route";
    }
    return "unknown";
}

bool reads(const reader_progress& one, const fs::path& log) {
    return is_same(one.directory, log);
}

std::vector<reader_progress> find_cursors(const fs::path& directory) {
    std::vector<reader_progress> all;
    for (const std::string& name : engine::list_reader_cursors(directory)) {
        reader_progress cursor;
        cursor.name = name;
        cursor.directory = directory;
        cursor.store = progress_store::reader_file;
        cursor.where = engine::reader_cursor_path(directory, name);
        all.push_back(look_at(std::move(cursor), [&](reader_progress& found) {
            const engine::cursor_state state = engine::read_reader_cursor(directory, name);
            found.done = engine::surviving_state(directory, state).seq;
            found.has_begun = true;
            found.lost = found.done == state.seq ? engine::sequence{} : state.seq;
            found.updated = state.updated;
            found.holder = holder_of(engine::reader_cursor_lock(directory, name));
        }));
    }
    return all;
}

std::vector<reader_progress> find_progress(const pipeline_config& config) {
    std::vector<reader_progress> all;
    for_each_route(config, [&](const client_config& client, const route_config& route,
                               const fs::path& directory) {
        all.push_back(progress_of(config, client, route, directory));
    });
    for (const configured_log& log : logs_of(config)) {
        std::vector<reader_progress> cursors = find_cursors(log.directory);
        std::move(cursors.begin(), cursors.end(), std::back_inserter(all));
    }
    return all;
}

bool register_route(const fs::path& directory, std::string_view route, const fs::path& config) {
    const fs::path path = directory / "cursors" / (std::string(route) + std::string(route_suffix));
    const std::string text = way_to(config, directory).native() + "\n";
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
        if (it->path().extension() == route_suffix) {
            reader_progress wanted;
            wanted.name = it->path().stem().native();
            wanted.directory = directory;
            wanted.store = progress_store::unknown;
            wanted.where = it->path();
            all.push_back(look_at(std::move(wanted), find_noted_route));
        }
    }
    return all;
}

std::vector<engine::retention_floor> find_floors(const fs::path& directory,
                                                 const std::vector<reader_progress>& readers) {
    std::vector<engine::retention_floor> floors;
    for (const reader_progress& one : readers) {
        if (!reads(one, directory)) {
            continue;
        }
        if (one.trouble) {
            std::rethrow_exception(one.trouble);
        }
        if (one.has_begun) {
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
