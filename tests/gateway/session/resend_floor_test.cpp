#include "gateway/session/resend_floor.hpp"

#include <gtest/gtest.h>

#include "engine/core/clock.hpp"
#include "tests/gateway/session/log_test_support.hpp"

namespace millrace::gateway {
namespace {

using engine::append_status;
using test::collecting_sink;
using test::session_name;

class ResendFloor : public testing::Test {
protected:
    fix_out_log& open() {
        fix_out_log& out = files.open().out;
        session = &out.open_session(session_name);
        out.table().start();
        return out;
    }
    void send(fix_out_log& out, int count) const {
        for (int i = 0; i < count; ++i) {
            const msg_seq_num number = session->next_sender;
            const std::string frame = test::sent_frame("D", number.value, "11=A|55=ABC|");
            ASSERT_EQ(out.append_message(*session, {number, frame, nullptr}, {1}),
                      append_status::ok);
        }
    }
    [[nodiscard]] engine::retention_plan plan(const fix_out_log& out, bool is_forced) const {
        engine::retention_policy policy;
        policy.segments_max = 1;
        const std::filesystem::path& directory = out.table().log().directory();
        return engine::plan_retention(directory, policy, find_resend_floors(directory),
                                      engine::utc_now(), is_forced);
    }

    // Of 600 messages those from `first` on, and no failure for the others.
    void expect_kept(fix_out_log& log, std::uint32_t first) const {
        collecting_sink sink;
        ASSERT_TRUE(log.read_messages(*session, {1}, {600}, sink));
        ASSERT_EQ(sink.numbers().size(), 600U - first + 1);
        EXPECT_EQ(sink.numbers().front(), first);
        EXPECT_EQ(sink.numbers().back(), 600U);
        EXPECT_EQ(session->next_sender, msg_seq_num{601});
    }

    test::logs_in_directory files;
    session_numbers* session = nullptr;
};

TEST_F(ResendFloor, KeepsWhatTheCurrentGenerationMaySendAgain) {
    fix_out_log& out = open();
    send(out, 400);
    EXPECT_TRUE(plan(out, false).doomed.empty());
    EXPECT_NE(plan(out, false).kept_for.find(session_name), std::string::npos);
    ASSERT_EQ(out.append_reset(*session, 2, engine::utc_now()), append_status::ok);
    const std::uint64_t reset_in = engine::list_segments(out.table().log().directory()).back();
    send(out, 300);
    const engine::retention_plan held = plan(out, false);
    EXPECT_EQ(held.first_kept, reset_in);
    EXPECT_GT(held.wanted_count, held.doomed.size());
    EXPECT_TRUE(held.is_forceable);
}

// The session library fills the numbers it is not given.
TEST_F(ResendFloor, ForcedAwayNumbersArePassedOverAndTheRestIsReadAgain) {
    for (const std::size_t capacity : {std::size_t{8}, std::size_t{4096}}) {
        files.current = "logs" + std::to_string(capacity);
        files.options.resend_index_capacity = capacity;
        fix_out_log& out = open();
        send(out, 600);
        const engine::retention_plan forced = plan(out, true);
        ASSERT_FALSE(forced.doomed.empty());
        EXPECT_EQ(forced.given_up.size(), 1U);
        engine::apply_retention(out.table().log().directory(), forced);
        // Sequence 1 is the reset, 2 is message 1.
        const auto first = static_cast<std::uint32_t>(forced.last_doomed.value);
        expect_kept(out, first);
        expect_kept(open(), first);
    }
}

TEST_F(ResendFloor, ASessionThatHasSentNothingHoldsNothing) {
    fix_out_log& out = open();
    EXPECT_TRUE(find_resend_floors(out.table().log().directory()).empty());
}

}  // namespace
}  // namespace millrace::gateway
