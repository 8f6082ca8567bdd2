#include "engine/log/verify.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "engine/core/error.hpp"
#include "tests/engine/log/damage_support.hpp"

namespace millrace::engine::test {

namespace {

class Verify : public ::testing::Test {
protected:
    void SetUp() override {
        records_ = write_quarter_mebibyte(log());
        for (const seen_record& record : records_) {
            if ((record.flags & record_flag_control) == 0) {
                numbered_.push_back(record);
            }
        }
        numbered_count_ = numbered_.size();
    }
    [[nodiscard]] fs::path log() const { return directory_ / "log"; }
    [[nodiscard]] fs::path path(std::uint64_t index) const { return segment_path(log(), index); }
    [[nodiscard]] verify_report verify(verify_options options = {}) const {
        return verify_log(log(), options);
    }
    // The only finding there is.
    [[nodiscard]] finding only(const verify_report& report) const {
        EXPECT_EQ(report.findings.size(), 1u) << all_text(report);
        return report.findings.empty() ? finding() : report.findings.front();
    }
    [[nodiscard]] const seen_record& numbered(std::uint64_t seq) const {
        return numbered_[seq - 1];
    }
    // A numbered record in the midst of segment `index`, and not its last.
    [[nodiscard]] const seen_record& middle_of(std::uint64_t index) const {
        const std::uint64_t wanted = index * segment_bytes_min + segment_bytes_min / 2;
        for (const seen_record& record : numbered_) {
            if (record.at.value > wanted && !record.payload.empty()) {
                return record;
            }
        }
        return numbered_.front();
    }
    void poke(std::uint64_t position, std::initializer_list<int> bytes) const {
        std::vector<std::byte> raw;
        for (const int byte : bytes) {
            raw.push_back(static_cast<std::byte>(byte));
        }
        overwrite(path(position / segment_bytes_min), position % segment_bytes_min, raw);
    }

