#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "engine/core/assert.hpp"
#include "engine/core/error.hpp"
#include "engine/stream/table_log.hpp"
#include "gateway/pipeline/config.hpp"
#include "tools/millrace/append_socket.hpp"
#include "tools/millrace/commands.hpp"
#include "tools/millrace/config_table.hpp"
#include "tools/millrace/exit_code.hpp"
#include "tools/millrace/not_empty.hpp"
#include "tools/text/row_reader.hpp"

namespace millrace::tools {

namespace {

struct append_options {
    std::vector<std::string> where;  // CONFIG TABLE [FILE], or TABLE [FILE] with a socket
    std::string socket;
    std::string level;
    std::string user;
    std::string operation;
};

engine::operation operation_of(const std::string& name) {
    engine::operation value = engine::operation::insert;
    MILLRACE_ASSERT(parse(name, value), "the command line takes no other");
    return value;
}

std::string check_user(const std::string& name) {
    return engine::short_name().assign(name) ? std::string()
                                             : "'" + name + "' is longer than 16 bytes";
}

// An engine that starts holds a table nobody has written yet while it makes the empty log, and an
// append beside this one holds it for its rows: both are soon done.
std::unique_ptr<engine::table_log> open_log(const gateway::table_config& table,
                                            const engine::table_log_options& options) {
    constexpr int patience_ms = 1000;
    constexpr int look_every_ms = 10;
    for (int waited_ms = 0;; waited_ms += look_every_ms) {
        try {
            return std::make_unique<engine::table_log>(table.directory, table.schema, options);
        } catch (const engine::locked_error&) {
            if (waited_ms >= patience_ms) {
                throw;
            }
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(look_every_ms));
    }
}

std::string file_of(const append_options& options, std::size_t at) {
    return options.where.size() > at ? options.where[at] : "-";
}

int append_to_log(const append_options& options) {
    const gateway::pipeline_config config = gateway::load_config(options.where[0]);
    const gateway::table_config& table = table_of(config, options.where[1]);
    const std::string file = file_of(options, 2);
    std::unique_ptr<row_reader> reader;  // first: no log is made for an input that is none
    try {
        reader = make_row_reader(text_input::open(file), table.schema);
    } catch (const engine::config_error& failure) {
        std::fprintf(stderr, "millrace: %s\n", failure.what());
        return exit_data;
    }
    engine::table_log_options log_options;
    log_options.segment_bytes = config.segment_bytes;
    log_options.purpose = "append to table " + table.name;
    const auto opened = open_log(table, log_options);
    engine::table_log& log = *opened;
    log.start();
    if (!log.log().recovery_note().empty()) {
        std::fprintf(stderr, "millrace: %s\n", log.log().recovery_note().c_str());
    }
    std::vector<std::byte> buffer(log.log().record_bytes_max());
    engine::row_builder row(table.schema, buffer);
    std::uint64_t appended = 0;
    int code = exit_ok;
    try {
        while (reader->next(row)) {
            engine::row_envelope envelope;
            static_cast<void>(envelope.event.assign("append"));
            // What the command line says goes for every row, else what the row says.
            envelope.operation = options.operation.empty() ? row.view().operation()
                                                           : operation_of(options.operation);
            if (!envelope.user.assign(options.user)) {
                throw usage_error("--user holds 16 bytes at most");
            }
            row.set_envelope(envelope);
            const auto result = log.try_append(row.payload());
            if (result.status != engine::append_status::ok) {
                const int fault = log.log().last_error();
                std::fprintf(stderr, "millrace: %s:%ld: not appended: %s%s%s (%s)\n", file.c_str(),
                             reader->line(), std::string(engine::describe(result.status)).c_str(),
                             fault != 0 ? ": " : "", fault != 0 ? std::strerror(fault) : "",
                             table.directory.c_str());
                code = exit_failure;
                break;
            }
            ++appended;
        }
    } catch (const engine::config_error& failure) {
        std::fprintf(stderr, "millrace: %s\n", failure.what());
        code = exit_data;
    }
    const engine::sequence last = log.log().last_sequence();
    log.close();
    std::fprintf(stderr, "%llu rows appended to %s; the last sequence is %llu\n",
                 static_cast<unsigned long long>(appended), table.name.c_str(),
                 static_cast<unsigned long long>(last.value));
    if (const int fault = log.log().last_error(); fault != 0) {
        std::fprintf(stderr,
                     "millrace: %s: not on stable storage: %s; the rows are committed, and a loss "
                     "of power may take them. See why the disk refuses, then append once more, be "
                     "it no row: that brings all to the disk\n",
                     table.directory.c_str(), std::strerror(fault));
        code = exit_failure;
    }
    return code;
}

int append(const append_options& options) {
    if (options.socket.empty()) {
        return append_to_log(options);
    }
    socket_append wanted;
    wanted.socket = options.socket;
    wanted.table = options.where[0];
    wanted.file = file_of(options, 1);
    wanted.operation = options.operation;
    wanted.level = options.level;
    return append_by_socket(wanted);
}

// What the positional words are depends on --socket, which may stand behind them.
void check_words(const append_options& options) {
    const std::size_t needed = options.socket.empty() ? 2 : 1;
    if (options.where.size() < needed || options.where.size() > needed + 1) {
        throw CLI::ValidationError("append", options.socket.empty()
                                                 ? "expected CONFIG TABLE [FILE]"
                                                 : "expected TABLE [FILE] beside --socket");
    }
    if (!options.socket.empty() && !options.user.empty()) {
        throw CLI::ValidationError("--user",
                                   "the engine that serves a socket knows the user "
                                   "itself");
    }
    if (options.socket.empty() && !options.level.empty()) {
        throw CLI::ValidationError("--level", "it is for rows that are sent by --socket");
    }
}

}  // namespace

void add_append_command(CLI::App& program, command& chosen) {
    auto options = std::make_shared<append_options>();
    CLI::App* verb = program.add_subcommand(
        "append", "Append rows to a table, from a header-led CSV or one JSON object a line");
    verb->add_option("WHERE", options->where,
                     "CONFIG TABLE [FILE]: the TOML file that describes the table, the table, and "
                     "the rows; - is standard input. With --socket: TABLE [FILE]")
        ->required();
    verb->add_option("--socket", options->socket,
                     "Send the rows, one JSON object a line, to the engine that serves this "
                     "socket and holds the table")
        ->check(not_empty());
    verb->add_option("--level", options->level,
                     "With --socket: what an answer waits for; default as the listener says")
        ->check(CLI::IsMember({"committed", "durable"}));
    verb->add_option("--user", options->user, "Who appends, kept in every record (16 bytes)")
        ->check(CLI::Validator(check_user, "NAME"));
    verb->add_option(
            "--operation", options->operation,
            "What the rows do to their keys: insert, modify or delete (default: what a CSV's "
            "record.operation says, else insert)")
        ->check(CLI::IsMember({"insert", "modify", "delete"}));
    verb->final_callback([&chosen, options] {
        check_words(*options);
        chosen = [options] { return append(*options); };
    });
}

}  // namespace millrace::tools
