// What QuickFIX says about a frame. The implementation is C++14, the last standard its headers
// compile under.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

namespace millrace::tests {

struct oracle_verdict {
    enum kind { accepted, rejected, garbled, unsupported_version, other } result = accepted;
    int reason = -1;  // SessionRejectReason(373)
    int tag = 0;
    std::string text;
};

// What a session may set, and both sides know: ValidateFieldsOutOfOrder and its like.
struct validation_switches {
    bool check_field_order = true;
    bool check_have_values = true;
    bool check_user_fields = true;
    bool allow_unknown_fields = false;
};

class quickfix_oracle {
public:
    // Of FIX 5.0 and later, header, trailer and session messages are the transport's; application
    // is empty for versions before.
    quickfix_oracle(const std::string& session_file, const std::string& application_file);
    ~quickfix_oracle();
    quickfix_oracle(const quickfix_oracle&) = delete;
    quickfix_oracle& operator=(const quickfix_oracle&) = delete;

    // For the checks from now on.
    void set_switches(const validation_switches& switches);
    // As FIX::Session does it, which puts its own messages to the transport's dictionary alone.
    oracle_verdict check(const std::string& frame);

    // Of the message of the last check(): all fields, in the form of field_text.hpp; returns how
    // many.
    std::size_t read(std::string& text) const;
    // The same message as QuickFIX would write it.
    std::string written() const;
    // Whether the dictionary that its body was put to defines a field, and one of its values.
    bool is_body_field(int tag) const;
    bool is_body_value(int tag, const std::string& value) const;

    bool is_message_type(const std::string& msg_type) const;
    bool field_name(int tag, std::string& name) const;

private:
    struct state;
    std::unique_ptr<state> state_;
};

}  // namespace millrace::tests
