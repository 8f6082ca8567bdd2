#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/log/log_reader.hpp"
#include "engine/stream/row_follower.hpp"
#include "engine/table/latest.hpp"
#include "tools/millrace/commands.hpp"
#include "tools/millrace/config_table.hpp"
#include "tools/millrace/exit_code.hpp"
#include "tools/millrace/standard_output.hpp"
#include "tools/text/row_printer.hpp"

namespace millrace::tools {

namespace {

constexpr std::size_t flush_bytes = std::size_t{1} << 16;

// Which log the rows from a sequence on were first written to, where that changes.
class original_logs {
public:
    void note(engine::sequence seq, const engine::log_uuid& log) {
        if (changes_.empty() || changes_.back().log != log) {
            changes_.push_back({seq, log});
        }
    }
    // REQUIRES: noted.
    [[nodiscard]] const engine::log_uuid& of(engine::sequence seq) const {
        const auto behind = std::upper_bound(
            changes_.begin(), changes_.end(), seq,
            [](engine::sequence left, const change& right) { return left < right.from; });
        return (behind - 1)->log;
    }

private:
    struct change {
        engine::sequence from;
        engine::log_uuid log;
    };
    std::vector<change> changes_;
};

struct show_options {
    std::string config;
    std::string table;
    std::string format = "text";
};

int show(const show_options& options) {
    const gateway::pipeline_config config = gateway::load_config(options.config);
    engine::log_reader reader(directory_of(config, options.table), engine::read_from::first());
    engine::row_follower rows(reader);
    const engine::row_schema& schema = rows.schema();
    engine::latest_rows latest(schema);
    original_logs logs;
    engine::record_view record;
    engine::read_status status = engine::read_status::none;
    while ((status = reader.poll(record)) == engine::read_status::record) {
        const engine::row_status applied =
            latest.apply(record.seq, record.at, record.time, rows.row(record).payload());
        logs.note(record.seq, reader.original_log());
        if (applied != engine::row_status::ok) {
            throw engine::damage_error(reader.directory().native() + ": position " +
                                       std::to_string(record.at.value) +
                                       ": not a row: " + std::string(engine::to_string(applied)));
        }
    }
    row_printer printer(parse_row_format(options.format), schema, reader.original_log());
    std::string out;
    printer.append_header(out);
    for (const engine::latest_rows::entry* entry : latest.in_order()) {
        engine::record_view shown;
        shown.seq = entry->last;
        shown.at = entry->at;
        shown.time = entry->time;
        shown.payload = entry->payload.data();
        shown.payload_size = static_cast<std::uint32_t>(entry->payload.size());
        printer.set_log(logs.of(entry->last));
        printer.append_row(out, shown, engine::row_view(schema, shown.bytes()));
        if (out.size() >= flush_bytes && !write_output(out)) {
            break;
        }
    }
    static_cast<void>(write_output(out));  // a failure is said at the end
    if (latest.irregular_count() > 0) {
        std::fprintf(
            stderr,
            "millrace: %llu records insert a key that had a row, or change one that had none\n",
            static_cast<unsigned long long>(latest.irregular_count()));
    }
    if (status == engine::read_status::damaged) {
        throw engine::damage_error(reader.damage().text() + "; rows behind it are not shown");
    }
    return exit_ok;
}

}  // namespace

void add_table_command(CLI::App& program, command& chosen) {
    auto options = std::make_shared<show_options>();
    CLI::App* table = program.add_subcommand("table", "Look at tables");
    table->require_subcommand(1);
    CLI::App* verb = table->add_subcommand("show", "Print the latest row of each key");
    verb->add_option("CONFIG", options->config, "The TOML file that describes the table")
        ->required();
    verb->add_option("TABLE", options->table, "The table, or GATEWAY.FIX_IN, GATEWAY.FIX_OUT")
        ->required();
    verb->add_option("--format", options->format, "text, json or csv")
        ->check(CLI::IsMember({"text", "json", "csv"}));
    verb->final_callback([&chosen, options] { chosen = [options] { return show(*options); }; });
}

}  // namespace millrace::tools
