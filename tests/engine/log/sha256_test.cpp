#include "engine/log/sha256.hpp"

#include <gtest/gtest.h>

#include <string>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "tests/engine/log/log_test_support.hpp"

namespace millrace::engine::test {

namespace {

std::span<const std::byte> bytes_of(const std::string& text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

}  // namespace

// FIPS 180-4, examples of NIST's Cryptographic Standards pages.
TEST(Sha256, GivesThePublishedDigests) {
    EXPECT_EQ(to_string(sha256_of(bytes_of(""))),
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(to_string(sha256_of(bytes_of("abc"))),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, OfPartsIsThatOfTheWhole) {
    const std::string text(1000, 'x');
    sha256 hash;
    for (std::size_t at = 0; at < text.size(); at += 7) {
        hash.update(bytes_of(text.substr(at, 7)));
    }
    EXPECT_EQ(hash.finish(), sha256_of(bytes_of(text)));
    hash.update(bytes_of("abc"));
    EXPECT_EQ(hash.finish(), sha256_of(bytes_of("abc"))) << "begins anew behind a finish";
}

TEST(Sha256, OfAFileIsThatOfItsBytesHoweverManyThereAre) {
    const temporary_directory directory;
    for (const std::size_t size : {0UL, 1UL, 1UL << 20, (1UL << 20) + 1, (5UL << 19) + 3}) {
        std::string text(size, 'x');
        for (std::size_t at = 0; at < size; at += 4099) {
            text[at] = static_cast<char>(at % 251);
        }
        write_file_atomically(directory / "file", text);
        const hashed_file made = hash_file(directory / "file");
        EXPECT_EQ(made.hash, sha256_of(bytes_of(text))) << size;
        EXPECT_EQ(made.bytes, size);
    }
    EXPECT_THROW(static_cast<void>(hash_file(directory / "none")), io_error);
}

// RFC 4231, test cases 2 and 6 (a key longer than a block).
TEST(HmacSha256, GivesThePublishedDigests) {
    EXPECT_EQ(to_string(hmac_sha256(bytes_of("Jefe"), bytes_of("what do ya want for nothing?"))),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(
        to_string(hmac_sha256(bytes_of(std::string(131, '\xaa')),
                              bytes_of("Test Using Larger Than Block-Size Key - Hash Key First"))),
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Digest, IsReadBackFromItsTextInEitherCase) {
    const digest value = sha256_of(bytes_of("abc"));
    digest read;
    EXPECT_TRUE(parse(to_string(value), read));
    EXPECT_EQ(read, value);
    EXPECT_TRUE(parse("BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD", read));
    EXPECT_EQ(read, value);
    for (const char* wrong : {"", "ba",
                              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61"
                              "f20015a_"}) {
        EXPECT_FALSE(parse(wrong, read)) << wrong;
    }
    EXPECT_EQ(read, value) << "a refused text changes nothing";
}

TEST(Digest, IsComparedWhole) {
    digest left = sha256_of(bytes_of("abc"));
    digest right = left;
    EXPECT_TRUE(is_same_secret(left, right));
    right.bytes[31] ^= 1;
    EXPECT_FALSE(is_same_secret(left, right));
}

}  // namespace millrace::engine::test
