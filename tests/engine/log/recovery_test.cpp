#include "engine/log/recovery.hpp"

#include <gtest/gtest.h>

#include "engine/core/error.hpp"
#include "tests/engine/log/log_test_support.hpp"

namespace millrace::engine::test {

namespace {

std::vector<std::byte> read_bytes(const fs::path& file) {
    const std::string text = read_whole_file(file);
    const auto* bytes = reinterpret_cast<const std::byte*>(text.data());
    return {bytes, bytes + text.size()};
}

// A log whose writer died: `count` records in one segment, the last of `last_bytes` payload.
struct crashed_log {
    explicit crashed_log(std::size_t count = 20, std::size_t last_bytes = 50) {
        log_writer writer(directory / "live", small_log());
        for (std::size_t i = 1; i < count; ++i) {
            append(writer, 10 * i);
        }
        last = append(writer, last_bytes);
        last_end = writer.end();
        copy_log(directory / "live", path());
        epoch = read_segment_info(path(), 0).epoch;
        bytes = read_bytes(segment_path(path(), 0));
    }
    [[nodiscard]] fs::path path() const { return directory / "log"; }
    // Back to the crash, with other bytes in its segment.
    void restore(const std::vector<std::byte>& changed) const {
        fs::remove_all(path());
        fs::create_directories(path());
        std::ofstream file(segment_path(path(), 0), std::ios::binary);
        file.write(reinterpret_cast<const char*>(changed.data()),
                   static_cast<std::streamsize>(changed.size()));
    }

