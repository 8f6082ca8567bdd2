// Every bit of a log of 256 KiB flipped, one at a time: each is found and named, and all other
// records stay readable. Every length a segment can be cut to: the same. Salvage, which writes a
// log each time, is put to one bit of every byte, whichever the seed says, and to every length.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>

#include "engine/log/salvage.hpp"
#include "engine/log/verify.hpp"
#include "tests/engine/log/damage_support.hpp"

namespace millrace::engine::test {

namespace {

class EveryByte : public ::testing::Test {
protected:
    void SetUp() override {
        records_ = write_quarter_mebibyte(log());
        std::ranges::copy_if(records_, std::back_inserter(numbered_), [](const auto& record) {
            return (record.flags & record_flag_control) == 0;
        });
        for (std::uint64_t index = 0; index < 4; ++index) {
            const unique_fd fd = open_file(segment_path(log(), index), O_RDWR);
            maps_.emplace_back(fd.get(), segment_bytes_min, access::read_write, "test");
            counts_[index] = check(open_log_image(log()), index).record_count;
        }
    }
    [[nodiscard]] fs::path log() const { return directory_ / "log"; }
    [[nodiscard]] detail::segment_check check(const log_image& image, std::uint64_t index) const {
        return detail::check_segment(*image.find(index), {log()});
    }
    // What must be said of one flipped bit at `at`, which lies behind the headers.
    void expect_named(const detail::segment_check& found, std::uint64_t at) const {
        const std::uint64_t index = at / segment_bytes_min;
        ASSERT_FALSE(found.findings.empty());
        const finding& first = found.findings.front();
        const seen_record* record = record_at(records_, at);
        if (record == nullptr) {  // an end record, or the zeros behind
            ASSERT_EQ(found.record_count, counts_[index]);
            return;
        }
        const bool is_numbered = (record->flags & record_flag_control) == 0;
        if (at >= record->at.value + 32 + record->payload.size()) {
            ASSERT_EQ(first.kind, finding_kind::nonzero_padding);
            ASSERT_EQ(first.at.value, at);
            ASSERT_EQ(first.seq, record->seq);
            ASSERT_EQ(found.record_count, counts_[index]);
            return;
        }
        ASSERT_EQ(first.at, record->at);
        ASSERT_EQ(first.seq.value, record->seq.value + (is_numbered ? 0 : 1));
        ASSERT_EQ(found.record_count, counts_[index] - (is_numbered ? 1 : 0));
    }

    // Salvage reads all numbered records but `lost`, and its log is one like any other.
    salvage_report expect_salvaged(const std::set<std::uint64_t>& lost) const {
        const fs::path out = directory_ / "out";
        fs::remove_all(out);
        salvage_report report = salvage_log(log(), out);
        EXPECT_EQ(report.record_count, numbered_.size() - lost.size());
        log_reader reader(out, read_from::first());
        record_view view;
        auto wanted = numbered_.begin();
        read_status status = read_status::none;
        while ((status = reader.poll(view)) == read_status::record) {
            wanted = std::find_if(wanted, numbered_.end(), [&lost](const seen_record& one) {
                return !lost.contains(one.seq.value);
            });
            if (wanted == numbered_.end() || copy_record(view) != *wanted) {
                ADD_FAILURE() << "sequence " << view.seq.value << " is not the one wanted";
                return report;
            }
            ++wanted;
        }
        EXPECT_EQ(status, read_status::none) << reader.damage().text();
        EXPECT_TRUE(std::all_of(wanted, numbered_.end(), [&lost](const seen_record& one) {
            return lost.contains(one.seq.value);
        })) << "the end is missing";
        return report;
    }

