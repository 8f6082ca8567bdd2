// Mutated frames over loopback into a live session agent: no crash, no hang, bounded memory, logs
// that still hold together, and a session that logs on again.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "tests/gateway/session/session_test_support.hpp"
#include "tests/gateway/support/frame_mutator.hpp"

namespace millrace::gateway {
namespace {

using test::logged_row;

constexpr int frames_per_role = 50'000;
constexpr std::uint32_t sent_per_generation = 64;  // more would make each resend long

// The other side of the session, as bytes.
class hostile_peer {
public:
    hostile_peer() : link_({}) {}

    void listen() {
        entrance_ = std::make_unique<listener>(resolve("127.0.0.1", 0, address_use::listen).front(),
                                               listener_options{});
    }
    [[nodiscard]] std::uint16_t port() const { return entrance_->port(); }
    void come_to(std::uint16_t port) {
        const socket_address address = resolve("127.0.0.1", port).front();
        engine::unique_fd socket{::socket(AF_INET, SOCK_STREAM, 0)};
        ASSERT_EQ(::connect(socket.get(), address.get(), address.size), 0);
        link_.open(std::move(socket), address);
    }
    // True once the agent has come.
    [[nodiscard]] bool take_in() {
        const auto found = entrance_->poll(engine::monotonic_now_ns());
        if (found.link == nullptr) {
            return false;
        }
        link_.swap(*found.link);
        return true;
    }
    void say(const std::string& bytes) {
        if (link_.is_open()) {
            link_.send(bytes.data(), bytes.size(), engine::monotonic_now_ns());
        }
    }
    // Reads what has come; the last frame with this TestReqID is remembered.
    void hear() {
        static_cast<void>(link_.flush(engine::monotonic_now_ns()));
        static_cast<void>(link_.receive());
        std::string_view frame;
        while (link_.next_frame(frame)) {
            is_answered = is_answered || test::field_of(frame, 112) == "ALIVE";
        }
    }
    void leave() { link_.close(close_reason::local); }
    [[nodiscard]] bool is_here() const { return link_.is_open(); }

    bool is_answered = false;

private:
    std::unique_ptr<listener> entrance_;
    connection link_;
};

class fuzzed_agent {
public:
    fuzzed_agent(bool is_initiator, std::uint64_t seed)
        : is_initiator_(is_initiator),
          peer_name_(is_initiator ? "FUZZI" : "FUZZA"),
          mutate_(seed),
          orders_("orders") {
        if (is_initiator) {
            peer_.listen();
        }
        session_agent_options options = test::agent_options(directory_ / "gateway");
        options.logs.table.segment_bytes = std::size_t{4} << 20;
        options.session.reconnect_min_ns = 1;
        options.session.reconnect_max_ns = 1;
        agent_ = std::make_unique<test::live_agent>(
            options,
            test::agent_settings(is_initiator, is_initiator ? peer_.port() : 0, peer_name_,
                                 is_initiator ? "HeartBtInt=30\nResetOnLogon=Y" : ""),
            orders_);
    }

    void run() {
        int said = 0;
        std::size_t heap_after_warm_up = 0;
        while (said < frames_per_role) {
            ASSERT_NO_FATAL_FAILURE(come_up()) << agent_->last_said(40);
            const std::size_t batch = 1 + mutate_.below(16);
            std::uint32_t expected = session().ledger().next_target().value;
            for (std::size_t i = 0; i < batch; ++i) {
                peer_.say(mutate_.frame(expected, peer_name_, "OURS"));
                expected += mutate_.below(4) == 0 ? 0 : 1;
            }
            said += static_cast<int>(batch);
            settle();
            tidy_up();
            if (agent_->said.size() > 200) {
                agent_->said.clear();  // only what a failure may want to tell is kept
            }
            if (heap_after_warm_up == 0 && said > frames_per_role / 4) {
                heap_after_warm_up = test::heap_bytes_in_use();
            }
        }
        EXPECT_LT(test::heap_bytes_in_use(), heap_after_warm_up + 8 * 1024 * 1024);
        // They did get through: not one connection after the other refused at its first frame.
        EXPECT_GT(session().counters.messages_in.value(), frames_per_role / 4U);
        EXPECT_GT(session().counters.garbled.value(), 0U);
        EXPECT_GT(session().counters.messages_out.value(), 0U);
        EXPECT_GT(session().ledger().generation(), 2U);
    }

    void expect_working() {
        peer_.leave();
        ASSERT_TRUE(
            test::step_until([this] { return step(); }, [&] { return !session().is_logged_on(); }));
        come_up(false);
        ASSERT_TRUE(session().is_logged_on()) << agent_->last_said(40);
        const std::uint32_t expected = session().ledger().next_target().value;
        peer_.say(test::frame_of("35=1|34=" + std::to_string(expected) + "|49=" + peer_name_ +
                                 "|52=" + test::sending_time() + "|56=OURS|112=ALIVE|"));
        EXPECT_TRUE(test::step_until([this] { return step(); }, [&] { return peer_.is_answered; }));
        EXPECT_EQ(session().ledger().next_target().value, expected + 1);
    }

