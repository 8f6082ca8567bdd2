#include "engine/log/segment_image.hpp"

#include <gtest/gtest.h>

#include "engine/core/error.hpp"
#include "tests/engine/log/log_test_support.hpp"

namespace millrace::engine::test {

namespace {

std::vector<std::byte> bytes_of(const fs::path& file) {
    const std::string text = read_whole_file(file);
    const auto bytes = std::as_bytes(std::span(text.data(), text.size()));
    return {bytes.begin(), bytes.end()};
}

class SegmentImage : public ::testing::Test {
protected:
    void SetUp() override {
        {
            log_writer writer(directory_ / "log", small_log());
            for (std::size_t i = 0; i < 40; ++i) {
                append(writer, i * 3);
            }
        }
        bytes_ = bytes_of(segment_path(directory_ / "log", 0));
        info_ = read_segment_info(directory_ / "log", 0);
        records_ = read_log(directory_ / "log", {}, true);
    }
    [[nodiscard]] std::uint32_t seed() const { return checksum_seed(info_.salt, info_.epoch); }
    [[nodiscard]] static bool is_equal(const segment_info& left, const segment_info& right) {
        return left.uuid == right.uuid && left.index == right.index &&
               left.segment_bytes == right.segment_bytes &&
               left.header_bytes == right.header_bytes && left.salt == right.salt &&
               left.epoch == right.epoch && left.base_sequence == right.base_sequence &&
               left.base_timestamp == right.base_timestamp &&
               left.previous_last_sequence == right.previous_last_sequence &&
               left.previous_end == right.previous_end && left.schema == right.schema;
    }

    temporary_directory directory_;
    std::vector<std::byte> bytes_;
    segment_info info_;
    std::vector<seen_record> records_;
};

using ImageWalk = SegmentImage;

}  // namespace

TEST_F(SegmentImage, OfAWholeHeaderSaysWhatTheReaderReads) {
    const header_image image = read_header_image(bytes_);
    EXPECT_TRUE(image.is_usable);
    EXPECT_FALSE(image.is_damaged);
    EXPECT_EQ(image.fault, "");
    EXPECT_EQ(image.padding_fault, 0u);
    EXPECT_TRUE(is_equal(image.info, info_));
}

TEST_F(SegmentImage, PutsAnyOneFlippedBitOfTheHeaderRight) {
    const std::size_t schema_end = schema_offset + info_.schema.size();
    for (std::size_t at = 0; at < info_.header_bytes; at += at < schema_end + 3 ? 1 : 97) {
        for (int bit = 0; bit < 8; ++bit) {
            std::vector<std::byte> bad = bytes_;
            bad[at] ^= static_cast<std::byte>(1 << bit);
            const header_image image = read_header_image(bad);
            ASSERT_TRUE(image.is_usable) << "byte " << at << " bit " << bit << image.fault;
            ASSERT_TRUE(is_equal(image.info, info_)) << "byte " << at << " bit " << bit;
            ASSERT_EQ(image.is_damaged, at < schema_end);
            ASSERT_EQ(image.padding_fault, at < schema_end ? 0 : at);
        }
    }
}

TEST_F(SegmentImage, MakesNothingUpWhereMoreIsWrong) {
    std::vector<std::byte> bad = bytes_;
    bad[57] ^= std::byte{3};
    EXPECT_FALSE(read_header_image(bad).is_usable);
    bad = bytes_;
    bad[130] ^= std::byte{3};
    EXPECT_FALSE(read_header_image(bad).is_usable);
    EXPECT_TRUE(contains(read_header_image(bad).fault, "activation"));
    for (std::size_t size = 0; size < schema_offset + info_.schema.size(); ++size) {
        EXPECT_FALSE(read_header_image(std::span(bytes_).first(size)).is_usable) << size;
    }
}

TEST_F(SegmentImage, FindsTheSeedFromTwoRecordsThatAgree) {
    found_seed found = find_seed(bytes_, info_.header_bytes);
    EXPECT_TRUE(found.is_found);
    EXPECT_EQ(found.seed, seed());
    EXPECT_EQ(found.offset, info_.header_bytes);
    EXPECT_EQ(found.first.sequence, 1u);
    bytes_[records_[0].at.value + 9] ^= std::byte{1};
    found = find_seed(bytes_, info_.header_bytes);
    EXPECT_EQ(found.seed, seed());
    EXPECT_EQ(found.offset, records_[1].at.value);
    for (std::size_t i = 2; i < records_.size(); i += 2) {
        bytes_[records_[i].at.value + 9] ^= std::byte{1};
    }
    EXPECT_FALSE(find_seed(bytes_, info_.header_bytes).is_found) << "no two stand side by side";
}

TEST_F(ImageWalk, GivesEveryRecordOfAWholeSegment) {
    image_walk walk(bytes_, info_, seed());
    for (const seen_record& record : records_) {
        ASSERT_EQ(walk.next(), image_step::record);
        ASSERT_EQ(copy_record(walk.record()), record);
    }
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(walk.next(), image_step::end);
        EXPECT_EQ(walk.where_ended().offset, records_.back().end.value);
        EXPECT_EQ(walk.where_ended().kind, damage_kind::none);
        EXPECT_EQ(walk.where_ended().dirty_begin, walk.where_ended().dirty_end);
    }
}

