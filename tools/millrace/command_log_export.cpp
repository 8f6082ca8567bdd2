#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include <nlohmann/json.hpp>

#include "engine/core/clock.hpp"
#include "engine/core/error.hpp"
#include "engine/log/verify.hpp"
#include "engine/stream/row_follower.hpp"
#include "engine/table/row.hpp"
#include "tools/millrace/commands.hpp"
#include "tools/millrace/evidence_records.hpp"
#include "tools/millrace/exit_code.hpp"
#include "tools/millrace/not_empty.hpp"
#include "tools/millrace/read_range.hpp"
#include "tools/millrace/where_option.hpp"
#include "tools/text/row_printer.hpp"

namespace millrace::tools {

namespace {

using nlohmann::ordered_json;

constexpr std::size_t flush_bytes = std::size_t{1} << 16;

struct export_options {
    std::string directory;
    std::string target;
    std::string where;
    std::string key;
    engine::digest head;  // none: not given
    read_range range;
};

std::string_view text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// What was exported: the first and the last row.
struct exported_rows {
    std::uint64_t count = 0;
    engine::record_view first;
    engine::record_view last;
};

class exporter {
public:
    // Throws usage_error for a wrong condition, before anything is made.
    exporter(const export_options& options, const engine::verify_report& verified)
        : options_(options),
          verified_(verified),
          reader_(options.directory, options.range.from(engine::read_from::first()), true),
          source_(reader_),
          where_(where_option(options.where, source_.schema())),
          records_(options.directory, reader_.segment_bytes(), verified.head),
          package_(options.target) {
        const engine::schema_column& last = source_.schema().columns().back();
        if (last.type == engine::column_type::bytes) {
            wire_column_ = last.name;  // of every row that has one: no change of columns renames it
        }
    }

    exported_rows run() {
        write_rows();
        if (rows_.count == 0) {
            throw engine::error(options_.directory + ": no row in this range; " + options_.target +
                                " holds no evidence");
        }
        records_.need_clock_before(rows_.first);
        if (options_.head.is_none()) {
            records_.need_to_head_unless_keyed();
        } else {
            records_.need_to(options_.head, rows_.last.seq);
        }
        const ordered_json segments = records_.write(package_);
        package_.finish(manifest(segments).dump(2) + "\n");
        return rows_;
    }

private:
    void write_rows() {
        evidence_file file = package_.begin("rows.ndjson");
        std::string lines;
        engine::record_view record;
        engine::read_status status = engine::read_status::none;
        begin_wire();
        while ((status = reader_.poll(record)) == engine::read_status::record) {
            if (options_.range.is_past_end(record)) {
                need_neighbour(record);  // which shows that the range ends where it ends
                break;
            }
            if (record.is_control()) {
                need_neighbour(record);
                continue;
            }
            write_row(lines, record);
            if (lines.size() >= flush_bytes) {
                file.write(lines);
                lines.clear();
            }
        }
        if (status == engine::read_status::damaged) {
            throw engine::damage_error(reader_.damage().text());
        }
        file.write(lines);
        package_.add(file);
        end_wire();
    }

    // A row as it was written: by the schema of its own segment.
    void write_row(std::string& lines, const engine::record_view& record) {
        const engine::row_view row = source_.row(record);
        const engine::log_uuid& log = reader_.original_log();
        if (!where_.evaluate(row, {engine::correlation_log_id(log), record.seq.value})) {
            return;
        }
        const engine::row_schema& schema = source_.written_schema();
        const engine::row_view written(schema, record.bytes());
        row_printer(row_format::json, schema, log).append_row(lines, record, written);
        write_wire(record, written);
        records_.need(record);
        rows_.first = rows_.count == 0 ? record : rows_.first;
        rows_.last = record;
        ++rows_.count;
    }

    // Without a condition the records between the rows are there too, so that nothing can be
    // missing unseen; with one, those that say what the clock did.
    void need_neighbour(const engine::record_view& record) {
        if (rows_.count != 0 &&
            (options_.where.empty() || record.is_control(engine::control_type::clock))) {
            records_.need(record);
        }
    }

    void begin_wire() {
        if (!wire_column_.empty()) {
            wire_ = std::make_unique<evidence_file>(package_.begin("wire.dat"));
            wire_places_ = "sequence,offset,size\n";
        }
    }
    void write_wire(const engine::record_view& record, const engine::row_view& row) {
        if (wire_ == nullptr || row.schema().columns().back().type != engine::column_type::bytes) {
            return;
        }
        wire_places_ += std::to_string(record.seq.value) + "," + std::to_string(wire_->size()) +
                        "," + std::to_string(row.trailing().size()) + "\n";
        wire_->write(text_of(row.trailing()));
    }
    void end_wire() {
        if (wire_ != nullptr) {
            package_.add(*wire_);
            package_.add("wire.csv", wire_places_);
        }
    }

