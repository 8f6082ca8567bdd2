#include "engine/log/log_reader.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "engine/core/error.hpp"
#include "tests/engine/log/log_test_support.hpp"

namespace millrace::engine::test {

namespace {

// A closed log of several segments, and what is in it, control records included.
class written_log {
public:
    explicit written_log(std::size_t count = 2000, std::size_t payload_bytes = 100) {
        {
            log_writer writer(path(), small_log());
            for (std::size_t i = 0; i < count; ++i) {
                append(writer, payload_bytes);
            }
        }
        records = read_log(path());
        all = read_log(path(), {}, true);
        segments = list_segments(path());
    }
    [[nodiscard]] fs::path path() const { return directory_ / "log"; }

    std::vector<seen_record> records;
    std::vector<seen_record> all;
    std::vector<std::uint64_t> segments;

private:
    temporary_directory directory_;
};

void expect_reads_from(const fs::path& log, read_from from, const std::vector<seen_record>& records,
                       std::size_t first) {
    log_reader reader(log, from);
    record_view view;
    if (first == records.size()) {
        ASSERT_EQ(reader.poll(view), read_status::none);
        return;
    }
    ASSERT_EQ(reader.poll(view), read_status::record) << reader.damage().text();
    ASSERT_EQ(copy_record(view), records[first]);
}

}  // namespace

TEST(LogReader, RefusesADirectoryWithoutALog) {
    temporary_directory directory;
    EXPECT_TRUE(contains(
        thrown_text<error>([&] { log_reader reader(directory / "none", read_from::first()); }),
        "no audit log here"));
    std::ofstream(directory / "000000000000.alog.tmp") << "x";
    std::ofstream(directory / "0000000000x0.alog") << "x";
    EXPECT_TRUE(contains(
        thrown_text<error>([&] { log_reader reader(directory.path(), read_from::first()); }),
        "no audit log here"));
}

TEST(LogReader, SaysNoneOnAnEmptyLogThenReturnsWhatIsAppended) {
    for (const read_from from :
         {read_from::first(), read_from::tail(), read_from::last_snapshot(),
          read_from::at_sequence({0}), read_from::at_sequence({1}), read_from::at_time({1}),
          read_from::at_position({0}), read_from::at_position({segment_header_bytes_min})}) {
        temporary_directory directory;
        log_writer writer(directory / "log", small_log());
        log_reader reader(directory / "log", from);
        record_view view;
        ASSERT_EQ(reader.poll(view), read_status::none);
        const append_result result = append(writer, 20);
        ASSERT_EQ(reader.poll(view), read_status::record);
        EXPECT_EQ(view.seq, result.seq);
        EXPECT_EQ(reader.uuid(), writer.uuid());
        EXPECT_EQ(reader.poll(view), read_status::none);
    }
}

TEST(LogReader, TailsAcrossRolls) {
    temporary_directory directory;
    log_writer writer(directory / "log", small_log());
    log_reader reader(directory / "log", read_from::tail());
    record_view view;
    for (std::uint64_t i = 1; i <= 5000; ++i) {
        const append_result result = append(writer, i % 300);
        ASSERT_EQ(reader.poll(view), read_status::record) << "record " << i;
        ASSERT_EQ(view.seq, result.seq);
        ASSERT_EQ(view.at, result.at);
        ASSERT_EQ(copy_record(view).payload, pattern(i, i % 300));
        ASSERT_EQ(reader.poll(view), read_status::none);
        ASSERT_EQ(reader.next_position(), writer.end());
    }
    EXPECT_GT(writer.end().value / segment_bytes_min, 5u);
}

TEST(LogReader, ReadsOnInOneGoWhereAWriterDiedWithoutAnEndRecord) {
    temporary_directory directory;
    const fs::path crashed = directory / "crashed";
    std::uint64_t count = 0;
    {
        log_writer writer(directory / "log", small_log());
        for (int i = 0; i < 100; ++i) {
            append(writer, 64);
        }
        copy_log(directory / "log", crashed);
        count += 100;
    }
    for (int life = 0; life < 3; ++life) {
        log_writer writer(crashed, small_log());
        append(writer, 64);
        ++count;
        copy_log(crashed, directory / "next");
        writer.close();
        fs::remove_all(crashed);
        fs::rename(directory / "next", crashed);
    }
    const std::vector<seen_record> records = read_log(crashed);
    EXPECT_EQ(records.size(), count);
    expect_contiguous(records);
    EXPECT_EQ(list_segments(crashed).size(), 4u);
}

TEST(LogReader, WaitingAtTheEndOfADeadWriterFindsTheNextWritersSegment) {
    temporary_directory directory;
    log_writer dead(directory / "live", small_log());
    append(dead, 64);
    const fs::path crashed = directory / "crashed";
    copy_log(directory / "live", crashed);
    log_reader reader(crashed, read_from::first());
    record_view view;
    ASSERT_EQ(reader.poll(view), read_status::record);
    ASSERT_EQ(reader.poll(view), read_status::none);
    log_writer writer(crashed, small_log());
    append(writer, 64);
    // It looks for a new file once in 20 ms, so a bounded number of polls must find it.
    read_status status = read_status::none;
    for (int i = 0; i < 10'000 && status == read_status::none; ++i) {
        status = reader.poll(view);
        ::usleep(100);
    }
    ASSERT_EQ(status, read_status::record);
    EXPECT_EQ(view.seq.value, 2u);
}

TEST(LogReader, FindsEverySequenceTimeAndPosition) {
    const written_log log;
    ASSERT_GT(log.segments.size(), 3u);
    const std::vector<seen_record>& records = log.records;
    for (std::size_t i = 0; i < records.size(); i += 7) {
        expect_reads_from(log.path(), read_from::at_sequence(records[i].seq), records, i);
        expect_reads_from(log.path(), read_from::at_time(records[i].time), records, i);
        expect_reads_from(log.path(), read_from::at_time({records[i].time.ns + 1}), records, i + 1);
        expect_reads_from(log.path(), read_from::at_position(records[i].at), records, i);
        expect_reads_from(log.path(), read_from::at_position(records[i].end), records, i + 1);
    }
    expect_reads_from(log.path(), read_from::at_time({INT64_MIN}), records, 0);
    expect_reads_from(log.path(), read_from::at_time(records.back().time), records,
                      records.size() - 1);
}

TEST(LogReader, TakesTheStartOfASegmentForItsFirstRecord) {
    const written_log log;
    for (const std::uint64_t segment : log.segments) {
        const position start{segment * segment_bytes_min};
        const auto first = std::find_if(log.records.begin(), log.records.end(),
                                        [&](const seen_record& r) { return r.at > start; });
        expect_reads_from(log.path(), read_from::at_position(start), log.records,
                          static_cast<std::size_t>(first - log.records.begin()));
    }
}

TEST(LogReader, WaitsForASequenceOrTimeThatIsStillToCome) {
    temporary_directory directory;
    log_writer writer(directory / "log", small_log());
    append(writer, 10);
    log_reader by_sequence(directory / "log", read_from::at_sequence({2000}));
    const timestamp later{writer.last_timestamp().ns + 1};
    log_reader by_time(directory / "log", read_from::at_time(later));
    record_view view;
    EXPECT_EQ(by_sequence.poll(view), read_status::none);
    EXPECT_EQ(by_time.poll(view), read_status::none);
    for (int i = 0; i < 1998; ++i) {
        append(writer, 100);
        ASSERT_EQ(by_sequence.poll(view), read_status::none);
    }
    ASSERT_EQ(by_time.poll(view), read_status::record);
    EXPECT_EQ(view.seq.value, 2u);
    const append_result wanted = append(writer, 10);
    ASSERT_EQ(by_sequence.poll(view), read_status::record);
    EXPECT_EQ(view.seq, wanted.seq);
    EXPECT_EQ(view.seq.value, 2000u);
}

TEST(LogReader, RefusesEveryPositionWhereNoRecordBeginsAndNamesTheNearest) {
    const written_log log(600);
    std::vector<position> starts;
    for (const seen_record& record : read_log(log.path(), {}, true)) {
        starts.push_back(record.at);
    }
    const seen_record& record = log.records[5];
    for (std::uint64_t inside = record.at.value + 1; inside < record.end.value; ++inside) {
        const std::string text = thrown_text<error>(
            [&] { log_reader reader(log.path(), read_from::at_position({inside})); });
        ASSERT_TRUE(contains(text, "offset " + std::to_string(inside) + " is not where a record"));
        ASSERT_TRUE(contains(
            text, std::to_string(record.at.value) + " and " + std::to_string(record.end.value)));
    }
    EXPECT_TRUE(contains(
        thrown_text<error>([&] { log_reader reader(log.path(), read_from::at_position({17})); }),
        "lies in a segment header; the first record there begins at 4096"));
    const position end = log.all.back().end;
    const std::string beyond = thrown_text<error>(
        [&] { log_reader reader(log.path(), read_from::at_position({end.value + 32})); });
    EXPECT_TRUE(
        contains(beyond, "lies behind the end of the log, which is " + std::to_string(end.value)));
    EXPECT_TRUE(contains(
        thrown_text<error>([&] { log_reader reader(log.path(), read_from::at_position({~0ull})); }),
        "lies behind the end of the log"));
    // Behind the end record of the first segment there is padding up to the next.
    EXPECT_TRUE(contains(thrown_text<error>([&] {
                             log_reader reader(log.path(),
                                               read_from::at_position({segment_bytes_min - 1}));
                         }),
                         "lies behind the end of a segment"));
    expect_reads_from(log.path(), read_from::at_position(end), log.records, log.records.size());
}

TEST(LogReader, TakesThePositionBehindAnEndRecordForTheNextSegment) {
    const written_log log;
    log_reader reader(log.path(), read_from::first());
    // An end record stands where the last record of the first segment ends.
    const auto next =
        std::find_if(log.records.begin(), log.records.end(),
                     [](const seen_record& r) { return r.at.value > segment_bytes_min; });
    const auto index = static_cast<std::size_t>(next - log.records.begin());
    const position end_record = log.records[index - 1].end;
    expect_reads_from(log.path(), read_from::at_position(end_record), log.records, index);
    expect_reads_from(log.path(), read_from::at_position({end_record.value + 32}), log.records,
                      index);
}

TEST(LogReader, SaysThatRecordsBeforeTheOldestKeptAreGone) {
    const written_log log;
    fs::remove(segment_path(log.path(), 0));
    fs::remove(segment_path(log.path(), 1));
    const segment_info oldest = read_segment_info(log.path(), 2);
    const std::uint64_t base = oldest.base_sequence.value;
    EXPECT_TRUE(contains(thrown_text<error>([&] {
                             log_reader reader(log.path(), read_from::at_sequence({base - 1}));
                         }),
                         "sequence " + std::to_string(base - 1) +
                             " is no longer here; the oldest kept is " + std::to_string(base)));
    EXPECT_TRUE(contains(
        thrown_text<error>([&] { log_reader reader(log.path(), read_from::at_position({5000})); }),
        "lies before the oldest segment kept, which begins at offset " +
            std::to_string(2 * segment_bytes_min)));
    expect_reads_from(log.path(), read_from::at_sequence({base}), log.records, base - 1);
    expect_reads_from(log.path(), read_from::first(), log.records, base - 1);
    expect_reads_from(log.path(), read_from::at_time({1}), log.records, base - 1);
}

TEST(LogReader, KeepsPayloadsValidAsFarBackAsAsked) {
    const written_log log;
    log_reader reader(log.path(), read_from::first());
    reader.keep_all();
    std::vector<record_view> views;
    record_view view;
    while (reader.poll(view) == read_status::record) {
        views.push_back(view);
    }
    ASSERT_EQ(views.size(), log.records.size());
    for (std::size_t i = 0; i < views.size(); ++i) {
        ASSERT_EQ(copy_record(views[i]), log.records[i]);
    }
    const std::size_t half = views.size() / 2;
    reader.keep_from(views[half].at);
    for (std::size_t i = half; i < views.size(); ++i) {
        ASSERT_EQ(copy_record(views[i]), log.records[i]);
    }
}

class LogReaderDamage : public ::testing::Test {
protected:
    written_log log{1500, 40};

