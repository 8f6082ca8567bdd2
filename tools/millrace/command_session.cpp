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
#include "engine/stream/row_follower.hpp"
#include "engine/table/nearest.hpp"
#include "engine/table/predicate.hpp"
#include "gateway/pipeline/config.hpp"
#include "gateway/pipeline/fix_fields.hpp"
#include "gateway/session/doubt_file.hpp"
#include "tools/millrace/command_session_admin.hpp"
#include "tools/millrace/commands.hpp"
#include "tools/millrace/config_table.hpp"
#include "tools/millrace/confirm.hpp"
#include "tools/millrace/dictionary_path.hpp"
#include "tools/millrace/exit_code.hpp"
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
    bool is_revoked = false;
    bool is_sure = false;
};

// One route's doubt, and where everything about it lies.
struct doubted_route {
    std::filesystem::path directory;  // of the gateway
    doubt_entry entry;
    engine::sequence done;  // FIX_OUT holds its records so far
    std::vector<gateway::doubt_verdict> verdicts;
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
            one.verdicts = gateway::read_verdicts(gateway.directory, entry.route);
            find_route(config, one);
            found.push_back(std::move(one));
        }
    }
    return found;
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
    engine::row_follower rows(reader);
    const engine::row_schema& schema = rows.schema();
    gateway::map_dictionaries dictionaries(dictionary_directory(), config.path.parent_path());
    std::string reason;
    const auto fields = gateway::fields_of(schema, stream.dictionary, dictionaries, reason);
    if (!reason.empty()) {
        throw engine::config_error(config.path.native(), stream.lines.of("dictionary"), reason);
    }
    const engine::predicate filters[] = {
        engine::predicate::of(stream.where, schema, fields.get()),
        engine::predicate::of(one.client->where, schema, fields.get()),
        engine::predicate::of(one.route->where, schema, fields.get())};
    std::uint32_t left = gateway::received_max(one.entry);
    engine::record_view record;
    engine::read_status status = engine::read_status::none;
    while (left > 0 && (status = reader.poll(record)) == engine::read_status::record) {
        if (record.seq > one.entry.through.value_or(record.seq)) {
            break;
        }
        const engine::row_view row = rows.row(record);
        const bool is_routed =
            one.route->operations.has(row.envelope().operation) &&
            std::all_of(std::begin(filters), std::end(filters), [&](const auto& where) {
                return where.evaluate(
                    row, {engine::correlation_log_id(reader.original_log()), record.seq.value});
            });
        if (is_routed) {
            show(record, row, schema, reader.original_log());
            --left;
        }
    }
    if (status == engine::read_status::damaged) {
        throw engine::damage_error(reader.damage().text());
    }
}

std::string decisions_text(const doubted_route& one) {
    std::string text;
    for (const gateway::doubt_verdict& verdict : one.verdicts) {
        text += (text.empty() ? "" : "; then ") + std::string(gateway::to_text(verdict.decision)) +
                " up to sequence " + std::to_string(verdict.through.value) + ", by " + verdict.by;
    }
    return text.empty() ? "none yet" : text;
}

std::string proof_text(const doubt_entry& entry) {
    if (entry.asked_from.is_none()) {
        return "the peer has not asked for messages since, so it may have any of these";
    }
    const std::uint32_t most = gateway::received_max(entry);
    return "the peer asked for messages from " + std::to_string(entry.asked_from.value) +
           " on: it has " +
           (most == 0 ? "none of these"
                      : "at most the first " + std::to_string(most) +
                            " of these, its session messages counted");
}

void show_text(const gateway::pipeline_config& config, const doubted_route& one) {
    const doubt_entry& entry = one.entry;
    std::string out =
        "route " + entry.route + ", session " + entry.session + "\n  done up to sequence " +
        std::to_string(one.done.value) + "\n  the first record in doubt would have had number " +
        std::to_string(entry.from.value) + " of generation " + std::to_string(entry.generation) +
        "\n  " + proof_text(entry) + "\n  decided: " + decisions_text(one) + "\n";
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
    object["through"] = entry.through ? ordered_json(entry.through->value) : ordered_json(nullptr);
    object["first_number"] = entry.from.value;
    object["numbers"] = entry.numbers;
    object["asked_from"] =
        entry.asked_from.is_none() ? ordered_json(nullptr) : ordered_json(entry.asked_from.value);
    object["received_max"] = gateway::received_max(entry);
    object["decisions"] = ordered_json::array();
    for (const gateway::doubt_verdict& verdict : one.verdicts) {
        object["decisions"].push_back({{"decision", gateway::to_text(verdict.decision)},
                                       {"through", verdict.through.value},
                                       {"by", verdict.by}});
    }
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
    throw usage_error(options.config + ": nothing of route '" + options.route + "' is in doubt" +
                      engine::did_you_mean(options.route, names));
}

