// QuickFIX's callbacks answered from the book, and the acceptor that calls them.
//
// Threading  everything on the session thread, except what says otherwise
#pragma once

#include <atomic>
#include <cstdint>

#include <quickfix/Application.h>
#include <quickfix/Session.h>
#include <quickfix/SocketAcceptor.h>

#include "tools/venue/book.hpp"
#include "tools/venue/process_files.hpp"
#include "tools/venue/quickfix_store.hpp"

namespace millrace {
namespace tools {

std::int64_t monotonic_seconds();

// QuickFIX's callbacks, and a tick about once a second; all on the session thread.
class venue_application : public FIX::Application {
public:
    venue_application(const venue_options& options, venue_book& book, session_links& links)
        : options_(options), book_(book), links_(links), last_seen_(monotonic_seconds()) {}

    void onCreate(const FIX::SessionID&) override {}
    void onLogon(const FIX::SessionID& id) override;
    void onLogout(const FIX::SessionID& id) override;
    void toAdmin(FIX::Message& message, const FIX::SessionID& id) override;
    void toApp(FIX::Message&, const FIX::SessionID&) throw(FIX::DoNotSend) override {}
    void fromAdmin(const FIX::Message& message,
                   const FIX::SessionID& id) throw(FIX::FieldNotFound, FIX::IncorrectDataFormat,
                                                   FIX::IncorrectTagValue,
                                                   FIX::RejectLogon) override;
    void fromApp(const FIX::Message& message,
                 const FIX::SessionID& id) throw(FIX::FieldNotFound, FIX::IncorrectDataFormat,
                                                 FIX::IncorrectTagValue,
                                                 FIX::UnsupportedMessageType) override;

    void tick();
    // These four from any thread.
    void request_tally() { tally_requested_.store(true, std::memory_order_relaxed); }
    bool failed() const { return failed_.load(std::memory_order_acquire); }
    bool is_logged_on() const { return logged_on_count_.load(std::memory_order_relaxed) > 0; }
    std::int64_t last_seen() const { return last_seen_.load(std::memory_order_relaxed); }

private:
    void pump(session_link& link, FIX::Session& session);
    void prove(session_link& link, int number);
    void after_event();
    void write_tally();

    const venue_options& options_;
    venue_book& book_;
    session_links& links_;
    std::atomic<bool> failed_{false};           // written by the session thread
    std::atomic<bool> tally_requested_{false};  // set by any, taken by the session thread
    std::atomic<int> logged_on_count_{0};       // written by the session thread
    std::atomic<std::int64_t> last_seen_;       // written by the session thread
};

// The stock acceptor; QuickFIX's once-a-second look at its sessions becomes our tick.
class venue_acceptor : public FIX::SocketAcceptor {
public:
    // Throws FIX::ConfigError for settings that QuickFIX refuses.
    venue_acceptor(venue_application& application, FIX::MessageStoreFactory& stores,
                   const FIX::SessionSettings& settings, FIX::LogFactory& logs, int port)
        : FIX::SocketAcceptor(application, stores, settings, logs),
          application_(application),
          port_(port) {}

private:
    // Its thread looks at the stop flag only after an event or a second.
    void onStop() override { knock(port_); }
    void onTimeout(FIX::SocketServer&) override { application_.tick(); }

    venue_application& application_;
    const int port_;
};

}  // namespace tools
}  // namespace millrace
