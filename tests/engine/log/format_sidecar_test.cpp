// Holds indexes and seals against docs/log-format.md. The encoder here is written from that
// document alone and shares nothing with the library but SHA-256.
#include <gtest/gtest.h>

#include "engine/log/index.hpp"
#include "engine/log/seal_file.hpp"
#include "tests/engine/log/log_test_support.hpp"

namespace millrace::engine::test {

namespace {

std::uint32_t crc_of(const std::string& bytes) {
    std::uint32_t crc = 0xffffffff;
    for (const char c : bytes) {
        crc ^= static_cast<unsigned char>(c);
        for (int bit = 0; bit < 8; ++bit) {
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78U : 0U);
        }
    }
    return ~crc;
}

std::string little_endian(std::uint64_t value, int bytes) {
    std::string text;
    for (int i = 0; i < bytes; ++i) {
        text += static_cast<char>((value >> (8 * i)) & 0xff);
    }
    return text;
}

std::uint64_t number_at(const std::string& bytes, std::size_t offset, std::size_t size) {
    std::uint64_t value = 0;
    for (std::size_t i = size; i > 0; --i) {
        value = (value << 8) | static_cast<unsigned char>(bytes.at(offset + i - 1));
    }
    return value;
}

std::string sha256_text(const std::string& bytes) {
    const digest hash = sha256_of(std::as_bytes(std::span(bytes.data(), bytes.size())));
    return {reinterpret_cast<const char*>(hash.bytes.data()), hash.bytes.size()};
}

// The fields of a segment's header that its sidecars repeat: uuid, index, salt and epoch.
std::string binding(const std::string& segment) {
    return segment.substr(40, 16) + segment.substr(32, 8) + segment.substr(56, 8) +
           segment.substr(128, 8);
}
std::string salt_and_epoch(const std::string& segment) {
    return segment.substr(56, 8) + segment.substr(128, 8);
}

struct parsed_record {
    std::size_t offset = 0;
    std::uint64_t sequence = 0;
    std::uint64_t timestamp = 0;
    std::uint64_t type = 0;
    bool is_control = false;
    std::size_t end = 0;
};

std::vector<parsed_record> records_of(const std::string& segment) {
    std::vector<parsed_record> records;
    std::size_t at = number_at(segment, 12, 4);
    while (at + 32 <= segment.size() && number_at(segment, at, 8) != 0) {
        parsed_record record;
        record.offset = at;
        record.sequence = number_at(segment, at + 8, 8);
        record.timestamp = number_at(segment, at + 16, 8);
        record.type = number_at(segment, at + 24, 2);
        record.is_control = (number_at(segment, at + 26, 1) & 1) != 0;
        record.end = at + (number_at(segment, at, 4) + 31) / 32 * 32;
        at = record.end;
        records.push_back(record);
    }
    return records;
}

std::string encode_index(const std::string& segment) {
    std::string bytes("AIDX\x1a\r\n\0", 8);
    bytes += little_endian(1, 2) + little_endian(32, 2) + little_endian(0, 4) + binding(segment) +
             little_endian(0, 4);
    bytes += little_endian(crc_of(bytes), 4);
    std::size_t behind = 0;
    std::size_t last = 0;
    for (const parsed_record& record : records_of(segment)) {
        behind += last == 0 ? 0 : 1;
        if (record.is_control || (last != 0 && behind < 1024 && record.offset - last < 65536)) {
            continue;
        }
        const std::string entry = little_endian(record.sequence, 8) +
                                  little_endian(record.timestamp, 8) +
                                  little_endian(record.offset, 8) + little_endian(0, 4);
        bytes += entry + little_endian(crc_of(salt_and_epoch(segment) + entry), 4);
        last = record.offset;
        behind = 0;
    }
    return bytes;
}

// One seal over all of the segment; `previous` becomes its hash.
std::string encode_seals(const std::string& segment, bool is_last, std::string& previous) {
    std::string bytes("SEAL\x1a\r\n\0", 8);
    bytes += little_endian(1, 2) + little_endian(128, 2) + little_endian(0, 4) + binding(segment) +
             previous + std::string(36, '\0');
    bytes += little_endian(crc_of(bytes), 4);
    const std::uint64_t first = number_at(segment, 32, 8) * number_at(segment, 24, 8);
    const std::vector<parsed_record> records = records_of(segment);
    std::string seal = little_endian(number_at(segment, 152, 8) + 1, 8) +
                       little_endian(records.back().sequence, 8) + little_endian(first, 8) +
                       little_endian(first + records.back().end, 8) +
                       little_endian(records.back().timestamp, 8) +
                       little_endian(is_last ? 0 : 1, 4) + little_endian(0, 4);
    previous = sha256_text(previous + segment.substr(0, records.back().end) + seal);
    seal += previous + std::string(32 + 12, '\0');
    return bytes + seal + little_endian(crc_of(salt_and_epoch(segment) + seal), 4);
}

class Sidecars : public ::testing::Test {
protected:
    void SetUp() override {
        log_writer writer(log(), small_log(std::size_t{512} << 10));
        std::mt19937_64 random(11);
        while (writer.end().value < 3 * (std::size_t{512} << 10)) {
            append(writer, random() % 200);
        }
    }
    [[nodiscard]] fs::path log() const { return directory_ / "log"; }

    temporary_directory directory_;
};

}  // namespace

TEST_F(Sidecars, IndexesBytesAreThoseTheDocumentsRulesGive) {
    for (const std::uint64_t index : list_segments(log())) {
        rebuild_index(log(), segment::open(log(), index, access::read_only));
        const std::string segment = read_whole_file(segment_path(log(), index));
        EXPECT_TRUE(read_whole_file(log() / index_file_name(index)) == encode_index(segment));
    }
}

TEST_F(Sidecars, SealsBytesAreThoseTheDocumentsRulesGive) {
    static_cast<void>(seal_log(log(), nullptr));
    std::string previous(32, '\0');
    const std::vector<std::uint64_t> indexes = list_segments(log());
    for (const std::uint64_t index : indexes) {
        const std::string segment = read_whole_file(segment_path(log(), index));
        const std::string found = read_whole_file(log() / seal_file_name(index));
        if (found.size() != 256) {
            GTEST_SKIP() << "writing took so long that a second seal was due";
        }
        EXPECT_TRUE(found == encode_seals(segment, index == indexes.back(), previous)) << index;
    }
}

}  // namespace millrace::engine::test