// Behind what has been decided before.
struct decided_range {
    engine::sequence first;
    engine::sequence last;
    std::size_t count = 0;
};

decided_range find_range(const gateway::pipeline_config& config, const doubted_route& one,
                         const doubt_options& options) {
    const engine::sequence decided =
        one.verdicts.empty() ? engine::sequence{} : one.verdicts.back().through;
    decided_range range;
    visit_records(
        config, one,
        [&](const engine::record_view& record, const engine::row_view&, const engine::row_schema&,
            const engine::log_uuid&) {
            if (record.seq > decided && (options.is_all || record.seq.value <= *options.through)) {
                range.first = range.count == 0 ? record.seq : range.first;
                range.last = record.seq;
                ++range.count;
            }
        });
    if (range.count == 0) {
        throw usage_error("route '" + options.route + "': no record in doubt up to there" +
                          (one.verdicts.empty()
                               ? "; `millrace session doubt " + options.config + "` lists them"
                               : " that is not decided yet (" + decisions_text(one) +
                                     "); --revoke takes back what has not been carried out"));
    }
    return range;
}

doubt_decision decision_of(const doubt_options& options) {
    for (const doubt_decision known :
         {doubt_decision::send, doubt_decision::possresend, doubt_decision::withdraw}) {
        if (options.decision == gateway::to_text(known)) {
            return known;
        }
    }
    return doubt_decision::none;
}

int decide(const gateway::pipeline_config& config, doubted_route one,
           const doubt_options& options) {
    const decided_range range = find_range(config, one, options);
    const doubt_decision decision = decision_of(options);
    const std::string what = decision == doubt_decision::withdraw ? "are never sent by this route"
                             : decision == doubt_decision::send
                                 ? "are sent as if they had never been"
                                 : "are sent again with 97=Y";
    confirm("route '" + options.route + "': " + std::to_string(range.count) +
                " records in doubt, " + std::to_string(range.first.value) + " to " +
                std::to_string(range.last.value) + ", " + what,
            options.is_sure, "nothing was decided");
    one.verdicts.push_back({decision, range.last, user_name()});
    gateway::write_verdicts(one.directory, options.route, one.verdicts);
    std::printf(
        "%s: %s from sequence %llu to %llu (%zu records); `millrace run` takes it within a "
        "second, or when it starts\n",
        options.route.c_str(), options.decision.c_str(),
        static_cast<unsigned long long>(range.first.value),
        static_cast<unsigned long long>(range.last.value), range.count);
    return exit_ok;
}

int revoke(const doubted_route& one, const doubt_options& options) {
    confirm("route '" + options.route + "': decisions that have not been carried out (" +
                decisions_text(one) + ") are taken back",
            options.is_sure, "nothing was decided");
    gateway::remove_verdicts(one.directory, options.route);
    std::printf("%s: nothing is decided; what a running engine has taken already it carries out\n",
                options.route.c_str());
    return exit_ok;
}

int doubt(const doubt_options& options) {
    const gateway::pipeline_config config = gateway::load_config(options.config);
    const std::vector<doubted_route> all = find_doubts(config);
    if (!options.decision.empty()) {
        return decide(config, find(all, options), options);
    }
    if (options.is_revoked) {
        return revoke(find(all, options), options);
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
    add_session_admin_verbs(*session, chosen);
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
    verb->add_flag("--revoke", options->is_revoked,
                   "Take back decisions about --route that have not been carried out");
    verb->add_flag("--yes", options->is_sure, "Do not ask");
    verb->parse_complete_callback([options] {
        const bool has_place = options->is_all != options->through.has_value();
        const bool has_any = options->is_all || options->through.has_value();
        if (!options->decision.empty() && (options->route.empty() || !has_place)) {
            throw CLI::ValidationError("session doubt",
                                       "--decide needs --route and one of --through and --all");
        }
        if (options->is_revoked && (options->route.empty() || !options->decision.empty())) {
            throw CLI::ValidationError("session doubt", "--revoke needs --route, and no --decide");
        }
        if (options->decision.empty() && has_any) {
            throw CLI::ValidationError("session doubt", "--through and --all need --decide");
        }
    });
    verb->final_callback([&chosen, options] { chosen = [options] { return doubt(*options); }; });
}

}  // namespace millrace::tools
