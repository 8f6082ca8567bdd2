// What ordinary messages cost a session once it runs, over TLS too: nothing of ours from the heap,
// one recv a turn, and one send for all that is ready.
#include <gtest/gtest.h>
#include <openssl/crypto.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "gateway/session/guarded_file.hpp"
#include "tests/gateway/session/raw_peer.hpp"
#include "tests/gateway/session/session_test_support.hpp"
#include "tests/gateway/session/system_calls.hpp"
#include "tests/gateway/support/certificates.hpp"
#include "tests/xlator/allocation_count.hpp"

namespace millrace::gateway {
namespace {

using calls = std::map<long, int>;

// That OpenSSL has taken and not given back.
std::int64_t openssl_blocks = 0;

void* count_malloc(std::size_t size, const char*, int) {
    ++openssl_blocks;
    return std::malloc(size);
}
void* count_realloc(void* memory, std::size_t size, const char*, int) {
    openssl_blocks += memory == nullptr ? 1 : 0;
    return std::realloc(memory, size);
}
void count_free(void* memory, const char*, int) {
    openssl_blocks -= memory == nullptr ? 0 : 1;
    std::free(memory);
}

// Before it has taken any.
const bool is_openssl_counted =
    ::CRYPTO_set_mem_functions(count_malloc, count_realloc, count_free) == 1;

// What both sides of a session over TLS have.
struct tls_sides {
    tls_sides() : client(options_of(desk, trusted.file())) {}

    [[nodiscard]] static tls_options options_of(const test::identity& own,
                                                const std::string& authorities) {
        tls_options options;
        options.certificate_file = own.certificate_file;
        options.key_file = own.key_file;
        options.key_text = read_guarded_file(own.key_file, "a key", 65536).text;
        options.authorities_file = authorities;
        return options;
    }
    [[nodiscard]] std::string acceptor_keys() const {
        return "ServerCertificateFile=" + venue.certificate_file +
               "\nServerCertificateKeyFile=" + venue.key_file +
               "\nCertificationAuthoritiesFile=" + trusted.file() + "\n";
    }

    test::authority trusted{"Trusted CA"};
    test::identity venue = trusted.issue({"venue", "IP:127.0.0.1"});
    test::identity desk = trusted.issue({"desk"});
    tls_context client;
};

constexpr int warm_up_messages = 300;

// An acceptor's session, logged on, and its peer as bytes.
class running_session {
public:
    // `others`: sessions of the same gateway whose peers do not come.
    explicit running_session(int others = 0, bool has_tls = false) : orders_("orders") {
        if (has_tls) {
            tls_ = std::make_unique<tls_sides>();
        }
        const std::string keys = has_tls ? tls_->acceptor_keys() : "";
        session_agent_options options = test::agent_options(directory_ / "gateway");
        options.logs.table.segment_bytes = std::size_t{4} << 20;
        settings_file settings = test::agent_settings(false, 0, "PEER", keys + "CheckLatency=N");
        for (int i = 0; i < others; ++i) {
            settings.sessions.push_back(
                test::agent_settings(false, 0, "ABSENT" + std::to_string(i), keys)
                    .sessions.front());
        }
        agent_ = std::make_unique<test::live_agent>(options, settings, orders_);
    }

    [[nodiscard]] bool come_up() {
        peer_.come_to(agent_->inner.listening_ports().front(),
                      tls_ == nullptr ? nullptr : &tls_->client);
        if (!test::step_until(
                [&] {
                    peer_.hear();
                    return agent_->step();
                },
                [&] { return !peer_.is_securing(); })) {
            return false;
        }
        say("35=A|" + header() + "98=0|108=3600|");
        return test::step_until([&] { return agent_->step(); },
                                [&] { return agent_->is_logged_on(); });
    }
    // Both ways, until nothing is new any more.
    [[nodiscard]] bool warm_up() {
        for (int i = 0; i < warm_up_messages; ++i) {
            report();
            order();
            if (!catch_up()) {
                return false;
            }
        }
        return true;
    }

    void order() {
        ++ordered_;
        orders_.put(ordered_, "A" + std::to_string(ordered_));
    }
    // A frame that the session has to read.
    void report() {
        const std::string number = std::to_string(number_);
        say("35=8|" + header() + "6=1|11=A" + number + "|14=1|17=E" + number +
            "|37=V1|39=1|54=1|55=VOD.L|150=F|151=1|");
        ::usleep(200);  // loopback has it at once, but its softirq may not be done
    }
    void turn() { static_cast<void>(agent_->inner.do_work()); }
    [[nodiscard]] std::uint64_t fast_in() { return agent_->session().counters.fast_in.value(); }
    [[nodiscard]] std::uint64_t fast_out() { return agent_->session().counters.fast_out.value(); }
    void hear() {
        peer_.hear();
        peer_.frames.clear();
    }

private:
    [[nodiscard]] std::string header() {
        return "34=" + std::to_string(number_++) + "|49=PEER|52=" + test::sending_time() +
               "|56=OURS|";
    }
    void say(const std::string& body) { peer_.say_bytes(test::frame_of(body)); }
    [[nodiscard]] bool catch_up() {
        hear();
        return test::step_until([&] { return agent_->step(); },
                                [&] {
                                    return fast_out() == ordered_ &&
                                           agent_->session().counters.messages_in.value() + 1 ==
                                               static_cast<std::uint64_t>(number_);
                                });
    }

