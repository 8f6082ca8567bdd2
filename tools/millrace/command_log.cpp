#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "engine/core/error.hpp"
#include "engine/log/log_reader.hpp"
#include "engine/table/predicate.hpp"
#include "engine/table/row.hpp"
#include "tools/millrace/commands.hpp"
#include "tools/millrace/exit_code.hpp"
#include "tools/millrace/read_range.hpp"
#include "tools/millrace/signals.hpp"
#include "tools/text/row_printer.hpp"

namespace millrace::tools {

namespace {

constexpr std::size_t flush_bytes = std::size_t{1} << 16;
constexpr int poll_interval_ms = 20;

struct log_options {
    std::string directory;
    std::string format = "text";
    std::string where;
    read_range range;
};

// False: nobody reads what we print any more.
bool flush(std::string& out) {
    const bool is_written =
        std::fwrite(out.data(), 1, out.size(), stdout) == out.size() && std::fflush(stdout) == 0;
    out.clear();
    return is_written;
}

int print(const log_options& options, const engine::read_from& otherwise, bool follow) {
    engine::log_reader reader(options.directory, options.range.from(otherwise));
    const engine::row_schema schema = engine::row_schema::parse(reader.schema());
    const engine::predicate where = engine::predicate::of(options.where, schema);
    const row_printer printer(parse_row_format(options.format), schema);
    std::string out;
    printer.append_header(out);
    engine::record_view record;
    while (!is_stop_asked()) {
        const engine::read_status status = reader.poll(record);
        if (status == engine::read_status::damaged) {
            flush(out);
            throw engine::damage_error(reader.damage().text());
        }
        if (status == engine::read_status::none) {
            if (!flush(out) || !follow || wait_for_stop(poll_interval_ms)) {
                break;
            }
            continue;
        }
        if (options.range.is_past_end(record)) {
            break;
        }
        if (record.type != engine::row_record_type ||
            engine::row_view::check(schema, record.bytes()) != engine::row_status::ok) {
            flush(out);
            throw engine::damage_error(reader.directory().native() + ": position " +
                                       std::to_string(record.at.value) +
                                       ": the record is not a row of " + schema.table_name());
        }
        const engine::row_view row(schema, record.bytes());
        if (where.evaluate(row)) {
            printer.append_row(out, record, row);
        }
        if (out.size() >= flush_bytes && !flush(out)) {
            break;
        }
    }
    flush(out);
    return exit_ok;
}

void add_verb(CLI::App& log, command& chosen, const char* name, const char* description,
              const engine::read_from& otherwise, bool follow) {
    auto options = std::make_shared<log_options>();
    CLI::App* verb = log.add_subcommand(name, description);
    verb->add_option("DIR", options->directory, "The log's directory")->required();
    verb->add_option("--format", options->format, "text, json or csv")
        ->check(CLI::IsMember({"text", "json", "csv"}));
    verb->add_option("--where", options->where, "Only rows for which this holds");
    options->range.add_options(*verb);
    verb->final_callback([&chosen, options, otherwise, follow] {
        chosen = [options, otherwise, follow] { return print(*options, otherwise, follow); };
    });
}

}  // namespace

void add_log_command(CLI::App& program, command& chosen) {
    CLI::App* log = program.add_subcommand("log", "Read audit logs");
    log->require_subcommand(1);
    add_verb(*log, chosen, "dump", "Print the rows of a log, then end", engine::read_from::first(),
             false);
    add_verb(*log, chosen, "tail", "Print rows as they are appended, until SIGINT",
             engine::read_from::tail(), true);
}

}  // namespace millrace::tools
