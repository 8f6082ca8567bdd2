#include <pwd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>

#include <nlohmann/json.hpp>

#include "engine/core/error.hpp"
#include "engine/log/log_reader.hpp"
#include "engine/stream/origin_tracker.hpp"
#include "engine/table/nearest.hpp"
#include "engine/table/predicate.hpp"
#include "gateway/pipeline/config.hpp"
#include "gateway/session/doubt_file.hpp"
#include "tools/millrace/commands.hpp"
#include "tools/millrace/config_table.hpp"
#include "tools/millrace/exit_code.hpp"
#include "tools/millrace/row_follower.hpp"
#include "tools/millrace/standard_output.hpp"
#include "tools/text/row_printer.hpp"

namespace millrace::tools {

namespace {

using gateway::doubt_decision;
using gateway::doubt_entry;
using nlohmann::ordered_json;

struct doubt_options {
    std::string config;
    std::string route;
    std::string format = "text";
    std::string decision;
    std::optional<std::uint64_t> through;
    bool is_all = false;
    bool is_sure = false;
};

// One route's doubt, and where everything about it lies.
struct doubted_route {
    std::filesystem::path directory;  // of the gateway
    doubt_entry entry;
    engine::sequence done;  // FIX_OUT holds its records so far
    std::optional<gateway::doubt_verdict> verdict;
    const gateway::client_config* client = nullptr;  // null: not in the configuration any more
    const gateway::route_config* route = nullptr;
};

void find_route(const gateway::pipeline_config& config, doubted_route& one) {
    for (const gateway::client_config& client : config.clients) {
        for (const gateway::route_config& route : client.routes) {
            if (route.name == one.entry.route && route.session == one.entry.session) {
                one.client = &client;
                one.route = &route;
            }
        }
    }
}

std::vector<doubted_route> find_doubts(const gateway::pipeline_config& config) {
    std::vector<doubted_route> found;
    for (const gateway::gateway_config& gateway : config.gateways) {
        const std::vector<doubt_entry> entries = gateway::read_doubts(gateway.directory);
        if (entries.empty()) {
            continue;
        }
        const engine::origin_tracker origins = engine::read_origins(gateway.directory / "FIX_OUT");
        for (const doubt_entry& entry : entries) {
            doubted_route one;
            one.directory = gateway.directory;
            one.entry = entry;
            one.done = std::max(entry.after, origins.highest(engine::route_id(entry.route)));
            one.verdict = gateway::read_verdict(gateway.directory, entry.route);
            find_route(config, one);
            found.push_back(std::move(one));
        }
    }
    return found;
}

// At most so many of the route's records can have reached the peer.
std::uint32_t received_max(const doubt_entry& entry) {
    if (entry.asked_from.is_none()) {
        return entry.numbers;
    }
    return entry.asked_from > entry.from
               ? std::min(entry.numbers, entry.asked_from.value - entry.from.value)
               : 0;
}

// Calls show(record, row, schema, log) for each source record in doubt, oldest first.
template <class Show>
void visit_records(const gateway::pipeline_config& config, const doubted_route& one, Show&& show) {
    if (one.route == nullptr) {
        return;
    }
    const gateway::stream_config& stream = *config.find_stream(one.client->stream);
    engine::log_reader reader(directory_of(config, stream.table),
                              engine::read_from::at_sequence(one.done.next()));
    row_follower rows(reader);
    const engine::row_schema& schema = rows.schema();
    const engine::predicate filters[] = {engine::predicate::of(stream.where, schema),
                                         engine::predicate::of(one.client->where, schema),
                                         engine::predicate::of(one.route->where, schema)};
    const std::uint64_t log_id = engine::correlation_log_id(reader.uuid());
    std::uint32_t left = received_max(one.entry);
    engine::record_view record;
    engine::read_status status = engine::read_status::none;
    while (left > 0 && (status = reader.poll(record)) == engine::read_status::record) {
        if (record.time >= one.entry.before) {
            break;
        }
        const engine::row_view row = rows.row(record);
        const bool is_routed =
            one.route->operations.has(row.envelope().operation) &&
            std::all_of(std::begin(filters), std::end(filters), [&](const auto& where) {
                return where.evaluate(row, {log_id, record.seq.value});
            });
        if (is_routed) {
            show(record, row, schema, reader.uuid());
            --left;
        }
    }
    if (status == engine::read_status::damaged) {
        throw engine::damage_error(reader.damage().text());
    }
}

std::string decision_text(const doubted_route& one) {
    if (!one.verdict) {
        return "none yet";
    }
    return std::string(gateway::to_text(one.verdict->decision)) + " up to sequence " +
           std::to_string(one.verdict->through.value) + ", by " + one.verdict->by;
}

std::string proof_text(const doubt_entry& entry) {
    if (entry.asked_from.is_none()) {
        return "the peer has not asked for messages since, so it may have any of these";
    }
    const std::uint32_t most = received_max(entry);
    return "the peer asked for messages from " + std::to_string(entry.asked_from.value) +
           " on: it has " +
           (most == 0 ? "none of these"
                      : "at most the first " + std::to_string(most) +
                            " of these, its session messages counted");
}

void show_text(const gateway::pipeline_config& config, const doubted_route& one) {
    const doubt_entry& entry = one.entry;
    std::string out =
        "route " + entry.route + ", session " + entry.session + "\n  done up to " + "sequence " +
        std::to_string(one.done.value) + "; the host came up again at " + to_string(entry.before) +
        "\n  the first record in doubt would have had number " + std::to_string(entry.from.value) +
        " of generation " + std::to_string(entry.generation) + "\n  " + proof_text(entry) +
        "\n  decision: " + decision_text(one) + "\n";
    if (one.route == nullptr) {
        out += "  the configuration has no such route any more\n";
    }
    visit_records(config, one,
                  [&](const engine::record_view& record, const engine::row_view& row,
                      const engine::row_schema& schema, const engine::log_uuid& log) {
                      const row_printer printer(row_format::text, schema, log);
                      out += "  ";
                      printer.append_row(out, record, row);
                  });
    static_cast<void>(write_output(out));
}

void show_json(const gateway::pipeline_config& config, const doubted_route& one) {
    const doubt_entry& entry = one.entry;
    ordered_json object;
    object["route"] = entry.route;
    object["session"] = entry.session;
    object["generation"] = entry.generation;
    object["done"] = one.done.value;
    object["before"] = to_string(entry.before);
    object["first_number"] = entry.from.value;
    object["numbers"] = entry.numbers;
    object["asked_from"] =
        entry.asked_from.is_none() ? ordered_json(nullptr) : ordered_json(entry.asked_from.value);
    object["received_max"] = received_max(entry);
    object["decision"] = one.verdict ? gateway::to_text(one.verdict->decision) : "none";
    object["decided_through"] = one.verdict ? ordered_json(one.verdict->through.value) : nullptr;
    object["decided_by"] = one.verdict ? ordered_json(one.verdict->by) : nullptr;
    object["records"] = ordered_json::array();
    visit_records(config, one,
                  [&](const engine::record_view& record, const engine::row_view& row,
                      const engine::row_schema& schema, const engine::log_uuid& log) {
                      const row_printer printer(row_format::json, schema, log);
                      std::string line;
                      printer.append_row(line, record, row);
                      object["records"].push_back(ordered_json::parse(line));
                  });
    std::string out = object.dump() + "\n";
    static_cast<void>(write_output(out));
}

std::string user_name() {
    const passwd* const known = ::getpwuid(::geteuid());
    return known != nullptr ? known->pw_name : "uid " + std::to_string(::geteuid());
}

const doubted_route& find(const std::vector<doubted_route>& all, const doubt_options& options) {
    std::vector<std::string_view> names;
    for (const doubted_route& one : all) {
        if (one.entry.route == options.route) {
            return one;
        }
        names.push_back(one.entry.route);
    }
    throw engine::config_error(options.config + ": nothing of route '" + options.route +
                               "' is in doubt" + engine::did_you_mean(options.route, names));
}

void confirm(const std::string& what, bool is_sure) {
    if (is_sure) {
        return;
    }
    if (::isatty(STDIN_FILENO) == 0) {
        throw engine::config_error(what + ": give --yes to confirm");
    }
    std::fprintf(stderr, "%s. Go on? [y/N] ", what.c_str());
    const int answer = std::getchar();
    if (answer != 'y' && answer != 'Y') {
        throw engine::error("nothing was decided");
    }
}

int decide(const gateway::pipeline_config& config, const doubted_route& one,
           const doubt_options& options) {
    engine::sequence first;
    engine::sequence last;
    std::size_t count = 0;
    visit_records(config, one,
                  [&](const engine::record_view& record, const engine::row_view&,
                      const engine::row_schema&, const engine::log_uuid&) {
                      if (options.is_all || record.seq.value <= *options.through) {
                          first = count == 0 ? record.seq : first;
                          last = record.seq;
                          ++count;
                      }
                  });
    if (count == 0) {
        throw engine::config_error("route '" + options.route +
                                   "': no record in doubt up to there; `millrace session doubt " +
                                   options.config + "` lists them");
    }
    gateway::doubt_verdict verdict;
    for (const doubt_decision known :
         {doubt_decision::send, doubt_decision::possresend, doubt_decision::withdraw}) {
        verdict.decision = options.decision == gateway::to_text(known) ? known : verdict.decision;
    }
    verdict.through = last;
    verdict.by = user_name();
    const std::string what =
        verdict.decision == doubt_decision::withdraw ? "are never sent by this route"
        : verdict.decision == doubt_decision::send   ? "are sent as if they had never been"
                                                     : "are sent again with 97=Y";
    confirm("route '" + options.route + "': " + std::to_string(count) + " records in doubt, " +
                std::to_string(first.value) + " to " + std::to_string(last.value) + ", " + what,
            options.is_sure);
    gateway::write_verdict(one.directory, options.route, verdict);
    std::printf(
        "%s: %s up to sequence %llu (%zu records); `millrace run` takes it within a second, "
        "or when it starts\n",
        options.route.c_str(), options.decision.c_str(),
        static_cast<unsigned long long>(last.value), count);
    return exit_ok;
}

int doubt(const doubt_options& options) {
    const gateway::pipeline_config config = gateway::load_config(options.config);
    const std::vector<doubted_route> all = find_doubts(config);
    if (!options.decision.empty()) {
        return decide(config, find(all, options), options);
    }
    if (!options.route.empty()) {
        static_cast<void>(find(all, options));
    }
    for (const doubted_route& one : all) {
        if (options.route.empty() || one.entry.route == options.route) {
            options.format == "json" ? show_json(config, one) : show_text(config, one);
        }
    }
    if (all.empty() && options.format != "json") {
        std::printf("nothing is in doubt\n");
    }
    return exit_ok;
}

}  // namespace

void add_session_command(CLI::App& program, command& chosen) {
    CLI::App* session = program.add_subcommand("session", "Look after FIX sessions");
    session->require_subcommand(1);
    auto options = std::make_shared<doubt_options>();
    CLI::App* verb = session->add_subcommand(
        "doubt", "List what may have been sent before the host lost power, and decide about it");
    verb->add_option("CONFIG", options->config, "The TOML file of the engine")->required();
    verb->add_option("--route", options->route, "Of one route only");
    verb->add_option("--format", options->format, "text or json")
        ->check(CLI::IsMember({"text", "json"}));
    verb->add_option("--decide", options->decision,
                     "send: it was not sent; possresend: send it again, with 97=Y; withdraw: do "
                     "not send it")
        ->check(CLI::IsMember({"send", "possresend", "withdraw"}));
    verb->add_option("--through", options->through,
                     "With --decide: up to this sequence of the source log");
    verb->add_flag("--all", options->is_all, "With --decide: all that is listed");
    verb->add_flag("--yes", options->is_sure, "Do not ask");
    verb->parse_complete_callback([options] {
        const bool has_place = options->is_all != options->through.has_value();
        const bool has_any = options->is_all || options->through.has_value();
        if (!options->decision.empty() && (options->route.empty() || !has_place)) {
            throw CLI::ValidationError("session doubt",
                                       "--decide needs --route and one of --through and --all");
        }
        if (options->decision.empty() && has_any) {
            throw CLI::ValidationError("session doubt", "--through and --all need --decide");
        }
    });
    verb->final_callback([&chosen, options] { chosen = [options] { return doubt(*options); }; });
}

}  // namespace millrace::tools
