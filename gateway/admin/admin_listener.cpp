#include "gateway/admin/admin_listener.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "engine/core/clock.hpp"
#include "engine/core/error.hpp"

namespace millrace::gateway {

namespace {

constexpr int backlog = 16;
constexpr int accepts_per_turn = 16;

void deny(int fd, std::string_view reason) {
    tell_off(fd, unserved_line("denied", reason));
}

}  // namespace

admin_listener::admin_listener(std::vector<session_agent*> gateways, audit_log& audit,
                               admin_options options)
    : gateways_(std::move(gateways)), audit_(&audit), options_(std::move(options)) {
    // Until its group is right nobody else may come: then the mode says who.
    constexpr unsigned owner_only = 0600;
    socket_ = listen_locally(options_.path, options_.group ? owner_only : options_.mode, backlog);
    if (options_.group) {
        if (::chown(options_.path.c_str(), static_cast<uid_t>(-1), *options_.group) != 0 ||
            ::chmod(options_.path.c_str(), options_.mode) != 0) {
            const int error_number = errno;
            close_locally(socket_, options_.path);
            throw engine::io_error("chown", options_.path.native(), error_number);
        }
    }
    clients_.reserve(options_.connections_max);
    polled_.reserve(options_.connections_max + 1);
}

admin_listener::~admin_listener() {
    close_locally(socket_, options_.path);
}

int admin_listener::do_work() noexcept {
    try {
        return serve();
    } catch (const std::exception&) {
        return 0;  // no memory for a turn
    }
}

int admin_listener::serve() {
    bool has_job = false;
    polled_.clear();
    polled_.push_back({socket_.get(), POLLIN, 0});  // a closed one, -1, is passed over
    for (const auto& one : clients_) {
        const bool wants_to_write = one->sent < one->out.size();
        const auto events = static_cast<short>(wants_to_write ? POLLOUT : POLLIN);
        has_job = has_job || one->job != nullptr;
        // One whose client is gone would end every wait.
        polled_.push_back({one->job != nullptr ? -1 : one->socket.get(), events, 0});
    }
    static_cast<void>(::poll(polled_.data(), polled_.size(), has_job ? job_wait_ms : wait_ms));
    int work = 0;
    for (std::size_t i = 0; i < clients_.size(); ++i) {
        work += turn(*clients_[i], polled_[i + 1].revents != 0);
    }
    std::erase_if(clients_, [](const auto& one) { return !one->socket.is_open(); });
    if ((polled_[0].revents & POLLIN) != 0) {
        work += accept_new();
    }
    counters.connections.set(clients_.size());
    return work;
}

int admin_listener::accept_new() {
    int accepted = 0;
    while (accepted < accepts_per_turn) {
        engine::unique_fd socket = accept_locally(socket_.get());
        if (!socket.is_open()) {
            break;
        }
        ++accepted;
        admit(std::move(socket));
    }
    return accepted;
}

bool admin_listener::may_come(const peer_credentials& peer) const noexcept {
    if (!peer.is_known) {
        return false;
    }
    const auto has = [](const auto& all, auto one) {
        return std::find(all.begin(), all.end(), one) != all.end();
    };
    return peer.uid == 0 || peer.uid == ::geteuid() || has(options_.users, peer.uid) ||
           (options_.group && has(peer.groups, *options_.group));
}

void admin_listener::admit(engine::unique_fd socket) {
    const peer_credentials peer = options_.credentials(socket.get());
    if (!may_come(peer)) {
        counters.refused_users.add(1);
        say(event_level::warning, "refused " + peer.name + " (uid " + std::to_string(peer.uid) +
                                      ", pid " + std::to_string(peer.pid) +
                                      "), who may not administer sessions");
        deny(socket.get(), "user " + peer.name +
                               " may not administer sessions: [admin] of "
                               "the configuration says who may");
        return;
    }
    if (clients_.size() >= options_.connections_max && !make_place()) {
        counters.refused_connections.add(1);
        deny(socket.get(), "too many connections: " + std::to_string(options_.connections_max) +
                               " are at work; try again later");
        return;
    }
    auto made = std::make_unique<client>();
    made->socket = std::move(socket);
    made->who = {peer.name, peer.uid};
    made->deadline_ns = engine::monotonic_now_ns() + options_.request_timeout_ns;
    clients_.push_back(std::move(made));
}

// False: each of them waits for an answer.
bool admin_listener::make_place() {
    auto longest = clients_.end();
    for (auto it = clients_.begin(); it != clients_.end(); ++it) {
        const bool is_silent = (*it)->job == nullptr && (*it)->out.empty();
        if (is_silent &&
            (longest == clients_.end() || (*it)->deadline_ns < (*longest)->deadline_ns)) {
            longest = it;
        }
    }
    if (longest == clients_.end()) {
        return false;
    }
    deny((*longest)->socket.get(), "silent while others want its place");
    clients_.erase(longest);
    return true;
}

int admin_listener::turn(client& one, bool is_readable) {
    const std::int64_t now_ns = engine::monotonic_now_ns();
    if (one.job != nullptr) {
        if (!one.job->turn(now_ns)) {
            return 0;
        }
        finish(one);
        return 1;
    }
    if (one.out.empty() && one.in.find('\n') != std::string::npos) {
        take_request(one);  // came with the one before
    } else if (is_readable && one.out.empty()) {
        receive(one);
    }
    if (one.job == nullptr) {
        send(one);
    }
    if (one.socket.is_open() && now_ns >= one.deadline_ns) {
        one.socket.reset();  // says nothing, or takes nothing
    }
    return is_readable ? 1 : 0;
}

void admin_listener::receive(client& one) {
    std::array<char, 1024> chunk;
    const ssize_t size = ::recv(one.socket.get(), chunk.data(), chunk.size(), MSG_DONTWAIT);
    if (size > 0) {
        one.in.append(chunk.data(), static_cast<std::size_t>(size));
    } else if (size == 0 || (errno != EAGAIN && errno != EINTR)) {
        one.reads = false;
    }
    take_request(one);
}

void admin_listener::take_request(client& one) {
    const std::size_t end = one.in.find('\n');
    if (end == std::string::npos && one.in.size() <= options_.request_bytes_max) {
        if (!one.reads && !one.in.empty()) {
            misuse(one, "the request has no end, so it may be cut off: nothing was done");
        } else if (!one.reads) {
            one.socket.reset();
        }
        return;
    }
    if (std::min(end, one.in.size()) > options_.request_bytes_max) {
        misuse(one, "the request is longer than " + std::to_string(options_.request_bytes_max) +
                        " bytes: nothing was done");
        return;
    }
    admin_request request;
    const std::string reason = parse_request(std::string_view(one.in).substr(0, end), request);
    one.in.erase(0, end + 1);
    if (!reason.empty()) {
        misuse(one, reason);
        return;
    }
    counters.requests.add(1);
    const admin_house house{gateways_, audit_, options_.take_timeout_ns};
    one.job = std::make_unique<admin_job>(house, std::move(request), one.who);
    if (!one.job->misfit().empty()) {
        misuse(one, one.job->misfit());
        one.job.reset();
        return;
    }
    if (one.job->turn(engine::monotonic_now_ns())) {  // hands it over at once
        finish(one);
    }
}

void admin_listener::finish(client& one) {
    const admin_answer& answer = one.job->answer();
    if (one.job->request().verb != session_verb::look) {
        for (const answered_session& each : answer.sessions) {
            say(each.outcome == audit_outcome::done ? event_level::info : event_level::warning,
                one.who.user + ": " + std::string(to_text(one.job->request().verb)) + " " +
                    each.name + ": " + std::string(to_text(each.outcome)) + ": " + each.text);
        }
    }
    if (answer.latency_ns) {
        counters.kill_latency.raise_to(static_cast<std::uint64_t>(*answer.latency_ns));
    }
    one.out += to_line(answer);
    one.job.reset();
    one.deadline_ns = engine::monotonic_now_ns() + options_.request_timeout_ns;
    send(one);
}

// What follows a request that is none is not read.
void admin_listener::misuse(client& one, const std::string& reason) {
    one.out += unserved_line("misuse", reason);
    one.in.clear();
    one.reads = false;
}

void admin_listener::send(client& one) {
    while (one.socket.is_open() && one.sent < one.out.size()) {
        const ssize_t size = ::send(one.socket.get(), one.out.data() + one.sent,
                                    one.out.size() - one.sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (size < 0) {
            if (errno != EAGAIN && errno != EINTR) {
                one.socket.reset();
            }
            return;
        }
        one.sent += static_cast<std::size_t>(size);
    }
    one.out.clear();
    one.sent = 0;
    if (!one.reads && one.in.empty()) {
        one.socket.reset();
    }
}

void admin_listener::on_close() noexcept {
    close_locally(socket_, options_.path);
    const std::int64_t until_ns = engine::monotonic_now_ns() + options_.close_timeout_ns;
    try {
        for (const auto& one : clients_) {
            if (one->job != nullptr) {
                one->job->give_up("the engine stops");
                finish(*one);
            }
            one->reads = false;
            one->in.clear();
        }
        while (!clients_.empty() && engine::monotonic_now_ns() < until_ns) {
            for (const auto& one : clients_) {
                send(*one);
            }
            std::erase_if(clients_, [](const auto& one) { return !one->socket.is_open(); });
            static_cast<void>(::poll(nullptr, 0, clients_.empty() ? 0 : job_wait_ms));
        }
    } catch (const std::exception&) {
        // No memory for an answer: its client sees the end.
    }
    clients_.clear();
    counters.connections.set(0);
}

}  // namespace millrace::gateway
