#include "tools/venue/quickfix_store.hpp"

#include <ctime>

#include <quickfix/FieldConvertors.h>

namespace millrace {
namespace tools {

namespace {

class event_log : public FIX::Log {
public:
    event_log(append_file& file, const std::string& session) : file_(file), session_(session) {}

    void clear() override {}
    void backup() override {}
    void onIncoming(const std::string&) override {}
    void onOutgoing(const std::string&) override {}
    void onEvent(const std::string& text) override {
        line_ = FIX::UtcTimeStampConvertor::convert(FIX::UtcTimeStamp(), 6);
        line_ += ' ';
        line_ += session_;
        line_ += ' ';
        for (const char c : text) {
            line_ += c == '\n' || c == '\001' ? '|' : c;
        }
        line_ += '\n';
        // A venue that cannot write this aid goes on; what must not be lost goes through the book.
        static_cast<void>(file_.append(line_));
    }

private:
    append_file& file_;
    const std::string session_;
    std::string line_;
};

}  // namespace

void book_store::require(bool succeeded) const {
    if (!succeeded) {
        throw FIX::IOException(book_.failure());
    }
}

bool book_store::set(int number, const std::string& message) throw(FIX::IOException) {
    require(book_.store(link_.index, number, message, link_.report_in_hand));
    stored_number_ = number;
    return true;
}

void book_store::get(int first, int last, std::vector<std::string>& messages) const
    throw(FIX::IOException) {
    if (!book_.numbers(link_.index).get(first, last, messages)) {
        throw FIX::IOException("a stored message cannot be read back");
    }
}

int book_store::getNextSenderMsgSeqNum() const throw(FIX::IOException) {
    return book_.numbers(link_.index).next_sender();
}

int book_store::getNextTargetMsgSeqNum() const throw(FIX::IOException) {
    return book_.numbers(link_.index).next_target();
}

void book_store::setNextSenderMsgSeqNum(int number) throw(FIX::IOException) {
    require(book_.set_next_sender(link_.index, number));
}

void book_store::setNextTargetMsgSeqNum(int number) throw(FIX::IOException) {
    require(book_.set_next_target(link_.index, number));
}

void book_store::incrNextSenderMsgSeqNum() throw(FIX::IOException) {
    // Storing the message has used up its number already; anything else moves it here.
    const int next = getNextSenderMsgSeqNum();
    if (stored_number_ + 1 != next) {
        setNextSenderMsgSeqNum(next + 1);
    }
    stored_number_ = 0;
}

void book_store::incrNextTargetMsgSeqNum() throw(FIX::IOException) {
    setNextTargetMsgSeqNum(getNextTargetMsgSeqNum() + 1);
}

FIX::UtcTimeStamp book_store::getCreationTime() const throw(FIX::IOException) {
    if (link_.is_always_on) {
        return FIX::UtcTimeStamp();
    }
    const std::uint64_t seconds = book_.numbers(link_.index).creation_time_ns() / 1000000000u;
    return FIX::UtcTimeStamp(static_cast<std::time_t>(seconds));
}

void book_store::reset() throw(FIX::IOException) {
    stored_number_ = 0;
    require(book_.reset(link_.index));
}

FIX::MessageStore* book_store_factory::create(const FIX::SessionID& id) {
    return new book_store(book_, links_.at(id));
}

FIX::Log* event_log_factory::create() {
    logs_.emplace_back(new event_log(file_, "-"));
    return logs_.back().get();
}

FIX::Log* event_log_factory::create(const FIX::SessionID& id) {
    logs_.emplace_back(new event_log(file_, id.toString()));
    return logs_.back().get();
}

}  // namespace tools
}  // namespace millrace
