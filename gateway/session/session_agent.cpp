#include "gateway/session/session_agent.hpp"

#include <algorithm>
#include <span>

#include "engine/core/clock.hpp"
#include "engine/core/error.hpp"
#include "engine/stream/life_file.hpp"
#include "gateway/session/session_setup.hpp"

namespace millrace::gateway {

namespace {

constexpr std::int64_t count_interval_ns = 100'000'000;
// Of more, one system call says which have something to read.
constexpr std::size_t sockets_read_directly_max = 2;
// Who connects can wait so long; who is logged on need not wait for a system call each turn.
constexpr std::int64_t listen_interval_ns = 1'000'000;

fix_log_options out_options(const session_agent_options& options) {
    fix_log_options wanted = options.logs;
    wanted.undurable_records_max = options.undurable_messages_max;
    return wanted;
}

session_agent_options with_boot_id(session_agent_options options) {
    if (options.boot_id.empty()) {
        options.boot_id = engine::current_boot();
    }
    return options;
}

}  // namespace

session_agent::session_agent(session_agent_options options, const settings_file& settings)
    : options_(with_boot_id(std::move(options))),
      agent_name_("gateway:" + options_.name),
      life_(begin_life(options_.directory, options_.boot_id)),
      correlations_(options_.correlations),
      out_(options_.directory / "FIX_OUT", out_options(options_), correlations_),
      in_(options_.directory / "FIX_IN", options_.logs) {
    if (life_.state == life_state::cut) {
        events_.say(event_level::error, options_.name,
                    jump_numbers(options_.directory, life_, out_));
    }
    doubt_entries_ = read_doubts(options_.directory);
    for (const session_spec& spec : settings.sessions) {
        session_spec own = spec;
        own.password = detail::password_of(spec);
        own.secrets = options_.logs.secrets;
        own.secrets.add_value(own.password);
        allowed_.push_back(detail::allowed_of(spec));
        fix_session_options wanted = options_.session;
        for (const session_agent_options::session_rules& one : options_.own_rules) {
            if (one.session == spec.name) {
                wanted.resends = one.resends;
                wanted.throttling = one.throttling;
                wanted.ledger.poss_resend_window = one.poss_resend_window;
            }
        }
        sessions_.push_back(
            std::make_unique<fix_session>(own, wanted, out_, in_, correlations_, events_));
        open_fast_lane(*sessions_.back());
        if (spec.role == session_role::acceptor) {
            listen_for(spec, settings);
        }
    }
    load_recent();
    if (sessions_.size() > sockets_read_directly_max) {
        sockets_.emplace(sessions_.size());
        for (std::size_t i = 0; i < sessions_.size(); ++i) {
            sessions_[i]->watch_socket(*sockets_, i);
        }
    }
    set_switches();
    if (!options_.users.empty()) {
        open_door(settings);
    }
    for (const std::string& note :
         {out_.table().log().recovery_note(), in_.table().log().recovery_note()}) {
        if (!note.empty()) {
            events_.say(event_level::warning, options_.name, note);
        }
    }
}

// What came before this life, so that it is known when it comes with 97=Y.
void session_agent::load_recent() {
    if (std::none_of(sessions_.begin(), sessions_.end(),
                     [](const auto& one) { return one->ledger().knows_recent(); })) {
        return;
    }
    class to_sessions final : public received_sink {
    public:
        explicit to_sessions(std::span<const std::unique_ptr<fix_session>> all) : all_(all) {}
        void on_received(std::string_view session, std::string_view msg_type,
                         std::string_view cl_ord_id) override {
            for (const auto& one : all_) {
                if (one->name() == session) {
                    one->ledger().note_received(msg_type, cl_ord_id);
                }
            }
        }

    private:
        std::span<const std::unique_ptr<fix_session>> all_;
    };
    to_sessions sink(sessions_);
    try {
        in_.visit_recent(options_.logs.recent_lookback_segments, sink);
    } catch (const engine::error& failure) {
        events_.say(
            event_level::warning, options_.name,
            std::string("not all that may come again with 97=Y is known: ") + failure.what());
    }
}

void session_agent::open_fast_lane(fix_session& session) {
    const std::vector<std::string>& slow = options_.slow_sessions;
    if (std::find(slow.begin(), slow.end(), session.name()) != slow.end()) {
        return;
    }
    std::string reason;
    if (const xlator::dictionary* const dict = dictionaries_.find(session.spec(), reason)) {
        session.open_fast_lane(*dict);
        return;
    }
    events_.say(event_level::warning, session.name(),
                "all its messages take the slow lane: " + reason);
}

void session_agent::listen_for(const session_spec& spec, const settings_file& settings) {
    for (const acceptor_port& known : listeners_) {
        if (known.endpoint.host == spec.accept_endpoint.host &&
            known.endpoint.port == spec.accept_endpoint.port) {
            return;
        }
    }
    detail::check_port_tls(spec, settings);
    std::unique_ptr<tls_source> tls;
    if (spec.tls.is_on) {
        tls = std::make_unique<tls_source>(spec);
        warn_of_certificate(tls->current());
    }
    listener_options wanted;
    wanted.connection = detail::connection_of(spec, options_.session);
    wanted.tls = tls == nullptr ? nullptr : &tls->current();
    wanted.handshake_timeout_ns = options_.session.handshake_timeout_ns;
    wanted.logon_timeout_ns = static_cast<std::int64_t>(spec.logon_timeout_s) * 1'000'000'000;
    wanted.reuse_address = spec.reuse_address;
    wanted.allowed = detail::allowed_at(settings, spec.accept_endpoint);
    const auto addresses =
        resolve(spec.accept_endpoint.host, spec.accept_endpoint.port, address_use::listen);
    listeners_.push_back({spec.accept_endpoint, std::move(tls),
                          std::make_unique<listener>(addresses.front(), wanted)});
}

void session_agent::add_route(std::string_view session, std::string_view route, outbound_link& link,
                              const engine::log_uuid& source, engine::sequence start_after,
                              gate_level gate) {
    for (const auto& known : sessions_) {
        if (known->name() == session) {
            out_.table().bind_route(route, source, start_after);
            link.gate = gate;
            known->add_route(route, link);
            if (gate == gate_level::committed) {
                committed_routes_.push_back({std::string(route), std::string(session)});
            }
            return;
        }
    }
    throw engine::config_error("gateway " + options_.name + " has no session '" +
                               std::string(session) + "'");
}

engine::sequence session_agent::highest_origin(std::string_view route) const noexcept {
    return out_.table().origins().highest(engine::route_id(route));
}

bool session_agent::has_doubt(std::string_view route) const noexcept {
    return std::any_of(doubt_entries_.begin(), doubt_entries_.end(),
                       [&](const doubt_entry& one) { return one.route == route; });
}

void session_agent::limit_doubt(std::string_view route, engine::sequence through) {
    for (doubt_entry& entry : doubt_entries_) {
        // Said before: other records have come since.
        if (entry.route == route && !entry.through) {
            entry.through = through;
        }
    }
}

stamp_ring& session_agent::use_stamps() {
    stamps_ = std::make_unique<stamp_ring>();
    for (const auto& session : sessions_) {
        session->set_stamps(*stamps_);
    }
    return *stamps_;
}

void session_agent::open() {
    write_doubts(options_.directory, doubt_entries_);
    for (const doubt_entry& entry : doubt_entries_) {
        auto doubt = std::make_unique<route_doubt>(entry, options_.in_doubt);
        for (const auto& session : sessions_) {
            session->set_doubt(entry.route, *doubt);
        }
        doubts_.push_back(std::move(doubt));
    }
    life_ = {life_state::open, options_.boot_id, out_.numbers_at_risk(), committed_routes_};
    write_life(options_.directory, life_);
    out_.table().start();
    in_.table().start();
    if (logon_check_ != nullptr) {
        logon_check_->start();
    }
}

void session_agent::on_start() {
    events_.hand_over();
    const std::int64_t now_ns = engine::monotonic_now_ns();
    for (const auto& session : sessions_) {
        session->start(now_ns);
    }
}

int session_agent::do_work() noexcept {
    const std::int64_t now_ns = engine::monotonic_now_ns();
    if (commands_->is_asked()) [[unlikely]] {
        serve_command(now_ns);
    }
    // relaxed: nothing is handed over with the wish
    if (!is_stopping_ && is_stop_requested_.load(std::memory_order_relaxed)) [[unlikely]] {
        is_stopping_ = true;
        if (door_ != nullptr) {
            door_->close();
        }
        for (const auto& session : sessions_) {
            session->begin_stop(now_ns);
        }
    }
    if (sockets_) {
        sockets_->poll();
    }
    int work = is_stopping_ ? 0 : poll_listeners(now_ns);
    bool are_all_stopped = is_stopping_;
    is_any_logged_on_ = false;
    for (const auto& session : sessions_) {
        work += session->do_work(now_ns);
        is_any_logged_on_ = is_any_logged_on_ || session->is_logged_on();
        are_all_stopped = are_all_stopped && session->is_stopped();
    }
    if (are_all_stopped && !is_stopped_.load(std::memory_order_relaxed)) [[unlikely]] {
        is_stopped_.store(true,
                          std::memory_order_release);  // pairs with session_agent.hpp: is_stopped
    }
    return work;
}

void session_agent::on_close() noexcept {
    if (door_ != nullptr) {
        door_->close();
        logon_check_->stop();
    }
    for (const auto& session : sessions_) {
        session->close();
    }
    out_.table().close();
    in_.table().close();
    if (life_.state == life_state::open && out_.table().log().last_error() == 0) {
        try {
            life_.state = life_state::closed;
            write_life(options_.directory, life_);
        } catch (const std::exception&) {
            // What stands there claims less: the next life is the more careful one.
            return;
        }
    }
}

std::string session_agent::tend() noexcept {
    std::string failure = tend_doubts();
    for (const acceptor_port& port : listeners_) {
        const std::string found = port.tls == nullptr ? std::string() : port.tls->look();
        failure = failure.empty() ? found : failure;
    }
    for (const auto& session : sessions_) {
        const std::string found = session->look_at_tls();
        failure = failure.empty() ? found : failure;
    }
    return failure;
}

std::string session_agent::tend_doubts() noexcept {
    try {
        bool is_changed = false;
        for (const auto& doubt : doubts_) {
            const auto known =
                std::find_if(doubt_entries_.begin(), doubt_entries_.end(), [&](const auto& one) {
                    return one.route == doubt->entry().route &&
                           one.session == doubt->entry().session;
                });
            if (known == doubt_entries_.end()) {
                continue;
            }
            if (doubt->is_forgotten(out_.table().log().durable_position())) {
                remove_verdicts(options_.directory, known->route);
                doubt_entries_.erase(known);
                is_changed = true;
                continue;
            }
            is_changed = is_changed || known->asked_from != doubt->asked_from() ||
                         known->passed != doubt->passed();
            known->asked_from = doubt->asked_from();
            known->passed = doubt->passed();
            doubt_verdict next;  // none: it may have been taken back
            for (const doubt_verdict& verdict : read_verdicts(options_.directory, known->route)) {
                if (verdict.through >= doubt->held()) {
                    next = verdict;
                    break;
                }
            }
            doubt->decide(next.decision, next.through);
        }
        if (is_changed) {
            write_doubts(options_.directory, doubt_entries_);
        }
        return {};
    } catch (const std::exception& failure) {
        return failure.what();
    }
}

int session_agent::poll_listeners(std::int64_t now_ns) noexcept {
    if (now_ns >= next_count_ns_) {
        next_count_ns_ = now_ns + count_interval_ns;
        count_connections();
        say_refused_addresses(now_ns);
        renew_tls();
    }
    if (is_any_logged_on_ && now_ns < next_listen_ns_) {
        return 0;
    }
    next_listen_ns_ = now_ns + listen_interval_ns;
    int work = 0;
    for (const acceptor_port& port : listeners_) {
        const listener::first_frame first = port.listening->poll(now_ns);
        if (first.link != nullptr) {
            place_connection(first, now_ns);
            next_listen_ns_ = now_ns;
            ++work;
        } else if (!first.failure.empty()) {
            say_failure(first.failure, now_ns);
            ++work;
        }
    }
    return door_ != nullptr ? work + poll_door(now_ns) : work;
}

fix_session* session_agent::find_session(const screened_frame& logon) noexcept {
    const frame_facts& facts = logon.facts();
    for (const auto& session : sessions_) {
        const session_spec& spec = session->spec();
        // Their sender is our target.
        if (spec.role == session_role::acceptor &&
            logon.equals(facts.begin_string, spec.begin_string.data(), spec.begin_string.size()) &&
            logon.equals(facts.sender, spec.target.data(), spec.target.size()) &&
            logon.equals(facts.target, spec.sender.data(), spec.sender.size())) {
            return session.get();
        }
    }
    return nullptr;
}

void session_agent::place_connection(const listener::first_frame& first,
                                     std::int64_t now_ns) noexcept {
    const screened_frame frame =
        screen_frame(first.frame.data(), first.frame.size(), first_frame_fields_, {});
    const bool is_logon = frame.is_passed() && frame.is_msg_type('A');
    fix_session* session = is_logon ? find_session(frame) : nullptr;
    const std::string_view reason =
        !is_logon            ? "refused a connection whose first message is no Logon"
        : session == nullptr ? "refused a Logon for a session that is not configured"
        : !may_come(*session, *first.link)
            ? "refused a Logon from an address that its session does not allow"
        : !is_named(*session, *first.link)
            ? "refused a Logon with a certificate that has none of its session's "
              "CertificatePeerNames"
            : let_on(*first.link, frame, session, now_ns);
    if (!reason.empty()) {
        events_.say(event_level::warning, options_.name, reason);
        first.link->close(close_reason::refused);
        ++refused_first_frames_;
    }
}

void session_agent::count_connections() noexcept {
    std::uint64_t refused = refused_first_frames_;
    std::uint64_t refused_addresses = 0;
    std::uint64_t tls_failures = 0;
    std::size_t waiting = 0;
    for (const acceptor_port& port : listeners_) {
        const listener_counters& one = port.listening->counters();
        refused += one.refused_full + one.timed_out + one.ended_early;
        refused_addresses += one.refused_address;
        tls_failures += one.tls_failed;
        waiting += port.listening->pending_count();
    }
    counters.refused_addresses.set(refused_addresses);
    counters.tls_failures.set(tls_failures);
    counters.refused_connections.set(refused);
    counters.waiting_connections.set(waiting);
    counters.waiting_logons.set(door_ != nullptr ? door_->waiting_count() : 0);
}

std::vector<std::uint16_t> session_agent::listening_ports() const {
    std::vector<std::uint16_t> ports;
    for (const acceptor_port& port : listeners_) {
        ports.push_back(port.listening->port());
    }
    return ports;
}

}  // namespace millrace::gateway
