// Bytes from a file, a pipe or memory, one at a time, with the line they stand in.
//
// Errors  a failing read throws io_error; it never looks like the end
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "engine/core/file.hpp"

namespace millrace::tools {

class text_input {
public:
    static constexpr int end = -1;

    // A file, or standard input for "-".
    [[nodiscard]] static text_input open(const std::string& path);
    [[nodiscard]] static text_input from_memory(std::string content, std::string name);

    // The next byte, or end.
    [[nodiscard]] int peek() {
        if (at_ == content_.size() && !refill()) {
            return end;
        }
        return static_cast<unsigned char>(content_[at_]);
    }
    int get() {
        const int byte = peek();
        if (byte != end) {
            ++at_;
            line_ += byte == '\n' ? 1 : 0;
        }
        return byte;
    }

    // Of the next byte, from 1.
    [[nodiscard]] long line() const { return line_; }
    [[nodiscard]] const std::string& name() const { return name_; }

private:
    text_input() = default;
    [[nodiscard]] bool refill();

    std::string name_;
    engine::unique_fd file_;  // none for memory and standard input
    int fd_ = -1;             // -1: nothing more to read
    std::string content_;
    std::size_t at_ = 0;
    long line_ = 1;
};

}  // namespace millrace::tools
