#include "engine/log/segment.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "engine/core/error.hpp"
#include "tests/engine/log/log_test_support.hpp"

namespace millrace::engine::test {

namespace {

segment_info first_segment() {
    segment_info info;
    info.uuid = random_log_uuid();
    info.segment_bytes = segment_bytes_min;
    info.header_bytes = segment_header_bytes_min;
    info.epoch = 3;
    info.base_sequence = {17};
    info.base_timestamp = {1234};
    info.previous_last_sequence = {16};
    info.previous_end = {99};
    info.schema = "column price";
    return info;
}

// Changes a header field and puts the checksum right again, as a newer or a wrong writer would have
// it.
void change_static(const fs::path& file, const std::function<void(segment_static&)>& change) {
    std::string text = read_whole_file(file);
    segment_static header;
    std::memcpy(&header, text.data(), sizeof header);
    const std::string schema = text.substr(schema_offset, header.schema_bytes);
    change(header);
    header.crc =
        crc32c(crc32c(0, &header, offsetof(segment_static, crc)), schema.data(), schema.size());
    overwrite(file, 0, {reinterpret_cast<const std::byte*>(&header), sizeof header});
}

}  // namespace

TEST(Segment, NamesFilesByTwelveDigits) {
    EXPECT_EQ(segment_file_name(0), "000000000000.alog");
    EXPECT_EQ(segment_file_name(123), "000000000123.alog");
}

TEST(Segment, ListsItsFilesInOrderAndNothingElse) {
    temporary_directory directory;
    EXPECT_TRUE(list_segments(directory / "none").empty());
    for (const char* name :
         {"000000000010.alog", "000000000002.alog", "000000000003.alog.tmp", "00000000004.alog",
          "writer.lock", "-00000000005.alog", "00000000000a.alog"}) {
        std::ofstream(directory / name) << "x";
    }
    EXPECT_EQ(list_segments(directory.path()), (std::vector<std::uint64_t>{2, 10}));
}

TEST(Segment, SaysWhatItWasMadeWith) {
    temporary_directory directory;
    const segment_info wanted = first_segment();
    const segment made = segment::create(directory.path(), wanted);
    const segment_info read = read_segment_info(directory.path(), 0);
    EXPECT_EQ(read.uuid, wanted.uuid);
    EXPECT_EQ(read.epoch, wanted.epoch);
    EXPECT_EQ(read.base_sequence, wanted.base_sequence);
    EXPECT_EQ(read.base_timestamp, wanted.base_timestamp);
    EXPECT_EQ(read.previous_last_sequence, wanted.previous_last_sequence);
    EXPECT_EQ(read.previous_end, wanted.previous_end);
    EXPECT_EQ(read.schema, wanted.schema);
    EXPECT_EQ(read.salt, made.info().salt);
    EXPECT_NE(read.salt, 0u);
    EXPECT_EQ(fs::file_size(segment_path(directory.path(), 0)), segment_bytes_min);
    EXPECT_FALSE(fs::exists(directory / "000000000000.alog.tmp"));
}

TEST(Segment, DrawsAnotherSaltForEverySegment) {
    temporary_directory directory;
    segment_info info = first_segment();
    const segment a = segment::create(directory.path(), info);
    info.index = 1;
    const segment b = segment::create(directory.path(), info);
    EXPECT_NE(a.info().salt, b.info().salt);
    EXPECT_NE(a.seed(), b.seed());
}

class SegmentHeader : public ::testing::Test {
protected:
    void SetUp() override {
        const segment made = segment::create(directory.path(), first_segment());
    }
    std::string refusal(const std::function<void(segment_static&)>& change) const {
        change_static(file, change);
        return thrown_text<damage_error>(
            [&] { const segment s = segment::open(directory.path(), 0, access::read_only); });
    }
    temporary_directory directory;
    fs::path file = segment_path(directory.path(), 0);
};

TEST_F(SegmentHeader, RefusesAnotherMagic) {
    EXPECT_TRUE(contains(refusal([](auto& h) { h.magic ^= 1; }), "wrong magic"));
}

TEST_F(SegmentHeader, RefusesAnotherFormatVersionAndNamesBoth) {
    EXPECT_TRUE(contains(refusal([](auto& h) { h.format_version = 2; }),
                         "format version 2, this program reads 1"));
}

TEST_F(SegmentHeader, RefusesUnknownIncompatibleFlagsAndIgnoresUnknownCompatibleOnes) {
    change_static(file, [](auto& h) { h.compatible_flags = 0x80; });
    EXPECT_EQ(read_segment_info(directory.path(), 0).epoch, 3u);
    EXPECT_TRUE(contains(refusal([](auto& h) { h.incompatible_flags = 0x80; }), "use a newer one"));
}

TEST_F(SegmentHeader, RefusesAnotherAlignment) {
    EXPECT_TRUE(contains(refusal([](auto& h) { h.alignment = 64; }), "aligned to 64 bytes"));
}

TEST_F(SegmentHeader, RefusesImpossibleSizes) {
    EXPECT_TRUE(contains(refusal([](auto& h) { h.header_bytes = 0; }), "(sizes)"));
    EXPECT_TRUE(contains(refusal([](auto& h) { h.header_bytes = 4097; }), "(sizes)"));
    EXPECT_TRUE(
        contains(refusal([](auto& h) { h.header_bytes = segment_bytes_min * 2; }), "(sizes)"));
}

TEST_F(SegmentHeader, RefusesASchemaLargerThanTheHeader) {
    const std::uint32_t huge = segment_header_bytes_min;
    std::string text = read_whole_file(file);
    overwrite(file, offsetof(segment_static, schema_bytes),
              {reinterpret_cast<const std::byte*>(&huge), sizeof huge});
    EXPECT_TRUE(
        contains(thrown_text<damage_error>([&] { (void)read_segment_info(directory.path(), 0); }),
                 "(sizes)"));
}

TEST_F(SegmentHeader, SaysWhichPartFailsItsChecksum) {
    flip_bit(file, offsetof(segment_static, created_ns), 0);
    EXPECT_TRUE(
        contains(thrown_text<damage_error>([&] { (void)read_segment_info(directory.path(), 0); }),
                 "static part"));
    flip_bit(file, offsetof(segment_static, created_ns), 0);
    flip_bit(file, offsetof(segment_static, incompatible_flags), 3);
    EXPECT_TRUE(
        contains(thrown_text<damage_error>([&] { (void)read_segment_info(directory.path(), 0); }),
                 "static part"))
        << "a damaged bit is no feature of a newer version";
    flip_bit(file, offsetof(segment_static, incompatible_flags), 3);
    flip_bit(file, sizeof(segment_static) + offsetof(segment_activation, process_id), 0);
    EXPECT_TRUE(
        contains(thrown_text<damage_error>([&] { (void)read_segment_info(directory.path(), 0); }),
                 "activation part"));
}

TEST(Segment, ProbesNothingOutsideItsBytes) {
    temporary_directory directory;
    const segment made = segment::create(directory.path(), first_segment());
    for (const std::size_t offset : {segment_bytes_min, segment_bytes_min - 31,
                                     segment_bytes_min + 32, std::size_t{1} << 40}) {
        EXPECT_EQ(probe_record(made, offset).state, record_state::absent);
    }
    const std::size_t at = segment_bytes_min - 64;
    for (const std::uint32_t length : {1u, 31u, 65u, 0xffffffffu}) {
        const std::uint64_t word = make_commit_word(length, 0);
        std::memcpy(made.data() + at, &word, sizeof word);
        const record_probe probe = probe_record(made, at);
        EXPECT_EQ(probe.state, record_state::damaged) << length;
        EXPECT_EQ(probe.kind, damage_kind::bad_length) << length;
    }
    const std::uint64_t word = make_commit_word(segment_bytes_min / 8 + 1, 0);
    std::memcpy(made.data() + segment_header_bytes_min, &word, sizeof word);
    EXPECT_EQ(probe_record(made, segment_header_bytes_min).kind, damage_kind::bad_length);
}

TEST(Segment, DescribesEveryKindOfDamageInItsOwnWords) {
    std::vector<std::string_view> texts;
    for (int kind = 0; kind <= static_cast<int>(damage_kind::missing_records); ++kind) {
        const std::string_view text = describe(static_cast<damage_kind>(kind));
        EXPECT_NE(text, "unknown damage");
        EXPECT_EQ(std::count(texts.begin(), texts.end(), text), 0);
        texts.push_back(text);
    }
}

TEST(UsedBytes, EndBehindTheLastOneThatIsNotZeroAndNotBeforeWhereTheyMayBegin) {
    for (std::size_t size = 0; size <= 40; ++size) {
        for (std::size_t from = 0; from <= size; ++from) {
            std::vector<std::byte> bytes(size);
            EXPECT_EQ(used_bytes(bytes, from), from) << size;
            for (std::size_t last = 0; last < size; ++last) {
                bytes.assign(size, std::byte{0});
                bytes[last] = std::byte{1};
                EXPECT_EQ(used_bytes(bytes, from), std::max(from, last + 1)) << size;
            }
        }
    }
}

}  // namespace millrace::engine::test
