#include "engine/core/crc32c.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <iostream>
#include <numeric>
#include <random>
#include <string_view>
#include <vector>

namespace millrace::engine::test {

namespace {

std::uint64_t seed() {
    const char* given = std::getenv("MILLRACE_TEST_SEED");
    const std::uint64_t chosen =
        given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
    std::cout << "MILLRACE_TEST_SEED=" << chosen << '\n';
    return chosen;
}

// Bit by bit, straight from the definition.
std::uint32_t slow(std::uint32_t crc, const unsigned char* data, std::size_t size) {
    crc = ~crc;
    for (std::size_t i = 0; i < size; ++i) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; ++bit) {
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78u : 0u);
        }
    }
    return ~crc;
}

}  // namespace

TEST(Crc32c, GivesThePublishedValues) {
    // RFC 3720 B.4
    std::vector<unsigned char> bytes(32, 0);
    EXPECT_EQ(crc32c(0, bytes.data(), bytes.size()), 0x8a9136aau);
    std::fill(bytes.begin(), bytes.end(), static_cast<unsigned char>(0xff));
    EXPECT_EQ(crc32c(0, bytes.data(), bytes.size()), 0x62a8ab43u);
    std::iota(bytes.begin(), bytes.end(), static_cast<unsigned char>(0));
    EXPECT_EQ(crc32c(0, bytes.data(), bytes.size()), 0x46dd794eu);
    constexpr std::string_view check = "123456789";
    EXPECT_EQ(crc32c(0, check.data(), check.size()), 0xe3069283u);
    EXPECT_EQ(detail::crc32c_portable(0, check.data(), check.size()), 0xe3069283u);
    EXPECT_EQ(crc32c(0, check.data(), 0), 0u);
}

TEST(Crc32c, IsTheSameFastPortableAndBitByBitAtEverySizeAndAlignment) {
    std::mt19937_64 random(seed());
    std::vector<unsigned char> bytes(4096 + 16);
    for (unsigned char& byte : bytes) {
        byte = static_cast<unsigned char>(random());
    }
    // Beyond 3 lanes of 64 words the lanes start anew.
    for (std::size_t size = 0; size <= 1700; ++size) {
        const unsigned char* data = bytes.data() + size % 11;
        const auto start = static_cast<std::uint32_t>(random());
        const std::uint32_t wanted = slow(start, data, size);
        ASSERT_EQ(crc32c(start, data, size), wanted) << size;
        ASSERT_EQ(detail::crc32c_portable(start, data, size), wanted) << size;
    }
    ASSERT_EQ(crc32c(0, bytes.data(), 4096), slow(0, bytes.data(), 4096));
}

TEST(Crc32c, OfTwoPartsIsThatOfTheWhole) {
    std::mt19937_64 random(seed());
    std::vector<unsigned char> bytes(600);
    for (unsigned char& byte : bytes) {
        byte = static_cast<unsigned char>(random());
    }
    const std::uint32_t whole = crc32c(0, bytes.data(), bytes.size());
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
        const std::uint32_t first = crc32c(0, bytes.data(), cut);
        ASSERT_EQ(crc32c(first, bytes.data() + cut, bytes.size() - cut), whole) << cut;
    }
}

TEST(Crc32c, TakesItsPrefixForFourBytesInFront) {
    std::mt19937_64 random(seed());
    for (std::size_t size = 0; size < 300; ++size) {
        std::vector<unsigned char> bytes(4 + size);
        for (unsigned char& byte : bytes) {
            byte = static_cast<unsigned char>(random());
        }
        std::uint32_t prefix = 0;
        std::memcpy(&prefix, bytes.data(), 4);
        const auto start = static_cast<std::uint32_t>(random());
        ASSERT_EQ(crc32c_prefixed(start, prefix, bytes.data() + 4, size),
                  slow(start, bytes.data(), bytes.size()));
    }
}

TEST(Crc32cUndo, GivesTheStateBeforeTheBytes) {
    std::uint64_t state = 4711;
    std::vector<unsigned char> bytes(300);
    for (std::size_t size = 0; size <= bytes.size(); ++size) {
        for (unsigned char& byte : bytes) {
            state = state * 6364136223846793005 + 1442695040888963407;
            byte = static_cast<unsigned char>(state >> 56);
        }
        const auto before = static_cast<std::uint32_t>(state >> 13);
        EXPECT_EQ(crc32c_undo(crc32c(before, bytes.data(), size), bytes.data(), size), before);
    }
}

}  // namespace millrace::engine::test