    [[nodiscard]] ordered_json manifest(const ordered_json& segments) const {
        ordered_json out;
        out["format"] = "millrace evidence 2";
        out["made"] = to_string(engine::utc_now());
        out["made_by"] = version_text();
        out["log"] = {{"uuid", to_string(reader_.uuid())},
                      {"table", source_.schema().table_name()},
                      {"segment_bytes", reader_.segment_bytes()}};
        out["range"] = ordered_json::object();
        for (const read_range::bound& one : options_.range.bounds()) {
            out["range"][one.name] =
                one.is_time ? ordered_json(one.value) : ordered_json(std::stoull(one.value));
        }
        out["where"] = options_.where.empty() ? ordered_json() : ordered_json(options_.where);
        out["rows"] = {{"count", rows_.count},
                       {"first_sequence", rows_.first.seq.value},
                       {"last_sequence", rows_.last.seq.value},
                       {"first_position", rows_.first.at.value},
                       {"end_position", rows_.last.end.value},
                       {"first_time", to_string(rows_.first.time)},
                       {"last_time", to_string(rows_.last.time)}};
        out["wire_column"] = wire_column_.empty() ? ordered_json() : ordered_json(wire_column_);
        const engine::seal_head& head = verified_.head;
        if (head.is_sealed) {
            out["seal_head"] = {{"hash", to_string(head.hash)},
                                {"last_sequence", head.last_sequence.value},
                                {"end", head.end.value},
                                {"keyed", head.is_keyed}};
        } else {
            out["seal_head"] = nullptr;
        }
        out["verified"] = {{"result", verified_.findings.empty() ? "clean" : "torn tail"},
                           {"proven_to_sequence", verified_.proven_to.value}};
        out["segments"] = segments;
        out["files"] = ordered_json::array();
        for (const evidence_entry& entry : package_.entries()) {
            out["files"].push_back(
                {{"name", entry.name}, {"size", entry.size}, {"sha256", to_string(entry.hash)}});
        }
        return out;
    }

    const export_options& options_;
    const engine::verify_report& verified_;
    engine::log_reader reader_;
    engine::row_follower source_;
    engine::predicate where_;
    evidence_records records_;
    evidence_package package_;
    std::string wire_column_;
    std::unique_ptr<evidence_file> wire_;
    std::string wire_places_;
    exported_rows rows_;
};

int run_export(const export_options& options) {
    options.range.check_places(options.directory);
    engine::verify_options wanted;
    std::unique_ptr<engine::seal_key> key;
    if (!options.key.empty()) {
        key = std::make_unique<engine::seal_key>(engine::seal_key::load(options.key));
        wanted.key = key.get();
    }
    wanted.head = options.head;
    const engine::verify_report verified = engine::verify_log(options.directory, wanted);
    if (verified.result() == engine::verdict::damaged) {
        throw engine::damage_error(verified.findings.front().text() +
                                   "; nothing was exported. `log verify` names all that is wrong");
    }
    const exported_rows rows = exporter(options, verified).run();
    std::printf("%s: %llu rows, sequences %llu to %llu; check it with evidence_check.py\n",
                options.target.c_str(), static_cast<unsigned long long>(rows.count),
                static_cast<unsigned long long>(rows.first.seq.value),
                static_cast<unsigned long long>(rows.last.seq.value));
    if (!verified.head.is_sealed) {
        std::printf(
            "note: the log is not sealed; nothing but the log itself bears these rows out\n");
    } else if (verified.head.last_sequence < rows.last.seq) {
        std::printf("note: rows behind sequence %llu are not sealed yet; `log seal` does it\n",
                    static_cast<unsigned long long>(verified.head.last_sequence.value));
    }
    return exit_ok;
}

}  // namespace

void add_log_export_verb(CLI::App& log, command& chosen) {
    auto options = std::make_shared<export_options>();
    CLI::App* verb = log.add_subcommand(
        "export",
        "Write rows with what bears them out: wire bytes, records, seals, clock, a manifest");
    verb->add_option("DIR", options->directory, "The log's directory")
        ->required()
        ->check(not_empty());
    verb->add_option("--evidence", options->target, "Directory of the package, empty or not there")
        ->required()
        ->check(not_empty());
    verb->add_option("--where", options->where, "Only rows for which this holds");
    verb->add_option("--key", options->key, "File with the key the seals were made with")
        ->check(not_empty());
    verb->add_option_function<std::string>(
        "--head",
        [options](const std::string& text) {
            if (!parse(text, options->head) || options->head.is_none()) {
                throw CLI::ValidationError(
                    "--head", "'" + text + "' is not a seal's hash of 64 hexadecimal digits");
            }
        },
        "A seal's hash that was noted elsewhere, behind the rows: the package leads to it");
    options->range.add_options(*verb);
    verb->final_callback(
        [&chosen, options] { chosen = [options] { return run_export(*options); }; });
}

}  // namespace millrace::tools
