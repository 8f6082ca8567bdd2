#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <optional>

#include "engine/core/error.hpp"
#include "engine/log/log_reader.hpp"
#include "engine/stream/row_follower.hpp"
#include "engine/table/row.hpp"
#include "gateway/pipeline/fix_fields.hpp"
#include "gateway/pipeline/reject_log.hpp"
#include "tools/millrace/commands.hpp"
#include "tools/millrace/control_printer.hpp"
#include "tools/millrace/dictionary_path.hpp"
#include "tools/millrace/exit_code.hpp"
#include "tools/millrace/hex_printer.hpp"
#include "tools/millrace/not_empty.hpp"
#include "tools/millrace/read_range.hpp"
#include "tools/millrace/signals.hpp"
#include "tools/millrace/standard_output.hpp"
#include "tools/millrace/where_option.hpp"
#include "tools/text/row_printer.hpp"

namespace millrace::tools {

namespace {

constexpr std::size_t flush_bytes = std::size_t{1} << 16;
constexpr int poll_interval_ms = 20;

struct log_options {
    std::string directory;
    std::string format = "text";
    std::string where;
    std::string dictionary;
    read_range range;
    bool is_followed = false;
    bool with_control = false;
    [[nodiscard]] bool is_hex() const { return format == "hex"; }
    [[nodiscard]] bool reads_control() const { return is_hex() || with_control; }
};

// A log's records as the user wants to see them. In hex that is every record of any log; otherwise
// the rows of a table's log.
class record_output {
public:
    record_output(const log_options& options, const engine::log_reader& reader)
        : options_(options),
          reader_(reader),
          is_hex_(options.is_hex()),
          is_json_(options.format == "json") {
        if (is_hex_ && options.where.empty()) {
            return;
        }
        rows_.emplace(reader, engine::row_follower::later_schema::take_up);
        begin_rows();
    }

    // Throws damage_error if the record is no row and must be one.
    void add(const engine::record_view& record) {
        if (!rows_) {
            append_hex_record(out_, record);
            return;
        }
        if (record.is_control()) {
            if (!is_hex_) {  // in hex, beside a condition, which it cannot meet
                append_control(out_, record, is_json_);
            }
            return;
        }
        const engine::row_view row = row_of(record);
        if (rows_->take_change()) {
            begin_rows();
        }
        const engine::log_uuid& log = reader_.original_log();
        if (!where_.evaluate(row, {engine::correlation_log_id(log), record.seq.value})) {
            return;
        }
        if (is_hex_) {
            append_hex_record(out_, record);
        } else {
            printer_->set_log(log);
            printer_->append_row(out_, record, row);
        }
    }
    // Both false: nothing more can be written.
    bool write() { return write_output(out_); }
    bool write_if_long() { return out_.size() < flush_bytes || write_output(out_); }

private:
    // For the schema of the rows that follow; in CSV a line names its columns.
    void begin_rows() {
        where_ = where_option(options_.where, rows_->schema(), message_fields());
        if (!is_hex_) {
            printer_.emplace(parse_row_format(options_.format), rows_->schema(),
                             reader_.original_log(),
                             gateway::parked_schemas(reader_.directory(), rows_->schema()));
            printer_->append_header(out_);
        }
    }

    // What a condition may ask of a message within a row.
    [[nodiscard]] const engine::row_fields* message_fields() {
        std::string reason;
        fields_ = gateway::fields_of(rows_->schema(), options_.dictionary, dictionaries_, reason);
        if (!reason.empty()) {
            throw usage_error("--dictionary: " + reason);
        }
        return fields_.get();
    }

    engine::row_view row_of(const engine::record_view& record) {
        try {
            return rows_->row(record);
        } catch (const engine::damage_error&) {
            write();
            throw;
        }
    }

    const log_options& options_;
    const engine::log_reader& reader_;
    bool is_hex_;
    bool is_json_;
    std::optional<engine::row_follower> rows_;
    std::optional<row_printer> printer_;
    gateway::map_dictionaries dictionaries_{dictionary_directory()};
    std::unique_ptr<const engine::row_fields> fields_;
    engine::predicate where_;
    std::string out_;
};

int print(const log_options& options, const engine::read_from& otherwise) {
    if (!options.is_followed) {  // else the places may still come
        options.range.check_places(options.directory);
    }
    engine::log_reader reader(options.directory, options.range.from(otherwise),
                              options.reads_control());
    record_output output(options, reader);
    engine::record_view record;
    while (!is_stop_asked()) {
        const engine::read_status status = reader.poll(record);
        if (status == engine::read_status::damaged) {
            output.write();
            throw engine::damage_error(reader.damage().text());
        }
        if (status == engine::read_status::none) {
            if (!output.write() || !options.is_followed || options.range.is_over(reader) ||
                wait_for_stop(poll_interval_ms)) {
                break;
            }
            continue;
        }
        if (options.range.is_past_end(record)) {
            break;
        }
        output.add(record);
        if (!output.write_if_long()) {
            break;
        }
    }
    output.write();
    return exit_ok;
}

void add_verb(CLI::App& log, command& chosen, const char* name, const char* description,
              const engine::read_from& otherwise, bool is_tail) {
    auto options = std::make_shared<log_options>();
    options->is_followed = is_tail;
    CLI::App* verb = log.add_subcommand(name, description);
    verb->add_option("DIR", options->directory, "The log's directory")
        ->required()
        ->check(not_empty());
    verb->add_option("--format", options->format,
                     "text, json, csv, or hex: every record, control records too")
        ->check(CLI::IsMember({"text", "json", "csv", "hex"}));
    verb->add_option("--where", options->where, "Only rows for which this holds");
    verb->add_option("--dictionary", options->dictionary,
                     "Whose fields --where may ask of a message in a row: FIX40 to FIX50SP2 or a "
                     "file; of FIX_IN and FIX_OUT FIX44 unless given");
    verb->add_flag("-f,--follow", options->is_followed,
                   is_tail ? "Always so with tail" : "Go on with what is appended, until SIGINT");
    verb->add_flag("--control", options->with_control,
                   "Show control records too, between the rows: clock, snapshot, close, gap");
    options->range.add_options(*verb);
    verb->final_callback([&chosen, options, otherwise, is_tail] {
        options->is_followed = options->is_followed || is_tail;
        if (options->with_control && options->format == "csv") {
            throw CLI::ValidationError("--control",
                                       "a control record has no columns; use --format text, json "
                                       "or hex");
        }
        chosen = [options, otherwise] { return print(*options, otherwise); };
    });
}

}  // namespace

void add_log_command(CLI::App& program, command& chosen) {
    CLI::App* log =
        program.add_subcommand("log", "Read, verify, seal, export and prune audit logs");
    log->require_subcommand(1);
    add_log_info_verb(*log, chosen);
    add_verb(*log, chosen, "dump", "Print the rows of a log, then end", engine::read_from::first(),
             false);
    add_verb(*log, chosen, "tail", "Print rows as they are appended, until SIGINT",
             engine::read_from::tail(), true);
    add_log_check_verbs(*log, chosen);
    add_log_export_verb(*log, chosen);
    add_log_retain_verb(*log, chosen);
    add_log_archive_verb(*log, chosen);
    add_log_migrate_verb(*log, chosen);
    add_log_latency_verb(*log, chosen);
}

}  // namespace millrace::tools
