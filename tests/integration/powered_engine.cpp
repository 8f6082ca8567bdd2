#include "tests/integration/powered_engine.hpp"

#include <algorithm>

#include "engine/core/file.hpp"
#include "gateway/session/fix_tables.hpp"
#include "tests/gateway/session/session_test_support.hpp"
#include "tests/integration/power_cut_books.hpp"

namespace millrace::tests {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view engine_text = R"toml([engine]
directory = "data"
segment_bytes = "1MiB"

)toml";

std::string config_text() {
    return std::string(engine_text).append(tables_text).append(maps_text);
}

// Small, so that lives cross their borders.
constexpr std::size_t segment_bytes = std::size_t{128} << 10;
constexpr std::size_t undurable_messages_max = 24;
constexpr std::size_t message_bytes_max = 4096;

engine::table_log_options log_options_of(const engine_settings& settings,
                                         std::int64_t sync_delay_max_ns) {
    engine::table_log_options options;
    options.segment_bytes = segment_bytes;
    options.purpose = "test";
    options.is_synchronous = false;
    options.storage = settings.storage;
    options.hot_directory = settings.hot;
    options.hot_bytes_max = 8 * segment_bytes;
    options.sync_delay_max_ns = sync_delay_max_ns;
    options.low_space_bytes = 0;
    options.keeps_sidecars = false;
    return options;
}

gateway::session_agent_options agent_options_of(const engine_settings& settings,
                                                const std::string& boot_id) {
    auto options = millrace::test::agent_options(settings.disk / "gateway");
    options.logs.table = log_options_of(settings, settings.gateway_delay_ns);
    options.undurable_messages_max = undurable_messages_max;
    options.in_doubt = settings.in_doubt;
    options.session.doubt_wait_ns = 1'000'000'000;
    options.boot_id = boot_id;
    return options;
}

}  // namespace

powered_engine::powered_engine(const engine_settings& settings, const std::string& boot_id)
    : settings_(settings),
      config_(gateway::parse_config(settings.disk / "test.toml", config_text())),
      orders_(std::make_unique<engine::table_log>(
          settings.disk / "ORDER_OUT", config_.find_table("ORDER_OUT")->schema,
          log_options_of(settings, settings.orders_delay_ns))) {
    orders_->start();
    const std::string more = settings.resets_on_logon ? "ResetOnLogon=Y\n" : "";
    agent_ = std::make_unique<gateway::session_agent>(
        agent_options_of(settings, boot_id),
        millrace::test::agent_settings(true, settings.venue_port, settings.venue,
                                       "HeartBtInt=30\n" + more));
    executions_ = std::make_unique<engine::table_log>(
        settings.disk / "EXECUTION", config_.find_table("EXECUTION")->schema,
        log_options_of(settings, settings.executions_delay_ns));
    open_orders();
    open_reports();
    agent_->open();
    for (gateway::route_past& past : pasts_) {
        past.begin();
    }
    agent_->on_start();
    out_.client->on_start();
    in_.client->on_start();
    listen();
}

powered_engine::~powered_engine() = default;

gateway::route_past& powered_engine::past_of(const std::string& route,
                                             const engine::table_log& source) {
    return pasts_.emplace_back(settings_.disk, route, source.log().directory(),
                               source.log().uuid());
}

void powered_engine::open_orders() {
    const std::string name(route_name);
    gateway::route_past& past = past_of(name, *orders_);
    gateway::session_sink sink{build_outbound_map(config_, *config_.find_map("new_order"), {},
                                                  orders_->schema(), dictionaries_),
                               std::make_unique<gateway::outbound_link>(std::size_t{1} << 16),
                               message_bytes_max};
    agent_->add_route(session().name(), name, *sink.link, orders_->log().uuid(), {},
                      settings_.gate);
    if (past.is_beyond(agent_->highest_origin(name))) {
        agent_->cut_back(name, past.survivor());
    }
    agent_->limit_doubt(name, orders_->log().last_sequence());  // nothing came since
    const engine::sequence highest = agent_->highest_origin(name);
    out_.client = std::make_unique<gateway::client_agent>("orders", "", orders_->schema(), 256);
    gateway::route_config wanted;
    wanted.name = name;
    out_.client->add_route(std::make_unique<gateway::route>(
        wanted, std::move(sink), orders_->schema(), orders_->log().uuid(), highest, nullptr,
        out_.client->events()));
    if (const std::string finding = past.finding(); !finding.empty()) {
        said_.push_back(finding);
    }
    subscribe(out_, *orders_, highest, "");
}

void powered_engine::open_reports() {
    const engine::table_log& source = agent_->in_table();
    in_.client =
        std::make_unique<gateway::client_agent>("reports", "MSG_TYPE = '8'", source.schema(), 256);
    auto execution = make_execution_route();
    auto watching = make_watching_route();
    const engine::sequence resume_after = std::min(execution->highest(), watching->highest());
    in_.client->add_route(std::move(execution));
    in_.client->add_route(std::move(watching));
    subscribe(in_, source, resume_after, "KIND = 'application'");
}

