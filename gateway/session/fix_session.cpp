#include "gateway/session/fix_session.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "engine/core/clock.hpp"
#include "gateway/session/session_setup.hpp"

namespace millrace::gateway {

namespace {

// The library's timers count seconds; looking more often than this changes nothing.
constexpr std::int64_t tick_interval_ns = 250'000'000;
constexpr std::int64_t ns_per_s = 1'000'000'000;

}  // namespace

fix_session::fix_session(const session_spec& spec, const fix_session_options& options,
                         fix_out_log& out, fix_in_log& in, correlation_table& correlations,
                         event_ring& events)
    : spec_(detail::checked(spec)),
      options_(options),
      out_(&out),
      events_(&events),
      schedule_(spec_),
      ledger_(spec.name, out, in, correlations, detail::ledger_of(spec, options)),
      connector_(detail::make_connector(spec, options)),
      tls_(spec.tls.is_on && spec.role == session_role::initiator
               ? std::make_unique<tls_source>(spec)
               : nullptr),
      link_(detail::connection_of(spec, options)),
      gate_(options.connection.pending_bytes_max),
      batch_(2 * link_.framing().frame_bytes_max()),
      settlement_(detail::resets_at_logon(spec), options.settlement_patience_ns),
      resend_limit_(options.resends.repeats_max, options.resends.window_ns),
      throttle_(options.throttling) {
    port_ = session_port::create(spec_, ledger_, *this);
    ledger_.set_port(port_.get());
    ledger_.set_events(events_);
    window_ns_ = ledger_.creation_time_ns();
    warn_of_certificate();
}

fix_session::~fix_session() {
    close();
}

void fix_session::add_route(std::string_view name, outbound_link& link) {
    routes_.push_back({std::string(name), engine::route_id(name), &link});
    has_down_policies_ =
        has_down_policies_ || link.when_down != down_policy::hold || link.hold_max_ns != 0;
    if (!link.source_id.empty()) {
        const std::uint32_t tag = spec_.outbound_routing_tag;
        routes_.back().routing = std::to_string(tag) + "=" + link.source_id + "\x01";
        routes_.back().is_routing_in_header = port_->is_header_field(tag);
    }
}

void fix_session::set_doubt(std::string_view route, route_doubt& doubt) noexcept {
    for (outbound_route& known : routes_) {
        if (known.name == route) {
            known.doubt = &doubt;
            if (doubt.entry().session == name()) {
                const bool is_older = doubt.entry().generation != ledger_.generation();
                lost_from_ = is_older ? ledger_.passed_over_from() : doubt.entry().from;
                lost_generation_ = ledger_.generation();
            }
        }
    }
}

void fix_session::open_fast_lane(const xlator::dictionary& dict) {
    lane_ = std::make_unique<fast_lane>(spec_, dict);
}

void fix_session::start(std::int64_t now_ns) noexcept {
    now_ns_ = now_ns;
    const std::int64_t utc_ns = engine::utc_now().ns;
    if (window_ns_ > utc_ns + ns_per_s && !schedule_.is_non_stop()) {
        events_->say(event_level::warning, name(),
                     "FIX_OUT says that the numbers began later than now: the host's clock was "
                     "wrong, or is. They are taken for those of the present window");
    }
    window_ns_ = std::min(window_ns_, utc_ns);
    follow_schedule(now_ns);
    publish_state();
}

int fix_session::do_work(std::int64_t now_ns) noexcept {
    now_ns_ = now_ns;
    int work = 0;
    if (now_ns >= next_look_ns_) [[unlikely]] {
        follow_schedule(now_ns);
    }
    if (!link_.is_open()) {
        work += poll_connector(now_ns);
    }
    if (link_.is_securing()) [[unlikely]] {
        return work + poll_handshake(now_ns);
    }
    if (link_.is_open()) {
        tick_if_due(now_ns);
    }
    if (link_.is_open()) {
        // First, so that a message does not wait for the system call that reads the socket.
        work += poll_routes(now_ns);
    }
    if (link_.is_open() && (sockets_ == nullptr || sockets_->is_ready(socket_slot_) ||
                            !waiting_frame_.empty() || link_.has_unread())) {
        work += poll_frames(now_ns);
    }
    if (!gate_.is_empty()) [[unlikely]] {
        release_gated(now_ns);
    }
    if (link_.is_open() && settlement_.is_running() && !is_leaving_) [[unlikely]] {
        settle(now_ns);
    }
    if (link_.is_open() && resend_.is_running() && !is_killed_) [[unlikely]] {
        poll_resend(now_ns);
        ++work;
    }
    if (has_down_policies_ && !is_logged_on_ && !is_killed_) [[unlikely]] {
        work += poll_down_routes();
    }
    if (link_.is_open() && link_.pending_bytes() > 0) {
        counters.pending_bytes_high.raise_to(link_.pending_bytes());
        const bool is_closed = link_.flush(now_ns) == send_state::closed;
        counters.pending_bytes.set(link_.pending_bytes());
        if (is_closed) {
            end_link(link_.reason(), now_ns);
        }
    }
    if ((is_stopping_ || is_leaving_) && link_.is_open() && now_ns >= stop_deadline_ns_) {
        events_->say(event_level::warning, name(), "no answer to our Logout; closing");
        end_link(close_reason::local, now_ns);
    }
    return work;
}

int fix_session::poll_connector(std::int64_t now_ns) noexcept {
    if (connector_ == nullptr || is_stopping_ || is_held_ || !is_logon_time_ || is_down()) {
        return 0;
    }
    engine::unique_fd socket;
    switch (connector_->poll(now_ns, socket)) {
        case connector_state::connected:
            if (tls_ != nullptr && tls_->renew()) {
                events_->say(event_level::info, name(), "TLS: its files were read again");
                warn_of_certificate();
            }
            link_.open(std::move(socket), connector_->address(),
                       tls_ == nullptr ? nullptr : &tls_->current(),
                       spec_.connect_endpoints[connector_->endpoint_index()].host);
            if (tls_ == nullptr) {
                link_is_up(now_ns);
                return 1;
            }
            handshake_deadline_ns_ = now_ns + options_.handshake_timeout_ns;
            if (!link_.is_open()) {
                handshake_failed(now_ns);
            }
            publish_state();
            return 1;
        case connector_state::failed:
            events_->say(event_level::warning, name(),
                         std::string_view(std::strerror(connector_->last_errno())));
            return 1;
        default:
            return 0;
    }
}

void fix_session::warn_of_certificate() noexcept {
    if (tls_ == nullptr) {
        return;
    }
    const std::string warning = tls_->current().certificate_warning(engine::utc_now().ns);
    if (!warning.empty()) {
        events_->say(event_level::warning, name(), warning);
    }
}

int fix_session::poll_handshake(std::int64_t now_ns) noexcept {
    if (link_.pending_bytes() > 0) {
        static_cast<void>(link_.flush(now_ns));
    }
    static_cast<void>(link_.receive());
    if (link_.is_securing()) {
        if (now_ns < handshake_deadline_ns_) {
            return 0;
        }
        link_.fail_tls("the handshake was not over in time");
    }
    if (!link_.is_open()) {
        handshake_failed(now_ns);
        return 1;
    }
    events_->say(event_level::info, name(), link_.tls()->describe());
    link_is_up(now_ns);
    return 1;
}

// Nothing was connected as far as QuickFIX knows: on to the next address.
void fix_session::handshake_failed(std::int64_t now_ns) noexcept {
    say_end();
    connector_->connection_ended(false, now_ns);
    publish_state();
}

void fix_session::say_end() noexcept {
    const bool is_tls_failure = link_.reason() == close_reason::tls_failed;
    counters.tls_failures.add(is_tls_failure ? 1 : 0);
    events_->say(is_tls_failure ? event_level::warning : event_level::info, name(),
                 link_.close_text());
    if (!was_logged_on_ && link_.tls() == nullptr && link_.framing().is_tls()) {
        counters.tls_failures.add(1);
        events_->say(event_level::warning, name(), to_text(close_reason::tls_unexpected));
    }
}

void fix_session::link_is_up(std::int64_t now_ns) noexcept {
    counters.connects.add(1);
    if (link_.is_busy_poll_refused() && !std::exchange(is_busy_poll_said_, true)) {
        events_->say(event_level::warning, name(),
                     "the system refuses SO_BUSY_POLL: busy_poll_us needs CAP_NET_ADMIN; it has "
                     "no effect");
    }
    if (sockets_ != nullptr) {
        sockets_->watch(socket_slot_, link_.descriptor());
    }
    was_logged_on_ = false;
    wants_disconnect_ = false;
    connected_utc_ns_ = engine::utc_now().ns;
    if (port_->connected(*this) != call_status::ok) {
        events_->say(event_level::error, name(), port_->last_text());
        end_link(close_reason::local, now_ns);
        return;
    }
    static_cast<void>(port_->logon());  // the last Logout of ours had disabled it
    if (connector_ != nullptr) {
        prepare_logon(now_ns);
    }
    next_tick_ns_ = now_ns;  // an initiator's Logon goes out at once
    publish_state();
}

// Says so itself where it is not its logon time, or an operator does not want it.
acceptance fix_session::can_accept(std::int64_t now_ns) noexcept {
    if (link_.is_open() || is_stopping_) {
        return acceptance::not_free;
    }
    now_ns_ = now_ns;
    if (is_down()) {
        counters.refused_before_logon.add(1);
        events_->say(event_level::warning, name(),
                     is_enabled_ ? "refused a Logon: an operator has logged the session out"
                                 : "refused a Logon: the session is disabled");
        return acceptance::switched_off;
    }
    follow_schedule(now_ns);
    if (!is_logon_time_) {
        say_refused(engine::utc_now().ns);
        return acceptance::not_its_logon_time;
    }
    return acceptance::taken;
}

acceptance fix_session::accept(connection& link, std::string_view first_frame,
                               std::int64_t now_ns) noexcept {
    if (const acceptance answer = can_accept(now_ns); answer != acceptance::taken) {
        return answer;
    }
    link_.swap(link);
    link_is_up(now_ns);
    if (link_.is_open()) {
        handle_frame(first_frame, now_ns);
    }
    return acceptance::taken;
}

void fix_session::tick_if_due(std::int64_t now_ns) noexcept {
    if (now_ns < next_tick_ns_) {
        return;
    }
    tick(now_ns, engine::utc_now().ns);
}

void fix_session::tick(std::int64_t now_ns, std::int64_t utc_ns) noexcept {
    next_tick_ns_ = now_ns + tick_interval_ns;
    ticked_second_ = utc_ns / ns_per_s;
    if (port_->tick() != call_status::ok) {
        events_->say(event_level::error, name(), port_->last_text());
        wants_disconnect_ = true;
    }
    if (wants_disconnect_) {
        end_link(close_reason::local, now_ns);
    }
}

void fix_session::end_link(close_reason reason, std::int64_t now_ns) noexcept {
    const bool was_open = link_.is_open() || port_->is_connected();
    if (port_->is_connected()) {
        static_cast<void>(port_->connection_lost());
    }
    if (link_.is_open()) {
        static_cast<void>(link_.flush(now_ns));
        link_.close(reason);
    }
    batch_.clear();
    gate_.clear();  // numbered and not sent: the peer will ask for them
    counters.gated_bytes.set(0);
    ledger_.connection_ended();
    waiting_frame_ = {};
    waiting_since_ns_ = 0;
    resend_.stop();
    resend_limit_.connection_ended();
    resending_ = chunk_end_ = {};
    is_resend_broken_ = false;
    const bool was_settling = settlement_.is_running();
    const bool is_settled = was_settling && !ledger_.has_unproven();
    // What a kill holds back is no fault of the connection.
    if (settlement_.connection_ended(ledger_.has_unproven() && !is_killed_)) {
        say_given_up("the connection was lost each time");
    }
    wants_disconnect_ = false;
    is_logged_on_ = false;
    is_leaving_ = false;
    const bool is_switching = std::exchange(is_switching_, false);
    if (was_open) {
        counters.disconnects.add(1);
        say_end();
        if (connector_ != nullptr) {
            connector_->connection_ended(was_logged_on_, now_ns);
            if ((is_settled || is_switching) && !is_stopping_) {
                connector_->stop();  // and at once to the logon that resets, or to the next address
                connector_->start(now_ns);
            }
        }
    }
    publish_state();
}

void fix_session::begin_stop(std::int64_t now_ns) noexcept {
    if (is_stopping_) {
        return;
    }
    is_stopping_ = true;
    stop_deadline_ns_ = now_ns + (static_cast<std::int64_t>(spec_.logout_timeout_s) + 1) * ns_per_s;
    if (connector_ != nullptr && !link_.is_open()) {
        connector_->stop();
    }
    if (is_logged_on_) {
        static_cast<void>(port_->logout("stopping"));
        next_tick_ns_ = 0;  // the Logout goes out with the next tick
    } else if (link_.is_open()) {
        end_link(close_reason::local, now_ns);
    }
}

bool fix_session::is_stopped() const noexcept {
    return is_stopping_ && !link_.is_open();
}

void fix_session::close() noexcept {
    if (link_.is_open()) {
        end_link(close_reason::local, now_ns_);
    }
}

bool fix_session::has_waiting_messages() const noexcept {
    for (const outbound_route& route : routes_) {
        if (route.link->ring.consumer_position_estimate() !=
            route.link->ring.producer_position_estimate()) {
            return true;
        }
    }
    return false;
}

const char* fix_session::state_text() const noexcept {
    return is_leaving_                ? "logging out"
           : settlement_.is_running() ? "settling before a reset"
           : is_logged_on_            ? (is_killed_        ? "logged on; killed"
                                         : has_held_doubt_ ? "logged on; in doubt"
                                                           : "logged on")
           : link_.is_securing()      ? "TLS handshake"
           : link_.is_open()          ? "connected"
           : is_stopping_             ? "stopped"
           : !is_enabled_             ? "disabled"
           : is_logged_out_           ? "logged out by an operator"
           : is_held_                 ? "halted(numbers contradict the peer's)"
           : !is_logon_time_          ? "outside its logon time"
           : connector_ == nullptr    ? "listening"
                                      : "connecting";
}

void fix_session::publish_state() noexcept {
    counters.state.set(state_text());
    counters.is_logged_on.set(is_logged_on_ ? 1 : 0);
    counters.is_logon_time.set(is_logon_time_ ? 1 : 0);
    counters.is_enabled.set(is_enabled_ ? 1 : 0);
    counters.is_killed.set(is_killed_ ? 1 : 0);
    counters.next_sender.set(ledger_.next_sender().value);
    counters.next_target.set(ledger_.next_target().value);
}

}  // namespace millrace::gateway
