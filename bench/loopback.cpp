#include "bench/loopback.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "bench/bench_run.hpp"
#include "bench/fix_wire.hpp"

namespace millrace::bench {

namespace {

void require(bool is_ok, const char* call) {
    if (!is_ok) {
        fail(std::string(call) + ": " + std::strerror(errno));
    }
}

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

void prepare(const engine::unique_fd& socket) {
    const int on = 1;
    require(::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0,
            "TCP_NODELAY");
    require(::fcntl(socket.get(), F_SETFL, O_NONBLOCK) == 0, "O_NONBLOCK");
}

}  // namespace

engine::unique_fd listen_on_loopback() {
    engine::unique_fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const sockaddr_in address = loopback(0);
    require(
        ::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0,
        "bind");
    require(::listen(listener.get(), 64) == 0, "listen");
    return listener;
}

std::uint16_t port_of(const engine::unique_fd& socket) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    require(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0,
            "getsockname");
    return ntohs(address.sin_port);
}

engine::unique_fd connect_to_loopback(std::uint16_t port) {
    engine::unique_fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in address = loopback(port);
    require(
        ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0,
        "connect");
    prepare(socket);
    return socket;
}

engine::unique_fd accept_one(const engine::unique_fd& listener) {
    engine::unique_fd accepted(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (accepted.is_open()) {
        prepare(accepted);
    }
    return accepted;
}

void send_all(const engine::unique_fd& socket, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent > 0) {
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        } else {
            require(errno == EAGAIN, "send");
            ::sched_yield();
        }
    }
}

frame_reader::frame_reader(std::size_t capacity)
    : bytes_(new char[capacity]), capacity_(capacity) {}

frame_reader::state frame_reader::receive(const engine::unique_fd& socket) {
    if (begin_ == end_) {
        begin_ = end_ = 0;
    } else if (end_ == capacity_) {
        fail_if_not(begin_ > 0, "a frame is larger than any that is expected");
        std::memmove(bytes_.get(), bytes_.get() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
    }
    const ssize_t got = ::recv(socket.get(), bytes_.get() + end_, capacity_ - end_, 0);
    if (got > 0) {
        end_ += static_cast<std::size_t>(got);
        return state::received;
    }
    return got < 0 && errno == EAGAIN ? state::nothing : state::closed;
}

std::string_view frame_reader::next() {
    const std::string_view unread(bytes_.get() + begin_, end_ - begin_);
    const std::size_t size = frame_size(unread);
    begin_ += size;
    return unread.substr(0, size);
}

}  // namespace millrace::bench