std::unique_ptr<gateway::route> powered_engine::make_execution_route() {
    const std::string name = "executions";
    const engine::table_log& source = agent_->in_table();
    gateway::route_past& past = past_of(name, source);
    gateway::local_sink sink;
    sink.poss_dup = source.schema().index_of("POSS_DUP");
    sink.map = build_inbound_map(config_, *config_.find_map("execution"), {}, executions_->schema(),
                                 dictionaries_);
    const bool has_history = executions_->origins().knows(name);
    sink.redelivered_until = has_history ? source.log().last_sequence() : engine::sequence{};
    executions_->bind_route(name, source.log().uuid());
    if (past.is_beyond(executions_->origins().highest(engine::route_id(name)))) {
        executions_->cut_back(name, past.survivor());
    }
    sink.repeats_until = past.repeats_until();
    executions_->start();
    sink.table = executions_.get();
    sink.row.resize(executions_->log().record_bytes_max());
    gateway::route_config wanted;
    wanted.name = name;
    return std::make_unique<gateway::route>(
        wanted, std::move(sink), source.schema(), source.log().uuid(),
        executions_->origins().highest(engine::route_id(name)), nullptr, in_.client->events());
}

std::unique_ptr<gateway::route> powered_engine::make_watching_route() {
    const std::string name = "watch";
    const engine::table_log& source = agent_->in_table();
    gateway::route_past& past = past_of(name, source);
    const fs::path file = settings_.disk / "checkpoints" / (name + ".checkpoint");
    engine::ensure_directory(file.parent_path());
    gateway::local_sink sink;
    sink.poss_dup = source.schema().index_of("POSS_DUP");
    sink.handler = gateway::event_handler::of(handler_);
    const bool has_history = fs::exists(file);
    sink.progress = std::make_unique<engine::checkpoint>(file, name, source.log().uuid());
    gateway::cut_back(*sink.progress, file, past);
    sink.repeats_until = past.repeats_until();
    sink.redelivered_until = has_history ? source.log().last_sequence() : engine::sequence{};
    const engine::sequence highest = sink.progress->highest();
    gateway::route_config wanted;
    wanted.name = name;
    return std::make_unique<gateway::route>(wanted, std::move(sink), source.schema(),
                                            source.log().uuid(), highest, nullptr,
                                            in_.client->events());
}

void powered_engine::subscribe(stage& to, const engine::table_log& source,
                               engine::sequence resume_after, const std::string& where) {
    engine::subscription_options wanted;
    wanted.name = to.client->name();
    wanted.directory = source.log().directory();
    wanted.from = engine::read_from::at_sequence(resume_after.next());
    wanted.where = where;
    wanted.schema = source.schema();
    wanted.is_durable_only = settings_.gate == gateway::gate_level::durable;
    to.streamer = std::make_unique<engine::streamer>(wanted.name);
    to.subscription = &to.streamer->add(std::move(wanted), to.client->ring());
}

int powered_engine::step() {
    int work = out_.streamer->do_work() + out_.client->do_work();
    work += agent_->do_work();
    work += in_.streamer->do_work() + in_.client->do_work();
    listen();
    return work;
}

void powered_engine::listen() {
    const auto keep = [this](gateway::event_level, engine::timestamp, std::string_view text) {
        said_.emplace_back(text);
    };
    agent_->events().drain(keep);
    out_.client->events().drain(keep);
    in_.client->events().drain(keep);
}

void powered_engine::close() {
    agent_->on_close();
    out_.client->on_close();
    in_.client->on_close();
    orders_->close();
    executions_->close();
    for (gateway::route_past& past : pasts_) {
        past.end();
    }
    listen();
}

bool powered_engine::append_order(std::uint64_t number) {
    return tests::append_order(*orders_, number) == engine::append_status::ok;
}

log_sequences powered_engine::last_sequences() const {
    return {orders_->log().last_sequence().value, agent_->out_table().log().last_sequence().value,
            agent_->in_table().log().last_sequence().value,
            executions_->log().last_sequence().value};
}

log_sequences powered_engine::durable_sequences() const {
    return {orders_->log().durable_sequence().value,
            agent_->out_table().log().durable_sequence().value,
            agent_->in_table().log().durable_sequence().value,
            executions_->log().durable_sequence().value};
}

std::uint64_t powered_engine::sent_through() const {
    return agent_->highest_origin(route_name).value;
}

std::string powered_engine::failure() const {
    for (const stage* one : {&out_, &in_}) {
        if (one->subscription->is_halted()) {
            return one->subscription->halt_reason();
        }
        for (const auto& route : one->client->routes()) {
            if (route->is_halted()) {
                return route->name() + ": " + route->halt_reason();
            }
        }
    }
    return {};
}

gateway::answer powered_engine::report_handler::operator()(
    const gateway::event& happened) noexcept {
    shown.push_back({happened.seq.value, millrace::test::field_of(happened.message, 17),
                     happened.is_redelivered});
    return gateway::answer::ack;
}

}  // namespace millrace::tests
