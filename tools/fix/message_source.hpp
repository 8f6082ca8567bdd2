// FIX messages out of any text: a QuickFIX log, a capture, a file of raw messages. What stands
// around them is passed over, but for the text before each on its line.
//
//     20260302-09:30:00.123 : 8=FIX.4.4|9=65|35=0|...|10=123|
//
// SOH, '|', '^' and "^A" separate fields, each message by its own. A message ends where its length
// says, if a trailer stands there; else at the first trailer, at the end of its line where it is
// readable text, or before the next message.
//
// Threading  one thread
// Progress   constant memory: one message and a chunk, whatever the input's size
// Errors     io_error where reading fails; a message cut short is handed out as it is, marked
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/core/file.hpp"

namespace millrace::tools {

inline constexpr std::size_t fix_message_bytes_max = std::size_t{1} << 20;

struct fix_message {
    std::string bytes;         // SOH between fields, whatever stood there
    std::string prefix;        // the beginning of its line, without blanks around: a time stamp
    std::uint64_t offset = 0;  // of its first byte in the input
    std::uint64_t line = 1;    // where that stands
    bool is_whole = false;     // it ends in a trailer
};

class fix_message_source {
public:
    // A file, or standard input for "-".
    explicit fix_message_source(const std::string& path);

    // False: there are no more.
    [[nodiscard]] bool next(fix_message& message);
    [[nodiscard]] const std::string& name() const { return name_; }

private:
    enum class separator : std::uint8_t { none, soh, bar, caret, caret_a };
    struct extent {
        std::size_t size = 0;  // of the message as it stands
        bool is_whole = false;
    };

    [[nodiscard]] bool refill();
    [[nodiscard]] bool have(std::size_t count);  // bytes from at_ on, if the input has them
    [[nodiscard]] bool find_begin();
    void pass_over(std::size_t count);
    [[nodiscard]] static std::string_view text_of(separator between);
    [[nodiscard]] separator separator_at(std::size_t at);
    [[nodiscard]] extent find_end(separator between);
    [[nodiscard]] bool is_next_begin(std::size_t at, bool has_line_ended);
    [[nodiscard]] extent by_length(separator between);
    [[nodiscard]] std::size_t trailer_at(std::size_t at, std::string_view between);
    void convert(std::string_view text, separator between, std::string& to) const;

    std::string name_;
    engine::unique_fd file_;
    int fd_ = -1;         // -1: nothing more to read
    std::string buffer_;  // unread from at_ on
    std::size_t at_ = 0;
    std::uint64_t offset_ = 0;  // of buffer_[at_] in the input
    std::uint64_t line_ = 1;    // of it
    std::string line_begin_;    // what of its line has been passed over, the first bytes of it
    char last_passed_ = '\n';   // the byte before buffer_[at_]
};

}  // namespace millrace::tools
