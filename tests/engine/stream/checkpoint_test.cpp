#include "engine/stream/checkpoint.hpp"

#include <gtest/gtest.h>

#include <optional>

#include "engine/core/error.hpp"
#include "tests/engine/stream/stream_test_support.hpp"

namespace millrace::engine::test {
namespace {

constexpr std::size_t slot_bytes = 128;

class Checkpoint : public ::testing::Test {
protected:
    checkpoint open(std::string_view route = "orders", const log_uuid& source = uuid_of(1)) const {
        return checkpoint(file(), route, source);
    }
    [[nodiscard]] std::uint64_t reopened() const { return open().highest().value; }
    [[nodiscard]] fs::path file() const { return directory_ / "deep/orders.checkpoint"; }
    // Of the slot that counts, as the file says it: the second word is the generation.
    [[nodiscard]] std::size_t newest_slot() const {
        const std::string bytes = read_whole_file(file());
        std::uint64_t generations[2] = {};
        std::memcpy(&generations[0], bytes.data() + 8, 8);
        std::memcpy(&generations[1], bytes.data() + slot_bytes + 8, 8);
        return generations[1] > generations[0] ? 1 : 0;
    }

    temporary_directory directory_;
};

TEST_F(Checkpoint, BeginsWithNothingDone) {
    EXPECT_EQ(reopened(), 0U);
    EXPECT_EQ(reopened(), 0U);
}

TEST_F(Checkpoint, BeginsBehindItsStartOnceOnly) {
    EXPECT_EQ(checkpoint(file(), "orders", uuid_of(1), {40}).highest().value, 40U);
    EXPECT_EQ(checkpoint(file(), "orders", uuid_of(1), {90}).highest().value, 40U);
}

TEST_F(Checkpoint, KeepsEveryUpdate) {
    for (std::uint64_t sequence = 1; sequence <= 20; ++sequence) {
        open().update({sequence * 3});
        ASSERT_EQ(reopened(), sequence * 3);
    }
    checkpoint progress = open();
    for (std::uint64_t sequence = 100; sequence <= 120; ++sequence) {
        progress.update({sequence});
        EXPECT_EQ(progress.highest().value, sequence);
    }
    progress.update({120});
}

TEST_F(Checkpoint, FallsBackToTheOlderSlotWhicheverByteOfTheNewerIsTorn) {
    {
        checkpoint progress = open();
        progress.update({7});
        progress.update({8});
    }
    const std::string whole = read_whole_file(file());
    const std::size_t begin = newest_slot() * slot_bytes;
    for (std::size_t byte = 0; byte < slot_bytes; ++byte) {
        write_file_atomically(file(), whole);
        flip_bit(file(), begin + byte, byte % 8);
        ASSERT_EQ(reopened(), 7U) << "byte " << byte;
    }
}

TEST_F(Checkpoint, GoesOnFromATornSlot) {
    {
        checkpoint progress = open();
        progress.update({7});
        progress.update({8});
    }
    flip_bit(file(), newest_slot() * slot_bytes + 40, 0);
    open().update({9});
    EXPECT_EQ(reopened(), 9U);
    open().update({10});
    EXPECT_EQ(reopened(), 10U);
}

TEST_F(Checkpoint, CallsAFileWithoutAValidSlotDamaged) {
    {
        checkpoint progress = open();
        progress.update({7});
    }
    flip_bit(file(), 40, 0);
    flip_bit(file(), slot_bytes + 40, 0);
    const std::string text = thrown_text<damage_error>([&] { open(); });
    EXPECT_TRUE(contains(text, file().native()));
    EXPECT_TRUE(contains(text, "no valid slot"));
    write_file_atomically(file(), std::string(2 * slot_bytes, '\0'));
    EXPECT_THROW(open(), damage_error);
}

TEST_F(Checkpoint, CallsAFileOfAnotherSizeDamaged) {
    open().update({7});
    const std::string whole = read_whole_file(file());
    for (const std::size_t size : {std::size_t{1}, slot_bytes, 2 * slot_bytes - 1}) {
        write_file_atomically(file(), whole.substr(0, size));
        EXPECT_TRUE(contains(thrown_text<damage_error>([&] { open(); }),
                             "this file has " + std::to_string(size)));
    }
    write_file_atomically(file(), whole + "x");
    EXPECT_THROW(open(), damage_error);
    write_file_atomically(file(), whole);
    EXPECT_EQ(reopened(), 7U);
}

TEST_F(Checkpoint, RefusesAnotherRouteAndAnotherSource) {
    open().update({7});
    EXPECT_TRUE(contains(thrown_text<config_error>([&] { open("executions"); }), "'executions'"));
    EXPECT_THROW(open("orders", uuid_of(2)), config_error);
    EXPECT_EQ(reopened(), 7U);
}

TEST_F(Checkpoint, IsReadBesideItsHolderAndSetBackByWhoeverHoldsIt) {
    checkpoint progress = open();
    progress.update({70});
    EXPECT_EQ(read_checkpoint(file()).highest, sequence{70});
    EXPECT_EQ(read_checkpoint(file()).source, uuid_of(1));
    EXPECT_EQ(read_checkpoint(file()).route, route_id("orders"));
    progress.set({40});
    EXPECT_EQ(read_checkpoint(file()).highest, sequence{40});
    flip_bit(file(), 40, 0);
    flip_bit(file(), slot_bytes + 40, 0);
    EXPECT_THROW(static_cast<void>(read_checkpoint(file())), damage_error);
}

TEST_F(Checkpoint, HasOneHolder) {
    std::optional<checkpoint> holder(open());
    const std::string text = thrown_text<locked_error>([&] { open(); });
    EXPECT_TRUE(contains(text, "orders"));
    holder.reset();
    EXPECT_EQ(reopened(), 0U);
}

}  // namespace
}  // namespace millrace::engine::test
