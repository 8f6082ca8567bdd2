// Holds the code against docs/log-format.md. The encoder here is written from that document alone:
// it shares no constant and no checksum with the library, so that neither can drift without the
// other.
#include "engine/log/format.hpp"

#include <gtest/gtest.h>

#include <array>
#include <sstream>

#include "tests/engine/log/log_test_support.hpp"

namespace millrace::engine::test {

namespace {

using byte_string = std::string;

std::uint32_t crc_of(std::uint32_t crc, const byte_string& bytes) {
    crc = ~crc;
    for (const char c : bytes) {
        crc ^= static_cast<unsigned char>(c);
        for (int bit = 0; bit < 8; ++bit) {
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78u : 0u);
        }
    }
    return ~crc;
}

byte_string little_endian(std::uint64_t value, int bytes) {
    byte_string text;
    for (int i = 0; i < bytes; ++i) {
        text += static_cast<char>((value >> (8 * i)) & 0xff);
    }
    return text;
}

std::uint64_t number_at(const byte_string& bytes, std::size_t offset, std::size_t size) {
    std::uint64_t value = 0;
    for (std::size_t i = size; i > 0; --i) {
        value = (value << 8) | static_cast<unsigned char>(bytes.at(offset + i - 1));
    }
    return value;
}

struct example_record {
    std::uint64_t sequence = 0;
    std::uint64_t timestamp = 0;
    std::uint64_t type = 0;
    std::uint64_t flags = 0;
    byte_string payload;
};

struct example_segment {
    std::uint64_t header_bytes = 4096;
    std::uint64_t segment_bytes = 65536;
    std::uint64_t segment_index = 0;
    byte_string uuid;
    std::uint64_t salt = 0;
    std::uint64_t created = 0;
    std::uint64_t epoch = 0;
    std::uint64_t base_sequence = 0;
    std::uint64_t base_timestamp = 0;
    std::uint64_t previous_last_sequence = 0;
    std::uint64_t previous_end = 0;
    std::uint64_t realtime = 0;
    std::uint64_t monotonic = 0;
    byte_string boot_id;
    std::uint64_t process_id = 0;
    byte_string schema;
    std::vector<example_record> records;
};

byte_string encode(const example_segment& s) {
    byte_string fixed("ALOG\x1a\r\n\0", 8);
    fixed += little_endian(1, 2) + little_endian(32, 2) + little_endian(s.header_bytes, 4);
    fixed += little_endian(0, 4) + little_endian(0, 4);
    fixed += little_endian(s.segment_bytes, 8) + little_endian(s.segment_index, 8) + s.uuid;
    fixed += little_endian(s.salt, 8) + little_endian(s.schema.size(), 4) + little_endian(1, 4);
    fixed += little_endian(s.created, 8) + byte_string(44, '\0');
    fixed += little_endian(crc_of(crc_of(0, fixed), s.schema), 4);
    byte_string active = little_endian(s.epoch, 8) + little_endian(s.base_sequence, 8) +
                         little_endian(s.base_timestamp, 8) +
                         little_endian(s.previous_last_sequence, 8) +
                         little_endian(s.previous_end, 8) + little_endian(s.realtime, 8) +
                         little_endian(s.monotonic, 8) + s.boot_id +
                         little_endian(s.process_id, 4) + byte_string(48, '\0');
    active += little_endian(crc_of(0, active), 4);
    byte_string bytes = fixed + active + s.schema;
    bytes.resize(s.header_bytes, '\0');
    const std::uint32_t seed = crc_of(0, little_endian(s.salt, 8) + little_endian(s.epoch, 8));
    for (const example_record& r : s.records) {
        const byte_string length = little_endian(32 + r.payload.size(), 4);
        const byte_string rest = little_endian(r.sequence, 8) + little_endian(r.timestamp, 8) +
                                 little_endian(r.type, 2) + little_endian(r.flags, 1) +
                                 little_endian(4, 1) + little_endian(0, 2) + little_endian(0, 2) +
                                 r.payload;
        bytes += length + little_endian(crc_of(seed, length + rest), 4) + rest;
        bytes.resize((bytes.size() + 31) / 32 * 32, '\0');
    }
    bytes.resize(s.segment_bytes, '\0');
    return bytes;
}

// The reader's side of the document, without its checks: encode() of the result must give the bytes
// again.
example_segment decode(const byte_string& b) {
    example_segment s;
    s.header_bytes = number_at(b, 12, 4);
    s.segment_bytes = number_at(b, 24, 8);
    s.segment_index = number_at(b, 32, 8);
    s.uuid = b.substr(40, 16);
    s.salt = number_at(b, 56, 8);
    s.created = number_at(b, 72, 8);
    s.schema = b.substr(256, number_at(b, 64, 4));
    s.epoch = number_at(b, 128, 8);
    s.base_sequence = number_at(b, 136, 8);
    s.base_timestamp = number_at(b, 144, 8);
    s.previous_last_sequence = number_at(b, 152, 8);
    s.previous_end = number_at(b, 160, 8);
    s.realtime = number_at(b, 168, 8);
    s.monotonic = number_at(b, 176, 8);
    s.boot_id = b.substr(184, 16);
    s.process_id = number_at(b, 200, 4);
    for (std::size_t at = s.header_bytes; at + 32 <= b.size();) {
        const std::uint64_t length = number_at(b, at, 4);
        if (length == 0) {
            break;
        }
        s.records.push_back({number_at(b, at + 8, 8), number_at(b, at + 16, 8),
                             number_at(b, at + 24, 2), number_at(b, at + 26, 1),
                             b.substr(at + 32, length - 32)});
        at += (length + 31) / 32 * 32;
    }
    return s;
}

// Sixteen bytes a line behind their offset; a star stands for lines that are all zeros.
std::string to_hex(const byte_string& bytes) {
    std::string text;
    bool in_zeros = false;
    char part[32];
    for (std::size_t line = 0; line < bytes.size(); line += 16) {
        if (bytes.compare(line, 16, byte_string(16, '\0')) == 0) {
            text += in_zeros ? "" : "*\n";
            in_zeros = true;
            continue;
        }
        in_zeros = false;
        std::snprintf(part, sizeof part, "%08zx ", line);
        text += part;
        for (std::size_t i = 0; i < 16; ++i) {
            std::snprintf(part, sizeof part, " %02x", static_cast<unsigned char>(bytes[line + i]));
            text += part;
        }
        text += '\n';
    }
    return text;
}

byte_string from_hex(const std::string& text, std::size_t size) {
    byte_string bytes(size, '\0');
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (line == "*") {
            continue;
        }
        std::istringstream words(line);
        std::size_t at = 0;
        words >> std::hex >> at;
        for (unsigned value = 0; words >> std::hex >> value; ++at) {
            bytes.at(at) = static_cast<char>(value);
        }
    }
    return bytes;
}

