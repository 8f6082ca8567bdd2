// Writer and readers on threads of their own. The writer and a log_reader map the file at different
// addresses, which a race detector takes for different memory, so the last test reads through the
// writer's own mapping.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/engine/log/log_test_support.hpp"

namespace millrace::engine::test {

namespace {

constexpr std::uint64_t record_count = 40'000;

std::size_t size_of(std::uint64_t seq) {
    return seq * 7919 % 300;
}

// Claims more than it commits, and aborts, so that leftover bytes would show.
void write_records(log_writer& writer) {
    std::mt19937_64 random(test_seed());
    for (std::uint64_t seq = 1; seq <= record_count; ++seq) {
        if (random() % 8 == 0) {
            log_claim claim = writer.try_claim(1, 200);
            ASSERT_TRUE(claim);
            std::memset(claim.payload().data(), 0xff, claim.payload().size());
        }
        const std::vector<std::byte> payload = pattern(seq, size_of(seq));
        log_claim claim = writer.try_claim(1, payload.size() + random() % 100);
        ASSERT_TRUE(claim);
        std::memset(claim.payload().data(), 0xff, claim.payload().size());
        std::copy(payload.begin(), payload.end(), claim.payload().begin());
        ASSERT_EQ(claim.commit(payload.size()).seq.value, seq);
    }
}

void read_records(const fs::path& directory, std::uint64_t from) {
    log_reader reader(directory, read_from::at_sequence({from}));
    record_view view;
    for (std::uint64_t seq = from; seq <= record_count;) {
        const read_status status = reader.poll(view);
        ASSERT_NE(status, read_status::damaged) << reader.damage().text();
        if (status == read_status::none) {
            std::this_thread::yield();
            continue;
        }
        ASSERT_EQ(view.seq.value, seq);
        ASSERT_EQ(copy_record(view).payload, pattern(seq, size_of(seq)));
        ++seq;
    }
}

}  // namespace

TEST(LogThreads, ReadersSeeEveryRecordOnceAndWholeWhileItIsWritten) {
    temporary_directory directory;
    log_writer writer(directory / "log", small_log());
    std::thread first([&] { read_records(directory / "log", 1); });
    std::thread later([&] { read_records(directory / "log", record_count / 2); });
    write_records(writer);
    first.join();
    later.join();
}

TEST(LogThreads, TheCommitWordPublishesTheWholeRecord) {
    temporary_directory directory;
    log_writer writer(directory / "log", small_log(4 << 20));
    constexpr std::uint64_t count = 10'000;  // all in the first segment
    const std::byte* record = nullptr;
    {
        log_claim claim = writer.try_claim(1, 0);
        record = claim.payload().data() - record_header_bytes;
    }
    const segment_info info = read_segment_info(directory / "log", 0);
    const std::uint32_t seed = checksum_seed(info.salt, info.epoch);
    std::thread reader([&] {
        for (std::uint64_t seq = 1; seq <= count;) {
            const std::uint64_t word = load_commit_word(record);
            if (word == 0) {
                std::this_thread::yield();
                continue;
            }
            ASSERT_EQ(record_checksum(seed, record, commit_length(word)), commit_crc(word));
            record_header header;
            std::memcpy(&header, record, sizeof header);
            ASSERT_EQ(header.sequence, seq);
            ASSERT_EQ(commit_length(word), record_header_bytes + seq % 200);
            record += align_record(commit_length(word));
            ++seq;
        }
    });
    for (std::uint64_t seq = 1; seq <= count; ++seq) {
        log_claim claim = writer.try_claim(1, seq % 200 + seq % 64);
        ASSERT_TRUE(claim);
        std::memset(claim.payload().data(), 0xee, claim.payload().size());
        if (seq % 10 == 0) {
            claim.abort();
            log_claim again = writer.try_claim(1, seq % 200);
            std::memset(again.payload().data(), 0xdd, again.payload().size());
            ASSERT_EQ(again.commit().seq.value, seq);
        } else {
            ASSERT_EQ(claim.commit(seq % 200).seq.value, seq);
        }
    }
    reader.join();
    EXPECT_EQ(writer.end().value / writer.segment_bytes(), 0u);
}

}  // namespace millrace::engine::test
