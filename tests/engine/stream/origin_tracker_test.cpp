#include "engine/stream/origin_tracker.hpp"

#include <gtest/gtest.h>

#include "engine/core/error.hpp"
#include "tests/engine/stream/stream_test_support.hpp"

namespace millrace::engine::test {
namespace {

std::vector<std::byte> snapshot_of(const origin_tracker& tracker) {
    std::vector<std::byte> bytes(tracker.snapshot_bytes());
    std::span<std::byte> room(bytes);
    tracker.write_snapshot(room);
    EXPECT_TRUE(room.empty()) << "snapshot_bytes() is what write_snapshot() takes";
    return bytes;
}

bool read_into(origin_tracker& tracker, std::span<const std::byte> snapshot) {
    bool is_read = true;
    const bool is_whole =
        visit_snapshot(snapshot, [&](snapshot_section kind, std::span<const std::byte> content) {
            is_read = is_read && kind == snapshot_section::route_origins &&
                      tracker.read_snapshot(content);
        });
    return is_whole && is_read;
}

std::uint64_t highest(const origin_tracker& tracker, std::string_view route) {
    return tracker.highest(route_id(route)).value;
}

TEST(OriginTracker, BeginsANewRouteBehindItsStart) {
    origin_tracker tracker;
    EXPECT_FALSE(tracker.knows("orders"));
    EXPECT_EQ(highest(tracker, "orders"), 0U);
    tracker.bind("orders", uuid_of(1), {17});
    EXPECT_TRUE(tracker.knows("orders"));
    EXPECT_EQ(highest(tracker, "orders"), 17U);
    EXPECT_EQ(tracker.route_name(route_id("orders")), "orders");
    EXPECT_FALSE(tracker.knows("order"));
}

TEST(OriginTracker, HeedsAStartOnlyForARouteWithoutHistory) {
    origin_tracker tracker;
    tracker.observe(with_origin("orders", uuid_of(1), 5));
    EXPECT_TRUE(tracker.knows("orders"));
    tracker.bind("orders", uuid_of(1), {900});
    EXPECT_EQ(highest(tracker, "orders"), 5U);
    tracker.bind("orders", uuid_of(1), {901});
    EXPECT_EQ(highest(tracker, "orders"), 5U);
}

TEST(OriginTracker, NeverGoesBack) {
    origin_tracker tracker;
    tracker.bind("orders", uuid_of(1));
    for (const std::uint64_t sequence : {3, 9, 4, 9, 1}) {
        tracker.observe(with_origin("orders", uuid_of(1), sequence));
    }
    EXPECT_EQ(highest(tracker, "orders"), 9U);
    EXPECT_EQ(tracker.routes().size(), 1U);
}

TEST(OriginTracker, PassesOverARowWithoutAnOrigin) {
    origin_tracker tracker;
    row_envelope envelope;
    envelope.origin = {route_id("orders"), uuid_of(1), 8};  // but no mark that says so
    tracker.observe(envelope);
    EXPECT_TRUE(tracker.routes().empty());
}

TEST(OriginTracker, KeepsRoutesApart) {
    origin_tracker tracker;
    tracker.bind("a", uuid_of(1), {1});
    tracker.bind("b", uuid_of(2), {2});
    tracker.observe(with_origin("b", uuid_of(2), 7));
    EXPECT_EQ(highest(tracker, "a"), 1U);
    EXPECT_EQ(highest(tracker, "b"), 7U);
}

TEST(OriginTracker, RefusesNamesItCouldNotKeep) {
    origin_tracker tracker;
    const std::string longest(route_name_size_max, 'r');
    EXPECT_THROW(tracker.bind("", uuid_of(1)), config_error);
    EXPECT_THROW(tracker.bind(longest + "r", uuid_of(1)), config_error);
    EXPECT_TRUE(tracker.routes().empty());
    tracker.bind(longest, uuid_of(1), {3});
    origin_tracker reopened;
    ASSERT_TRUE(read_into(reopened, snapshot_of(tracker)));
    EXPECT_EQ(reopened.route_name(route_id(longest)), longest);
}

TEST(OriginTracker, RefusesARouteThatReadsAnotherLogThanBefore) {
    origin_tracker tracker;
    tracker.bind("orders", uuid_of(1));
    tracker.observe(with_origin("orders", uuid_of(1), 41));
    const std::string text = thrown_text<config_error>([&] { tracker.bind("orders", uuid_of(9)); });
    EXPECT_TRUE(contains(text, "'orders'"));
    EXPECT_TRUE(contains(text, "sequence 41"));
    EXPECT_TRUE(contains(text, to_string(uuid_of(1))));
    EXPECT_TRUE(contains(text, to_string(uuid_of(9))));
    EXPECT_EQ(highest(tracker, "orders"), 41U);
}

TEST(OriginTracker, KnowsTheSourceOfARouteItHasOnlySeenInRecords) {
    origin_tracker tracker;
    tracker.observe(with_origin("orders", uuid_of(1), 4));
    EXPECT_EQ(tracker.route_name(route_id("orders")), "");
    EXPECT_THROW(tracker.bind("orders", uuid_of(2)), config_error);
    tracker.bind("orders", uuid_of(1));
    EXPECT_EQ(tracker.route_name(route_id("orders")), "orders");
}

TEST(OriginTracker, NamesBothRoutesWhoseNamesHaveOneHash) {
    // No two short names with one 64-bit hash are at hand: the snapshot holds another name under
    // it.
    origin_tracker tracker;
    tracker.bind("orders", uuid_of(1), {5});
    std::vector<std::byte> bytes = snapshot_of(tracker);
    const std::string_view name("orders");
    const auto at =
        std::search(bytes.begin(), bytes.end(), reinterpret_cast<const std::byte*>(name.data()),
                    reinterpret_cast<const std::byte*>(name.data()) + name.size());
    ASSERT_NE(at, bytes.end());
    *at = std::byte{'b'};
    origin_tracker reopened;
    ASSERT_TRUE(read_into(reopened, bytes));
    const std::string text =
        thrown_text<config_error>([&] { reopened.bind("orders", uuid_of(1)); });
    EXPECT_TRUE(contains(text, "'brders'"));
    EXPECT_TRUE(contains(text, "'orders'"));
    EXPECT_TRUE(contains(text, "rename"));
}

TEST(OriginTracker, SurvivesASnapshot) {
    for (const std::size_t route_count : {0, 1, 2, 40}) {
        origin_tracker tracker;
        for (std::size_t i = 0; i < route_count; ++i) {
            const std::string name = "route-" + std::to_string(i);
            if (i % 3 != 0) {  // the others are known by their hash alone
                tracker.bind(name, uuid_of(static_cast<std::uint8_t>(i)));
            }
            tracker.observe(with_origin(name, uuid_of(static_cast<std::uint8_t>(i)), i * i + 1));
        }
        origin_tracker reopened;
        ASSERT_TRUE(read_into(reopened, snapshot_of(tracker)));
        ASSERT_EQ(reopened.routes().size(), route_count);
        for (std::size_t i = 0; i < route_count; ++i) {
            EXPECT_EQ(reopened.routes()[i].route, tracker.routes()[i].route);
            EXPECT_EQ(reopened.routes()[i].source, tracker.routes()[i].source);
            EXPECT_EQ(reopened.routes()[i].highest, tracker.routes()[i].highest);
            EXPECT_EQ(reopened.routes()[i].name, tracker.routes()[i].name);
        }
    }
}

TEST(OriginTracker, RefusesASnapshotCutAnywhere) {
    origin_tracker tracker;
    tracker.bind("a", uuid_of(1), {1});
    tracker.bind("b", uuid_of(2), {2});
    const std::vector<std::byte> whole = snapshot_of(tracker);
    for (std::size_t size = 1; size < whole.size(); ++size) {
        origin_tracker reopened;
        EXPECT_FALSE(read_into(reopened, std::span(whole).first(size))) << size;
    }
}

TEST(OriginTracker, RefusesASectionThatIsNoListOfRoutes) {
    origin_tracker tracker;
    tracker.bind("a", uuid_of(1), {1});
    const std::vector<std::byte> whole = snapshot_of(tracker);
    const auto content = std::span(whole).subspan(sizeof(snapshot_section_header));
    for (std::size_t size = 1; size < content.size(); ++size) {
        origin_tracker reopened;
        EXPECT_FALSE(reopened.read_snapshot(content.first(size))) << size;
        EXPECT_TRUE(reopened.routes().empty());
    }
}

TEST(Snapshot, RefusesASectionLongerThanItsRecord) {
    std::vector<std::byte> bytes(64);
    for (const std::uint32_t claimed : {57U, 64U, 1U << 20, UINT32_MAX, UINT32_MAX - 7}) {
        const snapshot_section_header header{1, claimed};
        std::memcpy(bytes.data(), &header, sizeof header);
        std::size_t visits = 0;
        EXPECT_FALSE(visit_snapshot(bytes, [&](auto, auto) { ++visits; })) << claimed;
        EXPECT_EQ(visits, 0U);
    }
}

TEST(Snapshot, HandsOutStackedSectionsInOrder) {
    std::vector<std::byte> bytes(snapshot_section_bytes(3) + snapshot_section_bytes(0) +
                                 snapshot_section_bytes(8));
    std::span<std::byte> room(bytes);
    put_snapshot_section(room, snapshot_section::sessions_in, 3)[2] = std::byte{7};
    EXPECT_TRUE(put_snapshot_section(room, snapshot_section::route_origins, 0).empty());
    put_snapshot_section(room, snapshot_section::sessions_out, 8)[7] = std::byte{9};
    EXPECT_TRUE(room.empty());
    std::vector<std::pair<snapshot_section, std::size_t>> seen;
    ASSERT_TRUE(
        visit_snapshot(bytes, [&](snapshot_section kind, std::span<const std::byte> content) {
            seen.emplace_back(kind, content.size());
            EXPECT_TRUE(content.empty() || content.back() != std::byte{0});
        }));
    const std::vector<std::pair<snapshot_section, std::size_t>> expected = {
        {snapshot_section::sessions_in, 3},
        {snapshot_section::route_origins, 0},
        {snapshot_section::sessions_out, 8}};
    EXPECT_EQ(seen, expected);
}

}  // namespace
}  // namespace millrace::engine::test