byte_string from_hex_digits(const std::string& digits) {
    byte_string bytes;
    for (std::size_t i = 0; i < digits.size(); i += 2) {
        bytes += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
    }
    return bytes;
}

// What the document's worked example says it is.
example_segment documented() {
    constexpr std::uint64_t morning = 1'772'357'400'000'000'000;  // 2026-03-01T09:30:00Z
    example_segment s;
    s.uuid = from_hex_digits("00112233445546778899aabbccddeeff");
    s.salt = 0x0123456789abcdef;
    s.created = morning;
    s.epoch = 1;
    s.base_sequence = 1;
    s.realtime = morning + 1000;
    s.monotonic = 5'000'000'000;
    s.boot_id = from_hex_digits("0f0e0d0c0b0a49088706050403020100");
    s.process_id = 4711;
    s.schema = "column price";
    s.records = {{1, morning + 2000, 1, 0, "hello"},
                 {2, morning + 2001, 1, 0, ""},
                 {3, morning + 3000, 2, 0, "thirty-two bytes fill it exactly"},
                 {3, morning + 4000, 0xff03, 1, ""}};
    return s;
}

std::string documented_hex() {
    const std::string document =
        read_whole_file(fs::path(MILLRACE_SOURCE_DIR) / "docs/log-format.md");
    const std::string fence = "```hex\n";
    const std::size_t begin = document.find(fence);
    const std::size_t end = document.find("```", begin + fence.size());
    if (begin == std::string::npos || end == std::string::npos) {
        return {};
    }
    return document.substr(begin + fence.size(), end - begin - fence.size());
}

}  // namespace

