// What of an action is kept, and how its rows belong together.
#include "gateway/admin/audit_log.hpp"

#include <gtest/gtest.h>

#include "tests/engine/core/temporary_directory.hpp"
#include "tests/gateway/admin/audit_rows.hpp"

namespace millrace::gateway {
namespace {

constexpr std::size_t segment_bytes = std::size_t{1} << 16;

audit_entry some_entry() {
    audit_entry entry;
    entry.user = "alice";
    entry.uid = 1000;
    entry.verb = session_verb::reset;
    entry.gateway = "venue";
    entry.session = "FIX.4.4:A->B";
    entry.reason = "agreed with the venue";
    return entry;
}

TEST(AuditLog, KeepsWhoDidWhatAndWhy) {
    engine::temporary_directory directory;
    audit_log log(directory / "ADMIN", segment_bytes);
    engine::correlation chain;
    audit_entry entry = some_entry();
    ASSERT_TRUE(log.append(entry, chain));
    EXPECT_EQ(chain.sequence, 1U);
    entry.outcome = audit_outcome::done;
    entry.before = "listening; next 7, expected 9 of generation 1";
    entry.after = "listening; next 1, expected 1 of generation 2";
    entry.text = "it begins anew";
    ASSERT_TRUE(log.append(entry, chain));
    engine::correlation other;
    ASSERT_TRUE(log.append(some_entry(), other));
    EXPECT_EQ(other.sequence, 3U);
    ASSERT_TRUE(log.sync());
    const auto rows = test::read_audit(directory / "ADMIN");
    ASSERT_EQ(test::whats_of(rows),
              (std::vector<std::string>{"reset asked", "reset done", "reset asked"}));
    EXPECT_EQ(rows[1].user, "alice");
    EXPECT_EQ(rows[1].uid, 1000U);
    EXPECT_EQ(rows[1].gateway, "venue");
    EXPECT_EQ(rows[1].session, "FIX.4.4:A->B");
    EXPECT_EQ(rows[1].reason, "agreed with the venue");
    EXPECT_EQ(rows[1].before, entry.before);
    EXPECT_EQ(rows[1].after, entry.after);
    EXPECT_EQ(rows[1].text, "it begins anew");
    EXPECT_EQ(rows[1].envelope.user.view(), "alice");
    EXPECT_EQ(rows[1].envelope.correlation.sequence, rows[0].sequence);
    EXPECT_EQ(rows[0].envelope.correlation, engine::correlation{}) << "it begins a chain";
}

TEST(AuditLog, CutsWhatDoesNotFit) {
    engine::temporary_directory directory;
    audit_log log(directory / "ADMIN", segment_bytes);
    audit_entry entry = some_entry();
    entry.user = std::string(40, 'u');
    entry.gateway = std::string(100, 'g');
    entry.session = std::string(255, 's');
    entry.before = std::string(400, 'b');
    entry.text = std::string(5000, 't');
    engine::correlation chain;
    ASSERT_TRUE(log.append(entry, chain));
    const auto rows = test::read_audit(directory / "ADMIN");
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0].user, std::string(30, 'u'));
    EXPECT_EQ(rows[0].session, std::string(62, 's'));
    EXPECT_EQ(rows[0].text, std::string(1024, 't'));
}

TEST(AuditLog, GoesOnAcrossSegmentsAndOpenings) {
    engine::temporary_directory directory;
    constexpr std::size_t rows = 300;
    for (int opening = 0; opening < 2; ++opening) {
        audit_log log(directory / "ADMIN", segment_bytes);
        for (std::size_t i = 0; i < rows / 2; ++i) {
            engine::correlation chain;
            ASSERT_TRUE(log.append(some_entry(), chain));
        }
        ASSERT_TRUE(log.sync());
        log.close();
    }
    EXPECT_EQ(test::read_audit(directory / "ADMIN").size(), rows);
}

TEST(AuditLog, SaysInWordsHowASessionStands) {
    session_view view;
    EXPECT_EQ(to_text(view), "") << "nobody has looked";
    std::snprintf(view.state.data(), view.state.size(), "connecting");
    view.next_sender = {5};
    view.next_target = {7};
    view.generation = 2;
    EXPECT_EQ(to_text(view), "connecting; next 5, expected 7 of generation 2");
    view.is_enabled = false;
    view.is_killed = true;
    EXPECT_EQ(to_text(view), "connecting; next 5, expected 7 of generation 2; disabled; killed");
}

}  // namespace
}  // namespace millrace::gateway
