#include "tools/venue/number_store.hpp"

#include <gtest/gtest.h>

#include "engine/core/error.hpp"
#include "tests/tools/venue/temporary_directory.hpp"

namespace millrace::tools {
namespace {

using texts = std::vector<std::string>;

texts messages_of(const number_store& store, int first, int last) {
    texts found;
    EXPECT_TRUE(store.get(first, last, found));
    return found;
}

TEST(NumberStore, RemembersNumbersMessagesAndReportsAcrossOpenings) {
    const temporary_directory directory;
    const std::string path = directory.path() / "s";
    {
        number_store store(path);
        EXPECT_EQ(store.next_sender(), 1);
        EXPECT_EQ(store.next_target(), 1);
        ASSERT_TRUE(store.store(1, "one", 0));
        ASSERT_TRUE(store.store(2, std::string(70000, 'x'), 9));
        ASSERT_TRUE(store.store(3, "", 10));
        ASSERT_TRUE(store.set_next_target(8));
        ASSERT_TRUE(store.set_proven(2));
        EXPECT_EQ(store.next_sender(), 4);
    }
    const number_store store(path);
    EXPECT_EQ(store.next_sender(), 4);
    EXPECT_EQ(store.next_target(), 8);
    EXPECT_EQ(store.proven(1), 2);
    EXPECT_EQ(messages_of(store, 1, 99), (texts{"one", std::string(70000, 'x'), ""}));
    EXPECT_EQ(messages_of(store, 3, 3), texts{""});
    EXPECT_TRUE(messages_of(store, 3, 2).empty());
    EXPECT_TRUE(messages_of(store, -5, 0).empty());
    ASSERT_EQ(store.reports_at_open().size(), 2u);
    EXPECT_EQ(store.reports_at_open()[1].report, 10u);
    EXPECT_EQ(store.reports_at_open()[1].number, 3);
}

TEST(NumberStore, ConsecutiveResetsAreOneGeneration) {
    const temporary_directory directory;
    number_store store(directory.path() / "s");
    ASSERT_TRUE(store.reset(5));
    EXPECT_EQ(store.generation(), 1u);
    ASSERT_TRUE(store.store(1, "one", 0));
    ASSERT_TRUE(store.reset(6));
    ASSERT_TRUE(store.reset(7));
    EXPECT_EQ(store.generation(), 2u);
    EXPECT_EQ(store.creation_time_ns(), 7u);
    EXPECT_EQ(store.next_sender(), 1);
    EXPECT_TRUE(messages_of(store, 1, 9).empty());
    ASSERT_TRUE(store.set_next_target(2));
    ASSERT_TRUE(store.reset(8));
    EXPECT_EQ(store.generation(), 3u);
    const number_store again(directory.path() / "s");
    EXPECT_EQ(again.generation(), 3u);
    EXPECT_EQ(again.creation_time_ns(), 8u);
}

TEST(NumberStore, CutsATornRecordAtEveryLength) {
    const temporary_directory directory;
    const std::filesystem::path path = directory.path() / "s";
    std::size_t whole = 0;
    {
        number_store store(path);
        ASSERT_TRUE(store.store(1, "first", 1));
        whole = std::filesystem::file_size(path);
        ASSERT_TRUE(store.store(2, "second", 2));
    }
    const std::string bytes = read_file(path);
    for (std::size_t size = whole; size < bytes.size(); ++size) {
        write_file(path, bytes.substr(0, size));
        number_store store(path);
        EXPECT_EQ(store.next_sender(), 2) << size;
        EXPECT_EQ(std::filesystem::file_size(path), whole) << size;
        ASSERT_TRUE(store.store(2, "again", 2));
        EXPECT_EQ(messages_of(number_store(path), 1, 2), (texts{"first", "again"})) << size;
    }
}

TEST(NumberStore, RefusesADamagedRecordAtEveryByte) {
    const temporary_directory directory;
    const std::filesystem::path path = directory.path() / "s";
    {
        number_store store(path);
        ASSERT_TRUE(store.store(1, "first", 1));
        ASSERT_TRUE(store.store(2, std::string(40, 'y'), 2));
    }
    const std::string bytes = read_file(path);
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        std::string damaged = bytes;
        damaged[at] = static_cast<char>(damaged[at] ^ 0x20);
        write_file(path, damaged);
        EXPECT_THROW(number_store store(path), engine::damage_error) << at;
    }
}

TEST(NumberStore, RefusesAMessageOverItsLimitAndStaysUsable) {
    const temporary_directory directory;
    number_store store(directory.path() / "s");
    EXPECT_FALSE(store.store(1, std::string((1 << 20) + 1, 'x'), 0));
    EXPECT_EQ(store.next_sender(), 1);
    EXPECT_TRUE(store.store(1, std::string(1 << 20, 'x'), 0));
}

}  // namespace
}  // namespace millrace::tools