    temporary_directory directory_;
    std::vector<seen_record> records_;
    std::vector<seen_record> numbered_;
    std::vector<mapping> maps_;
    std::uint64_t counts_[4] = {};
};

}  // namespace

TEST_F(EveryByte, OfTheRecordsAndTheZerosIsGuarded) {
    const log_image image = open_log_image(log());
    for (std::uint64_t at = 0; at < 4 * segment_bytes_min; ++at) {
        const std::uint64_t index = at / segment_bytes_min;
        if (at % segment_bytes_min < image.header_bytes) {
            continue;
        }
        std::byte& byte = maps_[index].data()[at % segment_bytes_min];
        for (int bit = 0; bit < 8; ++bit) {
            byte ^= static_cast<std::byte>(1 << bit);
            expect_named(check(image, index), at);
            byte ^= static_cast<std::byte>(1 << bit);
            ASSERT_FALSE(HasFailure()) << "byte " << at << " bit " << bit;
        }
    }
}

TEST_F(EveryByte, OfTheHeadersIsGuarded) {
    const std::size_t header_bytes = open_log_image(log()).header_bytes;
    for (std::uint64_t index = 0; index < 4; ++index) {
        for (std::size_t at = 0; at < header_bytes; ++at) {
            std::byte& byte = maps_[index].data()[at];
            for (int bit = 0; bit < 8; ++bit) {
                byte ^= static_cast<std::byte>(1 << bit);
                const detail::segment_check found = check(open_log_image(log()), index);
                ASSERT_EQ(found.findings.size(), 1u) << "byte " << at << " bit " << bit;
                ASSERT_EQ(found.findings.front().kind, finding_kind::bad_header);
                ASSERT_EQ(found.record_count, counts_[index]);
                byte ^= static_cast<std::byte>(1 << bit);
            }
        }
    }
}

TEST_F(EveryByte, CostsSalvageNoOtherRecord) {
    std::mt19937_64 random(test_seed());
    for (std::uint64_t at = 0; at < 4 * segment_bytes_min; ++at) {
        std::byte& byte = maps_[at / segment_bytes_min].data()[at % segment_bytes_min];
        const auto mask = static_cast<std::byte>(1 << random() % 8);
        byte ^= mask;
        const seen_record* record = record_at(numbered_, at);
        const bool is_hit =
            record != nullptr && at < record->at.value + 32 + record->payload.size();
        const salvage_report report =
            expect_salvaged(is_hit ? std::set{record->seq.value} : std::set<std::uint64_t>());
        byte ^= mask;
        if (is_hit) {
            ASSERT_FALSE(report.holes.empty()) << "byte " << at;
            ASSERT_EQ(report.holes.front().begin, record->at) << "byte " << at;
            ASSERT_EQ(report.holes.front().first_lost, record->seq) << "byte " << at;
        }
        ASSERT_FALSE(HasFailure()) << "byte " << at << " mask " << static_cast<int>(mask);
    }
}

TEST_F(EveryByte, MayBeTheLastOfATruncatedSegment) {
    maps_.clear();
    for (std::uint64_t index = 0; index < 4; ++index) {
        const std::string whole = read_whole_file(segment_path(log(), index));
        for (std::size_t size = segment_bytes_min; size-- > 0;) {
            truncate_file(segment_path(log(), index), size);
            const verify_report report = verify_log(log(), {.thread_count = 1});
            ASSERT_TRUE(has_kind(report, finding_kind::truncated_segment))
                << "segment " << index << " of " << size << " bytes";
            std::set<std::uint64_t> lost;
            for (const seen_record& record : numbered_) {
                const std::uint64_t end =
                    record.at.value % segment_bytes_min + 32 + record.payload.size();
                if (record.at.value / segment_bytes_min == index && end > size) {
                    lost.insert(record.seq.value);
                }
            }
            ASSERT_EQ(report.record_count, numbered_.size() - lost.size()) << size;
            expect_salvaged(lost);
            ASSERT_FALSE(HasFailure()) << "segment " << index << " of " << size << " bytes";
        }
        std::ofstream(segment_path(log(), index), std::ios::binary) << whole;
    }
}

}  // namespace millrace::engine::test