    void expect_sound_logs() {
        agent_.reset();
        expect_sound_out(test::read_out(directory_ / "gateway" / "FIX_OUT"));
        expect_sound_in(test::read_in(directory_ / "gateway" / "FIX_IN"));
    }

private:
    [[nodiscard]] fix_session& session() { return agent_->session(); }

    int step() {
        const int work = agent_->step();
        peer_.hear();
        return work;
    }
    void settle() {
        for (int idle = 0; idle < 2;) {
            idle = step() == 0 ? idle + 1 : 0;
        }
    }
    void say_logon(bool is_reset) {
        const std::uint32_t number = is_reset ? 1 : session().ledger().next_target().value;
        peer_.say(test::frame_of("35=A|34=" + std::to_string(number) + "|49=" + peer_name_ +
                                 "|52=" + test::sending_time() + "|56=OURS|98=0|108=30|" +
                                 (is_reset ? "141=Y|" : "")));
    }
    void come_up(bool is_hostile = true) {
        if (peer_.is_here()) {
            return;
        }
        if (is_initiator_) {
            ASSERT_TRUE(
                test::step_until([this] { return step(); }, [&] { return peer_.take_in(); }));
        } else {
            // One session, one connection: the last one has to be gone.
            ASSERT_TRUE(test::step_until([this] { return step(); },
                                         [&] { return !session().port().is_connected(); }));
            peer_.come_to(agent_->inner.listening_ports().front());
        }
        if (is_hostile && mutate_.below(16) == 0) {  // some come before a logon, and end it
            peer_.say(mutate_.frame(1, peer_name_, "OURS"));
            settle();
        }
        const bool wants_reset = is_initiator_ ||
                                 session().ledger().next_sender().value > sent_per_generation ||
                                 session().ledger().next_target().value > msg_seq_num_max / 2;
        say_logon(wants_reset);
        settle();
        if (mutate_.below(4) == 0) {
            ++last_order_;
            orders_.put(last_order_, "A" + std::to_string(last_order_));
        }
    }
    void tidy_up() {
        if (session().ledger().next_sender().value > sent_per_generation ||
            session().ledger().next_target().value > msg_seq_num_max / 2) {
            peer_.leave();
        }
        if (!peer_.is_here()) {
            settle();
        }
    }

    static void expect_sound_out(const std::vector<logged_row>& rows) {
        std::uint32_t generation = 0;
        std::uint32_t next = 0;
        std::uint64_t origin = 0;
        std::size_t broken = 0;
        for (const logged_row& row : rows) {
            if (row.kind == kind::reset) {
                broken += row.generation != generation + 1 ? 1 : 0;
                generation = row.generation;
                next = 1;
                continue;
            }
            if (row.kind == kind::resent) {
                broken += row.number != 0 || row.next_sender != next || row.ref_number >= next;
                continue;
            }
            broken +=
                row.generation != generation || row.number != next || row.next_sender != next + 1
                    ? 1
                    : 0;
            ++next;
            if (row.envelope.has_origin()) {
                broken += row.envelope.origin.sequence != ++origin ? 1 : 0;
            }
        }
        EXPECT_EQ(broken, 0U);
        EXPECT_GT(origin, 0U);
    }
    // The expected number moves by one with the frame that has it, or where a SequenceReset says.
    static void expect_sound_in(const std::vector<logged_row>& rows) {
        std::uint32_t generation = 0;
        std::uint32_t expected = 1;
        std::vector<std::string> broken;
        for (const logged_row& row : rows) {
            if (row.generation != generation) {
                EXPECT_GT(row.generation, generation);
                generation = row.generation;
                expected = 1;
            }
            const bool has_moved = row.kind != kind::duplicate && row.kind != kind::garbled;
            const bool is_sequence_reset = row.msg_type == "4" && row.kind == kind::admin;
            const bool is_sound = !has_moved ? row.next_target == expected
                                  : is_sequence_reset
                                      ? row.next_target >= expected
                                      : row.number == expected && row.next_target == expected + 1;
            if (!is_sound || row.kind == kind::set) {
                broken.push_back(row.text() + ", expected " + std::to_string(expected) + ", next " +
                                 std::to_string(row.next_target) + " " + row.wire);
            }
            expected = row.next_target;
        }
        EXPECT_GT(rows.size(), 1000U);
        broken.resize(std::min<std::size_t>(broken.size(), 5));
        EXPECT_TRUE(broken.empty()) << testing::PrintToString(broken);
    }

    bool is_initiator_;
    std::string peer_name_;
    test::frame_mutator mutate_;
    engine::temporary_directory directory_;
    test::order_source orders_;
    hostile_peer peer_;
    std::uint64_t last_order_ = 0;
    std::unique_ptr<test::live_agent> agent_;
};

TEST(SessionAgent, OutlivesMutatedFramesAsAcceptor) {
    fuzzed_agent fuzzed(false, test::test_seed());
    fuzzed.run();
    fuzzed.expect_working();
    fuzzed.expect_sound_logs();
}

TEST(SessionAgent, OutlivesMutatedFramesAsInitiator) {
    fuzzed_agent fuzzed(true, test::test_seed());
    fuzzed.run();
    fuzzed.expect_working();
    fuzzed.expect_sound_logs();
}

}  // namespace
}  // namespace millrace::gateway
