#include "tools/venue/planning.hpp"

#include "tools/venue/decision.hpp"

namespace millrace::tools {

namespace {

// FIX 4.4: OrdStatus(39), ExecType(150), OrdRejReason(103), CxlRejReason(102)
constexpr char status_new = '0';
constexpr char status_partially_filled = '1';
constexpr char status_filled = '2';
constexpr char status_cancelled = '4';
constexpr char status_rejected = '8';
constexpr int reject_venue_option = 0;
constexpr int reject_duplicate = 6;
constexpr int reject_unsupported = 11;
constexpr int reject_quantity = 13;
constexpr int reject_other = 99;
constexpr int cancel_too_late = 0;
constexpr int cancel_unknown_order = 1;
constexpr int cancel_venue_option = 2;
constexpr int cancel_duplicate = 6;

venue_report execution(char exec_type, char ord_status, const venue_order& order) {
    venue_report report;
    report.exec_type = exec_type;
    report.ord_status = ord_status;
    report.cum_qty = order.cum_qty;
    const bool is_open = ord_status == status_new || ord_status == status_partially_filled;
    report.leaves_qty = is_open ? order.quantity - order.cum_qty : 0;
    report.avg_px = average_price(order.traded, order.cum_qty);
    return report;
}

venue_report rejection(int reason) {
    venue_report report;
    report.exec_type = '8';
    report.ord_status = status_rejected;
    report.reason = reason;
    return report;
}

venue_report cancel_rejection(int reason, const venue_order* order) {
    venue_report report;
    report.msg_type = '9';
    report.exec_type = '-';
    report.ord_status = order == nullptr ? status_rejected : order->status;
    report.reason = reason;
    return report;
}

void plan_fills(const decision& decided, venue_order order, std::vector<venue_report>& reports) {
    for (const std::int64_t quantity : decided.fills) {
        order.cum_qty += quantity;
        order.traded += static_cast<notional>(order.price) * quantity;
        const bool is_filled = order.cum_qty == order.quantity;
        reports.push_back(
            execution('F', is_filled ? status_filled : status_partially_filled, order));
        reports.back().last_qty = quantity;
        reports.back().last_px = order.price;
    }
    if (decided.outcome == fate::cancelled) {
        reports.push_back(execution('4', status_cancelled, order));
    }
}

decision decide_for(const venue_options& options, const venue_request& request,
                    std::int64_t quantity, bool is_replacement) {
    decision_input input;
    input.cl_ord_id = request.cl_ord_id;
    input.quantity = quantity;
    input.is_immediate = request.time_in_force == "3" || request.time_in_force == "4";
    input.is_all_or_none = request.time_in_force == "4";
    input.is_replacement = is_replacement;
    return decide(options, input);
}

}  // namespace

int read_terms(const venue_options& options, const venue_request& request, venue_order& order) {
    if (!parse_decimal(request.order_qty, order.quantity) || order.quantity <= 0) {
        return reject_quantity;
    }
    const std::string& force = request.time_in_force;
    const bool is_known_force = force.empty() || force == "0" || force == "1" || force == "3" ||
                                force == "4" || force == "6";
    if (!is_known_force) {
        return reject_unsupported;
    }
    if (request.ord_type == "1") {
        order.price = market_price(options.seed, request.symbol);
        return -1;
    }
    if (request.ord_type != "2") {
        return reject_unsupported;
    }
    return parse_decimal(request.price, order.price) ? -1 : reject_other;
}

std::vector<venue_report> plan_new(const venue_options& options, const venue_request& request) {
    venue_order order;
    const int reason = read_terms(options, request, order);
    if (reason >= 0) {
        return {rejection(reason)};
    }
    const decision decided = decide_for(options, request, order.quantity, false);
    if (decided.outcome == fate::rejected) {
        return {rejection(reject_venue_option)};
    }
    std::vector<venue_report> reports{execution('0', status_new, order)};
    plan_fills(decided, order, reports);
    return reports;
}

std::vector<venue_report> plan_change(const venue_options& options, const venue_request& request,
                                      const venue_request* terms, const venue_order* order) {
    if (order == nullptr || terms == nullptr) {
        return {cancel_rejection(cancel_unknown_order, nullptr)};
    }
    if (!order->is_open()) {
        return {cancel_rejection(cancel_too_late, order)};
    }
    if (request.symbol != terms->symbol || request.side != terms->side) {
        return {cancel_rejection(cancel_venue_option, order)};
    }
    if (request.msg_type == 'F') {
        return {execution('4', status_cancelled, *order)};
    }
    venue_order replaced = *order;
    if (read_terms(options, request, replaced) >= 0 || replaced.quantity <= replaced.cum_qty) {
        return {cancel_rejection(cancel_venue_option, order)};
    }
    std::vector<venue_report> reports{
        execution('5', replaced.cum_qty > 0 ? status_partially_filled : status_new, replaced)};
    const std::int64_t leaves = replaced.quantity - replaced.cum_qty;
    plan_fills(decide_for(options, request, leaves, true), replaced, reports);
    return reports;
}

std::vector<venue_report> plan_duplicate(const venue_request& request, const venue_order* order) {
    if (request.msg_type == 'D') {
        return {rejection(reject_duplicate)};
    }
    return {cancel_rejection(cancel_duplicate, order)};
}

}  // namespace millrace::tools
