#include "engine/log/salvage.hpp"

#include <gtest/gtest.h>

#include "engine/core/error.hpp"
#include "engine/log/record_lookup.hpp"
#include "engine/log/retained.hpp"
#include "tests/engine/log/damage_support.hpp"

namespace millrace::engine::test {

namespace {

class Salvage : public ::testing::Test {
protected:
    void SetUp() override {
        write_quarter_mebibyte(log());
        records_ = read_log(log());
        uuid_ = log_reader(log(), {}).uuid();
    }
    [[nodiscard]] fs::path log() const { return directory_ / "log"; }
    [[nodiscard]] fs::path out() const { return directory_ / "out"; }
    [[nodiscard]] fs::path path(std::uint64_t index) const { return segment_path(log(), index); }
    // Salvages and holds the result against what was there: all but `lost`, unmoved, readable by
    // the ordinary reader, whole for verification, and open to the next writer.
    salvage_report expect_all_but(const std::set<std::uint64_t>& lost) {
        fs::remove_all(out());
        salvage_report report = salvage_log(log(), out());
        std::vector<seen_record> wanted;
        for (const seen_record& record : records_) {
            if (!lost.contains(record.seq.value)) {
                wanted.push_back(record);
            }
        }
        EXPECT_EQ(report.record_count, wanted.size());
        const std::vector<seen_record> got = read_log(out());
        EXPECT_TRUE(got == wanted) << got.size() << " records, wanted " << wanted.size();
        const verify_report verified = verify_log(out());
        EXPECT_EQ(verified.result(), verdict::clean) << all_text(verified);
        EXPECT_EQ(verified.record_count, wanted.size());
        EXPECT_EQ(report.origin, uuid_);
        EXPECT_NE(report.uuid, report.origin);
        EXPECT_EQ(verified.uuid, report.uuid);
        for (const std::uint64_t index : list_segments(out())) {
            EXPECT_EQ(read_segment_info(out(), index).origin, report.origin);
            EXPECT_EQ(read_segment_info(out(), index).schema, "column price");
        }
        return report;
    }
    [[nodiscard]] std::set<std::uint64_t> in_segment(std::uint64_t index) const {
        std::set<std::uint64_t> found;
        for (const seen_record& record : records_) {
            if (record.at.value / segment_bytes_min == index) {
                found.insert(record.seq.value);
            }
        }
        return found;
    }

