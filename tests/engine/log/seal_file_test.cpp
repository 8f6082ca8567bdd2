#include "engine/log/seal_file.hpp"

#include <gtest/gtest.h>

#include "engine/core/error.hpp"
#include "tests/engine/log/failing_calls.hpp"
#include "tests/engine/log/log_test_support.hpp"

namespace millrace::engine::test {

namespace {

void fill(const fs::path& directory, int count) {
    log_writer writer(directory, small_log());
    for (int i = 0; i < count; ++i) {
        append(writer, 200);
    }
}

fs::path seal_path(const fs::path& directory, std::uint64_t index) {
    return directory / seal_file_name(index);
}

// Recomputes the whole chain from the log's bytes; returns how many seals there are.
std::size_t expect_chain(const fs::path& directory) {
    digest previous;
    std::size_t count = 0;
    const std::vector<std::uint64_t> indexes = list_segments(directory);
    for (const std::uint64_t index : indexes) {
        const segment where = segment::open(directory, index, access::read_only);
        const seal_contents contents = read_seals(directory, where.info());
        EXPECT_EQ(contents.fault, "");
        EXPECT_TRUE(contents.has_header);
        EXPECT_EQ(contents.header.previous, previous) << "segment " << index;
        for (const seal& one : contents.seals) {
            const std::uint64_t offset = one.begin - where.info().first_position().value;
            EXPECT_TRUE(is_hash_of(one, previous, {where.data() + offset, one.end - one.begin}));
            previous = one.hash;
        }
        EXPECT_EQ(!contents.seals.empty() && contents.seals.back().is_segment_end(),
                  index != indexes.back());
        count += contents.seals.size();
    }
    return count;
}

}  // namespace

TEST(SealLog, SealsEverySegmentInOneChain) {
    temporary_directory directory;
    fill(directory.path(), 1000);
    ASSERT_GT(list_segments(directory.path()).size(), 3u);
    const sealed_log made = seal_log(directory.path(), nullptr);
    EXPECT_EQ(expect_chain(directory.path()), made.new_seal_count);
    EXPECT_TRUE(made.head.is_sealed);
    EXPECT_EQ(made.head.last_sequence.value, 1000u);
    EXPECT_EQ(made.head.end, read_log(directory.path(), {}, true).back().end);
    EXPECT_EQ(seal_log(directory.path(), nullptr).new_seal_count, 0u) << "nothing is new";
}

TEST(SealLog, GoesOnBehindWhatIsSealed) {
    temporary_directory directory;
    std::size_t count = 0;
    for (int round = 1; round <= 8; ++round) {
        fill(directory.path(), 97);
        const sealed_log made = seal_log(directory.path(), nullptr);
        EXPECT_GE(made.new_seal_count, 1u);
        EXPECT_EQ(made.head.last_sequence.value, static_cast<std::uint64_t>(97 * round));
        count += made.new_seal_count;
        EXPECT_EQ(expect_chain(directory.path()), count);
    }
}

TEST(SealLog, EndsTheSegmentADeadWriterLeft) {
    temporary_directory directory;
    {
        log_writer writer(directory / "open", small_log());
        for (int i = 0; i < 50; ++i) {
            append(writer, 100);
        }
        copy_log(directory / "open", directory / "log");
    }
    EXPECT_EQ(seal_log(directory / "log", nullptr).head.last_sequence.value, 50u);
    fill(directory / "log", 50);
    EXPECT_EQ(seal_log(directory / "log", nullptr).head.last_sequence.value, 100u);
    EXPECT_GE(expect_chain(directory / "log"), 3u) << "an empty range says that segment 0 ends";
}

TEST(SealLog, MakesASealThatWasCutShortAgain) {
    temporary_directory directory;
    fill(directory.path(), 1000);
    static_cast<void>(seal_log(directory.path(), nullptr));
    const std::uint64_t last = list_segments(directory.path()).back();
    const std::string good = read_whole_file(seal_path(directory.path(), last));
    const std::size_t whole = good.size();
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{100}, std::size_t{127}, whole - 127, whole - 50, whole - 1}) {
        write_file_atomically(seal_path(directory.path(), last), good.substr(0, size));
        EXPECT_GE(seal_log(directory.path(), nullptr).new_seal_count, 1u);
        EXPECT_TRUE(read_whole_file(seal_path(directory.path(), last)) == good) << size;
    }
}

