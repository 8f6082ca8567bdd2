// QuickFIX's store and log interfaces in front of the venue's book.
//
// Threading  the session thread; creation happens before it starts
// Errors     a refused write is FIX::IOException, the only one QuickFIX lets through
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <quickfix/Log.h>
#include <quickfix/MessageStore.h>

#include "tools/venue/book.hpp"

namespace millrace {
namespace tools {

// What the venue knows of one session, beside QuickFIX's own state.
struct session_link {
    std::size_t index = 0;      // in the book
    bool is_always_on = false;  // no schedule: QuickFIX must not reset at midnight
    bool is_logged_on = false;
    std::uint64_t report_in_hand = 0;  // handed to Session::send just now
    int logon_number = 0;              // of our Logon, until the peer's first message behind it
    int probe_number = 0;              // of the TestRequest not answered yet
    std::string probe_id;
    std::uint64_t reports_since_probe = 0;
};

using session_links = std::map<FIX::SessionID, session_link>;

class book_store : public FIX::MessageStore {
public:
    book_store(venue_book& book, const session_link& link) : book_(book), link_(link) {}

    bool set(int number, const std::string& message) throw(FIX::IOException) override;
    void get(int first, int last, std::vector<std::string>& messages) const
        throw(FIX::IOException) override;
    int getNextSenderMsgSeqNum() const throw(FIX::IOException) override;
    int getNextTargetMsgSeqNum() const throw(FIX::IOException) override;
    void setNextSenderMsgSeqNum(int number) throw(FIX::IOException) override;
    void setNextTargetMsgSeqNum(int number) throw(FIX::IOException) override;
    void incrNextSenderMsgSeqNum() throw(FIX::IOException) override;
    void incrNextTargetMsgSeqNum() throw(FIX::IOException) override;
    FIX::UtcTimeStamp getCreationTime() const throw(FIX::IOException) override;
    void reset() throw(FIX::IOException) override;
    void refresh() throw(FIX::IOException) override {}

private:
    void require(bool succeeded) const;

    venue_book& book_;
    const session_link& link_;
    int stored_number_ = 0;  // by set(), until incrNextSenderMsgSeqNum() asks for it
};

class book_store_factory : public FIX::MessageStoreFactory {
public:
    book_store_factory(venue_book& book, const session_links& links) : book_(book), links_(links) {}
    FIX::MessageStore* create(const FIX::SessionID& id) override;
    void destroy(FIX::MessageStore* store) override { delete store; }

private:
    venue_book& book_;
    const session_links& links_;
};

// Session events as text lines; messages are not logged, the stores have them.
class event_log_factory : public FIX::LogFactory {
public:
    explicit event_log_factory(const std::string& path) : file_(path) {}
    FIX::Log* create() override;
    FIX::Log* create(const FIX::SessionID& id) override;
    // QuickFIX forgets its log when an acceptor cannot be built, so they all stay ours.
    void destroy(FIX::Log*) override {}

private:
    append_file file_;
    std::vector<std::unique_ptr<FIX::Log>> logs_;
};

}  // namespace tools
}  // namespace millrace
