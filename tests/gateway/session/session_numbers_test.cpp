// The numbers of sessions in snapshots, byte by byte as docs/log-format.md draws them.
#include "gateway/session/session_numbers.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

namespace millrace::gateway {
namespace {

template <class Value>
void put(std::string& bytes, std::size_t at, Value value) {
    std::memcpy(bytes.data() + at, &value, sizeof value);
}

session_table two_sessions() {
    session_table table;
    session_numbers& one = table.at("FIX.4.4:MILLRACE->VENUE");
    one.generation = 3;
    one.next_sender = {0x01020304};
    one.next_target = {0x11121314};
    one.is_fresh = true;
    one.creation_time = {0x2122232425262728};
    one.last_application = {0x31323334};
    one.frame_bytes_high = 0x41424344;
    static_cast<void>(table.at("OTHER"));
    return table;
}

TEST(SessionTable, LiesInASnapshotAsTheLogFormatDrawsIt) {
    const session_table table = two_sessions();
    std::string wanted(8 + 2 * 96, '\0');
    put(wanted, 0, std::uint32_t{2});       // kind
    put(wanted, 4, std::uint32_t{2 * 96});  // bytes
    wanted.replace(8, 23, "FIX.4.4:MILLRACE->VENUE");
    put(wanted, 8 + 64, std::uint32_t{3});
    put(wanted, 8 + 68, std::uint32_t{0x01020304});
    put(wanted, 8 + 72, std::uint32_t{0x11121314});
    put(wanted, 8 + 76, std::uint32_t{1});
    put(wanted, 8 + 80, std::int64_t{0x2122232425262728});
    put(wanted, 8 + 88, std::uint32_t{0x31323334});
    put(wanted, 8 + 92, std::uint32_t{0x41424344});
    wanted.replace(104, 5, "OTHER");
    put(wanted, 104 + 68, std::uint32_t{1});
    put(wanted, 104 + 72, std::uint32_t{1});

    std::string written(table.snapshot_bytes(), 'x');
    std::span<std::byte> room = std::as_writable_bytes(std::span(written));
    table.write_snapshot(room, engine::snapshot_section::sessions_out);
    EXPECT_TRUE(room.empty());
    EXPECT_EQ(written, wanted);
}

TEST(SessionTable, ComesBackFromASnapshot) {
    const session_table table = two_sessions();
    std::string written(table.snapshot_bytes(), 'x');
    std::span<std::byte> room = std::as_writable_bytes(std::span(written));
    table.write_snapshot(room, engine::snapshot_section::sessions_in);

    session_table read;
    const auto content = std::as_bytes(std::span(written)).subspan(8);
    ASSERT_TRUE(read.read_snapshot(content));
    ASSERT_EQ(read.all().size(), 2U);
    const session_numbers& one = read.at("FIX.4.4:MILLRACE->VENUE");
    EXPECT_EQ(one.generation, 3U);
    EXPECT_EQ(one.next_target.value, 0x11121314U);
    EXPECT_TRUE(one.is_fresh);
    EXPECT_EQ(one.frame_bytes_high, 0x41424344U);
    EXPECT_FALSE(read.read_snapshot(content.subspan(1))) << "no whole entries";
}

}  // namespace
}  // namespace millrace::gateway
