#include "engine/log/index.hpp"

#include <gtest/gtest.h>

#include "engine/core/error.hpp"
#include "tests/engine/log/log_test_support.hpp"

namespace millrace::engine::test {

namespace {

constexpr std::size_t segment_size = std::size_t{1} << 20;

fs::path index_path(const fs::path& directory, std::uint64_t segment) {
    return directory / index_file_name(segment);
}

index_contents load(const fs::path& directory, std::uint64_t segment) {
    const std::string text = read_whole_file(index_path(directory, segment));
    return parse_index(std::as_bytes(std::span(text.data(), text.size())),
                       read_segment_info(directory, segment));
}

void build(const fs::path& directory, std::uint64_t segment) {
    index_writer(directory, segment::open(directory, segment, access::read_only));
}

// One segment of records with `payload_bytes` each, as many as `count`, closed.
std::vector<seen_record> write_log(const fs::path& directory, int count,
                                   std::size_t payload_bytes) {
    log_writer writer(directory, small_log(segment_size));
    for (int i = 0; i < count; ++i) {
        append(writer, payload_bytes);
    }
    writer.close();
    return read_log(directory);
}

}  // namespace

TEST(Index, HasAnEntryForTheFirstRecordAndThenEachStrideOfRecords) {
    temporary_directory directory;
    const std::vector<seen_record> records = write_log(directory.path(), 2049, 0);
    build(directory.path(), 0);
    const index_contents index = load(directory.path(), 0);
    EXPECT_EQ(index.fault, "");
    ASSERT_EQ(index.entries.size(), 3u);
    for (std::size_t i = 0; i < 3; ++i) {
        const seen_record& record = records[i * index_stride_records];
        EXPECT_EQ(index.entries[i].sequence, record.seq.value);
        EXPECT_EQ(index.entries[i].timestamp, record.time.ns);
        EXPECT_EQ(index.entries[i].offset, record.at.value);
    }
}

TEST(Index, HasAnEntryForTheFirstRecordBehindEachStrideOfBytes) {
    temporary_directory directory;
    const std::vector<seen_record> records = write_log(directory.path(), 600, 968);  // 1000 -> 1024
    build(directory.path(), 0);
    const index_contents index = load(directory.path(), 0);
    ASSERT_EQ(index.entries.size(), 10u);
    for (std::size_t i = 0; i < index.entries.size(); ++i) {
        EXPECT_EQ(index.entries[i].sequence, 1 + i * 64);
        EXPECT_EQ(index.entries[i].offset, records[i * 64].at.value);
    }
}

TEST(Index, OfASegmentWithoutRecordsHasNoEntries) {
    temporary_directory directory;
    write_log(directory.path(), 0, 0);
    build(directory.path(), 0);
    EXPECT_TRUE(load(directory.path(), 0).entries.empty());
    EXPECT_EQ(load(directory.path(), 0).fault, "");
    EXPECT_EQ(fs::file_size(index_path(directory.path(), 0)), sizeof(index_header));
}

// The persister's way: entries made as records come give the same bytes as one look at the end,
// wherever it was stopped in between.
class IndexWriterStops : public ::testing::TestWithParam<std::size_t> {};

TEST_P(IndexWriterStops, GoesOnWhereItsFileEnds) {
    temporary_directory directory;
    log_writer writer(directory / "log", small_log(segment_size));
    std::mt19937_64 random(test_seed());
    int stops = 0;
    while (writer.end().value < segment_size - 200'000) {
        {
            const segment where = segment::open(directory / "log", 0, access::read_only);
            index_writer index(directory / "log", where);
            segment_cursor cursor(where);
            record_view record;
            const std::uint64_t upto = writer.end().value + random() % 60'000;
            while (writer.end().value < upto) {
                append(writer, random() % GetParam());
                while (cursor.next(record) == damage_kind::none && record.payload != nullptr) {
                    index.add(record);
                }
            }
            EXPECT_EQ(index.next_position(), writer.end());
            if (random() % 2 == 0) {
                EXPECT_TRUE(index.flush());
            }
        }
        ++stops;
    }
    writer.close();
    build(directory / "log", 0);
    const std::string grown = read_whole_file(index_path(directory / "log", 0));
    fs::remove(index_path(directory / "log", 0));
    build(directory / "log", 0);
    EXPECT_GT(stops, 5);
    EXPECT_GT(load(directory / "log", 0).entries.size(), 10u);
    EXPECT_TRUE(grown == read_whole_file(index_path(directory / "log", 0)));
}

// Entries a stride of bytes apart, and, where records are empty, a stride of records.
INSTANTIATE_TEST_SUITE_P(PayloadBytes, IndexWriterStops, ::testing::Values(300, 1));

TEST(IndexWriter, BeginsAnewWhereTheFileIsNoIndexOfThisSegment) {
    temporary_directory directory;
    write_log(directory / "log", 3000, 50);
    write_log(directory / "other", 3000, 50);
    build(directory / "log", 0);
    build(directory / "other", 0);
    const std::string good = read_whole_file(index_path(directory / "log", 0));
    const std::string foreign = read_whole_file(index_path(directory / "other", 0));
    std::string flipped = good;
    flipped[sizeof(index_header) + 40] ^= 4;
    for (const std::string& bad : {std::string(), std::string("AIDX"), foreign, flipped, good + "x",
                                   good.substr(0, good.size() - 5)}) {
        write_file_atomically(index_path(directory / "log", 0), bad);
        build(directory / "log", 0);
        EXPECT_TRUE(read_whole_file(index_path(directory / "log", 0)) == good);
    }
}

TEST(IndexRebuilding, PutsRightWhatLooksRight) {
    temporary_directory directory;
    write_log(directory.path(), 3000, 50);
    const std::size_t count =
        rebuild_index(directory.path(), segment::open(directory.path(), 0, access::read_only));
    EXPECT_EQ(count, load(directory.path(), 0).entries.size());
    const std::string good = read_whole_file(index_path(directory.path(), 0));
    build(directory.path(), 0);
    EXPECT_TRUE(read_whole_file(index_path(directory.path(), 0)) == good) << "as the writer's";
    // An entry left out: sound, and not what the segment says.
    write_file_atomically(index_path(directory.path(), 0),
                          good.substr(0, 64) + good.substr(64 + sizeof(index_entry)));
    rebuild_index(directory.path(), segment::open(directory.path(), 0, access::read_only));
    EXPECT_TRUE(read_whole_file(index_path(directory.path(), 0)) == good);
}

TEST(IndexParsing, SaysWhatIsWrongAndKeepsWhatStandsBefore) {
    temporary_directory directory;
    write_log(directory / "log", 5000, 50);
    build(directory / "log", 0);
    const segment_info info = read_segment_info(directory / "log", 0);
    const std::string good = read_whole_file(index_path(directory / "log", 0));
    const auto parse = [&](const std::string& text) {
        return parse_index(std::as_bytes(std::span(text.data(), text.size())), info);
    };
    const std::size_t all = parse(good).entries.size();
    ASSERT_GE(all, 5u);
    EXPECT_TRUE(contains(parse(good.substr(0, 63)).fault, "too short"));
    EXPECT_TRUE(contains(parse(good.substr(0, good.size() - 1)).fault, "incomplete"));
    EXPECT_EQ(parse(good.substr(0, good.size() - 1)).entries.size(), all - 1);
    std::string swapped = good;
    for (std::size_t i = 0; i < sizeof(index_entry); ++i) {
        std::swap(swapped[sizeof(index_header) + 32 + i], swapped[sizeof(index_header) + 64 + i]);
    }
    EXPECT_TRUE(contains(parse(swapped).fault, "entry 2 does not lie behind"));
    EXPECT_EQ(parse(swapped).entries.size(), 2u);
    segment_info other = info;
    other.salt += 1;
    EXPECT_TRUE(contains(
        parse_index(std::as_bytes(std::span(good.data(), good.size())), other).fault, "another"));
    for (std::size_t at = 0; at < good.size(); ++at) {
        for (int bit = 0; bit < 8; ++bit) {
            std::string bad = good;
            bad[at] = static_cast<char>(bad[at] ^ (1 << bit));
            const index_contents contents = parse(bad);
            ASSERT_NE(contents.fault, "") << "byte " << at << " bit " << bit;
            ASSERT_EQ(contents.entries.size(),
                      at < sizeof(index_header) ? 0 : (at - sizeof(index_header)) / 32);
        }
    }
}

}  // namespace millrace::engine::test