    engine::temporary_directory directory_;
    std::unique_ptr<tls_sides> tls_;  // null: in the clear
    test::order_source orders_;
    test::raw_peer peer_;
    std::unique_ptr<test::live_agent> agent_;
    int number_ = 1;
    std::uint64_t ordered_ = 0;
};

void expect_no_allocation(running_session& session) {
    ASSERT_TRUE(session.come_up());
    ASSERT_TRUE(session.warm_up());
    std::size_t allocations = 0;
    std::int64_t of_openssl = 0;
    const std::uint64_t in = session.fast_in();
    const std::uint64_t out = session.fast_out();
    for (int i = 0; i < 300; ++i) {
        session.report();
        session.order();
        const std::int64_t before = openssl_blocks;
        allocations += tests::allocations_in([&] { session.turn(); });
        of_openssl += openssl_blocks - before;
        session.hear();
    }
    allocations += tests::allocations_in([&] { session.turn(); });
    EXPECT_EQ(session.fast_in() - in, 300U);
    EXPECT_EQ(session.fast_out() - out, 300U);
    EXPECT_EQ(allocations, 0U);
    EXPECT_EQ(of_openssl, 0) << "it gives back what it takes for a record";
}

TEST(FastLaneCost, NothingIsAllocated) {
    running_session session;
    expect_no_allocation(session);
}

TEST(FastLaneCost, NothingIsAllocatedOverTlsThatStaysTaken) {
    ASSERT_TRUE(is_openssl_counted);
    running_session session(0, true);
    ASSERT_GT(openssl_blocks, 0);
    expect_no_allocation(session);
}

// The calls of a turn with nothing to do, with a report, with an order, and with ten.
test::traced_run calls_of_turns(int others, bool has_tls = false) {
    test::traced_run run = test::trace_pieces([&] {
        running_session session(others, has_tls);
        if (!session.come_up() || !session.warm_up()) {
            return 1;
        }
        const auto piece = [&](auto ready) {
            ready();
            test::mark_piece();
            session.turn();
            test::mark_piece();
            session.hear();
        };
        piece([] {});
        piece([&] { session.report(); });
        piece([&] { session.order(); });
        piece([&] {
            for (int i = 0; i < 10; ++i) {
                session.order();
            }
        });
        return 0;
    });
    for (calls& piece : run.pieces) {
        piece.erase(SYS_accept4);  // of the listener, once a millisecond
    }
    for (std::vector<long>& piece : run.in_order) {
        std::erase(piece, SYS_accept4);
    }
    return run;
}

// One call a turn, and one more for all that is sent in it.
void expect_least_calls(const test::traced_run& run) {
    ASSERT_EQ(run.exit_status, 0);
    ASSERT_EQ(run.pieces.size(), 4U);
    const calls one_look{{SYS_recvfrom, 1}};
    const calls look_and_send{{SYS_recvfrom, 1}, {SYS_sendto, 1}};
    EXPECT_EQ(run.pieces[0], one_look) << "nothing to do";
    EXPECT_EQ(run.pieces[1], one_look) << "a report";
    EXPECT_EQ(run.pieces[2], look_and_send) << "an order";
    EXPECT_EQ(run.pieces[3], look_and_send) << "ten orders";
}

TEST(FastLaneCost, OneSystemCallATurnAndOneForAllThatIsSent) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "the sanitizer's runtime calls too";
#endif
    const test::traced_run run = calls_of_turns(0);
    if (!run.may_trace) {
        GTEST_SKIP() << "no program may be traced here";
    }
    ASSERT_NO_FATAL_FAILURE(expect_least_calls(run));
    EXPECT_EQ(run.in_order[2], (std::vector<long>{SYS_sendto, SYS_recvfrom}))
        << "an order does not wait for the look";
}

TEST(FastLaneCost, AndNoMoreOverTls) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "the sanitizer's runtime calls too";
#endif
    const test::traced_run run = calls_of_turns(0, true);
    if (!run.may_trace) {
        GTEST_SKIP() << "no program may be traced here";
    }
    ASSERT_NO_FATAL_FAILURE(expect_least_calls(run));
}

TEST(FastLaneCost, OneSystemCallATurnLooksAtAllSocketsOfMany) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "the sanitizer's runtime calls too";
#endif
    const test::traced_run run = calls_of_turns(9);
    if (!run.may_trace) {
        GTEST_SKIP() << "no program may be traced here";
    }
    ASSERT_EQ(run.exit_status, 0);
    ASSERT_EQ(run.pieces.size(), 4U);
    EXPECT_EQ(run.pieces[0], (calls{{SYS_epoll_wait, 1}})) << "nothing to do";
    EXPECT_EQ(run.pieces[1], (calls{{SYS_epoll_wait, 1}, {SYS_recvfrom, 1}})) << "a report";
    EXPECT_EQ(run.pieces[2], (calls{{SYS_epoll_wait, 1}, {SYS_sendto, 1}})) << "an order";
    EXPECT_EQ(run.pieces[3], (calls{{SYS_epoll_wait, 1}, {SYS_sendto, 1}})) << "ten orders";
}

}  // namespace
}  // namespace millrace::gateway