TEST(SealLog, BeginsTheChainWhereTheFirstSealsLie) {
    temporary_directory directory;
    fill(directory.path(), 1000);
    static_cast<void>(seal_log(directory.path(), nullptr));
    fs::remove(segment_path(directory.path(), 0));  // as retention does
    fs::remove(seal_path(directory.path(), 0));
    fill(directory.path(), 300);
    EXPECT_GE(seal_log(directory.path(), nullptr).new_seal_count, 1u);
    EXPECT_EQ(read_seal_head(directory.path()).last_sequence.value, 1300u);
}

TEST(SealLog, NeverSealsWhatIsDamagedNorSealsOverOtherSeals) {
    temporary_directory directory;
    fill(directory.path(), 1000);
    static_cast<void>(seal_log(directory.path(), nullptr));
    const std::string good = read_whole_file(seal_path(directory.path(), 1));
    const auto text = [&] {
        return thrown_text<damage_error>(
            [&] { static_cast<void>(seal_log(directory.path(), nullptr)); });
    };
    flip_bit(seal_path(directory.path(), 1), 60, 0);
    EXPECT_TRUE(contains(text(), "header is damaged"));
    write_file_atomically(seal_path(directory.path(), 1), good);
    fs::remove(seal_path(directory.path(), 0));
    EXPECT_EQ(seal_log(directory.path(), nullptr).new_seal_count, 0u) << "a chain may begin later";
    fs::remove(seal_path(directory.path(), 2));
    static_cast<void>(seal_log(directory.path(), nullptr));
    fs::remove(seal_path(directory.path(), 2));
    flip_bit(segment_path(directory.path(), 2), 20'000, 3);
    EXPECT_TRUE(contains(text(), "the segment is damaged here"));
    flip_bit(segment_path(directory.path(), 2), 20'000, 3);
    // The chain of segment 3 does not follow from a segment 2 with other bytes.
    fs::remove(seal_path(directory.path(), 2));
    fs::remove(seal_path(directory.path(), 1));
    seal_writer alone(directory.path(), segment::open(directory.path(), 1, access::read_only), {},
                      nullptr);
    EXPECT_TRUE(alone.catch_up(segment::open(directory.path(), 1, access::read_only)));
    EXPECT_TRUE(contains(text(), "does not continue"));
}

TEST(SealLog, MakesNoSealOfBytesThatCouldNotBeSynced) {
    const failing_calls_guard calls;
    temporary_directory directory;
    fill(directory.path(), 50);
    static_cast<void>(seal_log(directory.path(), nullptr));  // so that the file is there
    fill(directory.path(), 50);
    fdatasync_call.fail(1, EIO);
    EXPECT_THROW(static_cast<void>(seal_log(directory.path(), nullptr)), io_error);
    const segment_info info = read_segment_info(directory.path(), 0);
    EXPECT_EQ(read_seals(directory.path(), info).seals.size(), 1u);
    static_cast<void>(seal_log(directory.path(), nullptr));
    EXPECT_EQ(expect_chain(directory.path()), 2u);
}

TEST(SealLog, NeedsTheLogsLock) {
    temporary_directory directory;
    log_writer writer(directory.path(), small_log());
    append(writer, 10);
    EXPECT_TRUE(contains(
        thrown_text<locked_error>([&] { static_cast<void>(seal_log(directory.path(), nullptr)); }),
        "already open for writing"));
}

// The persister's way: records as they come, a stop anywhere, then on.
TEST(SealWriter, GivesTheSameChainWhereverItWasStopped) {
    temporary_directory directory;
    log_writer writer(directory.path(), small_log());
    std::mt19937_64 random(test_seed());
    digest before;
    for (int stop = 0; stop < 20; ++stop) {
        for (int i = 0; i < 10; ++i) {
            append(writer, random() % 100);
        }
        const segment where = segment::open(directory.path(), 0, access::read_only);
        seal_writer seals(directory.path(), where, {}, nullptr);
        EXPECT_EQ(seals.head(), before);
        EXPECT_TRUE(seals.catch_up(where));
        EXPECT_EQ(seals.next_position(), writer.end());
        EXPECT_LT(seals.sealed_to(), writer.end());
        if (random() % 2 == 0) {
            EXPECT_TRUE(seals.seal_now());
            EXPECT_EQ(seals.sealed_to(), writer.end());
        }
        before = seals.head();
    }
    writer.close();
    static_cast<void>(seal_log(directory.path(), nullptr));
    EXPECT_GT(expect_chain(directory.path()), 3u);
}

}  // namespace millrace::engine::test
