// What ordinary messages cost a session once it runs: nothing from the heap, one recv a turn, and
// one send for all that is ready.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/gateway/session/raw_peer.hpp"
#include "tests/gateway/session/session_test_support.hpp"
#include "tests/gateway/session/system_calls.hpp"
#include "tests/xlator/allocation_count.hpp"

namespace millrace::gateway {
namespace {

using calls = std::map<long, int>;

constexpr int warm_up_messages = 300;

// An acceptor's session, logged on, and its peer as bytes.
class running_session {
public:
    // `others`: sessions of the same gateway whose peers do not come.
    explicit running_session(int others = 0) : orders_("orders") {
        session_agent_options options = test::agent_options(directory_ / "gateway");
        options.logs.table.segment_bytes = std::size_t{4} << 20;
        settings_file settings = test::agent_settings(false, 0, "PEER", "CheckLatency=N");
        for (int i = 0; i < others; ++i) {
            settings.sessions.push_back(
                test::agent_settings(false, 0, "ABSENT" + std::to_string(i), "").sessions.front());
        }
        agent_ = std::make_unique<test::live_agent>(options, settings, orders_);
    }

    [[nodiscard]] bool come_up() {
        peer_.come_to(agent_->inner.listening_ports().front());
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
    test::order_source orders_;
    test::raw_peer peer_;
    std::unique_ptr<test::live_agent> agent_;
    int number_ = 1;
    std::uint64_t ordered_ = 0;
};

TEST(FastLaneCost, NothingIsAllocated) {
    running_session session;
    ASSERT_TRUE(session.come_up());
    ASSERT_TRUE(session.warm_up());
    std::size_t allocations = 0;
    const std::uint64_t in = session.fast_in();
    const std::uint64_t out = session.fast_out();
    for (int i = 0; i < 300; ++i) {
        session.report();
        session.order();
        allocations += tests::allocations_in([&] { session.turn(); });
        session.hear();
    }
    allocations += tests::allocations_in([&] { session.turn(); });
    EXPECT_EQ(session.fast_in() - in, 300U);
    EXPECT_EQ(session.fast_out() - out, 300U);
    EXPECT_EQ(allocations, 0U);
}

// The calls of a turn with nothing to do, with a report, with an order, and with ten.
test::traced_run calls_of_turns(int others) {
    test::traced_run run = test::trace_pieces([&] {
        running_session session(others);
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

TEST(FastLaneCost, OneSystemCallATurnAndOneForAllThatIsSent) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "the sanitizer's runtime calls too";
#endif
    const test::traced_run run = calls_of_turns(0);
    if (!run.may_trace) {
        GTEST_SKIP() << "no program may be traced here";
    }
    ASSERT_EQ(run.exit_status, 0);
    ASSERT_EQ(run.pieces.size(), 4U);
    const calls one_look{{SYS_recvfrom, 1}};
    const calls look_and_send{{SYS_recvfrom, 1}, {SYS_sendto, 1}};
    EXPECT_EQ(run.pieces[0], one_look) << "nothing to do";
    EXPECT_EQ(run.pieces[1], one_look) << "a report";
    EXPECT_EQ(run.pieces[2], look_and_send) << "an order";
    EXPECT_EQ(run.pieces[3], look_and_send) << "ten orders";
    EXPECT_EQ(run.in_order[2], (std::vector<long>{SYS_sendto, SYS_recvfrom}))
        << "an order does not wait for the look";
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
