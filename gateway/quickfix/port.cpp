#include "gateway/quickfix/port.hpp"

#include <algorithm>
#include <exception>

#include "gateway/quickfix/port_implementation.hpp"

namespace millrace {
namespace gateway {

session_port::session_port(std::unique_ptr<implementation> held) : held_(std::move(held)) {}

session_port::~session_port() = default;

std::unique_ptr<session_port> session_port::create(const session_spec& spec, session_store& store,
                                                   session_listener& listener) {
    return std::unique_ptr<session_port>(new session_port(
        std::unique_ptr<implementation>(new implementation(spec, store, listener))));
}

const data_field_table& session_port::data_fields() const noexcept {
    return held_->data_fields;
}

const screen_options& session_port::screening() const noexcept {
    return held_->screening;
}

call_status session_port::connected(wire_sink& sink) noexcept {
    if (held_->wire.is_attached()) {
        held_->say("the session has a connection already");
        return call_status::failed;
    }
    const call_status status = held_->guarded([&] {
        held_->wire.attach(&sink);
        held_->session->setResponder(&held_->wire);
    });
    if (status == call_status::failed) {
        held_->drop();
    }
    return status;
}

call_status session_port::connection_lost() noexcept {
    return held_->guarded([&] {
        held_->wire.attach(nullptr);
        held_->session->disconnect();
    });
}

bool session_port::is_connected() const noexcept {
    return held_->wire.is_attached();
}

receive_result session_port::receive(const screened_frame& frame, std::int64_t now_ns) noexcept {
    held_->begin_call();
    receive_result result;
    result.status = held_->receive(frame, now_ns);
    result.disconnected = held_->wire.was_disconnected();
    return result;
}

call_status session_port::tick() noexcept {
    if (!held_->wire.is_attached()) {
        // The library would number and store a Logon that nobody carries.
        held_->begin_call();
        return call_status::ok;
    }
    const call_status status = held_->guarded([&] { held_->session->next(FIX::UtcTimeStamp()); });
    if (status == call_status::failed) {
        held_->drop();
    }
    return status;
}

send_status session_port::send_app(const char* msg_type, std::size_t msg_type_size,
                                   const char* body, std::size_t body_size) noexcept {
    held_->begin_call();
    if (!held_->is_logged_on() || held_->session->sentLogout() || !held_->session->isEnabled()) {
        held_->say("the session is not logged on");
        return send_status::not_logged_on;
    }
    if (!held_->compose(msg_type, msg_type_size, body, body_size)) {
        return send_status::invalid;
    }
    try {
        return held_->send_composed();
    } catch (const std::exception& problem) {
        held_->say("the message does not parse under the session's dictionary", problem.what());
    } catch (...) {
        held_->say("the FIX library threw something unknown");
    }
    return send_status::invalid;
}

session_state session_port::state() const noexcept {
    const FIX::SessionState& inner = held_->state();
    session_state outer;
    outer.sent_logon = inner.sentLogon();
    outer.received_logon = inner.receivedLogon();
    outer.is_logged_on = outer.sent_logon && outer.received_logon;
    outer.is_enabled = inner.enabled();
    outer.sent_logout = inner.sentLogout();
    outer.sent_reset = inner.sentReset();
    outer.received_reset = inner.receivedReset();
    outer.resend_requested = inner.resendRequested();
    try {
        const int heart_bt_int_s = inner.heartBtInt();
        outer.heart_bt_int_s = heart_bt_int_s > 0 ? static_cast<std::uint32_t>(heart_bt_int_s) : 0;
    } catch (...) {
        outer.heart_bt_int_s = 0;  // an acceptor that has not seen a Logon
    }
    outer.test_requests_open = static_cast<std::uint32_t>(std::max(inner.testRequest(), 0));
    return outer;
}

bool session_port::is_logged_on() const noexcept {
    return held_->is_logged_on();
}

msg_seq_num session_port::next_sender() const noexcept {
    return msg_seq_num{static_cast<std::uint32_t>(held_->store.getNextSenderMsgSeqNum())};
}

msg_seq_num session_port::next_target() const noexcept {
    return msg_seq_num{static_cast<std::uint32_t>(held_->store.getNextTargetMsgSeqNum())};
}

bool session_port::is_header_field(std::uint32_t tag) const noexcept {
    return held_->is_header_field(static_cast<int>(tag));
}

void session_port::set_reset_on_logon(bool resets) noexcept {
    held_->session->setResetOnLogon(resets);
}

call_status session_port::send_test_request(const char* id) noexcept {
    return held_->guarded([&] {
        FIX::Message request;
        request.getHeader().setField(FIX::MsgType(FIX::MsgType_TestRequest));
        request.setField(FIX::TestReqID(id));
        if (!held_->session->send(request)) {
            throw FIX::IOException(held_->events.last());
        }
    });
}

call_status session_port::send_resend_request(msg_seq_num begin, msg_seq_num end) noexcept {
    return held_->guarded([&] {
        // What "all" is called depends on the version.
        constexpr std::uint32_t infinity_before_fix42 = 999999;
        const bool is_old = held_->spec.begin_string < "FIX.4.2";
        const std::uint32_t last = end.is_none() && is_old ? infinity_before_fix42 : end.value;
        FIX::Message request;
        request.getHeader().setField(FIX::MsgType(FIX::MsgType_ResendRequest));
        request.setField(FIX::BeginSeqNo(static_cast<int>(begin.value)));
        request.setField(FIX::EndSeqNo(static_cast<int>(last)));
        if (!held_->session->send(request)) {
            throw FIX::IOException(held_->events.last());
        }
    });
}

call_status session_port::logon() noexcept {
    return held_->guarded([&] { held_->session->logon(); });
}

call_status session_port::logout(const char* reason) noexcept {
    return held_->guarded([&] { held_->session->logout(reason); });
}

call_status session_port::disconnect() noexcept {
    held_->begin_call();
    held_->drop();
    return call_status::ok;
}

call_status session_port::reset() noexcept {
    const call_status status = held_->guarded([&] { held_->session->reset(); });
    if (status == call_status::failed) {
        held_->drop();
    }
    return status;
}

call_status session_port::clear_queue() noexcept {
    return held_->guarded([&] { held_->state().clearQueue(); });
}

bool session_port::is_ordinary() const noexcept {
    const FIX::SessionState& inner = held_->state();
    return inner.receivedLogon() && inner.sentLogon() && inner.enabled() && !inner.sentLogout() &&
           !inner.sentReset() && !inner.receivedReset();
}

bool session_port::is_resend_awaited() const noexcept {
    return held_->state().resendRequested();
}

void session_port::note_received(std::int64_t now_ns) noexcept {
    held_->received_beside_ns = now_ns;
}

void session_port::note_sent(std::int64_t now_ns) noexcept {
    held_->sent_beside_ns = now_ns;
}

const char* session_port::last_text() const noexcept {
    return held_->text;
}

const char* quickfix_version() noexcept {
#ifdef MILLRACE_QUICKFIX_VERSION
    return MILLRACE_QUICKFIX_VERSION;
#else
    return "unknown";
#endif
}

}  // namespace gateway
}  // namespace millrace
