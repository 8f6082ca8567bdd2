#include "tools/text/text_input.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "engine/core/error.hpp"

namespace millrace::tools {

namespace {

constexpr std::size_t chunk_size = 64 * 1024;

}  // namespace

text_input text_input::open(const std::string& path) {
    text_input input;
    if (path == "-") {
        input.name_ = "standard input";
        input.fd_ = STDIN_FILENO;
        return input;
    }
    input.name_ = path;
    input.file_ = engine::open_file(path, O_RDONLY | O_CLOEXEC);
    input.fd_ = input.file_.get();
    return input;
}

text_input text_input::from_memory(std::string content, std::string name) {
    text_input input;
    input.name_ = std::move(name);
    input.content_ = std::move(content);
    return input;
}

bool text_input::refill() {
    if (fd_ < 0) {
        return false;
    }
    content_.resize(chunk_size);
    at_ = 0;
    ssize_t size = 0;
    do {
        size = ::read(fd_, content_.data(), content_.size());
    } while (size < 0 && errno == EINTR);
    if (size < 0) {
        const int error_number = errno;
        content_.clear();
        throw engine::io_error("read", name_, error_number);
    }
    content_.resize(static_cast<std::size_t>(size));
    if (size == 0) {
        fd_ = -1;
    }
    return size > 0;
}

}  // namespace millrace::tools
