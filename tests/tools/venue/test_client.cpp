#include "tests/tools/venue/test_client.hpp"

#include <mutex>
#include <sstream>

#include <quickfix/Application.h>
#include <quickfix/FileStore.h>
#include <quickfix/Session.h>
#include <quickfix/SessionSettings.h>
#include <quickfix/SocketInitiator.h>

namespace millrace {
namespace tools {

namespace {

std::string settings_text(const std::string& directory, const std::string& dictionary, int port,
                          bool reset_on_logon) {
    std::ostringstream text;
    text << "[DEFAULT]\nConnectionType=initiator\nReconnectInterval=1\nHeartBtInt=5\n"
         << "StartTime=00:00:00\nEndTime=00:00:00\nSocketConnectHost=127.0.0.1\n"
         << "SocketConnectPort=" << port << "\nSocketNodelay=Y\nDataDictionary=" << dictionary
         << "\nFileStorePath=" << directory << "\nResetOnLogon=" << (reset_on_logon ? "Y" : "N")
         << "\n[SESSION]\nBeginString=FIX.4.4\nSenderCompID=CLIENT\nTargetCompID=VENUE\n";
    return text.str();
}

}  // namespace

class test_client::implementation : public FIX::Application {
public:
    implementation(const std::string& directory, const std::string& dictionary, int port,
                   bool reset_on_logon)
        : stream_(settings_text(directory, dictionary, port, reset_on_logon)),
          settings_(stream_),
          stores_(directory),
          initiator_(*this, stores_, settings_) {}

    void onCreate(const FIX::SessionID&) override {}
    void onLogon(const FIX::SessionID&) override {}
    void onLogout(const FIX::SessionID&) override {}
    void toAdmin(FIX::Message&, const FIX::SessionID&) override {}
    void toApp(FIX::Message&, const FIX::SessionID&) throw(FIX::DoNotSend) override {}
    void fromAdmin(const FIX::Message&,
                   const FIX::SessionID&) throw(FIX::FieldNotFound, FIX::IncorrectDataFormat,
                                                FIX::IncorrectTagValue, FIX::RejectLogon) override {
    }
    void fromApp(const FIX::Message& message,
                 const FIX::SessionID&) throw(FIX::FieldNotFound, FIX::IncorrectDataFormat,
                                              FIX::IncorrectTagValue,
                                              FIX::UnsupportedMessageType) override {
        std::map<int, std::string> fields;
        for (auto i = message.getHeader().begin(); i != message.getHeader().end(); ++i) {
            fields[i->getTag()] = i->getString();
        }
        for (auto i = message.begin(); i != message.end(); ++i) {
            fields[i->getTag()] = i->getString();
        }
        const std::lock_guard<std::mutex> guard(mutex_);
        if (fields.count(FIX::FIELD::ExecID) != 0) {
            int& count = reports_[fields[FIX::FIELD::ExecID]];
            const bool is_announced = fields.count(FIX::FIELD::PossResend) != 0 && count > 0;
            count += is_announced ? 0 : 1;
        }
        messages_.push_back(std::move(fields));
    }

    FIX::Session& session() {
        return *FIX::Session::lookupSession(FIX::SessionID("FIX.4.4", "CLIENT", "VENUE"));
    }

    std::istringstream stream_;
    FIX::SessionSettings settings_;
    FIX::FileStoreFactory stores_;
    FIX::SocketInitiator initiator_;
    mutable std::mutex mutex_;
    std::map<std::string, int> reports_;
    std::vector<std::map<int, std::string>> messages_;
};

test_client::test_client(const std::string& directory, const std::string& dictionary, int port,
                         bool reset_on_logon)
    : implementation_(new implementation(directory, dictionary, port, reset_on_logon)) {}
test_client::~test_client() {
    implementation_->initiator_.stop(true);
}
void test_client::start() {
    implementation_->initiator_.start();
}
void test_client::stop() {
    implementation_->initiator_.stop();
}
bool test_client::is_logged_on() const {
    return implementation_->initiator_.isLoggedOn();
}
void test_client::set_next_sender(int number) {
    implementation_->session().setNextSenderMsgSeqNum(number);
}
void test_client::reset_numbers() {
    implementation_->session().reset();
}

void test_client::send(const test_message& fields) {
    FIX::Message message;
    for (const auto& field : fields) {
        const bool is_header = field.first == FIX::FIELD::MsgType ||
                               field.first == FIX::FIELD::PossResend ||
                               field.first == FIX::FIELD::PossDupFlag;
        FIX::FieldMap& target =
            is_header ? static_cast<FIX::FieldMap&>(message.getHeader()) : message;
        target.setField(field.first, field.second);
    }
    implementation_->session().send(message);
}

std::map<std::string, int> test_client::reports() const {
    const std::lock_guard<std::mutex> guard(implementation_->mutex_);
    return implementation_->reports_;
}

std::vector<std::map<int, std::string>> test_client::messages() const {
    const std::lock_guard<std::mutex> guard(implementation_->mutex_);
    return implementation_->messages_;
}

std::size_t test_client::message_count() const {
    const std::lock_guard<std::mutex> guard(implementation_->mutex_);
    return implementation_->messages_.size();
}

test_message new_order(const std::string& cl_ord_id, const std::string& quantity,
                       const std::string& price) {
    return {{35, "D"},
            {11, cl_ord_id},
            {55, "MSFT"},
            {54, "1"},
            {38, quantity},
            {40, "2"},
            {44, price},
            {59, "0"},
            {1, "ACC0001"},
            {21, "1"},
            {60, "20260302-09:30:00.000"}};
}

}  // namespace tools
}  // namespace millrace