    temporary_directory directory_;
    std::vector<seen_record> records_;  // control records too, but no end records
    std::vector<seen_record> numbered_;
    std::uint64_t numbered_count_ = 0;
};

using VerifySeals = Verify;

const std::string secret = "thirty-two bytes nobody guesses!";

seal_key test_key() {
    return seal_key(std::as_bytes(std::span(secret.data(), secret.size())));
}

}  // namespace

TEST_F(Verify, FindsNothingInAWholeLog) {
    build_indexes(log());
    static_cast<void>(seal_log(log(), nullptr));
    for (const unsigned threads : {0u, 1u, 3u, 9u}) {
        verify_progress progress;
        const verify_report report = verify({.thread_count = threads, .progress = &progress});
        EXPECT_EQ(report.result(), verdict::clean) << all_text(report);
        EXPECT_TRUE(report.notes.empty()) << all_text(report);
        EXPECT_EQ(report.record_count, numbered_count_);
        EXPECT_EQ(report.segment_count, 4u);
        EXPECT_EQ(report.index_count, 4u);
        EXPECT_GE(report.seal_count, 4u);
        EXPECT_EQ(report.first_sequence.value, 1u);
        EXPECT_EQ(report.last_sequence.value, numbered_count_);
        EXPECT_EQ(report.head.last_sequence.value, numbered_count_);
        EXPECT_EQ(progress.bytes_done.load(std::memory_order_relaxed), 4 * segment_bytes_min);
        EXPECT_EQ(progress.bytes_total.load(std::memory_order_relaxed), 4 * segment_bytes_min);
    }
}

TEST_F(Verify, NamesTheRecordWhoseBytesChanged) {
    const seen_record& record = middle_of(2);
    flip_bit(path(2), record.at.value % segment_bytes_min + record_header_bytes, 3);
    const verify_report report = verify();
    const finding found = only(report);
    EXPECT_EQ(report.result(), verdict::damaged);
    EXPECT_EQ(found.kind, finding_kind::bad_record);
    EXPECT_EQ(found.at, record.at);
    EXPECT_EQ(found.seq, record.seq);
    EXPECT_TRUE(contains(found.text(), "position " + std::to_string(record.at.value)));
    EXPECT_TRUE(contains(found.text(), "sequence " + std::to_string(record.seq.value)));
    EXPECT_TRUE(contains(found.text(), "checksum"));
    EXPECT_EQ(report.record_count, numbered_count_ - 1);
}

TEST_F(Verify, NamesEveryDamagedRecordOfMany) {
    std::set<std::uint64_t> hit;
    for (std::uint64_t seq = 20; seq < numbered_count_ - 20; seq += 41) {
        const seen_record& record = numbered(seq);
        flip_bit(path(record.at.value / segment_bytes_min), record.at.value % segment_bytes_min + 9,
                 0);
        hit.insert(seq);
    }
    const verify_report report = verify();
    std::set<std::uint64_t> named;
    for (const finding& one : report.findings) {
        named.insert(one.seq.value);
        EXPECT_EQ(one.at, numbered(one.seq.value).at);
    }
    EXPECT_EQ(named, hit);
    EXPECT_EQ(report.record_count, numbered_count_ - hit.size());
}

TEST_F(Verify, TellsZeroesInTheMiddleFromATornTail) {
    const seen_record& record = middle_of(1);
    poke(record.at.value, {0, 0, 0, 0, 0, 0, 0, 0});
    const finding found = only(verify());
    EXPECT_EQ(found.kind, finding_kind::missing_records);
    EXPECT_EQ(found.at, record.at);
    EXPECT_EQ(found.seq, record.seq);
}

TEST_F(Verify, RefusesWholeRecordsThatChangedPlaces) {
    // Two records of one length: each is whole, and stands where it does not belong.
    for (std::uint64_t seq = 10; seq < numbered_count_; ++seq) {
        const seen_record& first = numbered(seq);
        const seen_record& second = numbered(seq + 1);
        const std::size_t size = first.end.value - first.at.value;
        if (first.end != second.at || second.end.value - second.at.value != size) {
            continue;
        }
        const fs::path file = path(first.at.value / segment_bytes_min);
        const std::string text = read_whole_file(file);
        const std::size_t at = first.at.value % segment_bytes_min;
        overwrite(file, at, std::as_bytes(std::span(text.data() + at + size, size)));
        overwrite(file, at + size, std::as_bytes(std::span(text.data() + at, size)));
        const verify_report report = verify();
        EXPECT_TRUE(has_kind(report, finding_kind::missing_records)) << all_text(report);
        EXPECT_TRUE(has_kind(report, finding_kind::bad_record)) << all_text(report);
        EXPECT_EQ(report.findings.front().seq.value, seq);
        return;
    }
    FAIL() << "no two records of one length stand side by side";
}

TEST_F(Verify, FindsAByteInThePaddingAndNamesTheRecordBefore) {
    const auto record = std::find_if(numbered_.begin(), numbered_.end(),
                                     [](const auto& one) { return one.payload.size() % 32 != 0; });
    poke(record->end.value - 1, {1});
    const verify_report report = verify();
    const finding found = only(report);
    EXPECT_EQ(found.kind, finding_kind::nonzero_padding);
    EXPECT_EQ(found.at.value, record->end.value - 1);
    EXPECT_EQ(found.seq, record->seq);
    EXPECT_EQ(report.record_count, numbered_count_) << "the record itself is whole";
}

TEST_F(Verify, FindsAByteInAnUnusedTail) {
    const std::uint64_t end_record = read_segment_info(log(), 2).previous_end.value;
    poke(2 * segment_bytes_min - 1, {1});
    finding found = only(verify());
    EXPECT_EQ(found.kind, finding_kind::nonzero_tail);
    EXPECT_EQ(found.at.value, 2 * segment_bytes_min - 1);
    poke(2 * segment_bytes_min - 1, {0});
    ASSERT_LE(end_record + 64, 2 * segment_bytes_min);
    // Behind the newest record: within reach of one record it is taken for a torn one.
    poke(records_.back().end.value + 100, {1});
    verify_report report = verify();
    EXPECT_EQ(report.result(), verdict::torn);
    EXPECT_EQ(only(report).at, records_.back().end);
    poke(records_.back().end.value + 100, {0});
    poke(records_.back().end.value + record_bytes_limit(segment_bytes_min) + 32, {1});
    report = verify();
    EXPECT_EQ(report.result(), verdict::damaged);
    EXPECT_EQ(only(report).kind, finding_kind::nonzero_tail);
}

// One that takes no sequence, so that nothing else gives it away.
TEST_F(Verify, FindsARecordBehindTheEndRecord) {
    const segment_info next = read_segment_info(log(), 1);
    const segment first = segment::open(log(), 0, access::read_only);
    const std::size_t behind = next.previous_end.value + record_header_bytes;
    ASSERT_LE(behind + record_header_bytes, segment_bytes_min);
    record_header forged{};
    std::memcpy(&forged, first.data() + next.previous_end.value, sizeof forged);
    ASSERT_EQ(forged.type, static_cast<std::uint16_t>(control_type::end));
    forged.type = static_cast<std::uint16_t>(control_type::close);
    ++forged.timestamp;
    const auto* bytes = reinterpret_cast<const std::byte*>(&forged);
    forged.commit =
        make_commit_word(sizeof forged, record_checksum(first.seed(), bytes, sizeof forged));
    overwrite(path(0), behind, {bytes, sizeof forged});
    const verify_report report = verify();
    EXPECT_EQ(report.result(), verdict::damaged);
    EXPECT_TRUE(contains(all_text(report), "a record behind the end record"));
}

TEST_F(Verify, FindsAByteBehindTheSchema) {
    poke(3000, {1});
    const finding found = only(verify());
    EXPECT_EQ(found.kind, finding_kind::bad_header);
    EXPECT_EQ(found.at.value, 3000u);
}

TEST_F(Verify, ReadsTheRecordsOfASegmentWhoseHeaderIsDamaged) {
    flip_bit(path(1), 60, 5);  // the salt
    verify_report report = verify();
    EXPECT_EQ(only(report).kind, finding_kind::bad_header);
    EXPECT_EQ(report.record_count, numbered_count_);
    poke(segment_bytes_min, {0, 0, 0, 0, 0, 0, 0, 0});
    poke(segment_bytes_min + 56, {0, 0, 0, 0, 0, 0, 0, 0});
    report = verify();
    EXPECT_EQ(only(report).kind, finding_kind::bad_header);
    EXPECT_TRUE(contains(only(report).text(), "found without it"));
    EXPECT_EQ(report.record_count, numbered_count_);
}

TEST_F(Verify, KnowsAMissingSegment) {
    fs::remove(path(1));
    const verify_report report = verify();
    const finding found = only(report);
    EXPECT_EQ(found.kind, finding_kind::missing_segment);
    EXPECT_TRUE(contains(found.text(), segment_file_name(1)));
    EXPECT_EQ(found.at.value, segment_bytes_min);
}

TEST_F(Verify, KnowsThatTheNewestSegmentIsMissing) {
    fs::remove(path(3));
    const finding found = only(verify());
    EXPECT_EQ(found.kind, finding_kind::missing_segment);
    EXPECT_TRUE(contains(found.text(), segment_file_name(3)));
}

TEST_F(Verify, KnowsADoubledSegment) {
    fs::copy_file(path(1), path(2), fs::copy_options::overwrite_existing);
    verify_report report = verify();
    EXPECT_EQ(kinds(report),
              (std::set{finding_kind::doubled_segment, finding_kind::missing_segment}))
        << all_text(report);
    fs::copy_file(path(3), path(4));
    report = verify();
    EXPECT_TRUE(contains(all_text(report), "it is a copy of segment 3"));
}

TEST_F(Verify, KnowsSwappedSegments) {
    fs::rename(path(1), log() / "aside");
    fs::rename(path(2), path(1));
    fs::rename(log() / "aside", path(2));
    const verify_report report = verify();
    EXPECT_EQ(report.findings.size(), 2u) << all_text(report);
    EXPECT_EQ(kinds(report), std::set{finding_kind::swapped_segment});
    EXPECT_TRUE(contains(all_text(report), "it is segment 2, and that one's file is segment 1"));
    EXPECT_EQ(report.record_count, numbered_count_) << "they are read for what they are";
}

TEST_F(Verify, KnowsAMisnamedSegment) {
    fs::rename(path(3), path(7));
    const verify_report report = verify();
    EXPECT_EQ(only(report).kind, finding_kind::misnamed_segment);
    EXPECT_EQ(report.record_count, numbered_count_);
}

TEST_F(Verify, KnowsAForeignSegment) {
    write_quarter_mebibyte(directory_ / "other", 8);
    fs::copy_file(segment_path(directory_ / "other", 2), path(2),
                  fs::copy_options::overwrite_existing);
    const verify_report report = verify();
    EXPECT_EQ(kinds(report),
              (std::set{finding_kind::foreign_segment, finding_kind::missing_segment}))
        << all_text(report);
}

// An older copy of a segment put back: whole in itself, but the next one says that more was there.
TEST_F(Verify, KnowsAnOlderCopyOfASegment) {
    temporary_directory other;
    {
        log_writer writer(other / "log", small_log());
        for (int i = 0; i < 100; ++i) {
            append(writer, 100);
        }
        copy_log(other / "log", other / "early");
        for (int i = 0; i < 900; ++i) {
            append(writer, 100);
        }
    }
    fs::copy_file(segment_path(other / "early", 0), segment_path(other / "log", 0),
                  fs::copy_options::overwrite_existing);
    const verify_report report = verify_log(other / "log");
    ASSERT_EQ(kinds(report), std::set{finding_kind::missing_records}) << all_text(report);
    EXPECT_EQ(report.findings.front().seq.value, 101u);
    EXPECT_TRUE(contains(all_text(report), "are lost"));
}

TEST_F(Verify, KnowsATruncatedSegment) {
    truncate_file(path(1), 30'000);
    const verify_report report = verify();
    EXPECT_TRUE(has_kind(report, finding_kind::truncated_segment)) << all_text(report);
    EXPECT_TRUE(has_kind(report, finding_kind::missing_records)) << all_text(report);
    EXPECT_TRUE(contains(all_text(report), "the file has 30000 bytes"));
    truncate_file(path(1), 0);
    EXPECT_TRUE(has_kind(verify(), finding_kind::truncated_segment));
    truncate_file(path(3), segment_bytes_min + 1);
    EXPECT_TRUE(has_kind(verify(), finding_kind::overlong_segment));
}

TEST_F(Verify, CallsWhatADeadWriterLeftTorn) {
    temporary_directory other;
    {
        log_writer writer(other / "open", small_log());
        append(writer, 100);
        copy_log(other / "open", other / "log");
        EXPECT_EQ(verify_log(other / "log").result(), verdict::clean) << "no close, nothing torn";
        const std::uint64_t end = writer.end().value;
        const auto half = pattern(1, 60);
        overwrite(segment_path(other / "log", 0), end + 8, half);
    }
    verify_report report = verify_log(other / "log");
    EXPECT_EQ(report.result(), verdict::torn) << all_text(report);
    EXPECT_EQ(report.findings.front().seq.value, 2u);
    { log_writer writer(other / "log", small_log()); }  // goes on in a new segment
    report = verify_log(other / "log");
    EXPECT_EQ(report.result(), verdict::torn) << all_text(report);
    EXPECT_EQ(report.segment_count, 2u);
}

TEST_F(Verify, DoesNotJudgeWhatALiveWriterIsAtWorkOn) {
    log_writer writer(log(), small_log());
    append(writer, 50);
    const log_claim claim = writer.try_claim(1, 100);
    std::fill(claim.payload().begin(), claim.payload().end(), std::byte{1});
    const verify_report report = verify();
    EXPECT_EQ(report.result(), verdict::clean) << all_text(report);
    EXPECT_TRUE(contains(all_text(report), "open for writing by pid"));
}

// verify_damage_slow_test.cpp does it with every bit.
TEST_F(Verify, FindsAnyFlippedBitAndNamesTheRecord) {
    std::mt19937_64 random(test_seed());
    for (int i = 0; i < 1500 && !HasFatalFailure(); ++i) {
        const std::uint64_t at = random() % (4 * segment_bytes_min);
        const auto bit = static_cast<unsigned>(random() % 8);
        SCOPED_TRACE("byte " + std::to_string(at) + " bit " + std::to_string(bit));
        flip_bit(path(at / segment_bytes_min), at % segment_bytes_min, bit);
        const verify_report report = verify({.thread_count = 1});
        ASSERT_NE(report.result(), verdict::clean);
        const seen_record* record = record_at(records_, at);
        if (record != nullptr && (record->flags & record_flag_control) == 0) {
            ASSERT_EQ(report.findings.front().seq, record->seq) << all_text(report);
            ASSERT_GE(report.findings.front().at, record->at);
            ASSERT_LT(report.findings.front().at, record->end);
        }
        flip_bit(path(at / segment_bytes_min), at % segment_bytes_min, bit);
    }
    EXPECT_EQ(verify().result(), verdict::clean);
}

TEST_F(Verify, KnowsThatAnEndRecordIsDamaged) {
    const std::uint64_t end = read_segment_info(log(), 2).previous_end.value;
    poke(end + 16, {1, 2, 3});
    const verify_report report = verify();
    EXPECT_EQ(report.result(), verdict::damaged);
    EXPECT_TRUE(contains(all_text(report), "the end record is damaged")) << all_text(report);
}

TEST_F(Verify, OfALogThatGrowsMeanwhileIsClean) {
    std::atomic<bool> is_written{false};
    log_writer writer(log(), small_log());
    writer.detach();
    std::thread growing([&] {
        for (int i = 0; i < 5000; ++i) {
            append(writer, static_cast<std::size_t>(i % 200));
        }
        is_written.store(true, std::memory_order_release);
    });
    int rounds = 0;
    while (!is_written.load(std::memory_order_acquire) || rounds == 0) {
        const verify_report report = verify();
        EXPECT_EQ(report.result(), verdict::clean) << all_text(report);
        ++rounds;
    }
    growing.join();
    writer.detach();
    EXPECT_EQ(verify().record_count, numbered_count_ + 5000) << rounds << " rounds";
}

TEST_F(Verify, HoldsTheIndexAgainstTheSegment) {
    build_indexes(log());
    const fs::path index = log() / index_file_name(1);
    flip_bit(index, sizeof(index_header) + 3, 1);
    finding found = only(verify());
    EXPECT_EQ(found.kind, finding_kind::bad_index);
    EXPECT_TRUE(contains(found.text(), index.native()));
    EXPECT_TRUE(contains(found.text(), "log index"));
    build_indexes(log());
    write_file_atomically(index, read_whole_file(index) + "half an entry");
    EXPECT_EQ(verify().result(), verdict::torn);
    EXPECT_TRUE(contains(only(verify()).text(), "incomplete"));
    // A sound entry in a sound file, and yet not what the segment holds.
    const segment_info info = read_segment_info(log(), 1);
    std::string text = read_whole_file(log() / index_file_name(0));
    index_entry entry{};
    std::memcpy(&entry, text.data() + sizeof(index_header), sizeof entry);
    entry.offset = info.header_bytes + 32;
    entry.crc = crc32c(checksum_seed(info.salt, info.epoch), &entry, 28);
    const index_header header = make_index_header(info);
    text = std::string(reinterpret_cast<const char*>(&header), sizeof header) +
           std::string(reinterpret_cast<const char*>(&entry), sizeof entry);
    write_file_atomically(index, text);
    EXPECT_TRUE(contains(only(verify()).text(), "entry 0 is not that of the segment's records"));
    write_file_atomically(index, read_whole_file(log() / index_file_name(2)));
    EXPECT_TRUE(contains(only(verify()).text(), "belongs to another segment"));
}

// A header that is whole in itself and yet does not continue the segment before.
TEST_F(Verify, HoldsEachHeaderAgainstTheSegmentBefore) {
    const std::string good = read_whole_file(path(2));
    const auto with = [&](auto&& change) {
        segment_activation active{};
        std::string bad = good;
        std::memcpy(&active, bad.data() + sizeof(segment_static), sizeof active);
        change(active);
        active.crc = crc32c(0, &active, offsetof(segment_activation, crc));
        std::memcpy(bad.data() + sizeof(segment_static), &active, sizeof active);
        write_file_atomically(path(2), bad);
        return verify();
    };
    EXPECT_EQ(with([](auto&) {}).result(), verdict::clean);
    EXPECT_TRUE(has_kind(with([](auto& a) { a.base_timestamp -= 1; }), finding_kind::broken_chain));
    EXPECT_TRUE(has_kind(with([](auto& a) { a.base_sequence += 1; }), finding_kind::broken_chain));
    EXPECT_TRUE(has_kind(with([](auto& a) { a.previous_end -= 32; }), finding_kind::broken_chain));
    EXPECT_TRUE(
        has_kind(with([](auto& a) { a.previous_end += 32; }), finding_kind::missing_records));
    EXPECT_TRUE(has_kind(with([](auto& a) { a.epoch = 0; }), finding_kind::broken_chain));
    EXPECT_TRUE(has_kind(with([](auto& a) {
                             a.previous_last_sequence += 1;
                             a.base_sequence += 1;
                         }),
                         finding_kind::missing_records));
}

TEST_F(Verify, SaysThatThereIsNoLog) {
    EXPECT_TRUE(
        contains(thrown_text<error>([&] { static_cast<void>(verify_log(directory_ / "none")); }),
                 "no audit log here"));
    for (std::uint64_t index = 0; index < 4; ++index) {
        truncate_file(path(index), 100);
    }
    EXPECT_TRUE(
        contains(thrown_text<damage_error>([&] { static_cast<void>(verify()); }), "no segment"));
}

// Somebody who may write the files changes a record, its checksum, and seals all anew.
class Forger {
public:
    static void change(const fs::path& log, const seen_record& record) {
        const std::uint64_t index = record.at.value / segment_bytes_min;
        const segment where = segment::open(log, index, access::read_only);
        std::vector<std::byte> bytes(where.data() + record.at.value % segment_bytes_min,
                                     where.data() + record.at.value % segment_bytes_min +
                                         record_header_bytes + record.payload.size());
        bytes.back() ^= std::byte{1};
        const auto length = static_cast<std::uint32_t>(bytes.size());
        const std::uint64_t word =
            make_commit_word(length, record_checksum(where.seed(), bytes.data(), length));
        std::memcpy(bytes.data(), &word, sizeof word);
        overwrite(segment_path(log, index), record.at.value % segment_bytes_min, bytes);
    }
    static void seal_anew(const fs::path& log, const seal_key* key) {
        for (const std::uint64_t index : list_segments(log)) {
            fs::remove(log / seal_file_name(index));
        }
        static_cast<void>(seal_log(log, key));
    }
};

TEST_F(VerifySeals, ProveAChangeThatChecksumsDoNot) {
    static_cast<void>(seal_log(log(), nullptr));
    const seen_record& record = middle_of(1);
    Forger::change(log(), record);
    const verify_report report = verify();
    const finding found = only(report);
    EXPECT_EQ(found.kind, finding_kind::wrong_seal);
    EXPECT_LE(found.at, record.at);
    EXPECT_TRUE(contains(found.text(), seal_file_name(1)));
    EXPECT_EQ(report.record_count, numbered_count_) << "every checksum holds";
}

TEST_F(VerifySeals, MadeAnewAreFoundOutByAHeadThatWasKept) {
    const digest head = seal_log(log(), nullptr).head.hash;
    EXPECT_EQ(verify({.head = head}).result(), verdict::clean);
    EXPECT_EQ(verify({.head = head}).proven_to.value, numbered_count_);
    Forger::change(log(), middle_of(1));
    Forger::seal_anew(log(), nullptr);
    EXPECT_EQ(verify().result(), verdict::clean) << "without the head nothing shows";
    const verify_report report = verify({.head = head});
    EXPECT_EQ(only(report).kind, finding_kind::unknown_head);
    EXPECT_TRUE(report.proven_to.is_none());
}

TEST_F(VerifySeals, OfAnEarlierHeadProveWhatWasThereThen) {
    const digest head = seal_log(log(), nullptr).head.hash;
    {
        log_writer writer(log(), small_log());
        for (int i = 0; i < 500; ++i) {
            append(writer, 100);
        }
    }
    static_cast<void>(seal_log(log(), nullptr));
    const verify_report report = verify({.head = head});
    EXPECT_EQ(report.result(), verdict::clean) << all_text(report);
    EXPECT_EQ(report.proven_to.value, numbered_count_);
    EXPECT_EQ(report.last_sequence.value, numbered_count_ + 500);
}

TEST_F(VerifySeals, CannotBeMadeAnewWithoutTheKey) {
    const seal_key key = test_key();
    static_cast<void>(seal_log(log(), &key));
    EXPECT_EQ(verify({.key = &key}).result(), verdict::clean) << all_text(verify({.key = &key}));
    EXPECT_EQ(verify({.key = &key}).proven_to.value, numbered_count_);
    EXPECT_EQ(verify().result(), verdict::clean) << "the hashes need no key";
    Forger::change(log(), middle_of(1));
    Forger::seal_anew(log(), nullptr);
    EXPECT_EQ(only(verify({.key = &key})).kind, finding_kind::unkeyed_seal);
    const seal_key other(pattern(3, 32));
    Forger::seal_anew(log(), &other);
    EXPECT_TRUE(has_kind(verify({.key = &key}), finding_kind::wrong_key));
    Forger::seal_anew(log(), &key);
    EXPECT_EQ(verify({.key = &key}).result(), verdict::clean) << "with the key it can";
}

TEST_F(VerifySeals, AreMissedWhereAProofIsAskedFor) {
    const seal_key key = test_key();
    EXPECT_TRUE(contains(all_text(verify()), "note: the log is not sealed"));
    EXPECT_EQ(only(verify({.key = &key})).kind, finding_kind::missing_seals);
    EXPECT_EQ(only(verify({.head = sha256_of({})})).kind, finding_kind::missing_seals);
    static_cast<void>(seal_log(log(), nullptr));
    fs::remove(log() / seal_file_name(2));
    EXPECT_EQ(only(verify()).kind, finding_kind::missing_seals);
}

TEST_F(VerifySeals, MustContinueThoseOfTheSegmentBefore) {
    static_cast<void>(seal_log(log(), nullptr));
    const std::string good = read_whole_file(log() / seal_file_name(2));
    // Sealed by itself, as a chain of its own.
    fs::remove(log() / seal_file_name(2));
    const segment where = segment::open(log(), 2, access::read_only);
    seal_writer alone(log(), where, digest{}, nullptr);
    ASSERT_TRUE(alone.catch_up(where));
    EXPECT_TRUE(has_kind(verify(), finding_kind::broken_seal_chain)) << all_text(verify());
    // Cut before its end.
    write_file_atomically(log() / seal_file_name(2), good.substr(0, sizeof(seal_header)));
    EXPECT_TRUE(has_kind(verify(), finding_kind::broken_seal_chain));
    std::string bad = good;
    bad[140] ^= 1;
    write_file_atomically(log() / seal_file_name(2), bad + std::string(128, 'x'));
    EXPECT_TRUE(has_kind(verify(), finding_kind::bad_seals));
    write_file_atomically(log() / seal_file_name(2), good);
    EXPECT_EQ(verify().result(), verdict::clean);
    // The newest one alone may have been cut short by a crash; that is no damage, and is said.
    std::string newest = read_whole_file(log() / seal_file_name(3));
    newest.back() ^= 1;
    write_file_atomically(log() / seal_file_name(3), newest);
    EXPECT_EQ(verify().result(), verdict::torn);
    EXPECT_TRUE(contains(only(verify()).text(), "log seal"));
}

TEST_F(VerifySeals, KnowRecordsThatWereCutOff) {
    static_cast<void>(seal_log(log(), nullptr));
    // Zeros from the middle of the newest segment on: by itself a log that merely ends earlier.
    const seen_record& record = numbered(numbered_count_ - 3);
    const std::vector<std::byte> zeros(records_.back().end.value - record.at.value);
    overwrite(path(3), record.at.value % segment_bytes_min, zeros);
    const verify_report report = verify();
    EXPECT_EQ(only(report).kind, finding_kind::wrong_seal);
}

}  // namespace millrace::engine::test
