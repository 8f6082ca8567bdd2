#include "engine/log/durable_mark.hpp"

#include <gtest/gtest.h>

#include "engine/core/error.hpp"
#include "tests/engine/log/log_test_support.hpp"

namespace millrace::engine::test {

TEST(DurableMark, IsReadAsItWasWrittenAlsoByTheNextWriter) {
    temporary_directory directory;
    const log_uuid uuid = random_log_uuid();
    EXPECT_FALSE(durable_mark::open(directory.path(), uuid).is_open());
    {
        durable_mark mark = durable_mark::open_for_writing(directory.path(), uuid);
        EXPECT_EQ(mark.durable_position().value, 0u);
        const durable_mark reader = durable_mark::open(directory.path(), uuid);
        mark.set_durable({4096}, {7});
        mark.set_retired_below(3);
        EXPECT_EQ(reader.durable_position().value, 4096u);
        EXPECT_EQ(reader.durable_sequence().value, 7u);
        EXPECT_EQ(reader.retired_below(), 3u);
    }
    const durable_mark next = durable_mark::open_for_writing(directory.path(), uuid);
    EXPECT_EQ(next.durable_position().value, 4096u);
    EXPECT_EQ(next.durable_sequence().value, 7u);
    EXPECT_EQ(next.retired_below(), 3u);
}

TEST(DurableMark, OfAnotherLogOrDamagedIsNone) {
    temporary_directory directory;
    const log_uuid uuid = random_log_uuid();
    const fs::path file = directory.path() / durable_mark_name;
    durable_mark::open_for_writing(directory.path(), uuid).set_durable({4096}, {7});
    EXPECT_FALSE(durable_mark::open(directory.path(), random_log_uuid()).is_open());
    for (std::uint64_t byte = 0; byte < 32; ++byte) {
        flip_bit(file, byte, 3);
        EXPECT_FALSE(durable_mark::open(directory.path(), uuid).is_open()) << "byte " << byte;
        flip_bit(file, byte, 3);
    }
    EXPECT_TRUE(durable_mark::open(directory.path(), uuid).is_open());
    fs::resize_file(file, 4095);
    EXPECT_FALSE(durable_mark::open(directory.path(), uuid).is_open()) << "too short";
    fs::resize_file(file, 0);
    EXPECT_FALSE(durable_mark::open(directory.path(), uuid).is_open()) << "empty";
}

TEST(DurableMark, IsBegunAnewFromZeroWhereItIsOfNoUse) {
    temporary_directory directory;
    const log_uuid uuid = random_log_uuid();
    durable_mark::open_for_writing(directory.path(), random_log_uuid()).set_durable({999}, {9});
    const durable_mark mark = durable_mark::open_for_writing(directory.path(), uuid);
    EXPECT_EQ(mark.durable_position().value, 0u);
    EXPECT_EQ(mark.durable_sequence().value, 0u);
}

TEST(DurableMarkDeathTest, NeverGoesBack) {
    temporary_directory directory;
    durable_mark mark = durable_mark::open_for_writing(directory.path(), random_log_uuid());
    mark.set_durable({4096}, {7});
    mark.set_retired_below(2);
    EXPECT_DEATH(mark.set_durable({4095}, {7}), "goes back");
    EXPECT_DEATH(mark.set_durable({4096}, {6}), "goes back");
    EXPECT_DEATH(mark.set_retired_below(1), "comes back");
}

}  // namespace millrace::engine::test
