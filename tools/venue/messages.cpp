#include "tools/venue/messages.hpp"

#include <cstdlib>

#include <quickfix/Exceptions.h>
#include <quickfix/Group.h>
#include <quickfix/fix44/ExecutionReport.h>

namespace millrace {
namespace tools {

namespace {

std::string text_if_set(const FIX::FieldMap& fields, int tag) {
    return fields.isSetField(tag) ? fields.getField(tag) : std::string();
}

bool is_yes(const FIX::FieldMap& fields, int tag) {
    return fields.isSetField(tag) && fields.getField(tag) == "Y";
}

void set_if_any(FIX::FieldMap& fields, int tag, const std::string& value) {
    if (!value.empty()) {
        fields.setField(tag, value);
    }
}

void set_char(FIX::FieldMap& fields, int tag, char value) {
    fields.setField(tag, std::string(1, value));
}

FIX::Message new_message(char msg_type) {
    FIX::Message message;
    set_char(message.getHeader(), FIX::FIELD::MsgType, msg_type);
    return message;
}

const char* reason_text(const venue_report& report) {
    if (report.msg_type == '9') {
        switch (report.reason) {
            case 0:
                return "too late: the order is closed";
            case 1:
                return "unknown order";
            case 6:
                return "ClOrdID was used before";
            default:
                return "the change does not fit the order";
        }
    }
    switch (report.reason) {
        case 0:
            return "rejected by the venue";
        case 6:
            return "duplicate order: ClOrdID was used before";
        case 11:
            return "unsupported OrdType or TimeInForce";
        case 13:
            return "OrderQty is missing, not positive or too precise";
        default:
            return "Price is missing or cannot be read";
    }
}

void set_reason(FIX::Message& message, const venue_report& report, int tag) {
    if (report.reason >= 0) {
        message.setField(tag, std::to_string(report.reason));
        message.setField(FIX::FIELD::Text, reason_text(report));
    }
}

void set_order_terms(FIX::Message& message, const venue_request& terms) {
    set_if_any(message, FIX::FIELD::Symbol, terms.symbol);
    set_if_any(message, FIX::FIELD::Side, terms.side);
    set_if_any(message, FIX::FIELD::OrderQty, terms.order_qty);
    set_if_any(message, FIX::FIELD::OrdType, terms.ord_type);
    set_if_any(message, FIX::FIELD::Price, terms.price);
    set_if_any(message, FIX::FIELD::TimeInForce, terms.time_in_force);
    set_if_any(message, FIX::FIELD::Account, terms.account);
    for (const party& each : terms.parties) {
        FIX44::ExecutionReport::NoPartyIDs group;
        set_if_any(group, FIX::FIELD::PartyID, each.id);
        set_if_any(group, FIX::FIELD::PartyIDSource, each.source);
        set_if_any(group, FIX::FIELD::PartyRole, each.role);
        message.addGroup(group);
    }
}

void set_execution(FIX::Message& message, const venue_report& report) {
    message.setField(FIX::FIELD::ExecID, report.exec_id);
    set_char(message, FIX::FIELD::ExecType, report.exec_type);
    if (report.exec_type == 'F') {
        message.setField(FIX::FIELD::LastQty, format_decimal(report.last_qty));
        message.setField(FIX::FIELD::LastPx, format_decimal(report.last_px));
    }
    message.setField(FIX::FIELD::CumQty, format_decimal(report.cum_qty));
    message.setField(FIX::FIELD::LeavesQty, format_decimal(report.leaves_qty));
    message.setField(FIX::FIELD::AvgPx, format_decimal(report.avg_px));
    set_reason(message, report, FIX::FIELD::OrdRejReason);
}

}  // namespace

venue_request read_request(const FIX::Message& message) {
    const FIX::Header& header = message.getHeader();
    const std::string& type = header.getField(FIX::FIELD::MsgType);
    if (type != "D" && type != "F" && type != "G") {
        throw FIX::UnsupportedMessageType();
    }
    venue_request request;
    request.msg_type = type[0];
    request.msg_seq_num = std::atoi(header.getField(FIX::FIELD::MsgSeqNum).c_str());
    request.poss_dup = is_yes(header, FIX::FIELD::PossDupFlag);
    request.poss_resend = is_yes(header, FIX::FIELD::PossResend);
    request.cl_ord_id = message.getField(FIX::FIELD::ClOrdID);
    if (request.msg_type != 'D') {
        request.orig_cl_ord_id = message.getField(FIX::FIELD::OrigClOrdID);
    }
    request.symbol = text_if_set(message, FIX::FIELD::Symbol);
    request.side = message.getField(FIX::FIELD::Side);
    request.order_qty = text_if_set(message, FIX::FIELD::OrderQty);
    request.ord_type = text_if_set(message, FIX::FIELD::OrdType);
    request.price = text_if_set(message, FIX::FIELD::Price);
    request.time_in_force = text_if_set(message, FIX::FIELD::TimeInForce);
    request.account = text_if_set(message, FIX::FIELD::Account);
    const std::size_t party_count = message.groupCount(FIX::FIELD::NoPartyIDs);
    for (std::size_t i = 1; i <= party_count; ++i) {
        const FIX::FieldMap& group =
            message.getGroupRef(static_cast<int>(i), FIX::FIELD::NoPartyIDs);
        request.parties.push_back(party{text_if_set(group, FIX::FIELD::PartyID),
                                        text_if_set(group, FIX::FIELD::PartyIDSource),
                                        text_if_set(group, FIX::FIELD::PartyRole)});
    }
    return request;
}

FIX::Message build_report(const venue_book& book, std::uint64_t ordinal) {
    const venue_report& report = book.report(ordinal);
    const venue_request& request = book.request(report.request);
    FIX::Message message = new_message(report.msg_type);
    if (report.generation != 0) {
        message.getHeader().setField(FIX::FIELD::PossResend, "Y");
    }
    message.setField(FIX::FIELD::OrderID, book.order_id(report));
    message.setField(FIX::FIELD::ClOrdID, request.cl_ord_id);
    set_if_any(message, FIX::FIELD::OrigClOrdID, request.orig_cl_ord_id);
    set_char(message, FIX::FIELD::OrdStatus, report.ord_status);
    if (report.msg_type == '9') {
        set_char(message, FIX::FIELD::CxlRejResponseTo, request.msg_type == 'F' ? '1' : '2');
        set_reason(message, report, FIX::FIELD::CxlRejReason);
        return message;
    }
    set_execution(message, report);
    set_order_terms(message, book.request(report.terms));
    message.setField(FIX::FIELD::TransactTime,
                     FIX::UtcTimeStampConvertor::convert(FIX::UtcTimeStamp(), 6));
    return message;
}

FIX::Message build_test_request(const std::string& id) {
    FIX::Message message = new_message('1');
    message.setField(FIX::FIELD::TestReqID, id);
    return message;
}

}  // namespace tools
}  // namespace millrace