TEST(LogFormat, TheDocumentsExampleIsWhatTheDocumentsRulesGive) {
    EXPECT_EQ(documented_hex(), to_hex(encode(documented())));
}

TEST(LogFormat, TheReaderReadsTheDocumentsExample) {
    temporary_directory directory;
    const byte_string bytes = from_hex(documented_hex(), 65536);
    std::ofstream(segment_path(directory.path(), 0), std::ios::binary) << bytes;
    const std::vector<seen_record> records = read_log(directory.path(), {}, true);
    const example_segment wanted = documented();
    ASSERT_EQ(records.size(), wanted.records.size());
    for (std::size_t i = 0; i < records.size(); ++i) {
        EXPECT_EQ(records[i].seq.value, wanted.records[i].sequence);
        EXPECT_EQ(static_cast<std::uint64_t>(records[i].time.ns), wanted.records[i].timestamp);
        EXPECT_EQ(records[i].type, wanted.records[i].type);
        EXPECT_EQ(records[i].flags, wanted.records[i].flags);
        EXPECT_EQ(byte_string(reinterpret_cast<const char*>(records[i].payload.data()),
                              records[i].payload.size()),
                  wanted.records[i].payload);
    }
    EXPECT_EQ(records[0].at.value, 4096u);
    EXPECT_TRUE(records[3].is_control(control_type::close));
    EXPECT_EQ(to_string(log_reader(directory.path(), {}).uuid()),
              "00112233-4455-4677-8899-aabbccddeeff");
}

TEST(LogFormat, TheWriterGoesOnBehindTheDocumentsExample) {
    temporary_directory directory;
    std::ofstream(segment_path(directory.path(), 0), std::ios::binary)
        << from_hex(documented_hex(), 65536);
    log_writer writer(directory.path(), small_log());
    EXPECT_EQ(writer.recovery_note(), "");
    EXPECT_EQ(append(writer, 10).seq.value, 4u);
}

TEST(LogFormat, TheWritersBytesAreThoseTheDocumentsRulesGive) {
    temporary_directory directory;
    {
        log_writer writer(directory / "log", small_log());
        for (std::size_t i = 0; i < 1000; ++i) {
            append(writer, i % 230, static_cast<std::uint16_t>(i * 61));
        }
    }
    const std::vector<std::uint64_t> segments = list_segments(directory / "log");
    ASSERT_GT(segments.size(), 2u);
    std::uint64_t previous_end = 0;
    for (const std::uint64_t index : segments) {
        const byte_string bytes = read_whole_file(segment_path(directory / "log", index));
        const example_segment decoded = decode(bytes);
        ASSERT_TRUE(encode(decoded) == bytes) << "segment " << index;
        EXPECT_EQ(decoded.segment_index, index);
        EXPECT_EQ(decoded.previous_end, previous_end);
        EXPECT_EQ(decoded.process_id, static_cast<std::uint64_t>(::getpid()));
        previous_end = index * decoded.segment_bytes + decoded.header_bytes;
        for (const example_record& record : decoded.records) {
            previous_end += record.type == 0xff01 ? 0 : (32 + record.payload.size() + 31) / 32 * 32;
        }
    }
}

TEST(LogFormat, TheKindWordIsTheEndOfTheHeader) {
    record_header header{};
    header.type = 0xabcd;
    header.flags = record_flag_control;
    header.header_words = 4;
    const std::uint64_t word = make_kind_word(0xabcd, record_flag_control);
    EXPECT_EQ(
        std::memcmp(reinterpret_cast<const std::byte*>(&header) + offsetof(record_header, type),
                    &word, sizeof word),
        0);
}

TEST(LogFormat, LengthsAreRoundedUpToTheAlignment) {
    EXPECT_EQ(align_record(32), 32u);
    EXPECT_EQ(align_record(33), 64u);
    EXPECT_EQ(align_record(64), 64u);
    const std::uint64_t word = make_commit_word(0x11223344, 0xaabbccdd);
    EXPECT_EQ(commit_length(word), 0x11223344u);
    EXPECT_EQ(commit_crc(word), 0xaabbccddu);
}

}  // namespace millrace::engine::test
