// What QuickFIX says about a frame. The implementation is C++14, the last standard its headers
// compile under.
#pragma once

#include <memory>
#include <string>

namespace millrace::tests {

struct oracle_verdict {
    enum kind { accepted, rejected, garbled, other } result = accepted;
    int reason = -1;  // SessionRejectReason(373)
    int tag = 0;
    std::string text;
};

class quickfix_oracle {
public:
    explicit quickfix_oracle(const std::string& dictionary_file);
    ~quickfix_oracle();
    quickfix_oracle(const quickfix_oracle&) = delete;
    quickfix_oracle& operator=(const quickfix_oracle&) = delete;

    oracle_verdict check(const std::string& frame);

    // Of the message of the last check(): a field of header, body or trailer; false if absent.
    bool field(int tag, std::string& value) const;
    // The same message as QuickFIX would write it.
    std::string written() const;
    // Entries of a group in the body, and one field of one of them (index from 1).
    int group_count(int counter) const;
    bool group_field(int counter, int index, int tag, std::string& value) const;

    bool is_message_type(const std::string& msg_type) const;
    bool field_name(int tag, std::string& name) const;

private:
    struct state;
    std::unique_ptr<state> state_;
};

}  // namespace millrace::tests
