#include "tests/gateway/quickfix/stock_peer.hpp"

// Debian's library has these classes; its headers show them to who says so.
#define HAVE_SSL 1

#include <quickfix/Application.h>
#include <quickfix/Message.h>
#include <quickfix/MessageStore.h>
#include <quickfix/SSLSocketAcceptor.h>
#include <quickfix/SSLSocketInitiator.h>
#include <quickfix/Session.h>
#include <quickfix/SessionSettings.h>
#include <quickfix/SocketAcceptor.h>
#include <quickfix/SocketInitiator.h>
#include <quickfix/fix44/ExecutionReport.h>
#include <quickfix/fix44/NewOrderSingle.h>
#include <quickfix/fix44/TestRequest.h>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <sstream>
#include <thread>

namespace millrace {
namespace test {

namespace {

std::string settings_of(const stock_options& options) {
    std::ostringstream text;
    text << "[DEFAULT]\nConnectionType=" << (options.is_acceptor ? "acceptor" : "initiator")
         << "\nStartTime=00:00:00\nEndTime=00:00:00\nReconnectInterval=1\nHeartBtInt="
         << options.heart_bt_int_s << "\nDataDictionary=" << options.dictionary
         << "\nSocketConnectHost=127.0.0.1\nSocketConnectPort=" << options.port
         << "\nSocketAcceptPort=" << options.port << "\nSocketReuseAddress=Y\n"
         << options.more << "\n[SESSION]\nBeginString=FIX.4.4\nSenderCompID=" << options.sender
         << "\nTargetCompID=" << options.target << "\n";
    return text.str();
}

// An acceptor's thread sees that it is to stop when its select() returns: within a second, or when
// somebody connects.
void stop_at_once(FIX::Acceptor& acceptor, std::uint16_t port) {
    std::atomic<bool> is_stopped{false};
    std::thread knocking([&is_stopped, port] {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        while (!is_stopped) {
            const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
            static_cast<void>(
                ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address));
            ::close(fd);
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
    });
    acceptor.stop(true);
    is_stopped = true;
    knocking.join();
}

std::string value_of(const FIX::FieldMap& fields, int tag) {
    return fields.isSetField(tag) ? fields.getField(tag) : std::string();
}

}  // namespace

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated"

class stock_peer::implementation : public FIX::Application {
public:
    explicit implementation(const stock_options& options)
        : text(settings_of(options)),
          settings(text),
          id("FIX.4.4", options.sender, options.target),
          port(options.port) {
        if (options.is_acceptor) {
            acceptor.reset(options.has_tls ? static_cast<FIX::Acceptor*>(new FIX::SSLSocketAcceptor(
                                                 *this, stores, settings))
                                           : new FIX::SocketAcceptor(*this, stores, settings));
            acceptor->start();
        } else {
            initiator.reset(options.has_tls
                                ? static_cast<FIX::Initiator*>(
                                      new FIX::SSLSocketInitiator(*this, stores, settings))
                                : new FIX::SocketInitiator(*this, stores, settings));
            initiator->start();
        }
    }
    ~implementation() override {
        if (acceptor) {
            stop_at_once(*acceptor, port);
        }
        if (initiator) {
            initiator->stop(true);
        }
    }

    FIX::Session& session() const { return *FIX::Session::lookupSession(id); }

    void onCreate(const FIX::SessionID&) override {}
    void onLogon(const FIX::SessionID&) override { set_logged_on(true); }
    void onLogout(const FIX::SessionID&) override { set_logged_on(false); }
    void toAdmin(FIX::Message&, const FIX::SessionID&) override {}
    void toApp(FIX::Message&, const FIX::SessionID&) throw(FIX::DoNotSend) override {}
    void fromAdmin(const FIX::Message& message,
                   const FIX::SessionID&) throw(FIX::FieldNotFound, FIX::IncorrectDataFormat,
                                                FIX::IncorrectTagValue, FIX::RejectLogon) override {
        const std::string type = value_of(message.getHeader(), FIX::FIELD::MsgType);
        const std::string test = value_of(message, FIX::FIELD::TestReqID);
        const std::lock_guard<std::mutex> lock(guard);
        admins.push_back(test.empty() ? type : type + ":" + test);
    }
    void fromApp(const FIX::Message& message,
                 const FIX::SessionID&) throw(FIX::FieldNotFound, FIX::IncorrectDataFormat,
                                              FIX::IncorrectTagValue,
                                              FIX::UnsupportedMessageType) override {
        const FIX::Header& header = message.getHeader();
        const std::string cl_ord_id = value_of(message, FIX::FIELD::ClOrdID);
        {
            const bool is_dup = value_of(header, FIX::FIELD::PossDupFlag) == "Y";
            const std::lock_guard<std::mutex> lock(guard);
            apps.push_back(is_dup ? cl_ord_id + "+dup" : cl_ord_id);
        }
        if (value_of(header, FIX::FIELD::MsgType) == "D") {
            report(cl_ord_id);
        }
    }

    void report(const std::string& cl_ord_id) {
        FIX44::ExecutionReport report(FIX::OrderID("O" + cl_ord_id), FIX::ExecID("E" + cl_ord_id),
                                      FIX::ExecType(FIX::ExecType_NEW),
                                      FIX::OrdStatus(FIX::OrdStatus_NEW), FIX::Side(FIX::Side_BUY),
                                      FIX::LeavesQty(100), FIX::CumQty(0), FIX::AvgPx(0));
        report.set(FIX::ClOrdID(cl_ord_id));
        report.set(FIX::Symbol("ABC"));
        session().send(report);
    }

    void set_logged_on(bool value) {
        const std::lock_guard<std::mutex> lock(guard);
        logged_on = value;
    }

    std::istringstream text;
    FIX::SessionSettings settings;
    FIX::SessionID id;
    std::uint16_t port;
    FIX::MemoryStoreFactory stores;
    std::unique_ptr<FIX::Acceptor> acceptor;
    std::unique_ptr<FIX::Initiator> initiator;
    mutable std::mutex guard;
    bool logged_on = false;
    std::vector<std::string> apps;
    std::vector<std::string> admins;
};

#pragma GCC diagnostic pop

stock_peer::stock_peer(const stock_options& options) : held_(new implementation(options)) {}

stock_peer::~stock_peer() = default;

bool stock_peer::is_logged_on() const {
    const std::lock_guard<std::mutex> lock(held_->guard);
    return held_->logged_on;
}

bool stock_peer::send_order(const std::string& cl_ord_id) {
    FIX44::NewOrderSingle order(FIX::ClOrdID(cl_ord_id), FIX::Side(FIX::Side_BUY),
                                FIX::TransactTime(), FIX::OrdType(FIX::OrdType_MARKET));
    order.set(FIX::Symbol("ABC"));
    order.set(FIX::OrderQty(100));
    return held_->session().send(order);
}

bool stock_peer::send_test_request(const std::string& id) {
    FIX44::TestRequest request((FIX::TestReqID(id)));
    return held_->session().send(request);
}

void stock_peer::log_out(const std::string& reason) {
    held_->session().logout(reason);
}

int stock_peer::next_sender() const {
    return held_->session().getExpectedSenderNum();
}

int stock_peer::next_target() const {
    return held_->session().getExpectedTargetNum();
}

std::vector<std::string> stock_peer::apps_in() const {
    const std::lock_guard<std::mutex> lock(held_->guard);
    return held_->apps;
}

std::vector<std::string> stock_peer::admins_in() const {
    const std::lock_guard<std::mutex> lock(held_->guard);
    return held_->admins;
}

}  // namespace test
}  // namespace millrace
