// What TLS costs a session's connection, beside the same connection in the clear, in one run.
//
//   gateway_tls_throughput   [sender] --connection over loopback--> [receiver]
//                            64 orders in one send(), as a session's turn sends them
//   gateway_tls_ping_pong    one order there and back, in the clear and over TLS in turns
//   gateway_tls_handshake    both sides of a new connection, certificates checked both ways, on one
//                            thread: about half of it is what a session thread does meanwhile
//
// The connections are those of gateway/transport, polled without sleeping; each frame is cut by the
// framer and counted, and a run that loses one fails. Not measured: a network, session rules,
// kernel TLS, session tickets (no connection here takes up an older one).
#include <benchmark/benchmark.h>
#include <sched.h>
#include <sys/socket.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "bench/bench_run.hpp"
#include "bench/latency_counters.hpp"
#include "bench/tls_identity.hpp"
#include "engine/core/clock.hpp"
#include "engine/core/histogram.hpp"
#include "gateway/transport/connection.hpp"

namespace {

using namespace millrace::bench;
using millrace::engine::histogram;
using millrace::engine::monotonic_now_ns;
using millrace::engine::unique_fd;
using namespace millrace::gateway;

constexpr int orders_in_a_turn = 64;

enum class link_kind : std::uint8_t { clear, tls_1_2, tls_1_3 };

// Gives way once in a long while: where CPUs are few, the other side may be waiting for this one.
void relax() {
    static thread_local std::uint32_t spins = 0;
    if (++spins % 64 == 0) {
        ::sched_yield();
    }
}

std::string order() {
    std::string body;
    for (const char c : std::string_view(
             "35=D|49=MILLRACE|56=VENUE|34=00000001|52=20260301-09:30:00.000|11=00000001|1=ACC-1|"
             "21=1|55=EURUSD|54=1|60=20260301-09:30:00.000|38=1000000|40=2|44=1.08215|59=0|")) {
        body += c == '|' ? '\x01' : c;
    }
    return "8=FIX.4.4\x01"
           "9=" +
           std::to_string(body.size()) + "\x01" + body + "10=000\x01";
}

// Two connections with a TCP connection over loopback between them, ready to carry frames.
class link {
public:
    link(const tls_identity& identity, link_kind kind) : near({}), far({}) {
        connect();
        if (kind == link_kind::clear) {
            near.open(std::move(near_socket_), address_);
            far.open(std::move(far_socket_), address_);
            return;
        }
        tls_options client_options = identity.options(tls_role::client);
        client_options.has_tls_1_2 = kind == link_kind::tls_1_2;
        client_options.has_tls_1_3 = kind == link_kind::tls_1_3;
        const tls_context client(client_options);
        const tls_context server(identity.options(tls_role::server));
        secure(client, server);
    }
    // The same, of contexts that are there.
    link(const tls_context& client, const tls_context& server) : near({}), far({}) {
        connect();
        secure(client, server);
    }

    connection near;
    connection far;

private:
    void connect() {
        const socket_address any = resolve("127.0.0.1", 0, address_use::listen).front();
        const unique_fd entrance{::socket(AF_INET, SOCK_STREAM, 0)};
        address_.size = sizeof address_.storage;
        fail_if_not(::bind(entrance.get(), any.get(), any.size) == 0 &&
                        ::listen(entrance.get(), 1) == 0 &&
                        ::getsockname(entrance.get(), address_.get(), &address_.size) == 0,
                    "no socket can be bound");
        near_socket_.reset(::socket(AF_INET, SOCK_STREAM, 0));
        fail_if_not(::connect(near_socket_.get(), address_.get(), address_.size) == 0,
                    "loopback cannot be reached");
        far_socket_.reset(::accept(entrance.get(), nullptr, nullptr));
    }
    void secure(const tls_context& client, const tls_context& server) {
        far.open(std::move(far_socket_), address_, &server);
        near.open(std::move(near_socket_), address_, &client, "127.0.0.1");
        while (near.is_open() && far.is_open() && (near.is_securing() || far.is_securing())) {
            static_cast<void>(near.receive());
            static_cast<void>(far.receive());
        }
        fail_if_not(near.is_open() && far.is_open(), near.close_text());
    }

