#include "engine/core/error.hpp"

#include <cstring>

namespace millrace::engine {

namespace {

std::string describe(std::string_view call, std::string_view path, int error_number) {
    std::string text(call);
    if (!path.empty()) {
        text.append(" ").append(path);
    }
    return text.append(": ").append(std::strerror(error_number));
}

std::string locate(std::string_view file, long line, std::string_view reason) {
    std::string text(file);
    if (line > 0) {
        text.append(":").append(std::to_string(line));
    }
    return text.append(": ").append(reason);
}

}  // namespace

io_error::io_error(std::string_view call, std::string_view path, int error_number)
    : error(describe(call, path, error_number)), error_number_(error_number) {}

config_error::config_error(std::string_view file, long line, std::string_view reason)
    : error(locate(file, line, reason)) {}

config_error::config_error(std::string_view reason) : error(std::string(reason)) {}

}  // namespace millrace::engine
