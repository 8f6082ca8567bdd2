// Seeks by sequence, time and position against a linear scan of the same log: with indexes, without
// any, and with indexes that are damaged, foreign, stale, or longer than their segment.
#include "engine/log/seek.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "engine/core/error.hpp"
#include "engine/log/archive_source.hpp"
#include "engine/log/index.hpp"
#include "tests/engine/core/sanitizer_share.hpp"
#include "tests/engine/log/log_test_support.hpp"

namespace millrace::engine::test {

namespace {

constexpr std::size_t segment_size = std::size_t{1} << 20;

class three_snapshots final : public snapshot_source {
public:
    [[nodiscard]] std::size_t snapshot_bytes() const noexcept override { return 200; }
    void write_snapshot(std::span<std::byte> payload) const noexcept override {
        std::fill(payload.begin(), payload.end(), std::byte{7});
    }
};

// Several segments: full ones, one that a dead writer left, an empty one, and a last one closed
// and taken up again.
class Seek : public ::testing::Test {
protected:
    void SetUp() override {
        const fs::path growing = directory_ / "growing";
        const three_snapshots snapshots;
        {
            log_writer writer(growing, small_log(segment_size), &snapshots);
            static_cast<void>(writer.append_snapshot());
            fill(writer, 3 * segment_size + segment_size / 2);
            copy_log(growing, log());
        }
        for (int restarts = 0; restarts < 2; ++restarts) {  // no close record: new epochs
            log_writer writer(log(), small_log(segment_size), &snapshots);
            fs::remove_all(growing);
            copy_log(log(), growing);
            writer.close();
            fs::remove_all(log());
            copy_log(growing, log());
        }
        for (int restarts = 0; restarts < 2; ++restarts) {
            log_writer writer(log(), small_log(segment_size), &snapshots);
            fill(writer, writer.end().value + segment_size + segment_size / 3);
        }
        all_ = read_log(log(), {}, true);
        records_ = read_log(log());
        ASSERT_GT(list_segments(log()).size(), 6u);
        ASSERT_GT(records_.size(), 30'000u);
    }

    [[nodiscard]] fs::path log() const { return directory_ / "log"; }

    void build_indexes() {
        for (const std::uint64_t index : list_segments(log())) {
            index_writer(log(), segment::open(log(), index, access::read_only));
        }
    }
    // What a file beside a segment may become; whatever it is, answers stay right.
    void spoil_indexes() {
        const std::vector<std::uint64_t> segments = list_segments(log());
        const std::string foreign =
            read_whole_file(log() / index_file_name(segments[random_() % segments.size()]));
        for (const std::uint64_t index : segments) {
            const fs::path path = log() / index_file_name(index);
            std::string bytes = read_whole_file(path);
            switch (random_() % 6) {
                case 0:
                    fs::remove(path);
                    break;
                case 1:
                    bytes[random_() % bytes.size()] ^= static_cast<char>(1 << (random_() % 8));
                    write_file_atomically(path, bytes);
                    break;
                case 2:
                    write_file_atomically(path, bytes.substr(0, random_() % bytes.size()));
                    break;
                case 3:
                    write_file_atomically(path, foreign);
                    break;
                case 4:
                    write_file_atomically(path, with_forged_entries(bytes, index));
                    break;
                default:
                    break;
            }
        }
    }

    void check(const read_from& from, const seen_record* wanted) {
        log_reader reader(log(), from);
        record_view view;
        const read_status status = reader.poll(view);
        if (wanted == nullptr) {
            ASSERT_EQ(status, read_status::none);
            return;
        }
        ASSERT_EQ(status, read_status::record) << reader.damage().text();
        ASSERT_EQ(view.seq, wanted->seq);
        ASSERT_EQ(view.at, wanted->at);
    }

    void seek_sequence() {
        const std::uint64_t last = records_.size();
        const std::uint64_t seq = random_() % 50 == 0 ? last + random_() % 3 : 1 + random_() % last;
        check(read_from::at_sequence({seq}), seq <= last ? &records_[seq - 1] : nullptr);
    }
    void seek_time() {
        const seen_record& near = all_[random_() % all_.size()];
        const timestamp time{near.time.ns + static_cast<std::int64_t>(random_() % 3) - 1};
        const auto found =
            std::lower_bound(records_.begin(), records_.end(), time,
                             [](const seen_record& r, timestamp t) { return r.time < t; });
        check(read_from::at_time(time), found == records_.end() ? nullptr : &*found);
    }
    void seek_position() {
        const seen_record& near = all_[random_() % all_.size()];
        if (random_() % 4 != 0) {
            const auto found =
                std::lower_bound(records_.begin(), records_.end(), near.at,
                                 [](const seen_record& r, position p) { return r.at < p; });
            check(read_from::at_position(near.at), found == records_.end() ? nullptr : &*found);
            return;
        }
        const std::uint64_t inside =
            near.at.value + 1 + random_() % (near.end.value - near.at.value - 1);
        const std::string text =
            thrown_text<error>([&] { log_reader(log(), read_from::at_position({inside})); });
        ASSERT_TRUE(contains(text, "nearest are " + std::to_string(near.at.value) + " and " +
                                       std::to_string(near.end.value)));
    }
    void seek(int times) {
        for (int i = 0; i < times && !HasFatalFailure(); ++i) {
            switch (random_() % 3) {
                case 0:
                    seek_sequence();
                    break;
                case 1:
                    seek_time();
                    break;
                default:
                    seek_position();
                    break;
            }
        }
    }

    std::mt19937_64 random_{test_seed()};
    std::vector<seen_record> all_;      // control records too, but no end records
    std::vector<seen_record> records_;  // numbered ones

private:
    void fill(log_writer& writer, std::uint64_t until) {
        while (writer.end().value < until) {
            append(writer, random_() % 20 == 0 ? random_() % 4000 : random_() % 120);
        }
    }
    // An index whose checksums are right and whose entries are not: behind the segment's records,
    // inside of one, or at one that has another number.
    std::string with_forged_entries(std::string bytes, std::uint64_t index) {
        const segment_info info = read_segment_info(log(), index);
        for (std::size_t at = sizeof(index_header); at + 32 <= bytes.size(); at += 32) {
            index_entry entry{};
            std::memcpy(&entry, bytes.data() + at, sizeof entry);
            if (random_() % 2 == 0) {
                entry.offset = random_() % 2 == 0 ? entry.offset + 8 * (random_() % 64)
                                                  : random_() % (2 * segment_size);
            } else {
                entry.sequence += random_() % 3;
                entry.timestamp -= static_cast<std::int64_t>(random_() % 3);
            }
            entry.crc = crc32c(checksum_seed(info.salt, info.epoch), &entry, 28);
            std::memcpy(bytes.data() + at, &entry, sizeof entry);
        }
        return bytes;
    }

    temporary_directory directory_;
};

}  // namespace

TEST_F(Seek, WithIndexesFindsWhatAScanFinds) {
    build_indexes();
    seek(sanitizer_share(60'000));
}

TEST_F(Seek, WithoutIndexesFindsWhatAScanFinds) {
    seek(sanitizer_share(20'000));
}

TEST_F(Seek, WithSpoiledIndexesFindsWhatAScanFinds) {
    for (int round = 0; round < sanitizer_share(40) && !HasFatalFailure(); ++round) {
        build_indexes();
        spoil_indexes();
        seek(500);
    }
}

TEST_F(Seek, FindsTheFirstAndTheLastRecordOfEverySegment) {
    build_indexes();
    for (std::size_t i = 0; i < records_.size() && !HasFatalFailure(); ++i) {
        const bool is_first = i == 0 || records_[i].at.value / segment_size !=
                                            records_[i - 1].at.value / segment_size;
        const bool is_last =
            i + 1 == records_.size() ||
            records_[i].at.value / segment_size != records_[i + 1].at.value / segment_size;
        if (is_first || is_last) {
            check(read_from::at_sequence(records_[i].seq), &records_[i]);
            check(read_from::at_time(records_[i].time), &records_[i]);
            check(read_from::at_position(records_[i].at), &records_[i]);
        }
    }
}

TEST_F(Seek, ReadsNoSegmentButTheOneThatHoldsTheRecord) {
    const std::vector<std::uint64_t> segments = list_segments(log());
    std::uint64_t before = UINT64_MAX;
    for (const seen_record& record : records_) {
        const std::uint64_t index = record.at.value / segment_size;
        const bool is_first = index != before;
        before = index;
        if (record.seq.value % 61 != 0 && !is_first) {
            continue;
        }
        for (const read_from& from :
             {read_from::at_sequence(record.seq), read_from::at_time(record.time),
              read_from::at_position(record.at)}) {
            const segment_search found = find_segment(log(), segments, from);
            ASSERT_FALSE(found.is_before_all);
            ASSERT_EQ(found.index, index) << record.seq.value;
        }
    }
    const auto newer = std::span(segments).subspan(2);
    EXPECT_TRUE(find_segment(log(), newer, read_from::at_sequence({1})).is_before_all);
    EXPECT_TRUE(find_segment(log(), newer, read_from::at_time({0})).is_before_all);
    EXPECT_TRUE(find_segment(log(), newer, read_from::at_position({0})).is_before_all);
    EXPECT_EQ(find_segment(log(), newer, read_from::tail()).index, segments.back());
}

// A look-up that answers "found" saves the walk: no more than a stride lies between.
TEST_F(Seek, WithAnIndexWalksAtMostOneStride) {
    build_indexes();
    for (const seen_record& record : records_) {
        if (record.seq.value % 97 != 0) {
            continue;
        }
        const segment where =
            segment::open(log(), record.at.value / segment_size, access::read_only);
        for (const read_from& from :
             {read_from::at_sequence(record.seq), read_from::at_time(record.time),
              read_from::at_position(record.at)}) {
            const segment_cursor cursor = cursor_before(log(), where, from);
            const std::uint64_t offset = record.at.value % segment_size;
            ASSERT_LE(cursor.offset(), offset);
            ASSERT_LT(offset - cursor.offset(), index_stride_bytes);
            ASSERT_EQ(look_up(log(), where, from).answer, index_answer::found);
        }
    }
}

TEST_F(Seek, FindsTheIndexOfAnArchivedSegmentInTheArchive) {
    build_indexes();
    const fs::path archive = log().parent_path() / "archive";
    fs::create_directory(archive);
    {
        const segment oldest = segment::open(log(), 0, access::read_only);
        detail::compress_segment({oldest.data(), segment_size}, archive / archived_file_name(0), 1);
    }
    fs::rename(log() / index_file_name(0), archive / index_file_name(0));
    fs::remove(log() / segment_file_name(0));
    const segment alone = segment::open(archive, 0, access::read_only);
    EXPECT_EQ(look_up(archive, alone, read_from::tail()).answer, index_answer::found);
    write_file_atomically(log() / archive_link_name, "../archive\n");
    const segment linked = segment::open(log(), 0, access::read_only);
    EXPECT_EQ(look_up(log(), linked, read_from::tail()).answer, index_answer::found);
    fs::remove(archive / index_file_name(0));
    EXPECT_EQ(look_up(log(), linked, read_from::tail()).answer, index_answer::nothing);
}

// A copy of the log taken earlier, with the index of today: longer than the segment's records.
TEST_F(Seek, IgnoresAnIndexThatIsAheadOfItsSegment) {
    temporary_directory other;
    {
        log_writer writer(other / "log", small_log(segment_size));
        while (writer.end().value < segment_size / 2) {
            append(writer, 100);
        }
        copy_log(other / "log", other / "early");
        while (writer.end().value < segment_size - 5000) {
            append(writer, 100);
        }
    }
    index_writer(other / "log", segment::open(other / "log", 0, access::read_only));
    fs::copy_file(other / "log" / index_file_name(0), other / "early" / index_file_name(0));
    const std::vector<seen_record> early = read_log(other / "early");
    const segment where = segment::open(other / "early", 0, access::read_only);
    EXPECT_EQ(look_up(other / "early", where, read_from::tail()).answer, index_answer::unusable);
    for (const seen_record& record : early) {
        if (record.seq.value % 31 == 0) {
            log_reader reader(other / "early", read_from::at_sequence(record.seq));
            record_view view;
            ASSERT_EQ(reader.poll(view), read_status::record);
            ASSERT_EQ(view.at, record.at);
        }
    }
    log_reader behind(other / "early", read_from::at_sequence({early.size() + 100}));
    record_view view;
    EXPECT_EQ(behind.poll(view), read_status::none);
    EXPECT_EQ(behind.last_sequence().value, early.size());
}

}  // namespace millrace::engine::test