TEST_F(ImageWalk, StepsOverDamageToTheNextRecordThatBelongs) {
    for (std::size_t from = 0; from + 1 < records_.size(); ++from) {
        for (std::size_t count = 1; count <= 3 && from + count < records_.size(); ++count) {
            std::vector<std::byte> bad = bytes_;
            for (std::size_t i = from; i < from + count; ++i) {
                bad[records_[i].at.value + 20] ^= std::byte{16};
            }
            image_walk walk(bad, info_, seed());
            for (std::size_t i = 0; i < from; ++i) {
                ASSERT_EQ(walk.next(), image_step::record);
            }
            ASSERT_EQ(walk.next(), image_step::hole);
            EXPECT_EQ(walk.hole().kind, damage_kind::bad_checksum);
            EXPECT_EQ(walk.hole().begin, records_[from].at.value);
            EXPECT_EQ(walk.hole().end, records_[from + count].at.value);
            EXPECT_EQ(walk.hole().first_lost.value, from + 1);
            EXPECT_EQ(walk.hole().last_lost.value, from + count);
            for (std::size_t i = from + count; i < records_.size(); ++i) {
                ASSERT_EQ(walk.next(), image_step::record);
                ASSERT_EQ(copy_record(walk.record()), records_[i]);
            }
            EXPECT_EQ(walk.next(), image_step::end);
        }
    }
}

// A payload that holds a copy of an earlier record, damaged itself: the copy is whole, and is not
// taken for what follows.
TEST_F(ImageWalk, IsNotTakenInByACopyWithinADamagedPayload) {
    temporary_directory other;
    {
        log_writer writer(other / "log", small_log());
        append(writer, 64);
        const std::string text = read_whole_file(segment_path(other / "log", 0));
        const auto copy = std::as_bytes(std::span(text.data() + 4096, 96));
        EXPECT_EQ(writer.try_append(1, copy).status, append_status::ok);
        append(writer, 10);
    }
    const std::vector<seen_record> records = read_log(other / "log");
    std::vector<std::byte> bad = bytes_of(segment_path(other / "log", 0));
    bad[records[1].at.value + 10] ^= std::byte{1};
    const segment_info info = read_segment_info(other / "log", 0);
    image_walk walk(bad, info, checksum_seed(info.salt, info.epoch));
    EXPECT_EQ(walk.next(), image_step::record);
    EXPECT_EQ(walk.next(), image_step::hole);
    EXPECT_EQ(walk.hole().end, records[2].at.value);
    EXPECT_EQ(walk.next(), image_step::record);
    EXPECT_EQ(walk.record().seq.value, 3u);
}

TEST_F(ImageWalk, PassesOverARecordThatComesTwice) {
    // The bytes of record 5, again where record 6 of the same size stood.
    const auto at = records_[4].at.value;
    const std::size_t size = records_[4].end.value - at;
    std::size_t other = 5;
    while (records_[other].end.value - records_[other].at.value != size) {
        ++other;
    }
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(at), size,
                bytes_.begin() + static_cast<std::ptrdiff_t>(records_[other].at.value));
    image_walk walk(bytes_, info_, seed());
    std::vector<damage_kind> holes;
    std::uint64_t lost = 0;
    for (image_step step = walk.next(); step != image_step::end; step = walk.next()) {
        if (step == image_step::hole) {
            holes.push_back(walk.hole().kind);
            lost += walk.hole().last_lost.value + 1 - walk.hole().first_lost.value;
        }
    }
    EXPECT_EQ(holes, std::vector{damage_kind::bad_sequence});
    EXPECT_EQ(lost, 1u) << "the record whose place was taken";
    EXPECT_EQ(walk.last_sequence().value, 40u);
}

TEST_F(ImageWalk, OfAnyPartOfTheBytesStaysWithinThem) {
    for (std::size_t size = 0; size < records_.back().end.value + 100; ++size) {
        const std::vector<std::byte> part(bytes_.begin(),
                                          bytes_.begin() + static_cast<std::ptrdiff_t>(size));
        image_walk walk(part, info_, seed());
        std::size_t count = 0;
        while (walk.next() == image_step::record) {
            ++count;
        }
        const auto whole = static_cast<std::size_t>(
            std::count_if(records_.begin(), records_.end(), [&](const seen_record& record) {
                return record.at.value + 32 + record.payload.size() <= size;
            }));
        ASSERT_EQ(count, whole) << size;
    }
}

TEST(FirstNonzero, LooksAtEveryByteOnce) {
    std::vector<std::byte> bytes(50);
    for (std::size_t from = 0; from <= 50; ++from) {
        for (std::size_t until = from; until <= 50; ++until) {
            EXPECT_EQ(first_nonzero(bytes, from, until), until);
            for (std::size_t at = 0; at < 50; ++at) {
                bytes[at] = std::byte{1};
                ASSERT_EQ(first_nonzero(bytes, from, until), at >= from && at < until ? at : until);
                bytes[at] = std::byte{0};
            }
        }
    }
}

}  // namespace millrace::engine::test
