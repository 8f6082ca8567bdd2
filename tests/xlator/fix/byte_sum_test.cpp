#include "xlator/fix/byte_sum.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

#include "tests/xlator/fix_text.hpp"

namespace millrace::xlator {
namespace {

TEST(ByteSum, AgreesWithThePlainLoopAtEverySizeAndAlignment) {
    std::mt19937_64 random{tests::test_seed(4)};
    std::string bytes(400, '\0');
    for (char& c : bytes) {
        c = static_cast<char>(random() % 8 == 0 ? 1 : random());
    }
    for (std::size_t from = 0; from < 20; ++from) {
        for (std::size_t size = 0; from + size <= bytes.size(); ++size) {
            const std::string_view part = std::string_view(bytes).substr(from, size);
            const byte_totals fast = count_bytes(part);
            const byte_totals plain = detail::count_bytes_portable(part);
            ASSERT_EQ(fast.sum, plain.sum);
            ASSERT_EQ(fast.delimiters, plain.delimiters);
        }
    }
}

TEST(ByteSum, CountsHighBytesAsUnsigned) {
    EXPECT_EQ(byte_sum(std::string(64, '\xFF')), 64U * 255U);
}

TEST(FindDelimiter, FindsTheFirstOneAtEveryPlace) {
    for (std::size_t size = 0; size < 70; ++size) {
        for (std::size_t at = 0; at <= size; ++at) {
            // A heap block of just this size lets the address sanitizer see a byte too many.
            const std::string text = std::string(at, 'x') + (at < size ? "\x01" : "") +
                                     std::string(at < size ? size - at - 1 : 0, '\x01');
            const char* const end = text.data() + text.size();
            EXPECT_EQ(find_delimiter(text.data(), end), std::find(text.data(), end, '\x01'));
        }
    }
}

}  // namespace
}  // namespace millrace::xlator
