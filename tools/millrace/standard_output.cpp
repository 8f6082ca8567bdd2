#include "tools/millrace/standard_output.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "engine/core/error.hpp"

namespace millrace::tools {

namespace {

int first_error = 0;

// Asked of the descriptor: an earlier printf() may have failed, and its errno is long gone.
bool is_reader_gone() {
    pollfd out{STDOUT_FILENO, POLLOUT, 0};
    return first_error == EPIPE || (::poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0);
}

void note_error() {
    first_error = first_error == 0 ? errno : first_error;
}

}  // namespace

bool write_output(std::string& text) {
    const bool is_written =
        std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
    if (!is_written) {
        note_error();
    }
    text.clear();
    return is_written;
}

void finish_output() {
    errno = 0;
    const bool is_flushed = std::fflush(stdout) == 0;
    if (!is_flushed) {
        note_error();
    }
    if ((!is_flushed || std::ferror(stdout) != 0) && !is_reader_gone()) {
        if (first_error == 0) {  // of a printf() before, which kept no number
            throw engine::error("write standard output: not all of it could be written");
        }
        throw engine::io_error("write", "standard output", first_error);
    }
}

}  // namespace millrace::tools
