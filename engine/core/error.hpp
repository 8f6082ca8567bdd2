// Set-up errors. They may be thrown while something is opened, read or configured, never on the
// message path.
//
// Each says what went wrong, where, and what to do; what() is the whole sentence a user reads.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace millrace::engine {

class error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// A call to the operating system failed.
class io_error : public error {
public:
    io_error(std::string_view call, std::string_view path, int error_number);
    [[nodiscard]] int error_number() const { return error_number_; }

private:
    int error_number_;
};

// Somebody else holds what must have one holder.
class locked_error : public error {
public:
    using error::error;
};

// The user's configuration or input is wrong: "file:line: reason".
class config_error : public error {
public:
    config_error(std::string_view file, long line, std::string_view reason);
    explicit config_error(std::string_view reason);
};

// Bytes in a log contradict themselves: position and reason.
class damage_error : public error {
public:
    using error::error;
};

}  // namespace millrace::engine
