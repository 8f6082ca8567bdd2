#include "tools/venue/venue_application.hpp"

#include <chrono>
#include <cstdio>
#include <exception>

#include "tools/venue/messages.hpp"
#include "tools/venue/process_files.hpp"
#include "tools/venue/venue.hpp"

namespace millrace {
namespace tools {

std::int64_t monotonic_seconds() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::seconds>(now).count();
}

void venue_application::onLogon(const FIX::SessionID& id) {
    session_link& link = links_.at(id);
    if (!link.is_logged_on) {
        link.is_logged_on = true;
        logged_on_count_.fetch_add(1, std::memory_order_relaxed);
    }
    book_.note(link.index, "logon");
    pump(link, *FIX::Session::lookupSession(id));
    after_event();
}

void venue_application::onLogout(const FIX::SessionID& id) {
    session_link& link = links_.at(id);
    link.logon_number = 0;
    link.probe_number = 0;
    link.reports_since_probe = 0;
    if (link.is_logged_on) {
        link.is_logged_on = false;
        logged_on_count_.fetch_sub(1, std::memory_order_relaxed);
        book_.note(link.index, "logout");
    }
    after_event();
}

void venue_application::toAdmin(FIX::Message& message, const FIX::SessionID& id) {
    const FIX::Header& header = message.getHeader();
    if (header.getField(FIX::FIELD::MsgType) == "A") {
        FIX::MsgSeqNum number;
        header.getField(number);
        session_link& link = links_.at(id);
        link.logon_number = number;
        link.probe_number = 0;  // a Logon in the middle of a session resets the numbers
    }
}

void venue_application::fromAdmin(const FIX::Message& message, const FIX::SessionID& id) throw(
    FIX::FieldNotFound, FIX::IncorrectDataFormat, FIX::IncorrectTagValue, FIX::RejectLogon) {
    session_link& link = links_.at(id);
    const std::string& type = message.getHeader().getField(FIX::FIELD::MsgType);
    if (type == "A") {
        return;
    }
    if (type == "2") {
        FIX::BeginSeqNo first;
        message.getField(first);
        prove(link, first - 1);
        link.logon_number = 0;
        return;
    }
    if (type == "5") {
        FIX::Session* session = FIX::Session::lookupSession(id);
        if (session->sentLogout()) {
            prove(link, book_.numbers(link.index).next_sender() - 1);
        }
        link.logon_number = 0;
        return;
    }
    if (link.logon_number != 0) {
        prove(link, link.logon_number - 1);
        link.logon_number = 0;
    }
    const bool is_answer = type == "0" && link.probe_number != 0 &&
                           message.isSetField(FIX::FIELD::TestReqID) &&
                           message.getField(FIX::FIELD::TestReqID) == link.probe_id;
    if (is_answer) {
        prove(link, link.probe_number);
        link.probe_number = 0;
    }
    after_event();
}

void venue_application::fromApp(const FIX::Message& message,
                                const FIX::SessionID& id) throw(FIX::FieldNotFound,
                                                                FIX::IncorrectDataFormat,
                                                                FIX::IncorrectTagValue,
                                                                FIX::UnsupportedMessageType) {
    session_link& link = links_.at(id);
    if (link.logon_number != 0) {
        prove(link, link.logon_number - 1);
        link.logon_number = 0;
    }
    if (message.getHeader().getField(FIX::FIELD::MsgType) == "j") {
        return;  // an answer is not answered
    }
    if (book_.accept(link.index, read_request(message))) {
        pump(link, *FIX::Session::lookupSession(id));
    }
    after_event();
}

// The first message behind our Logon that is no ResendRequest, or the answer to our TestRequest or
// Logout, proves that the peer has everything up to there; a ResendRequest proves what lies before
// it.
void venue_application::prove(session_link& link, int number) {
    if (number > 0 && number < book_.numbers(link.index).next_sender()) {
        book_.set_proven(link.index, number);
    }
}

void venue_application::pump(session_link& link, FIX::Session& session) {
    while (session.isLoggedOn() && !session.sentLogout()) {
        const std::uint64_t ordinal = book_.next_owed(link.index);
        if (ordinal == 0) {
            break;
        }
        FIX::Message message = build_report(book_, ordinal);
        link.report_in_hand = ordinal;
        session.send(message);
        link.report_in_hand = 0;
        if (book_.next_owed(link.index) == ordinal) {
            break;  // refused: the book has failed, or the session went down
        }
        ++link.reports_since_probe;
        const bool wants_proof = options_.probe_reports != 0 && link.probe_number == 0 &&
                                 link.reports_since_probe >= options_.probe_reports;
        if (wants_proof) {
            const number_store& numbers = book_.numbers(link.index);
            link.reports_since_probe = 0;
            link.probe_number = numbers.next_sender();
            link.probe_id = "PROBE-" + std::to_string(numbers.generation()) + "-" +
                            std::to_string(link.probe_number);
            FIX::Message probe = build_test_request(link.probe_id);
            session.send(probe);
        }
    }
}

void venue_application::after_event() {
    last_seen_.store(monotonic_seconds(), std::memory_order_relaxed);
    if (book_.failed()) {
        failed_.store(true, std::memory_order_release);  // pairs with venue_application.hpp: failed
    }
}

void venue_application::write_tally() {
    if (!tally_requested_.exchange(false, std::memory_order_relaxed)) {
        return;
    }
    try {
        write_text_file(options_.directory + "/tally.json", to_json(book_.tally()) + "\n");
    } catch (const std::exception& error) {
        std::fprintf(stderr, "millrace venue: %s\n", error.what());
    }
}

void venue_application::tick() {
    for (auto& each : links_) {
        FIX::Session* session = FIX::Session::lookupSession(each.first);
        if (session != nullptr && session->isLoggedOn()) {
            session->next();
            pump(each.second, *session);
        }
    }
    const std::int64_t last_seen = last_seen_.load(std::memory_order_relaxed);
    after_event();
    if (!is_logged_on()) {
        last_seen_.store(last_seen, std::memory_order_relaxed);
    }
    write_tally();
}

}  // namespace tools
}  // namespace millrace
