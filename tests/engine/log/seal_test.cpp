// What a seal covers, when one is made, and that a stranger with the document alone computes the
// same.
#include "engine/log/seal.hpp"

#include <gtest/gtest.h>

#include "tests/engine/log/log_test_support.hpp"

namespace millrace::engine::test {

namespace {

seal_key test_key() {
    const std::string text = "a key of more than sixteen bytes";
    return seal_key(std::as_bytes(std::span(text.data(), text.size())));
}

// Records made of one record's bytes, at places and times of the test's choosing.
class faked_records {
public:
    explicit faked_records(const segment& where) : where_(where) {
        at_ = where.info().first_record().value;
    }
    record_view next(std::int64_t ns, bool is_control = false) {
        record_view view;
        view.at = {at_};
        view.end = {at_ += record_alignment};
        view.seq = {is_control ? sequence_ : ++sequence_};
        view.time = {ns};
        view.flags = is_control ? record_flag_control : 0;
        view.type = is_control ? static_cast<std::uint16_t>(control_type::end) : 1;
        view.payload = where_.data() + where_.info().header_bytes + record_header_bytes;
        return view;
    }

private:
    const segment& where_;
    std::uint64_t at_ = 0;
    std::uint64_t sequence_ = 0;
};

class Sealing : public ::testing::Test {
protected:
    void SetUp() override {
        {
            log_writer writer(directory_ / "log", small_log());
            for (int i = 0; i < 20; ++i) {
                append(writer, static_cast<std::size_t>(i) * 11);
            }
        }
        where_ = segment::open(directory_ / "log", 0, access::read_only);
    }
    [[nodiscard]] std::span<const std::byte> log_bytes(const seal& one) const {
        return {where_.data() + one.begin, static_cast<std::size_t>(one.end - one.begin)};
    }
    // All records of the segment; the builder is left with the last ones unsealed.
    void feed(seal_builder& builder) const {
        segment_cursor cursor(where_);
        record_view record;
        while (cursor.next(record) == damage_kind::none && record.payload != nullptr) {
            EXPECT_FALSE(builder.add(record));
        }
    }

