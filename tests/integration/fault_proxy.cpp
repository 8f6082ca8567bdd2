#include "tests/integration/fault_proxy.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/clock.hpp"

namespace millrace::tests {

namespace {

constexpr std::size_t piece_bytes = std::size_t{64} << 10;
constexpr std::size_t waiting_bytes_max = std::size_t{256} << 10;
constexpr int look_ms = 1;

sockaddr_in local_address(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

int connect_to(std::uint16_t port) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = local_address(port);
    if (socket >= 0 &&
        ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        ::close(socket);
        return -1;
    }
    return socket;
}

void make_ready(int socket) {
    const int yes = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    ::fcntl(socket, F_SETFL, ::fcntl(socket, F_GETFL) | O_NONBLOCK);
}

}  // namespace

// One way of a connection: what was read and not yet written.
struct fault_proxy::side {
    int from = -1;
    int to = -1;
    std::string waiting;
    std::int64_t heard_ns = 0;  // 0: nothing yet

    // Empty: nothing came. False: the connection is over.
    bool read(std::string& piece) {
        piece.clear();
        if (waiting.size() >= waiting_bytes_max) {
            return true;  // who writes faster than the other reads has to wait
        }
        piece.resize(piece_bytes);
        const ssize_t got = ::recv(from, piece.data(), piece.size(), 0);
        piece.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
        return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
    }
    bool write() {
        while (!waiting.empty()) {
            const ssize_t put = ::send(to, waiting.data(), waiting.size(), MSG_NOSIGNAL);
            if (put < 0) {
                return errno == EAGAIN || errno == EINTR;
            }
            waiting.erase(0, static_cast<std::size_t>(put));
        }
        return true;
    }
};

struct fault_proxy::link {
    side forward;
    side back;
    std::string unscanned;  // of the engine's bytes: the frame whose end has not come

    explicit link(int engine, int venue) {
        forward.from = back.to = engine;
        forward.to = back.from = venue;
        make_ready(engine);
        make_ready(venue);
    }
    ~link() {
        ::close(forward.from);
        ::close(forward.to);
    }
    link(const link&) = delete;
    link& operator=(const link&) = delete;

    // Orders whose end stands in this piece and whose numbers were not `seen` before: a cut takes
    // what stood in a socket, and such orders come by for the first time with 43=Y.
    std::uint64_t count_orders(std::string_view piece, std::vector<bool>& seen) {
        unscanned.append(piece);
        std::uint64_t found = 0;
        std::size_t begin = 0;
        for (std::size_t end = 0; (end = unscanned.find("\x01"
                                                        "10=",
                                                        begin)) != std::string::npos;
             begin = end + 4) {
            const std::string_view frame(unscanned.data() + begin, end + 1 - begin);
            if (has(frame, "35=A\x01") && has(frame, "141=Y\x01")) {
                seen.clear();  // numbers come again
            }
            found += has(frame, "35=D\x01") && is_first(number_of(frame), seen) ? 1 : 0;
        }
        unscanned.erase(0, begin);
        return found;
    }

private:
    static bool has(std::string_view frame, std::string_view field) {
        return frame.find("\x01" + std::string(field)) != std::string_view::npos;
    }
    static std::size_t number_of(std::string_view frame) {
        const std::size_t at = frame.find(
            "\x01"
            "34=");
        return at == std::string_view::npos
                   ? 0
                   : std::strtoull(std::string(frame.substr(at + 4, 10)).c_str(), nullptr, 10);
    }
    static bool is_first(std::size_t number, std::vector<bool>& seen) {
        seen.resize(std::max(seen.size(), number + 1));
        const bool is_new = !seen[number];
        seen[number] = true;
        return is_new;
    }
};

fault_proxy::fault_proxy(std::uint16_t venue_port) : venue_port_(venue_port) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockaddr_in address = local_address(0);
    socklen_t size = sizeof address;
    if (listener_ < 0 ||
        ::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener_, 8) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        throw std::runtime_error("the proxy cannot listen");
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { run(); });
}

fault_proxy::~fault_proxy() {
    is_over_ = true;
    thread_.join();
    ::close(listener_);
}

void fault_proxy::run() {
    std::unique_ptr<link> open;
    std::string piece;
    std::vector<bool> seen;  // numbers of orders
    while (!is_over_) {
        if (open == nullptr) {
            pollfd waits{listener_, POLLIN, 0};
            ::poll(&waits, 1, look_ms);
            const int engine = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            const int venue = engine >= 0 ? connect_to(venue_port_) : -1;
            if (venue < 0) {
                ::close(engine);
                continue;
            }
            open = std::make_unique<link>(engine, venue);
            is_losing_ = wants_cut_ = false;
            orders_here_ = 0;
            is_connected_ = true;
            ++connections_;
        }
        pollfd waits[] = {{open->forward.from, POLLIN, 0}, {open->back.from, POLLIN, 0}};
        ::poll(waits, 2, look_ms);
        const std::int64_t now_ns = engine::monotonic_now_ns();
        const bool forgives = forgives_.exchange(false);
        bool is_alive = !wants_cut_;
        for (side* const way : {&open->forward, &open->back}) {
            is_alive = is_alive && way->read(piece);
            if (forgives || is_losing_) {
                way->heard_ns = 0;
            }
            if (piece.empty()) {
                continue;
            }
            if (way->heard_ns != 0) {
                longest_silence_ns_ = std::max(longest_silence_ns_.load(), now_ns - way->heard_ns);
            }
            way->heard_ns = now_ns;
            if (way == &open->forward) {
                const std::uint64_t orders = open->count_orders(piece, seen);
                orders_ += orders;
                orders_here_ += orders;
                lost_orders_ += is_losing_ ? orders : 0;
            }
            if (!is_losing_) {
                way->waiting += piece;
            }
        }
        is_alive = is_alive && open->forward.write() && open->back.write();
        if (!is_alive) {
            open.reset();
            is_losing_ = wants_cut_ = is_connected_ = false;
        }
    }
}

}  // namespace millrace::tests
