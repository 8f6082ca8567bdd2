// The venue's memory: orders, reports and what it still owes, rebuilt from its journal and its
// sessions' stores.
//
// Threading  one thread
// Invariant  an order and all its reports reach the journal in one write(), before any report is
//            numbered and before the order's own number is used up
// Invariant  a report is owed until a session's store holds it under a number
// Errors     opening throws; afterwards a refused write sets failed() and every later call refuses
//
// Killed                                      healed by
// before or while the order is journaled      the torn entry is cut; the peer resends the order
// journaled, reports not or partly numbered   they are owed; sent behind the next logon
// a report stored, not on the wire            the peer asks for its number; QuickFIX resends it
// reports stored, order's number not used up  the peer resends the order; known as the same message
//
// After a sequence reset a report of an older generation counts as received if it lies at or below
// the highest number proven received there; the others are owed again and carry PossResend and the
// ExecID they had. Proven: what lies before the BeginSeqNo of a ResendRequest; before our Logon,
// once the peer's first message behind it is no ResendRequest; before an answered TestRequest or
// Logout.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "tools/venue/append_file.hpp"
#include "tools/venue/decimal.hpp"
#include "tools/venue/number_store.hpp"
#include "tools/venue/options.hpp"
#include "tools/venue/venue.hpp"

namespace millrace {
namespace tools {

struct party {
    std::string id;      // PartyID
    std::string source;  // PartyIDSource, may be empty
    std::string role;    // PartyRole, may be empty
};

// NewOrderSingle, OrderCancelRequest or OrderCancelReplaceRequest; texts as they stood in the
// message.
struct venue_request {
    char msg_type = 'D';
    int msg_seq_num = 0;
    bool poss_dup = false;
    bool poss_resend = false;
    std::string cl_ord_id;
    std::string orig_cl_ord_id;
    std::string symbol;
    std::string side;
    std::string order_qty;
    std::string ord_type;
    std::string price;
    std::string time_in_force;
    std::string account;
    std::vector<party> parties;
};

struct venue_report {
    std::uint64_t request = 0;  // index of the request it answers
    std::uint64_t terms = 0;    // index of the request whose terms it echoes
    std::uint64_t order = 0;    // index of the order + 1; 0: there is no such order
    char msg_type = '8';        // 8, or 9 for OrderCancelReject
    char exec_type = '0';       // of an ExecutionReport
    char ord_status = '0';
    int reason = -1;  // OrdRejReason or CxlRejReason; -1: none
    std::int64_t last_qty = 0;
    std::int64_t last_px = 0;
    std::int64_t cum_qty = 0;
    std::int64_t leaves_qty = 0;
    std::int64_t avg_px = 0;
    std::string exec_id;
    std::uint32_t generation = 0;  // where it was last numbered; 0: never
    int number = 0;
};

// An order in the book; a replacement changes it in place.
struct venue_order {
    std::uint64_t request = 0;  // the request that made or last replaced it: the terms in force
    std::string order_id;
    std::int64_t quantity = 0;
    std::int64_t price = 0;
    std::int64_t cum_qty = 0;
    notional traded = 0;
    char status = '0';  // OrdStatus
    bool is_open() const { return status == '0' || status == '1'; }
};

enum class arrival : char {
    first,
    duplicate,  // a known ClOrdID under another message number: journaled and rejected
    again,  // the same message once more, or PossResend of a known order: journaled, nothing new
};

class venue_book {
public:
    explicit venue_book(const venue_options& options);

    // Opens the session's store and finds what is owed to it.
    std::size_t open_session(const std::string& name);

    // Journals a request and decides it. False only when failed().
    bool accept(std::size_t session, const venue_request& request);
    // The ordinal of the next report to be numbered, or 0; it stays owed until store() held it.
    std::uint64_t next_owed(std::size_t session) const;
    // Stores a message under its number; report is its ordinal, 0 for any other message.
    bool store(std::size_t session, int number, const std::string& message, std::uint64_t report);
    bool set_next_sender(std::size_t session, int number);
    bool set_next_target(std::size_t session, int number);
    bool set_proven(std::size_t session, int number);
    bool reset(std::size_t session);
    bool note(std::size_t session, const char* event);  // a line for logon or logout

    const venue_report& report(std::uint64_t ordinal) const { return reports_[ordinal - 1]; }
    std::uint64_t report_count() const { return reports_.size(); }
    const venue_request& request(std::uint64_t index) const { return requests_[index].content; }
    // "NONE" where the report belongs to no order.
    const std::string& order_id(const venue_report& report) const;
    const number_store& numbers(std::size_t session) const { return *sessions_[session].numbers; }
    venue_tally tally() const;
    bool failed() const { return !failure_.empty(); }
    const std::string& failure() const { return failure_; }

private:
    struct kept_request {
        venue_request content;
        std::uint32_t session;
        std::uint32_t generation;
    };
    struct session_state {
        std::string name;
        std::unique_ptr<number_store> numbers;
        std::unordered_map<std::string, std::uint64_t> requests;  // ClOrdID -> index of the first
        std::unordered_map<std::string, std::uint64_t> orders;    // ClOrdID -> index + 1
        std::unordered_map<std::string, std::uint64_t> repeats;   // ClOrdID -> duplicates so far
        std::uint64_t last_request = 0;                           // index + 1
        std::deque<std::uint64_t> owed;                           // report ordinals, ascending
    };

    arrival classify(const session_state& session, const venue_request& request) const;
    const venue_order* find_order(const session_state& session, const std::string& cl_ord_id) const;
    std::vector<venue_report> plan(const session_state& session, const venue_request& request,
                                   arrival how) const;
    // What is decided and what is recovered enter the book the same way.
    void apply(std::size_t session, std::uint32_t generation, const venue_request& request,
               arrival how, std::vector<venue_report> reports);
    std::uint64_t order_for(session_state& session, std::uint64_t request, arrival how,
                            const std::vector<venue_report>& reports);
    void apply_report(session_state& session, venue_report report);
    void count(const venue_report& report);
    void recover();
    void find_owed(std::size_t session);
    std::size_t session_named(const std::string& name);
    bool check(bool succeeded, const std::string& reason);

    venue_options options_;
    append_file journal_;
    std::vector<session_state> sessions_;
    std::vector<kept_request> requests_;
    std::vector<venue_order> orders_;
    std::vector<venue_report> reports_;
    venue_tally counts_;
    std::string failure_;
};

}  // namespace tools
}  // namespace millrace