    temporary_directory directory_;
    std::vector<seen_record> records_;
    log_uuid uuid_;
};

}  // namespace

TEST_F(Salvage, OfAWholeLogIsItsCopyUnderANewName) {
    const salvage_report report = expect_all_but({});
    EXPECT_TRUE(report.holes.empty());
    EXPECT_EQ(report.lost_count, 0u);
    EXPECT_EQ(report.segment_count, 4u);
    EXPECT_EQ(report.first_sequence.value, 1u);
    EXPECT_EQ(report.last_sequence, records_.back().seq);
    log_writer writer(out(), small_log());
    EXPECT_EQ(writer.recovery_note(), "");
    EXPECT_EQ(append(writer, 10).seq, records_.back().seq.next());
}

TEST_F(Salvage, PutsAGapWhereARecordWasLost) {
    const seen_record& record = records_[records_.size() / 2];
    const std::uint64_t index = record.at.value / segment_bytes_min;
    flip_bit(path(index), record.at.value % segment_bytes_min + 12, 2);
    const salvage_report report = expect_all_but({record.seq.value});
    ASSERT_EQ(report.holes.size(), 1u);
    EXPECT_EQ(report.holes[0].begin, record.at);
    EXPECT_EQ(report.holes[0].end, record.end);
    EXPECT_EQ(report.holes[0].first_lost, record.seq);
    EXPECT_EQ(report.holes[0].last_lost, record.seq);
    EXPECT_TRUE(contains(report.holes[0].text(), "sequences " + std::to_string(record.seq.value)));
    // A reader that asks for control records is told; the gap says the same as the report.
    log_reader reader(out(), read_from::at_position(record.at), true);
    record_view view;
    ASSERT_EQ(reader.poll(view), read_status::record);
    ASSERT_TRUE(view.is_control(control_type::gap));
    EXPECT_EQ(view.at, record.at);
    EXPECT_EQ(view.end, record.end);
    EXPECT_EQ(view.seq, record.seq);
    if (view.payload_size >= sizeof(gap_payload)) {
        gap_payload told{};
        std::memcpy(&told, view.payload, sizeof told);
        EXPECT_EQ(told.first_sequence, record.seq.value);
        EXPECT_EQ(told.last_sequence, record.seq.value);
        EXPECT_EQ(told.reason, static_cast<std::uint32_t>(damage_kind::bad_checksum));
    }
    ASSERT_EQ(reader.poll(view), read_status::record);
    EXPECT_EQ(view.seq, record.seq.next());
}

TEST_F(Salvage, KeepsThePositionOfEveryRecord) {
    std::set<std::uint64_t> lost;
    for (std::size_t i = 5; i + 1 < records_.size(); i += 7) {
        flip_bit(path(records_[i].at.value / segment_bytes_min),
                 records_[i].at.value % segment_bytes_min + 17, 1);
        lost.insert(records_[i].seq.value);
    }
    const salvage_report report = expect_all_but(lost);
    EXPECT_EQ(report.holes.size(), lost.size());
    EXPECT_EQ(report.lost_count, lost.size());
    record_lookup lookup(out(), segment_bytes_min);
    record_view view;
    for (const seen_record& record : records_) {
        ASSERT_TRUE(lookup.read(record.at, view));
        EXPECT_EQ(view.is_control(control_type::gap), lost.contains(record.seq.value));
    }
}

TEST_F(Salvage, FillsAHoleLargerThanARecordMayBe) {
    std::set<std::uint64_t> lost = in_segment(1);
    // All of the segment behind its header but its end record.
    const std::uint64_t end = read_segment_info(log(), 2).previous_end.value;
    const std::vector<std::byte> noise = pattern(9, end - segment_bytes_min - 4096);
    overwrite(path(1), 4096, noise);
    const salvage_report report = expect_all_but(lost);
    ASSERT_EQ(report.holes.size(), 1u);
    EXPECT_EQ(report.holes[0].begin.value, segment_bytes_min + 4096);
    EXPECT_EQ(report.holes[0].end.value, end);
    EXPECT_EQ(report.lost_count, lost.size());
}

TEST_F(Salvage, StandsAGapForAMissingSegment) {
    for (const std::uint64_t index : {1u, 2u}) {
        const fs::path aside = directory_ / "aside";
        fs::rename(path(index), aside);
        const salvage_report report = expect_all_but(in_segment(index));
        ASSERT_EQ(report.holes.size(), 1u);
        EXPECT_EQ(report.segment_count, 4u);
        EXPECT_FALSE(report.holes[0].is_unknown);
        fs::rename(aside, path(index));
    }
}

TEST_F(Salvage, SaysWhereItIsNotKnownHowMuchWasLost) {
    fs::remove(path(3));
    fs::remove_all(out());
    const salvage_report report = salvage_log(log(), out());
    ASSERT_EQ(report.holes.size(), 1u);
    EXPECT_TRUE(report.holes[0].is_unknown);
    EXPECT_TRUE(contains(report.holes[0].text(), "not known"));
    EXPECT_EQ(verify_log(out()).result(), verdict::clean) << all_text(verify_log(out()));
    EXPECT_EQ(read_log(out()).size(), records_.size() - in_segment(3).size());
    // Its gap record says it too, to whoever reads the new log alone.
    std::size_t gap_count = 0;
    for (const seen_record& record : read_log(out(), {}, true)) {
        gap_payload told{};
        if (record.is_control(control_type::gap) && record.payload.size() >= sizeof told) {
            std::memcpy(&told, record.payload.data(), sizeof told);
            EXPECT_EQ(told.flags, gap_flag_unknown);
            ++gap_count;
        }
    }
    EXPECT_GT(gap_count, 0u);
}

TEST_F(Salvage, TakesSegmentsForWhatTheyAre) {
    fs::rename(path(1), directory_ / "aside");
    fs::rename(path(2), path(1));
    fs::rename(directory_ / "aside", path(2));
    EXPECT_TRUE(expect_all_but({}).holes.empty());
    fs::copy_file(path(3), path(4));
    EXPECT_TRUE(expect_all_but({}).holes.empty());
}

TEST_F(Salvage, LeavesAForeignSegmentOut) {
    write_quarter_mebibyte(directory_ / "other", 8);
    fs::copy_file(segment_path(directory_ / "other", 2), path(2),
                  fs::copy_options::overwrite_existing);
    EXPECT_EQ(expect_all_but(in_segment(2)).holes.size(), 1u);
}

TEST_F(Salvage, BeginsWithTheOldestSegmentThatCanBeRead) {
    write_file_atomically(path(0), std::string(segment_bytes_min, 'x'));
    const salvage_report report = expect_all_but(in_segment(0));
    ASSERT_EQ(report.holes.size(), 1u);
    EXPECT_FALSE(report.holes[0].is_unknown) << "the next segment says what the last one was";
    EXPECT_EQ(report.lost_count, in_segment(0).size());
    EXPECT_EQ(report.segment_count, 3u);
    fs::remove(path(0));
    EXPECT_EQ(expect_all_but(in_segment(0)).holes.size(), 1u) << "and where the file is gone";
    // What retention removed is no hole; how much is lost behind that is not known.
    fs::remove(path(1));
    write_retained(log(), {verify_log(log()).uuid, 1});
    std::set<std::uint64_t> lost = in_segment(0);
    lost.merge(in_segment(1));
    const salvage_report rest = expect_all_but(lost);
    ASSERT_EQ(rest.holes.size(), 1u);
    EXPECT_TRUE(rest.holes[0].is_unknown);
    EXPECT_EQ(rest.holes[0].begin.value, segment_bytes_min);
}

TEST_F(Salvage, ReadsRecordsWhoseHeaderIsLost) {
    for (const std::uint64_t index : {0u, 1u, 3u}) {
        overwrite(path(index), 0, std::vector<std::byte>(4096));
    }
    EXPECT_TRUE(expect_all_but({}).holes.empty());
}

TEST_F(Salvage, RestoresAnEndRecord) {
    const std::uint64_t end = read_segment_info(log(), 2).previous_end.value;
    flip_bit(path(1), end % segment_bytes_min + 16, 0);
    EXPECT_TRUE(expect_all_but({}).holes.empty());
}

TEST_F(Salvage, MarksADamagedNewestRecordAsLostInUnknownNumber) {
    { log_writer writer(log(), small_log()); }
    const position close = read_log(log(), {}, true).back().at;
    flip_bit(path(3), close.value % segment_bytes_min + 8, 0);
    flip_bit(path(3), records_.back().at.value % segment_bytes_min + 8, 0);
    fs::remove_all(out());
    const salvage_report report = salvage_log(log(), out());
    EXPECT_EQ(report.record_count, records_.size() - 1);
    ASSERT_EQ(report.holes.size(), 1u);
    EXPECT_TRUE(report.holes[0].is_unknown);
    EXPECT_EQ(verify_log(out()).result(), verdict::clean);
    log_writer writer(out(), small_log());
    EXPECT_EQ(append(writer, 1).seq, records_.back().seq);
}

TEST_F(Salvage, DoesNotCopyWhatWasNeverCommitted) {
    temporary_directory other;
    {
        log_writer writer(other / "open", small_log());
        for (int i = 0; i < 20; ++i) {
            append(writer, 100);
        }
        copy_log(other / "open", other / "log");
        overwrite(segment_path(other / "log", 0), writer.end().value + 8, pattern(1, 90));
    }
    {
        log_writer writer(other / "log", small_log());
        append(writer, 5);
    }
    const salvage_report report = salvage_log(other / "log", other / "out");
    EXPECT_TRUE(report.holes.empty());
    EXPECT_EQ(read_log(other / "out").size(), 21u);
    EXPECT_EQ(verify_log(other / "out").result(), verdict::clean);
}

TEST_F(Salvage, KeepsTheGapsOfALogThatWasSalvagedBefore) {
    std::set<std::uint64_t> lost;
    for (const std::size_t i : {20u, 21u, 300u}) {
        flip_bit(path(records_[i].at.value / segment_bytes_min),
                 records_[i].at.value % segment_bytes_min + 8, 1);
        lost.insert(records_[i].seq.value);
    }
    expect_all_but(lost);
    const salvage_report again = salvage_log(out(), directory_ / "again");
    EXPECT_TRUE(again.holes.empty());
    EXPECT_TRUE(read_log(directory_ / "again", {}, true) == read_log(out(), {}, true));
    EXPECT_TRUE(contains(all_text(verify_log(directory_ / "again")), "gap records say that 3"));
}

TEST_F(Salvage, RefusesATargetInUseAndASourceInUse) {
    fs::create_directories(out());
    std::ofstream(out() / "a file") << "x";
    EXPECT_TRUE(
        contains(thrown_text<config_error>([&] { static_cast<void>(salvage_log(log(), out())); }),
                 "is not empty"));
    const log_writer writer(log(), small_log());
    EXPECT_TRUE(contains(thrown_text<locked_error>(
                             [&] { static_cast<void>(salvage_log(log(), directory_ / "new")); }),
                         "open for writing"));
    EXPECT_FALSE(fs::exists(directory_ / "new"));
}

// Of the sampled flips of verify_damage_test.cpp's kind, each leaves all but what it hit.
TEST_F(Salvage, LosesNoMoreThanTheRecordThatWasHit) {
    std::mt19937_64 random(test_seed());
    const std::vector<seen_record> all = read_log(log(), {}, true);
    for (int i = 0; i < 150 && !HasFailure(); ++i) {
        const std::uint64_t at = random() % (4 * segment_bytes_min);
        const auto bit = static_cast<unsigned>(random() % 8);
        SCOPED_TRACE("byte " + std::to_string(at) + " bit " + std::to_string(bit));
        flip_bit(path(at / segment_bytes_min), at % segment_bytes_min, bit);
        const seen_record* record = record_at(all, at);
        const bool is_lost = record != nullptr && (record->flags & record_flag_control) == 0 &&
                             at < record->at.value + 32 + record->payload.size();
        expect_all_but(is_lost ? std::set{record->seq.value} : std::set<std::uint64_t>());
        flip_bit(path(at / segment_bytes_min), at % segment_bytes_min, bit);
    }
}

// verify_damage_slow_test.cpp does it at every byte.
TEST_F(Salvage, OfATruncatedSegmentKeepsWhatIsThere) {
    std::mt19937_64 random(test_seed());
    for (int i = 0; i < 60 && !HasFailure(); ++i) {
        // At any byte, or around a record's end. Of the newest segment, how much is lost is not
        // known.
        const std::size_t third = records_.size() * 3 / 4;
        const seen_record& chosen = records_[random() % third];
        const std::uint64_t index = chosen.at.value / segment_bytes_min;
        const std::uint64_t end = chosen.at.value % segment_bytes_min + 32 + chosen.payload.size();
        const std::uint64_t size = i % 2 == 0 ? random() % segment_bytes_min : end + i % 3 - 1;
        SCOPED_TRACE("segment " + std::to_string(index) + " of " + std::to_string(size));
        const std::string whole = read_whole_file(path(index));
        truncate_file(path(index), size);
        const verify_report report = verify_log(log(), {.thread_count = 1});
        EXPECT_TRUE(has_kind(report, finding_kind::truncated_segment)) << all_text(report);
        std::set<std::uint64_t> lost;
        for (const seen_record& record : records_) {
            if (record.at.value / segment_bytes_min == index &&
                record.at.value % segment_bytes_min + 32 + record.payload.size() > size) {
                lost.insert(record.seq.value);
            }
        }
        if (size >= 256 + 12 || index != 0) {
            expect_all_but(lost);
        }
        std::ofstream(path(index), std::ios::binary) << whole;
    }
}

}  // namespace millrace::engine::test
