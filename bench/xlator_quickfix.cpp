#include "bench/xlator_quickfix.hpp"

#include <quickfix/DataDictionary.h>
#include <quickfix/fix44/NewOrderSingle.h>

namespace millrace {
namespace bench {

struct quickfix_rival::state {
    explicit state(const std::string& file) : dictionary(file) {}
    FIX::DataDictionary dictionary;
    FIX::Message message;
    std::string text;
};

quickfix_rival::quickfix_rival(const std::string& dictionary_file)
    : state_(new state(dictionary_file)) {}

quickfix_rival::~quickfix_rival() = default;

const std::string& quickfix_rival::build_order(int msg_seq_num) {
    FIX44::NewOrderSingle order(FIX::ClOrdID("ORD-00012345"), FIX::Side(FIX::Side_BUY),
                                FIX::TransactTime(FIX::UtcTimeStamp(10, 0, 0, 123, 1, 1, 2024), 3),
                                FIX::OrdType(FIX::OrdType_LIMIT));
    FIX44::Header& header = static_cast<FIX44::Header&>(order.getHeader());
    header.setField(FIX::MsgSeqNum(msg_seq_num));
    header.setField(FIX::SenderCompID("BUYSIDE"));
    header.setField(FIX::TargetCompID("VENUE"));
    header.setField(FIX::SendingTime(FIX::UtcTimeStamp(10, 0, 0, 123, 1, 1, 2024), 3));
    order.set(FIX::Account("ACC-7"));
    order.set(FIX::HandlInst('1'));
    order.set(FIX::OrderQty(1000));
    order.set(FIX::Price(101.25));
    order.set(FIX::Symbol("VOD.L"));
    order.set(FIX::TimeInForce(FIX::TimeInForce_DAY));
    FIX44::NewOrderSingle::NoPartyIDs party;
    party.set(FIX::PartyID("BROKER1"));
    party.set(FIX::PartyIDSource('D'));
    party.set(FIX::PartyRole(1));
    order.addGroup(party);
    FIX44::NewOrderSingle::NoPartyIDs trader;
    trader.set(FIX::PartyID("TRADER9"));
    trader.set(FIX::PartyRole(12));
    order.addGroup(trader);
    return order.toString(state_->text);
}

bool quickfix_rival::parse_report(const std::string& frame) {
    try {
        state_->message.setString(frame, true, &state_->dictionary, &state_->dictionary);
        state_->dictionary.validate(state_->message);
        return true;
    } catch (const std::exception&) {
        return false;
    }
}

}  // namespace bench
}  // namespace millrace
