#include "gateway/quickfix/adapters.hpp"

#include <quickfix/Exceptions.h>
#include <quickfix/Values.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

namespace millrace {
namespace gateway {
namespace detail {

namespace {

msg_seq_num to_number(int number) {
    return msg_seq_num{number > 0 ? static_cast<std::uint32_t>(number) : 0};
}

int from_number(msg_seq_num number) {
    return static_cast<int>(std::min(number.value, msg_seq_num_max));
}

const std::string* header_value(const FIX::Message& message, int tag) {
    const FIX::Header& header = message.getHeader();
    return header.isSetField(tag) ? &header.getField(tag) : nullptr;
}

bool header_flag(const FIX::Message& message, int tag) {
    const std::string* value = header_value(message, tag);
    return value != nullptr && *value == "Y";
}

session_message describe(const FIX::Message& message) {
    session_message described;
    const std::string* number = header_value(message, FIX::FIELD::MsgSeqNum);
    if (number != nullptr) {
        const unsigned long value = std::strtoul(number->c_str(), nullptr, 10);
        described.number.value = value <= msg_seq_num_max ? static_cast<std::uint32_t>(value) : 0;
    }
    const std::string* type = header_value(message, FIX::FIELD::MsgType);
    if (type != nullptr) {
        described.msg_type = type->c_str();
        described.msg_type_size = type->size();
    }
    described.poss_dup = header_flag(message, FIX::FIELD::PossDupFlag);
    described.poss_resend = header_flag(message, FIX::FIELD::PossResend);
    return described;
}

class vector_sink : public resend_sink {
public:
    explicit vector_sink(std::vector<std::string>& into) : into_(into) {}
    void on_message(const char* frame, std::size_t size) noexcept override {
        try {
            into_.emplace_back(frame, size);
        } catch (const std::bad_alloc&) {
            has_failed_ = true;
        }
    }
    bool has_failed() const { return has_failed_; }

private:
    std::vector<std::string>& into_;
    bool has_failed_ = false;
};

}  // namespace

FIX::UtcTimeStamp to_timestamp(std::int64_t utc_ns) {
    const std::int64_t ns = std::max<std::int64_t>(utc_ns, 0);
    return FIX::UtcTimeStamp(static_cast<time_t>(ns / 1000000000),
                             static_cast<int>(ns % 1000000000), 9);
}

FIX::UtcTimeStamp creation_seen_at(FIX::UtcTimeStamp now) {
    constexpr int half_a_day_s = 43200;
    now += half_a_day_s;
    return now;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated"

void store_adapter::demand(bool is_done, const char* what) {
    if (!is_done) {
        throw FIX::IOException(what);
    }
}

bool store_adapter::set(int number, const std::string& frame) throw(FIX::IOException) {
    const std::string& kept = order_.restore(frame);
    demand(store_.set(to_number(number), kept.data(), kept.size()),
           "the message store refused a message");
    return true;
}

void store_adapter::get(int begin, int end, std::vector<std::string>& frames) const
    throw(FIX::IOException) {
    frames.clear();
    if (end < begin || end <= 0) {
        return;
    }
    vector_sink sink(frames);
    const bool is_read = store_.get(to_number(begin), to_number(end), sink);
    demand(is_read && !sink.has_failed(), "the message store could not be read");
    order_.keep(frames);
    // A range whose last number has no message makes the library end with a gap fill that begins at
    // the range's first number. It gets an administrative message there, which is never sent.
    if (end < getNextSenderMsgSeqNum() && (frames.empty() || number_of(frames.back()) != end)) {
        FIX::Message stand_in;
        stand_in.getHeader().setField(FIX::BeginString(begin_string_));
        stand_in.getHeader().setField(FIX::MsgType(FIX::MsgType_Heartbeat));
        stand_in.getHeader().setField(FIX::MsgSeqNum(end));
        frames.push_back(stand_in.toString());
    }
}

int store_adapter::getNextSenderMsgSeqNum() const throw(FIX::IOException) {
    return from_number(store_.next_sender());
}

int store_adapter::getNextTargetMsgSeqNum() const throw(FIX::IOException) {
    return from_number(store_.next_target());
}

void store_adapter::setNextSenderMsgSeqNum(int number) throw(FIX::IOException) {
    demand(store_.set_next_sender(to_number(number)), "the next sender number could not be kept");
}

void store_adapter::setNextTargetMsgSeqNum(int number) throw(FIX::IOException) {
    demand(store_.set_next_target(to_number(number)), "the next target number could not be kept");
}

void store_adapter::incrNextSenderMsgSeqNum() throw(FIX::IOException) {
    demand(store_.incr_next_sender(), "the next sender number could not be kept");
}

void store_adapter::incrNextTargetMsgSeqNum() throw(FIX::IOException) {
    demand(store_.incr_next_target(), "the next target number could not be kept");
}

FIX::UtcTimeStamp store_adapter::getCreationTime() const throw(FIX::IOException) {
    return creation_seen_at(FIX::UtcTimeStamp());
}

void store_adapter::reset() throw(FIX::IOException) {
    demand(store_.reset(), "the message store could not be reset");
    if (state_ != nullptr) {
        // Both would otherwise outlive a reset in mid-session and speak of numbers of the old
        // generation.
        state_->clearQueue();
        state_->resendRange(0, 0);
    }
}

void store_adapter::refresh() throw(FIX::IOException) {
    demand(store_.refresh(), "the message store could not be refreshed");
}

void application_adapter::toAdmin(FIX::Message& message, const FIX::SessionID&) {
    const std::string* const found = header_value(message, FIX::FIELD::MsgType);
    // A copy: a field that is added to the header moves those that stand there.
    const std::string type = found != nullptr ? *found : std::string();
    add_fields(message, type);
    if (!spec_.user_name.empty() && type == FIX::MsgType_Logon) {
        message.setField(FIX::FIELD::Username, spec_.user_name);
        if (!spec_.password.empty()) {
            message.setField(FIX::FIELD::Password, spec_.password);
        }
    }
    if (type == FIX::MsgType_Reject) {
        name_comp_id(message);
    }
    if (type == FIX::MsgType_ResendRequest) {
        FIX::BeginSeqNo begin;
        const bool is_there = message.getFieldIfSet(begin);
        const msg_seq_num last =
            is_there ? listener_.on_resend_request(to_number(begin)) : msg_seq_num{};
        if (!last.is_none()) {
            message.setField(FIX::EndSeqNo(from_number(last)));
        }
    }
    listener_.on_admin_out(describe(message));
}

// The library says that a CompID is wrong, and not which.
void application_adapter::name_comp_id(FIX::Message& reject) const {
    FIX::SessionRejectReason reason;
    if (wrong_comp_id_ != 0 && reject.getFieldIfSet(reason) &&
        reason == FIX::SessionRejectReason_COMPID_PROBLEM) {
        reject.setField(FIX::RefTagID(wrong_comp_id_));
    }
}

void application_adapter::add_fields(FIX::Message& message, const std::string& msg_type) const {
    for (const outbound_field& field : fields_) {
        if (field.is_header) {
            if (!message.getHeader().isSetField(field.tag)) {
                message.getHeader().setField(field.tag, field.value);
            }
        } else if (transport_ != nullptr && transport_->isMsgField(msg_type, field.tag) &&
                   !message.isSetField(field.tag)) {
            message.setField(field.tag, field.value);
        }
    }
}

void application_adapter::toApp(FIX::Message& message,
                                const FIX::SessionID&) throw(FIX::DoNotSend) {
    if (listener_.on_app_out(describe(message)) == app_out_decision::withhold) {
        has_withheld_ = true;
        throw FIX::DoNotSend();
    }
}

void application_adapter::fromAdmin(const FIX::Message& message,
                                    const FIX::SessionID&) throw(FIX::IncorrectTagValue) {
    has_taken_admin_ = true;
    const std::uint32_t wrong_tag = listener_.on_admin_in(describe(message));
    if (wrong_tag != 0) {
        throw FIX::IncorrectTagValue(static_cast<int>(wrong_tag));
    }
}

void application_adapter::fromApp(const FIX::Message& message, const FIX::SessionID&) throw() {
    listener_.on_app_in(describe(message));
}

#pragma GCC diagnostic pop

void event_adapter::onEvent(const std::string& text) {
    constexpr std::size_t limit =
        session_listener::event_bytes_max;  // C++14 has no definition to refer to
    const std::size_t size = std::min<std::size_t>(text.size(), limit);
    std::transform(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(size), last_,
                   [](char byte) {
                       return byte == '\x01' ? '|' : (byte < ' ' || byte > '~') ? '.' : byte;
                   });
    last_[size] = '\0';
    secrets_.hide_in_text(last_, size);
    listener_.on_event(last_, size);
}

}  // namespace detail
}  // namespace gateway
}  // namespace millrace