    temporary_directory directory;
    append_result last;
    position last_end;
    std::uint64_t epoch = 0;
    std::vector<std::byte> bytes;
};

// Opens, expects `sequences` to have survived, appends, and reads everything back.
void expect_recovers(const crashed_log& log, std::uint64_t sequences, const std::string& note) {
    const std::vector<std::byte> before = read_bytes(segment_path(log.path(), 0));
    {
        log_writer writer(log.path(), small_log());
        ASSERT_EQ(writer.last_sequence().value, sequences);
        ASSERT_TRUE(contains(writer.recovery_note(), note));
        ASSERT_EQ(append(writer, 5).seq.value, sequences + 1);
    }
    ASSERT_EQ(read_bytes(segment_path(log.path(), 0)), before) << "the evidence is kept as it was";
    const segment_info next = read_segment_info(log.path(), 1);
    ASSERT_EQ(next.epoch, log.epoch + 1);
    ASSERT_EQ(next.base_sequence.value, sequences + 1);
    const std::vector<seen_record> records = read_log(log.path());
    ASSERT_EQ(records.size(), sequences + 1);
    expect_contiguous(records);
}

}  // namespace

TEST(Recovery, StartsANewSegmentAndEpochAfterACrash) {
    const crashed_log log;
    expect_recovers(log, 20,
                    "the last writer did not close in order; the log ends at position " +
                        std::to_string(log.last_end.value) + ", sequence 20");
}

TEST(Recovery, TornAtEveryByteOfTheLastRecordLosesItAndNothingElse) {
    const crashed_log log;
    const std::size_t begin = log.last.at.value;
    const std::size_t length = record_header_bytes + 50;
    std::mt19937_64 random(test_seed());
    for (std::size_t cut = 0; cut < length; ++cut) {
        for (const bool is_garbage : {false, true}) {
            for (const bool is_committed : {false, true}) {
                std::vector<std::byte> torn = log.bytes;
                const std::size_t end = is_garbage ? begin + 2000 : log.last_end.value;
                for (std::size_t i = begin + cut; i < end; ++i) {
                    torn[i] = is_garbage ? static_cast<std::byte>(random()) : std::byte{0};
                }
                if (!is_committed) {
                    std::fill_n(torn.begin() + static_cast<std::ptrdiff_t>(begin), 8, std::byte{0});
                }
                log.restore(torn);
                const bool is_whole =
                    std::equal(log.bytes.begin() + static_cast<std::ptrdiff_t>(begin),
                               log.bytes.begin() + static_cast<std::ptrdiff_t>(begin + length),
                               torn.begin() + static_cast<std::ptrdiff_t>(begin));
                SCOPED_TRACE("cut " + std::to_string(cut) + " garbage " +
                             std::to_string(is_garbage) + " committed " +
                             std::to_string(is_committed));
                const bool is_clean = !is_garbage && (cut == 0 || (!is_committed && cut <= 8));
                const std::string note = "torn tail at position " + std::to_string(begin);
                expect_recovers(log, is_whole ? 20 : 19, is_whole || is_clean ? "" : note);
                if (::testing::Test::HasFatalFailure()) {
                    return;
                }
            }
        }
    }
}

TEST(Recovery, ACopyOfAnEarlierRecordInATornPayloadIsNoProofOfDamage) {
    const crashed_log log(20, 400);
    std::vector<std::byte> torn = log.bytes;
    const auto begin = torn.begin() + static_cast<std::ptrdiff_t>(log.last.at.value);
    std::fill_n(begin, 8, std::byte{0});
    // The first record of the segment, whole, on the alignment where recovery looks.
    std::copy_n(torn.begin() + segment_header_bytes_min, 64, begin + record_header_bytes);
    log.restore(torn);
    expect_recovers(log, 19, "torn tail");
}

TEST(Recovery, ABadRecordWithWholeOnesBehindItIsDamageAndRefused) {
    const crashed_log log;
    const std::vector<seen_record> records = read_log(log.path());
    for (const std::size_t victim : {std::size_t{0}, std::size_t{7}, std::size_t{18}}) {
        const position at = records[victim].at;
        std::vector<std::byte> changed = log.bytes;
        changed[at.value + record_header_bytes / 2] ^= std::byte{4};
        log.restore(changed);
        std::string text =
            thrown_text<damage_error>([&] { log_writer writer(log.path(), small_log()); });
        EXPECT_TRUE(contains(text, "position " + std::to_string(at.value)));
        EXPECT_TRUE(contains(text, "checksum does not match"));
        EXPECT_TRUE(contains(text, "damaged, not torn"));

        changed = log.bytes;
        std::fill(changed.begin() + static_cast<std::ptrdiff_t>(at.value),
                  changed.begin() + static_cast<std::ptrdiff_t>(records[victim].end.value),
                  std::byte{0});
        log.restore(changed);
        text = thrown_text<damage_error>([&] { log_writer writer(log.path(), small_log()); });
        EXPECT_TRUE(contains(text, "position " + std::to_string(at.value)));
        EXPECT_TRUE(contains(text, "zeros where a record was"));
    }
}

TEST(Recovery, AWholeRecordInTheWrongPlaceAtTheEndIsDamageAndRefused) {
    const crashed_log log;
    std::vector<std::byte> changed = log.bytes;
    std::copy_n(changed.begin() + segment_header_bytes_min, 64,
                changed.begin() + static_cast<std::ptrdiff_t>(log.last_end.value));
    log.restore(changed);
    const std::string text =
        thrown_text<damage_error>([&] { log_writer writer(log.path(), small_log()); });
    EXPECT_TRUE(contains(text, "sequence is not the next one"));
}

TEST(Recovery, ASegmentCutShortIsRefusedAtEveryLength) {
    const crashed_log log;
    for (std::size_t size = 0; size < log.bytes.size(); size += 1021) {
        log.restore({log.bytes.begin(), log.bytes.begin() + static_cast<std::ptrdiff_t>(size)});
        const std::string text =
            thrown_text<damage_error>([&] { log_writer writer(log.path(), small_log()); });
        EXPECT_TRUE(contains(text, segment_file_name(0)));
        EXPECT_TRUE(contains(text, size < segment_header_bytes_min
                                       ? "too short for a segment header"
                                       : "file has " + std::to_string(size) + " bytes"));
    }
}

TEST(Recovery, ACrashBetweenMakingASegmentAndTheEndRecordLosesNothing) {
    // The state between the two is made from a rolled log by taking its end record away again.
    temporary_directory directory;
    const fs::path log = directory / "log";
    position end_record;
    std::uint64_t count = 0;
    {
        log_writer writer(directory / "live", small_log());
        position before;
        while (writer.end().value < segment_bytes_min) {
            before = writer.end();
            append(writer, 1000);
            ++count;
        }
        end_record = before;
    }
    {
        log_writer writer(directory / "live", small_log());
        copy_log(directory / "live", log);
    }
    std::vector<std::byte> empty(segment_bytes_min - segment_header_bytes_min);
    overwrite(segment_path(log, 1), segment_header_bytes_min, empty);
    overwrite(segment_path(log, 0), end_record.value, std::vector<std::byte>(record_header_bytes));
    EXPECT_EQ(read_log(log).size(), count - 1)
        << "the record that made it roll was not yet written";
    log_writer writer(log, small_log());
    EXPECT_EQ(writer.last_sequence().value, count - 1);
    append(writer, 10);
    const auto records = read_log(log);
    expect_contiguous(records);
    EXPECT_EQ(records.size(), count);
}

TEST(Recovery, AHalfMadeSegmentFileIsIgnoredAndReplaced) {
    const crashed_log log;
    std::ofstream(log.path() / (segment_file_name(1) + ".tmp")) << "half a header";
    expect_recovers(log, 20, "did not close in order");
    EXPECT_FALSE(fs::exists(log.path() / (segment_file_name(1) + ".tmp")));
}

class RecoveryOfSegments : public ::testing::Test {
protected:
    void SetUp() override { write(log); }
    static void write(const fs::path& directory) {
        log_writer writer(directory, small_log());
        for (int i = 0; i < 2000; ++i) {
            append(writer, 100);
        }
    }
    std::string refusal() const {
        return thrown_text<damage_error>([&] { log_writer writer(log, small_log()); });
    }
    temporary_directory directory;
    fs::path log = directory / "log";
};

TEST_F(RecoveryOfSegments, AMissingOneInTheMiddleIsNamed) {
    fs::remove(segment_path(log, 2));
    const std::string text = refusal();
    EXPECT_TRUE(contains(text, segment_file_name(2)));
    EXPECT_TRUE(contains(text, "missing"));
}

TEST_F(RecoveryOfSegments, AMissingLastOneIsNamed) {
    const std::uint64_t last = list_segments(log).back();
    fs::remove(segment_path(log, last));
    const std::string text = refusal();
    EXPECT_TRUE(contains(text, segment_file_name(last)));
    EXPECT_TRUE(contains(text, "missing"));
}

TEST_F(RecoveryOfSegments, AForeignOneIsNamed) {
    write(directory / "other");
    fs::copy_file(segment_path(directory / "other", 1), segment_path(log, 1),
                  fs::copy_options::overwrite_existing);
    const std::string text = refusal();
    EXPECT_TRUE(contains(text, segment_file_name(1)));
    EXPECT_TRUE(contains(text, "another log"));
}

TEST_F(RecoveryOfSegments, SwappedOnesAreNamed) {
    fs::rename(segment_path(log, 1), log / "aside");
    fs::rename(segment_path(log, 2), segment_path(log, 1));
    fs::rename(log / "aside", segment_path(log, 2));
    EXPECT_TRUE(contains(refusal(), "is segment 2 of its log under a wrong name"));
}

TEST_F(RecoveryOfSegments, AFlippedBitInAnyHeaderIsNamed) {
    for (const std::uint64_t segment : list_segments(log)) {
        for (std::uint64_t offset = 0; offset < schema_offset + 12; offset += 3) {
            flip_bit(segment_path(log, segment), offset, static_cast<unsigned>(offset % 8));
            EXPECT_TRUE(contains(refusal(), segment_file_name(segment))) << offset;
            flip_bit(segment_path(log, segment), offset, static_cast<unsigned>(offset % 8));
        }
    }
}

TEST_F(RecoveryOfSegments, TheOldestMayBeGone) {
    const std::size_t count = read_log(log).size();
    fs::remove(segment_path(log, 0));
    fs::remove(segment_path(log, 1));
    log_writer writer(log, small_log());
    EXPECT_EQ(writer.last_sequence().value, count);
    EXPECT_EQ(writer.recovery_note(), "");
}

}  // namespace millrace::engine::test