    socket_address address_;
    unique_fd near_socket_;
    unique_fd far_socket_;
};

// The frames that one recv brings.
std::uint64_t take_frames(connection& from, std::string_view& last) {
    fail_if_not(from.receive() != receive_state::closed, from.close_text());
    std::uint64_t count = 0;
    std::string_view frame;
    while (from.next_frame(frame)) {
        last = frame;
        ++count;
    }
    return count;
}

const tls_identity& identity_of(tls_key key) {
    static const bench_directory directory;
    static const tls_identity p256(directory.path(), tls_key::p256);
    static const tls_identity rsa(directory.path(), tls_key::rsa2048);
    return key == tls_key::p256 ? p256 : rsa;
}

void gateway_tls_throughput(benchmark::State& state, link_kind kind) {
    link between(identity_of(tls_key::p256), kind);
    const std::uint64_t per_run = run().is_quick ? 2'000 : 1'000'000;
    std::atomic<std::uint64_t> received{0};
    std::atomic<bool> stop{false};
    std::thread receiver([&] {
        const thread_pin pin(1);
        std::string_view last;
        // relaxed: the count alone is handed over
        while (!stop.load(std::memory_order_relaxed)) {
            const std::uint64_t count = take_frames(between.far, last);
            count == 0 ? relax()
                       : static_cast<void>(received.fetch_add(count, std::memory_order_relaxed));
        }
    });
    const std::string one = order();
    std::string turn;
    for (int i = 0; i < orders_in_a_turn; ++i) {
        turn += one;
    }
    std::uint64_t sent = 0;
    {
        const thread_pin pin(0);
        const std::int64_t end_ns =
            monotonic_now_ns() + static_cast<std::int64_t>(run().seconds * 1e9);
        for (auto _ : state) {
            const std::int64_t begin_ns = monotonic_now_ns();
            const std::uint64_t goal = sent + per_run;
            while (sent < goal && (run().is_quick || monotonic_now_ns() < end_ns)) {
                const std::int64_t now_ns = monotonic_now_ns();
                if (between.near.pending_bytes() > 0 &&
                    between.near.flush(now_ns) != send_state::sent) {
                    relax();
                    continue;
                }
                fail_if_not(
                    between.near.send(turn.data(), turn.size(), now_ns) != send_state::closed,
                    between.near.close_text());
                sent += orders_in_a_turn;
            }
            while (received.load(std::memory_order_relaxed) < sent) {
                static_cast<void>(between.near.flush(monotonic_now_ns()));
                relax();
            }
            state.SetIterationTime(static_cast<double>(monotonic_now_ns() - begin_ns) * 1e-9);
        }
    }
    stop.store(true, std::memory_order_relaxed);
    receiver.join();
    fail_if_not(received.load(std::memory_order_relaxed) == sent, "frames were lost, or doubled");
    state.SetItemsProcessed(static_cast<std::int64_t>(sent));
    state.SetBytesProcessed(static_cast<std::int64_t>(sent * one.size()));
    state.counters["wire_to_plain"] = static_cast<double>(between.near.counters().bytes_out) /
                                      static_cast<double>(sent * one.size());
    label_threads(state, 2);
}

void ping(connection& near, const std::string& one) {
    fail_if_not(near.send(one.data(), one.size(), monotonic_now_ns()) != send_state::closed,
                near.close_text());
    std::string_view answer;
    while (take_frames(near, answer) == 0) {
        relax();
    }
    fail_if_not(answer == one, "an order came back as another");
}

void gateway_tls_ping_pong(benchmark::State& state) {
    link clear(identity_of(tls_key::p256), link_kind::clear);
    link secure(identity_of(tls_key::p256), link_kind::tls_1_3);
    const int trips = run().is_quick ? 5 : 500;
    std::atomic<bool> stop{false};
    std::thread responder([&] {
        const thread_pin pin(1);
        // relaxed: nothing is handed over
        while (!stop.load(std::memory_order_relaxed)) {
            bool is_idle = true;
            for (link* const one : {&clear, &secure}) {
                std::string_view question;
                if (take_frames(one->far, question) > 0) {
                    one->far.send(question.data(), question.size(), monotonic_now_ns());
                    is_idle = false;
                }
            }
            if (is_idle) {
                relax();
            }
        }
    });
    histogram clear_ns;
    histogram secure_ns;
    {
        const thread_pin pin(0);
        const std::string one = order();
        const std::int64_t end_ns =
            monotonic_now_ns() + static_cast<std::int64_t>(run().seconds * 1e9);
        const auto take_turn = [&](link& over, histogram& into) {
            for (int i = 0; i < trips && (run().is_quick || monotonic_now_ns() < end_ns); ++i) {
                const std::int64_t begin_ns = monotonic_now_ns();
                ping(over.near, one);
                into.record(monotonic_now_ns() - begin_ns);
            }
        };
        for (auto _ : state) {
            take_turn(clear, clear_ns);
            const std::int64_t begin_ns = monotonic_now_ns();
            take_turn(secure, secure_ns);
            state.SetIterationTime(static_cast<double>(monotonic_now_ns() - begin_ns) * 1e-9);
        }
    }
    stop.store(true, std::memory_order_relaxed);
    responder.join();
    report_latency(state, "clear_ns", clear_ns);
    report_latency(state, "tls_ns", secure_ns);
    state.counters["tls_to_clear_p50"] = static_cast<double>(secure_ns.percentile_ns(50)) /
                                         static_cast<double>(clear_ns.percentile_ns(50));
    write_histogram("gateway_tls_ping_pong/clear", clear_ns);
    write_histogram("gateway_tls_ping_pong/tls", secure_ns);
    label_threads(state, 2);
}

void gateway_tls_handshake(benchmark::State& state, tls_key key) {
    const tls_context client(identity_of(key).options(tls_role::client));
    const tls_context server(identity_of(key).options(tls_role::server));
    histogram took_ns;
    for (auto _ : state) {
        const std::int64_t begin_ns = monotonic_now_ns();
        const link made(client, server);
        took_ns.record(monotonic_now_ns() - begin_ns);
    }
    report_latency(state, "handshake_ns", took_ns);
}

void register_all() {
    const auto throughput = [](const char* name, link_kind kind) {
        benchmark::RegisterBenchmark(
            (std::string("gateway_tls_throughput/") + name).c_str(),
            [kind](benchmark::State& state) { gateway_tls_throughput(state, kind); })
            ->UseManualTime()
            ->Iterations(run().is_quick ? 1 : 3);
    };
    throughput("clear", link_kind::clear);
    throughput("tls_1_2", link_kind::tls_1_2);
    throughput("tls_1_3", link_kind::tls_1_3);
    benchmark::RegisterBenchmark("gateway_tls_ping_pong", gateway_tls_ping_pong)
        ->UseManualTime()
        ->Iterations(run().is_quick ? 2 : 100);
    const auto handshake = [](const char* name, tls_key key) {
        benchmark::RegisterBenchmark(
            (std::string("gateway_tls_handshake/") + name).c_str(),
            [key](benchmark::State& state) { gateway_tls_handshake(state, key); })
            ->Iterations(run().is_quick ? 2 : 200);
    };
    handshake("p256", tls_key::p256);
    handshake("rsa2048", tls_key::rsa2048);
}

}  // namespace

int main(int argc, char** argv) {
    return run_benchmarks(argc, argv, register_all);
}
