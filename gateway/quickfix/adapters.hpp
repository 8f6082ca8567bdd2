// QuickFIX's callback interfaces, each forwarding to its plain counterpart. Inside the wall only.
//
// Errors  a callback may throw nothing but what its interface names, else the library ends the
//         process: IOException from the store, DoNotSend from toApp, IncorrectTagValue from
//         fromAdmin
#pragma once

#include <quickfix/Application.h>
#include <quickfix/Log.h>
#include <quickfix/MessageStore.h>
#include <quickfix/Responder.h>
#include <quickfix/SessionState.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "gateway/quickfix/body_order.hpp"
#include "gateway/quickfix/outbound_fields.hpp"
#include "gateway/quickfix/port.hpp"
#include "gateway/quickfix/secrets.hpp"

namespace millrace {
namespace gateway {
namespace detail {

FIX::UtcTimeStamp to_timestamp(std::int64_t utc_ns);

// The library's own schedule, which resets nothing: it lasts from a nanosecond past midnight to
// midnight, and what it asks of the store is whether that was created in the same day. It was for
// all times less than a day before its creation, so it answers half a day from now. With the day of
// FIX from 00:00:00 to 00:00:00, and the present for an answer, it would not hold when midnight
// comes between two of the library's looks at the host's clock.
constexpr const char* library_start_time = "00:00:00.000000001";
constexpr const char* library_end_time = "00:00:00.000000000";
FIX::UtcTimeStamp creation_seen_at(FIX::UtcTimeStamp now);

// The overridden functions carry exception specifications; ours must repeat them where they do
// throw.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated"

class store_adapter : public FIX::MessageStore, public FIX::MessageStoreFactory {
public:
    // REQUIRES: order outlives this.
    store_adapter(session_store& store, const std::string& begin_string, body_order& order)
        : store_(store), begin_string_(begin_string), order_(order) {}

    FIX::MessageStore* create(const FIX::SessionID&) override { return this; }
    void destroy(FIX::MessageStore*) override {}

    void session_exists(FIX::SessionState& state) { state_ = &state; }

    bool set(int number, const std::string& frame) throw(FIX::IOException) override;
    void get(int begin, int end, std::vector<std::string>& frames) const
        throw(FIX::IOException) override;
    int getNextSenderMsgSeqNum() const throw(FIX::IOException) override;
    int getNextTargetMsgSeqNum() const throw(FIX::IOException) override;
    void setNextSenderMsgSeqNum(int number) throw(FIX::IOException) override;
    void setNextTargetMsgSeqNum(int number) throw(FIX::IOException) override;
    void incrNextSenderMsgSeqNum() throw(FIX::IOException) override;
    void incrNextTargetMsgSeqNum() throw(FIX::IOException) override;
    FIX::UtcTimeStamp getCreationTime() const throw(FIX::IOException) override;
    void reset() throw(FIX::IOException) override;
    void refresh() throw(FIX::IOException) override;

private:
    static void demand(bool is_done, const char* what);

    session_store& store_;
    const std::string begin_string_;
    body_order& order_;
    FIX::SessionState* state_ = nullptr;
};

class application_adapter : public FIX::Application {
public:
    // REQUIRES: all outlive this.
    application_adapter(session_listener& listener, const session_spec& spec,
                        const std::vector<outbound_field>& fields)
        : listener_(listener), spec_(spec), fields_(fields) {}
    // Which administrative messages have which fields; null: without a dictionary nobody knows.
    void set_transport(const FIX::DataDictionary* transport) { transport_ = transport; }

    // What is looked at now has the wrong value in this header field; 0: in none.
    void set_wrong_comp_id(int tag) { wrong_comp_id_ = tag; }

    // An administrative message has passed the library's checks.
    bool has_taken_admin() const { return has_taken_admin_; }
    void forget_admin() { has_taken_admin_ = false; }

    bool has_withheld() const { return has_withheld_; }
    void forget_withheld() { has_withheld_ = false; }

    void onCreate(const FIX::SessionID&) override {}
    void onLogon(const FIX::SessionID&) override { listener_.on_logon(); }
    void onLogout(const FIX::SessionID&) override { listener_.on_logout(); }
    void toAdmin(FIX::Message& message, const FIX::SessionID&) override;
    void toApp(FIX::Message& message, const FIX::SessionID&) throw(FIX::DoNotSend) override;
    void fromAdmin(const FIX::Message& message,
                   const FIX::SessionID&) throw(FIX::IncorrectTagValue) override;
    void fromApp(const FIX::Message& message, const FIX::SessionID&) throw() override;

private:
    void add_fields(FIX::Message& message, const std::string& msg_type) const;
    void name_comp_id(FIX::Message& reject) const;

    session_listener& listener_;
    const session_spec& spec_;
    const std::vector<outbound_field>& fields_;
    const FIX::DataDictionary* transport_ = nullptr;
    int wrong_comp_id_ = 0;
    bool has_taken_admin_ = false;
    bool has_withheld_ = false;
};

#pragma GCC diagnostic pop

class event_adapter : public FIX::Log, public FIX::LogFactory {
public:
    // REQUIRES: both outlive this.
    event_adapter(session_listener& listener, const secret_tags& secrets)
        : listener_(listener), secrets_(secrets) {}

    FIX::Log* create() override { return this; }
    FIX::Log* create(const FIX::SessionID&) override { return this; }
    void destroy(FIX::Log*) override {}

    void clear() override {}
    void backup() override {}
    void onIncoming(const std::string&) override {}
    void onOutgoing(const std::string&) override {}
    void onEvent(const std::string& text) override;

    const char* last() const { return last_; }
    void forget() { last_[0] = '\0'; }

private:
    session_listener& listener_;
    const secret_tags& secrets_;
    char last_[session_listener::event_bytes_max + 1] = "";
};

class wire_adapter : public FIX::Responder {
public:
    // REQUIRES: order outlives this.
    explicit wire_adapter(body_order& order) : order_(order) {}

    bool send(const std::string& frame) override {
        if (sink_ == nullptr) {
            return false;
        }
        const std::string& sent = order_.restore(frame);
        return sink_->send(sent.data(), sent.size());
    }
    void disconnect() override {
        was_disconnected_ = true;
        if (sink_ != nullptr) {
            wire_sink* const sink = sink_;
            sink_ = nullptr;
            sink->disconnect();
        }
    }

    void attach(wire_sink* sink) { sink_ = sink; }
    bool is_attached() const { return sink_ != nullptr; }
    bool was_disconnected() const { return was_disconnected_; }
    void forget_disconnect() { was_disconnected_ = false; }

private:
    body_order& order_;
    wire_sink* sink_ = nullptr;
    bool was_disconnected_ = false;
};

}  // namespace detail
}  // namespace gateway
}  // namespace millrace
