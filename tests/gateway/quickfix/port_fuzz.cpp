// Mutated frames through the screen and a live session: no crash, no hang, bounded memory, and a
// session that still works.
#include <gtest/gtest.h>

#include <string>

#include "tests/gateway/quickfix/port_test_support.hpp"
#include "tests/gateway/support/frame_mutator.hpp"

namespace millrace::gateway {
namespace {

using test::field_of;
using test::side;

constexpr int frames_per_session = 60000;

// What an agent does around its session, with numbers that are kept small so that resends stay
// short.
void tidy_up(side& one) {
    one.wire.frames.clear();
    if (one.port->state().resend_requested) {
        EXPECT_EQ(one.port->clear_queue(), call_status::ok);
    }
    if (one.store.frames.size() > 40 || one.store.target > 1000000 || one.store.sender > 1000000) {
        EXPECT_EQ(one.port->disconnect(), call_status::ok);
        EXPECT_TRUE(one.store.reset());
    }
}

void bring_up(side& one) {
    one.connect();
    static_cast<void>(one.tick());
    static_cast<void>(one.receive_message("A", one.store.target, "98=0|108=30|"));
}

void fuzz(side& one, std::uint64_t seed) {
    test::frame_mutator mutate(seed);
    one.store.is_recording = false;
    int passed = 0;
    int live = 0;
    std::size_t heap_after_warm_up = 0;
    for (int i = 0; i < frames_per_session; ++i) {
        if (!one.port->is_connected()) {
            if (i % 16 == 0) {
                one.connect();  // some frames come before a logon
            } else {
                bring_up(one);
            }
        }
        const std::string bytes = mutate.frame(one.store.target, one.spec.target, one.spec.sender);
        const screened_frame frame = screen_frame(bytes.data(), bytes.size(),
                                                  one.port->data_fields(), one.port->screening());
        passed += frame.is_passed() ? 1 : 0;
        live += one.port->is_logged_on() ? 1 : 0;
        static_cast<void>(one.port->receive(frame, test::utc_now_ns()));
        tidy_up(one);
        if (i == frames_per_session / 4) {
            heap_after_warm_up = test::heap_bytes_in_use();
        }
    }
    EXPECT_GT(passed, frames_per_session / 4);
    EXPECT_GT(live, frames_per_session / 4);
    EXPECT_LT(test::heap_bytes_in_use(), heap_after_warm_up + 8 * 1024 * 1024);
}

// After all that it must still be the session it was.
void expect_working(side& one) {
    EXPECT_EQ(one.port->disconnect(), call_status::ok);
    EXPECT_TRUE(one.store.reset());
    bring_up(one);
    ASSERT_TRUE(one.port->is_logged_on()) << one.port->last_text();
    one.wire.frames.clear();
    EXPECT_EQ(one.receive_message("1", 2, "112=ALIVE|").status, receive_status::ok);
    ASSERT_FALSE(one.wire.frames.empty());
    EXPECT_EQ(field_of(one.wire.frames.back(), 112), "ALIVE");
}

TEST(SessionPort, OutlivesMutatedFramesAsAcceptor) {
    side acceptor("acceptor", "FUZZB", "FUZZA");
    fuzz(acceptor, test::test_seed());
    expect_working(acceptor);
}

TEST(SessionPort, OutlivesMutatedFramesAsInitiator) {
    side initiator("initiator", "FUZZA", "FUZZB");
    fuzz(initiator, test::test_seed());
    expect_working(initiator);
}

}  // namespace
}  // namespace millrace::gateway