    temporary_directory directory_;
    segment where_;
};

using SealParsing = Sealing;

}  // namespace

TEST_F(Sealing, CoversTheHeaderAndEveryRecordInOrder) {
    seal_builder builder(where_, digest{}, nullptr);
    feed(builder);
    EXPECT_TRUE(builder.has_unsealed());
    builder.close_range(false);
    EXPECT_FALSE(builder.has_unsealed());
    const seal& one = builder.last();
    EXPECT_EQ(one.begin, 0u);
    EXPECT_EQ(one.end, read_log(directory_ / "log", {}, true).back().end.value);
    EXPECT_EQ(one.first_sequence, 1u);
    EXPECT_EQ(one.last_sequence, 20u);
    EXPECT_EQ(one.flags, 0u);
    EXPECT_TRUE(one.mac.is_none());
}

// By the document: SHA-256(hash before ++ the log's bytes ++ bytes 0..47 of the seal).
TEST_F(Sealing, HashesWhatTheDocumentSays) {
    const digest before = sha256_of(pattern(1, 100));
    const seal_key key = test_key();
    seal_builder builder(where_, before, &key);
    feed(builder);
    builder.close_range(true);
    const seal& one = builder.last();
    EXPECT_EQ(one.flags, 3u);
    std::vector<std::byte> all(before.view().begin(), before.view().end());
    all.insert(all.end(), log_bytes(one).begin(), log_bytes(one).end());
    std::vector<std::byte> fields(sizeof one);
    std::memcpy(fields.data(), &one, sizeof one);
    all.insert(all.end(), fields.begin(), fields.begin() + 48);
    EXPECT_EQ(one.hash, sha256_of(all));
    EXPECT_EQ(one.mac, hmac_sha256(key.bytes(), std::span(fields).first(80)));
    EXPECT_TRUE(is_hash_of(one, before, log_bytes(one)));
    EXPECT_FALSE(is_hash_of(one, {}, log_bytes(one)));
    EXPECT_TRUE(is_mac_of(one, key));
    EXPECT_FALSE(is_mac_of(one, seal_key(pattern(2, 32))));
}

TEST_F(Sealing, ChainsEachSealToTheOneBefore) {
    seal_builder builder(where_, digest{}, nullptr);
    segment_cursor cursor(where_);
    record_view record;
    std::vector<seal> seals;
    for (int i = 0; i < 20; ++i) {
        ASSERT_EQ(cursor.next(record), damage_kind::none);
        ASSERT_FALSE(builder.add(record));
        if (i % 7 == 6) {
            builder.close_range(false);
            seals.push_back(builder.last());
            // Another builder goes on from here with the same result.
            builder = seal_builder(where_, builder.last(), nullptr);
        }
    }
    builder.close_range(true);
    seals.push_back(builder.last());
    ASSERT_EQ(seals.size(), 3u);
    EXPECT_TRUE(is_hash_of(seals[0], {}, log_bytes(seals[0])));
    EXPECT_TRUE(is_hash_of(seals[1], seals[0].hash, log_bytes(seals[1])));
    EXPECT_TRUE(is_hash_of(seals[2], seals[1].hash, log_bytes(seals[2])));
    EXPECT_EQ(seals[1].first_sequence, 8u);
    EXPECT_EQ(seals[1].last_sequence, 14u);
    EXPECT_EQ(seals[1].begin, seals[0].end);
    EXPECT_TRUE(seals[2].is_segment_end());
}

TEST_F(Sealing, MakesASealEachSixtyFourThousandRecords) {
    seal_builder builder(where_, digest{}, nullptr);
    faked_records records(where_);
    for (std::uint32_t i = 1; i <= 2 * seal_records_max; ++i) {
        ASSERT_EQ(builder.add(records.next(1000 + i)), i % seal_records_max == 0) << i;
    }
    EXPECT_EQ(builder.last().first_sequence, seal_records_max + 1);
    EXPECT_EQ(builder.last().last_sequence, 2 * seal_records_max);
}

TEST_F(Sealing, MakesASealWhenARangeSpansASecond) {
    seal_builder builder(where_, digest{}, nullptr);
    faked_records records(where_);
    constexpr std::int64_t start = 5'000'000'000;
    EXPECT_FALSE(builder.add(records.next(start))) << "the header's age does not count";
    EXPECT_FALSE(builder.add(records.next(start + seal_interval_ns - 1)));
    EXPECT_FALSE(builder.is_due({start + seal_interval_ns - 1}));
    EXPECT_TRUE(builder.is_due({start + seal_interval_ns}));
    EXPECT_TRUE(builder.add(records.next(start + seal_interval_ns)));
    EXPECT_FALSE(builder.is_due({start + 9 * seal_interval_ns})) << "nothing is unsealed";
    EXPECT_FALSE(builder.add(records.next(start + 2 * seal_interval_ns)));
}

TEST_F(Sealing, EndsWithTheSegment) {
    seal_builder builder(where_, digest{}, nullptr);
    faked_records records(where_);
    EXPECT_FALSE(builder.add(records.next(1)));
    EXPECT_TRUE(builder.add(records.next(2, true)));
    EXPECT_TRUE(builder.is_finished());
    EXPECT_TRUE(builder.last().is_segment_end());
    EXPECT_EQ(builder.last().last_sequence, 1u);
}

TEST_F(SealParsing, FindsEveryFlippedBitAndKeepsWhatStandsBefore) {
    const seal_key key = test_key();
    seal_builder builder(where_, digest{}, &key);
    const seal_header header = make_seal_header(where_.info(), {});
    std::string good(reinterpret_cast<const char*>(&header), sizeof header);
    segment_cursor cursor(where_);
    record_view record;
    for (int i = 0; i < 20; ++i) {
        ASSERT_EQ(cursor.next(record), damage_kind::none);
        ASSERT_FALSE(builder.add(record));
        if (i % 5 == 4) {
            builder.close_range(i == 19);
            good.append(reinterpret_cast<const char*>(&builder.last()), sizeof(seal));
        }
    }
    const auto parse = [&](const std::string& text) {
        return parse_seals(std::as_bytes(std::span(text.data(), text.size())), where_.info());
    };
    EXPECT_EQ(parse(good).fault, "");
    EXPECT_EQ(parse(good).seals.size(), 4u);
    for (std::size_t at = 0; at < good.size(); ++at) {
        for (int bit = 0; bit < 8; ++bit) {
            std::string bad = good;
            bad[at] = static_cast<char>(bad[at] ^ (1 << bit));
            const seal_contents contents = parse(bad);
            ASSERT_NE(contents.fault, "") << "byte " << at << " bit " << bit;
            ASSERT_EQ(contents.seals.size(), at < 128 ? 0 : at / 128 - 1);
            ASSERT_EQ(contents.is_cut, at >= 4 * 128) << "the last seal may have been cut short";
        }
    }
    for (std::size_t size = 0; size < good.size(); ++size) {
        const seal_contents contents = parse(good.substr(0, size));
        ASSERT_EQ(contents.seals.size(), size < 128 ? 0 : size / 128 - 1);
        ASSERT_EQ(contents.fault.empty(), size >= 128 && size % 128 == 0);
        ASSERT_EQ(contents.is_cut, !contents.fault.empty());
    }
    std::string swapped = good;
    std::swap_ranges(swapped.begin() + 128, swapped.begin() + 256, swapped.begin() + 256);
    EXPECT_TRUE(contains(parse(swapped).fault, "does not cover the bytes that follow"));
    EXPECT_FALSE(parse(swapped).is_cut);
    segment_info other = where_.info();
    other.epoch += 1;
    EXPECT_TRUE(contains(
        parse_seals(std::as_bytes(std::span(good.data(), good.size())), other).fault, "another"));
}

}  // namespace millrace::engine::test
