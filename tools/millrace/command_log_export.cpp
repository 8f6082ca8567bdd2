#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include <nlohmann/json.hpp>

#include "engine/core/clock.hpp"
#include "engine/core/error.hpp"
#include "engine/log/archive_source.hpp"
#include "engine/log/verify.hpp"
#include "engine/table/row.hpp"
#include "tools/millrace/commands.hpp"
#include "tools/millrace/evidence.hpp"
#include "tools/millrace/exit_code.hpp"
#include "tools/millrace/read_range.hpp"
#include "tools/millrace/row_follower.hpp"
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
    bool has_records = false;
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
          reader_(options.directory, options.range.from(engine::read_from::first())),
          source_(reader_),
          schema_(source_.schema()),
          where_(where_option(options.where, schema_)),
          package_(options.target) {
        if (schema_.columns().back().type == engine::column_type::bytes) {
            wire_column_ = schema_.columns().back().name;
        }
    }

    exported_rows run() {
        write_rows();
        if (rows_.count == 0) {
            throw engine::error(options_.directory + ": no row in this range; " + options_.target +
                                " holds no evidence");
        }
        package_.add("schema.txt", reader_.schema());
        const std::uint64_t first = rows_.first.at.value / reader_.segment_bytes();
        const std::uint64_t last = rows_.last.at.value / reader_.segment_bytes();
        for (const std::uint64_t index : engine::list_readable_segments(options_.directory)) {
            if (index >= first) {
                write_segment(index, index <= last);
            }
        }
        package_.finish(manifest().dump(2) + "\n");
        return rows_;
    }

private:
    void write_rows() {
        row_printer printer(row_format::json, schema_, reader_.original_log());
        evidence_file file = package_.begin("rows.ndjson");
        std::string lines;
        engine::record_view record;
        engine::read_status status = engine::read_status::none;
        begin_wire();
        while ((status = reader_.poll(record)) == engine::read_status::record &&
               !options_.range.is_past_end(record)) {
            const engine::row_view row = source_.row(record);
            const engine::log_uuid& log = reader_.original_log();
            if (!where_.evaluate(row, {engine::correlation_log_id(log), record.seq.value})) {
                continue;
            }
            printer.set_log(log);
            printer.append_row(lines, record, row);
            write_wire(record, row);
            rows_.first = rows_.count == 0 ? record : rows_.first;
            rows_.last = record;
            ++rows_.count;
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

    void begin_wire() {
        if (!wire_column_.empty()) {
            wire_ = std::make_unique<evidence_file>(package_.begin("wire.dat"));
            wire_places_ = "sequence,offset,size\n";
        }
    }
    void write_wire(const engine::record_view& record, const engine::row_view& row) {
        if (wire_ == nullptr) {
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

    // Seals of the segments behind the rows too: they lead to the head that others noted.
    void write_segment(std::uint64_t index, bool has_rows) {
        const std::filesystem::path directory = options_.directory;
        const engine::segment where =
            engine::segment::open(directory, index, engine::access::read_only);
        const std::filesystem::path home = engine::segment_home(directory, index);
        const engine::seal_contents seals = engine::read_seals(home, where.info());
        ordered_json segment = {{"index", index}, {"header", nullptr}, {"seals", nullptr}};
        if (has_rows) {
            const std::string name = "headers/" + engine::segment_file_name(index) + ".header";
            package_.add(name, text_of({where.data(), where.info().header_bytes}));
            segment["header"] = name;
        }
        if (!seals.seals.empty()) {
            const std::string name = "seals/" + engine::seal_file_name(index);
            package_.add(name, engine::read_whole_file(home / engine::seal_file_name(index)));
            segment["seals"] = name;
        }
        if (has_rows && options_.has_records) {
            write_records(where, seals, segment);
        }
        if (has_rows || !seals.seals.empty()) {
            segments_.push_back(segment);
        }
    }

    // The bytes of every sealed range that holds an exported row, so that its seal can be computed.
    void write_records(const engine::segment& where, const engine::seal_contents& seals,
                       ordered_json& segment) {
        const std::uint64_t first = where.info().first_position().value;
        std::uint64_t begin = 0;
        std::uint64_t end = 0;
        for (const engine::seal& one : seals.seals) {
            if (one.end > rows_.first.at.value && one.begin < rows_.last.end.value) {
                begin = end == 0 ? one.begin : begin;
                end = one.end;
            }
        }
        if (end == 0) {
            return;
        }
        const std::string name =
            "records/" + engine::segment_file_name(where.info().index) + ".records";
        package_.add(name, text_of({where.data() + (begin - first), end - begin}));
        segment["records"] = name;
        segment["records_begin"] = begin;
        segment["records_end"] = end;
    }

    [[nodiscard]] ordered_json manifest() const {
        ordered_json out;
        out["format"] = "millrace evidence 1";
        out["made"] = to_string(engine::utc_now());
        out["made_by"] = version_text();
        out["log"] = {{"uuid", to_string(reader_.uuid())},
                      {"table", schema_.table_name()},
                      {"segment_bytes", reader_.segment_bytes()}};
        out["rows"] = {{"count", rows_.count},
                       {"where", options_.where},
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
        out["segments"] = segments_;
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
    row_follower source_;
    const engine::row_schema& schema_;
    engine::predicate where_;
    evidence_package package_;
    std::string wire_column_;
    std::unique_ptr<evidence_file> wire_;
    std::string wire_places_;
    exported_rows rows_;
    ordered_json segments_ = ordered_json::array();
};

int run_export(const export_options& options) {
    options.range.check_places(options.directory);
    engine::verify_options wanted;
    std::unique_ptr<engine::seal_key> key;
    if (!options.key.empty()) {
        key = std::make_unique<engine::seal_key>(engine::seal_key::load(options.key));
        wanted.key = key.get();
    }
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
        "export", "Write rows with what bears them out: wire bytes, headers, seals, a manifest");
    verb->add_option("DIR", options->directory, "The log's directory")->required();
    verb->add_option("--evidence", options->target, "Directory of the package, empty or not there")
        ->required();
    verb->add_option("--where", options->where, "Only rows for which this holds");
    verb->add_option("--key", options->key, "File with the key the seals were made with");
    verb->add_flag("--records", options->has_records,
                   "With the bytes of the sealed ranges, so that seals can be computed from them; "
                   "they hold neighbouring rows too");
    options->range.add_options(*verb);
    verb->final_callback(
        [&chosen, options] { chosen = [options] { return run_export(*options); }; });
}

}  // namespace millrace::tools