    // What a reading from the start comes to.
    struct outcome {
        std::vector<seen_record> records;
        read_status status = read_status::none;
        damage_report damage;
        std::string refused;
    };
    outcome read_all() const {
        outcome result;
        try {
            log_reader reader(log.path(), read_from::first());
            result.status = drain(reader, result.records);
            result.damage = reader.damage();
            record_view view;
            EXPECT_EQ(reader.poll(view), result.status) << "it stops for good";
        } catch (const damage_error& failure) {
            result.refused = failure.what();
        }
        return result;
    }
    // What was returned is a beginning of what was written.
    void expect_unaltered(const outcome& result) const {
        ASSERT_LE(result.records.size(), log.records.size());
        ASSERT_TRUE(std::equal(result.records.begin(), result.records.end(), log.records.begin()));
    }
};

TEST_F(LogReaderDamage, EveryBitOfARecordIsGuarded) {
    const seen_record& victim = log.records[700];
    const fs::path file = segment_path(log.path(), victim.at.value / segment_bytes_min);
    const std::uint64_t offset = victim.at.value % segment_bytes_min;
    for (std::uint64_t byte = 0; byte < record_header_bytes + 40; ++byte) {
        for (unsigned bit = 0; bit < 8; ++bit) {
            flip_bit(file, offset + byte, bit);
            log_reader reader(log.path(), read_from::at_position(log.records[699].at));
            record_view view;
            ASSERT_EQ(reader.poll(view), read_status::record);
            ASSERT_EQ(reader.poll(view), read_status::damaged) << "byte " << byte << " bit " << bit;
            ASSERT_EQ(reader.damage().at, victim.at);
            ASSERT_TRUE(contains(reader.damage().text(), std::to_string(victim.at.value)));
            ASSERT_TRUE(contains(reader.damage().text(), file.native()));
            flip_bit(file, offset + byte, bit);
        }
    }
}

TEST_F(LogReaderDamage, AFlippedBitAnywhereIsReportedOrHarmless) {
    std::mt19937_64 random(test_seed());
    std::size_t reported = 0;
    for (int round = 0; round < 600; ++round) {
        const std::uint64_t segment = random() % log.segments.size();
        const bool in_header = round % 4 == 0;
        const std::uint64_t offset =
            random() %
            (in_header ? schema_offset + 12 : static_cast<std::uint64_t>(segment_bytes_min));
        const unsigned bit = static_cast<unsigned>(random() % 8);
        flip_bit(segment_path(log.path(), segment), offset, bit);
        const outcome result = read_all();
        expect_unaltered(result);
        const position at{segment * segment_bytes_min + offset};
        if (offset < schema_offset + 12) {
            EXPECT_TRUE(!result.refused.empty() || result.status == read_status::damaged);
            const std::string text = result.refused.empty() ? result.damage.text() : result.refused;
            EXPECT_TRUE(contains(text, segment_file_name(segment)));
            ++reported;
        } else {
            const auto victim =
                std::find_if(log.records.begin(), log.records.end(), [&](const auto& r) {
                    return r.at <= at &&
                           at.value < r.at.value + record_header_bytes + r.payload.size();
                });
            if (victim != log.records.end()) {
                EXPECT_EQ(result.status, read_status::damaged);
                EXPECT_EQ(result.damage.at, victim->at);
                ++reported;
            } else {
                EXPECT_EQ(result.records.size(), log.records.size()) << "offset " << offset;
            }
        }
        flip_bit(segment_path(log.path(), segment), offset, bit);
    }
    EXPECT_GT(reported, 200u);
}

TEST_F(LogReaderDamage, AHoleOfZerosBeforeAnotherSegmentIsNotTheEnd) {
    const seen_record& victim = log.records[log.records.size() / 4];
    const std::uint64_t offset = victim.at.value % segment_bytes_min;
    overwrite(segment_path(log.path(), victim.at.value / segment_bytes_min), offset,
              std::vector<std::byte>(segment_bytes_min - offset));
    const outcome result = read_all();
    expect_unaltered(result);
    EXPECT_EQ(result.status, read_status::damaged);
    EXPECT_EQ(result.damage.kind, damage_kind::missing_records);
    EXPECT_EQ(result.damage.at, victim.at);
    EXPECT_EQ(result.records.size() + 1, victim.seq.value);
}

// The sequence alone would not tell: a control record takes none.
TEST(LogReader, AControlRecordLostBeforeAnotherSegmentIsMissed) {
    struct one_line_snapshot final : snapshot_source {
        std::size_t snapshot_bytes() const noexcept override { return 8; }
        void write_snapshot(std::span<std::byte> payload) const noexcept override {
            std::memset(payload.data(), 0x5a, payload.size());
        }
    } state;
    temporary_directory directory;
    position lost;
    {
        log_writer writer(directory / "log", small_log(), &state);
        append(writer, 100);
        lost = writer.end();
        ASSERT_EQ(writer.append_snapshot(), append_status::ok);
    }
    // Snapshot and close are wiped out; a next segment that counts the snapshot in makes that a
    // hole.
    segment_info next = read_segment_info(directory / "log", 0);
    next.index = 1;
    next.base_sequence = {2};
    next.previous_last_sequence = {1};
    next.base_timestamp = {INT64_MAX - 1};
    next.previous_end = {lost.value + 64};
    overwrite(segment_path(directory / "log", 0), lost.value,
              std::vector<std::byte>(segment_bytes_min - lost.value));
    const segment made = segment::create(directory / "log", next);
    log_reader reader(directory / "log", read_from::first());
    std::vector<seen_record> records;
    EXPECT_EQ(drain(reader, records), read_status::damaged);
    EXPECT_EQ(reader.damage().kind, damage_kind::missing_records);
    EXPECT_EQ(reader.damage().at, lost);
    EXPECT_EQ(records.size(), 1u);
}

TEST_F(LogReaderDamage, AMissingSegmentIsNamed) {
    fs::remove(segment_path(log.path(), 1));
    const outcome result = read_all();
    EXPECT_TRUE(contains(result.refused, segment_file_name(1)));
    EXPECT_TRUE(contains(result.refused, "missing"));
}

TEST_F(LogReaderDamage, ASegmentThatVanishesUnderAReaderIsNamed) {
    log_reader reader(log.path(), read_from::first());
    fs::remove(segment_path(log.path(), 1));
    std::vector<seen_record> records;
    EXPECT_EQ(drain(reader, records), read_status::damaged);
    EXPECT_EQ(reader.damage().kind, damage_kind::missing_segment);
    EXPECT_TRUE(contains(reader.damage().text(), segment_file_name(1)));
}

TEST_F(LogReaderDamage, AForeignSegmentIsNamed) {
    const written_log other(1500, 40);
    fs::copy_file(segment_path(other.path(), 1), segment_path(log.path(), 1),
                  fs::copy_options::overwrite_existing);
    outcome result = read_all();
    expect_unaltered(result);
    EXPECT_EQ(result.damage.kind, damage_kind::foreign_segment);
    EXPECT_TRUE(contains(result.damage.text(), segment_file_name(1)));
    EXPECT_TRUE(contains(result.damage.text(), "another log"));
    fs::copy_file(segment_path(other.path(), 0), segment_path(log.path(), 0),
                  fs::copy_options::overwrite_existing);
    result = read_all();
    EXPECT_TRUE(contains(result.refused, "another log"));
}

TEST_F(LogReaderDamage, SwappedSegmentsAreNamed) {
    fs::rename(segment_path(log.path(), 0), log.path() / "aside");
    fs::rename(segment_path(log.path(), 1), segment_path(log.path(), 0));
    fs::rename(log.path() / "aside", segment_path(log.path(), 1));
    const outcome result = read_all();
    EXPECT_TRUE(contains(result.refused, segment_file_name(0)));
    EXPECT_TRUE(contains(result.refused, "is segment 1 of its log under a wrong name"));
}

TEST_F(LogReaderDamage, ACopyOfAnOlderRecordInAnotherPlaceIsNotTaken) {
    // The bytes are whole and of this very segment, so only sequence and time give them away.
    const seen_record& older = log.records[100];
    const seen_record& victim = log.records[200];
    std::vector<std::byte> bytes(older.end.value - older.at.value);
    std::ifstream file(segment_path(log.path(), 0), std::ios::binary);
    file.seekg(static_cast<std::streamoff>(older.at.value));
    file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    overwrite(segment_path(log.path(), 0), victim.at.value, bytes);
    const outcome result = read_all();
    EXPECT_EQ(result.damage.kind, damage_kind::bad_sequence);
    EXPECT_EQ(result.damage.at, victim.at);
}

TEST_F(LogReaderDamage, RefusesToSeekAcrossADamagedRecord) {
    const seen_record& victim = log.records[100];
    flip_bit(segment_path(log.path(), 0), victim.at.value + record_header_bytes, 0);
    EXPECT_TRUE(contains(thrown_text<damage_error>([&] {
                             log_reader reader(log.path(),
                                               read_from::at_position(log.records[101].at));
                         }),
                         "position " + std::to_string(victim.at.value)));
    log_reader reader(log.path(), read_from::at_sequence(log.records[101].seq));
    record_view view;
    EXPECT_EQ(reader.poll(view), read_status::damaged);
    EXPECT_EQ(reader.damage().at, victim.at);
}

}  // namespace millrace::engine::test
