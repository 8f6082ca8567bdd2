#include "tools/venue/script_link.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "engine/core/error.hpp"

namespace millrace::tools {

namespace {

using address_list = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

address_list find_addresses(const std::string& host, std::uint16_t port, int flags) {
    addrinfo wanted{};
    wanted.ai_socktype = SOCK_STREAM;
    wanted.ai_flags = flags | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    const int problem = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &wanted, &found);
    if (problem != 0) {
        throw engine::error(host + ": " + ::gai_strerror(problem));
    }
    return {found, &::freeaddrinfo};
}

std::string place_of(const std::string& host, std::uint16_t port) {
    return host + ":" + std::to_string(port);
}

}  // namespace

script_entrance::script_entrance(const std::string& host, std::uint16_t port) {
    const address_list found = find_addresses(host, port, AI_PASSIVE);
    socket_.reset(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const int yes = 1;
    if (!socket_.is_open() ||
        ::setsockopt(socket_.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        ::bind(socket_.get(), found->ai_addr, found->ai_addrlen) != 0 ||
        ::listen(socket_.get(), 16) != 0) {
        throw engine::io_error("listen", place_of(host, port), errno);
    }
    sockaddr_storage bound{};
    socklen_t size = sizeof bound;
    if (::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&bound), &size) != 0) {
        throw engine::io_error("getsockname", place_of(host, port), errno);
    }
    port_ = ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6*>(&bound)->sin6_port
                                              : reinterpret_cast<sockaddr_in*>(&bound)->sin_port);
}

engine::unique_fd script_entrance::accept() {
    return engine::unique_fd(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
}

engine::unique_fd try_connect(const std::string& host, std::uint16_t port) {
    const address_list found = find_addresses(host, port, 0);
    for (const addrinfo* each = found.get(); each != nullptr; each = each->ai_next) {
        engine::unique_fd socket(::socket(each->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
        if (socket.is_open() && ::connect(socket.get(), each->ai_addr, each->ai_addrlen) == 0) {
            return socket;
        }
    }
    return {};
}

void script_link::open(engine::unique_fd socket) {
    close();
    socket_ = std::move(socket);
    const int yes = 1;
    // What is cut into pieces must leave in pieces.
    static_cast<void>(::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes));
    static_cast<void>(::fcntl(socket_.get(), F_SETFL, O_NONBLOCK));
}

void script_link::close() {
    socket_.reset();
    pending_.clear();
    received_.clear();
    frames.clear();
    has_ended_ = false;
}

void script_link::exchange(std::size_t bytes_max) {
    if (!is_open() || has_ended_) {
        return;
    }
    write_some(bytes_max);
    read_some();
}

void script_link::write_some(std::size_t bytes_max) {
    if (pending_.empty()) {
        return;
    }
    const ssize_t written =
        ::send(socket_.get(), pending_.data(), std::min(bytes_max, pending_.size()), MSG_NOSIGNAL);
    if (written > 0) {
        pending_.erase(0, static_cast<std::size_t>(written));
    } else if (errno != EAGAIN && errno != EINTR) {
        pending_.clear();  // nobody is there any more, which the reading says
    }
}

void script_link::read_some() {
    char bytes[16384];
    const ssize_t size = ::recv(socket_.get(), bytes, sizeof bytes, 0);
    if (size > 0) {
        received_.append(bytes, static_cast<std::size_t>(size));
    } else if (size == 0 || (errno != EAGAIN && errno != EINTR)) {
        has_ended_ = true;
        pending_.clear();
    }
    while (!received_.empty()) {
        taken_frame taken = take_frame(received_);
        if (taken.result == take_result::incomplete) {
            break;
        }
        const bool is_lost = taken.result == take_result::malformed;
        frames.push_back(std::move(taken));
        if (is_lost) {
            received_.clear();  // nobody can say where the next one begins
        }
    }
}

}  // namespace millrace::tools
