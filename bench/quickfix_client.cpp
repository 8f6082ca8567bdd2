#include "bench/quickfix_client.hpp"

#include <quickfix/Application.h>
#include <quickfix/FileStore.h>
#include <quickfix/Message.h>
#include <quickfix/MessageStore.h>
#include <quickfix/Session.h>
#include <quickfix/SessionSettings.h>
#include <quickfix/SocketInitiator.h>
#include <quickfix/fix44/ExecutionReport.h>
#include <quickfix/fix44/NewOrderSingle.h>

#include <cstdio>
#include <cstdlib>
#include <set>
#include <sstream>
#include <stdexcept>

namespace millrace {
namespace bench {

namespace {

std::string settings_of(const quickfix_options& options) {
    std::ostringstream text;
    text << "[DEFAULT]\nConnectionType=initiator\nStartTime=00:00:00\nEndTime=00:00:00\n"
            "HeartBtInt=30\nReconnectInterval=1\nSocketNodelay=Y\nSocketConnectHost=127.0.0.1\n"
         << "SocketConnectPort=" << options.port << "\nDataDictionary=" << options.dictionary
         << "\nFileStorePath=" << options.store << "\nBeginString=FIX.4.4\n";
    for (const std::string& sender : options.senders) {
        text << "\n[SESSION]\nSenderCompID=" << sender << "\nTargetCompID=VENUE\n";
    }
    return text.str();
}

}  // namespace

struct quickfix_client::state : public FIX::NullApplication {
    state(const quickfix_options& options, quickfix_report_handler reports)
        : handler(reports), text(settings_of(options)), settings(text) {
        if (options.store.empty()) {
            stores.reset(new FIX::MemoryStoreFactory);
        } else {
            stores.reset(new FIX::FileStoreFactory(options.store));
        }
        for (const std::string& sender : options.senders) {
            sessions.push_back(FIX::SessionID("FIX.4.4", sender, "VENUE"));
        }
        initiator.reset(new FIX::SocketInitiator(*this, *stores, settings));
    }
    ~state() override { initiator->stop(true); }

    void onLogon(const FIX::SessionID& session) override { logged_on.insert(session); }
    void onLogout(const FIX::SessionID& session) override { logged_on.erase(session); }
    void fromApp(const FIX::Message& message,
                 const FIX::SessionID&) throw(FIX::FieldNotFound, FIX::IncorrectDataFormat,
                                              FIX::IncorrectTagValue,
                                              FIX::UnsupportedMessageType) override {
        FIX::ClOrdID cl_ord_id;
        FIX::ExecType exec_type;
        FIX::LastQty last_qty;
        FIX::LastPx last_px;
        message.getField(cl_ord_id);
        message.getField(exec_type);
        message.getField(last_qty);
        message.getField(last_px);
        if (exec_type != FIX::ExecType_TRADE || last_qty != 1000000 || last_px != 1.08214) {
            std::fputs("QuickFIX: a report says something else\n", stderr);
            std::abort();
        }
        handler.call(handler.context, std::strtoull(cl_ord_id.getString().c_str(), nullptr, 10));
    }

    quickfix_report_handler handler;
    std::istringstream text;
    FIX::SessionSettings settings;
    std::unique_ptr<FIX::MessageStoreFactory> stores;
    std::vector<FIX::SessionID> sessions;
    std::set<FIX::SessionID> logged_on;
    std::unique_ptr<FIX::SocketInitiator> initiator;
    std::unique_ptr<FIX44::NewOrderSingle> order;
};

quickfix_client::quickfix_client(const quickfix_options& options, quickfix_report_handler handler)
    : state_(new state(options, handler)) {}

quickfix_client::~quickfix_client() = default;

void quickfix_client::poll() {
    state_->initiator->poll(0.0);
}

bool quickfix_client::is_logged_on() const {
    return state_->logged_on.size() == state_->sessions.size();
}

void quickfix_client::build(std::uint64_t cl_ord_id) {
    char id[24];
    std::snprintf(id, sizeof id, "%08llu", static_cast<unsigned long long>(cl_ord_id));
    state_->order.reset(new FIX44::NewOrderSingle(FIX::ClOrdID(id), FIX::Side(FIX::Side_BUY),
                                                  FIX::TransactTime(FIX::UtcTimeStamp(), 3),
                                                  FIX::OrdType(FIX::OrdType_LIMIT)));
    FIX44::NewOrderSingle& order = *state_->order;
    order.set(FIX::Account("ACC-1"));
    order.set(FIX::HandlInst('1'));
    order.set(FIX::Symbol("EURUSD"));
    order.set(FIX::OrderQty(1000000));
    order.set(FIX::Price(1.08215));
    order.set(FIX::TimeInForce(FIX::TimeInForce_DAY));
}

bool quickfix_client::send(std::size_t session) {
    return FIX::Session::sendToTarget(*state_->order, state_->sessions[session]);
}

}  // namespace bench
}  // namespace millrace
