// A column that holds a whole FIX message: its body goes to the session byte for byte; header and
// trailer are made anew.
//
// The message is checked first as the session's own dictionary and settings would have it checked,
// with its length and checksum, so what a session would refuse is known before it has a number. Of
// its header it keeps 97=Y alone: that it may have been sent before stays true.
//
// Threading  one thread (the decoder's)
// Progress   translate() neither allocates nor throws
// Errors     values: the reason is a constant text
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "gateway/pipeline/map_rows.hpp"
#include "xlator/fix/decoder.hpp"
#include "xlator/map/map_result.hpp"

namespace millrace::gateway {

class message_pass {
public:
    // `column`: of text or bytes. REQUIRES: the dictionary outlives this.
    message_pass(std::size_t column, const xlator::dictionary& dict,
                 xlator::decode_options validation);

    struct [[nodiscard]] outcome {
        xlator::map_result mapped;
        std::string_view reason;      // empty where ok
        std::string_view msg_type;    // within the row
        bool is_poss_resend = false;  // 97=Y stands before the body, for the session's header
    };
    outcome translate(const map_row& row, std::span<char> out) noexcept;

private:
    struct parts {
        std::string_view body;
        bool is_poss_resend = false;
    };
    [[nodiscard]] parts parts_of(std::string_view message) const noexcept;

    std::size_t column_;
    const xlator::dictionary* dict_;
    std::unique_ptr<xlator::decoder> decoder_;
};

}  // namespace millrace::gateway
