// Answers a ResendRequest for many messages in slices: QuickFIX is shown requests for parts of the
// range, one after the other, and the next one only when the socket has taken what came before.
//
//   34=9 7=2 16=0   ->   34=9 7=2 16=257 | 34=9 7=258 16=513 | ... ; 34 counts the first time only
//
// A slice ends before an application message, or with the range. Ended before one of the session's
// own, it would let the peer take that from its queue (a Logon that came early), and ignore the gap
// fill that then begins with it, and all that this fill was for.
//
// Threading  the session thread
// Invariant  one range at a time: a request that comes while one is answered widens it, since what
//            is sent twice is a possible duplicate and nothing else
// Units      begin, end: message numbers, both included
// Source     the library checks the number of a ResendRequest only when it moves the expected one
#pragma once

#include <cstdint>
#include <string>

#include "gateway/quickfix/screen.hpp"

namespace millrace::gateway {

class resend_slices {
public:
    // Takes over a request for more than `slice` messages, or any while one is answered; false:
    // show it to QuickFIX as it is. REQUIRES: the frame passed the screen and is a ResendRequest.
    [[nodiscard]] bool begin(const screened_frame& request, msg_seq_num next_sender,
                             std::uint32_t slice);
    // Where the next `slice` messages end, and where all of it ends. REQUIRES: is_running().
    [[nodiscard]] msg_seq_num slice_end(std::uint32_t slice) const noexcept {
        return {end_ - next_ < slice ? end_ : next_ + slice - 1};
    }
    [[nodiscard]] msg_seq_num end() const noexcept { return {end_}; }
    // The request for what comes next, up to `last`; stays valid until the next call.
    // REQUIRES: slice_end(1) <= last <= end().
    [[nodiscard]] const std::string& next(msg_seq_num last, std::int64_t utc_ns);
    void stop() noexcept { next_ = end_ = 0; }

    [[nodiscard]] bool is_running() const noexcept { return next_ != 0; }

private:
    void write(std::uint32_t first, std::uint32_t last, std::int64_t utc_ns);

    std::string request_;  // as it came
    std::string slice_;
    std::uint32_t next_ = 0;  // 0: none
    std::uint32_t end_ = 0;
};

}  // namespace millrace::gateway
