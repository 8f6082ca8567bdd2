#include "engine/log/mapped_segments.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <deque>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace millrace::engine::test {
namespace {

std::string name_of(const void* address) {
    std::array<char, 64> text{};
    return name_mapped_segment(address, text) ? text.data() : "none";
}

TEST(MappedSegments, NamesTheFileAnAddressLiesIn) {
    std::array<std::byte, 30> bytes{};
    const mapped_segment first(bytes.data(), 10, "/log/a");
    const mapped_segment second(bytes.data() + 10, 10, "/log/b");
    EXPECT_EQ(name_of(bytes.data()), "/log/a");
    EXPECT_EQ(name_of(bytes.data() + 9), "/log/a");
    EXPECT_EQ(name_of(bytes.data() + 10), "/log/b");
    EXPECT_EQ(name_of(bytes.data() + 19), "/log/b");
    EXPECT_EQ(name_of(bytes.data() + 20), "none");
    EXPECT_EQ(name_of(nullptr), "none");
}

TEST(MappedSegments, GoesWhereItIsMovedAndWithItsLastOwner) {
    std::array<std::byte, 20> bytes{};
    mapped_segment kept;
    {
        mapped_segment made(bytes.data(), 10, "/log/a");
        mapped_segment moved(std::move(made));
        kept = std::move(moved);
    }
    EXPECT_EQ(name_of(bytes.data()), "/log/a");
    kept = mapped_segment(bytes.data() + 10, 10, "/log/b");
    EXPECT_EQ(name_of(bytes.data()), "none");
    EXPECT_EQ(name_of(bytes.data() + 10), "/log/b");
    kept = {};
    EXPECT_EQ(name_of(bytes.data() + 10), "none");
}

TEST(MappedSegments, CutsALongPathInFrontAndANameToItsRoom) {
    std::array<std::byte, 1> bytes{};
    const mapped_segment one(bytes.data(), 1, std::string(400, 'd') + "/000000000007.alog");
    std::array<char, 512> text{};
    ASSERT_TRUE(name_mapped_segment(bytes.data(), text));
    const std::string whole = text.data();
    EXPECT_EQ(whole.size(), 255U);
    EXPECT_TRUE(whole.ends_with("d/000000000007.alog"));
    EXPECT_EQ(name_of(bytes.data()), whole.substr(0, 63));
}

TEST(MappedSegments, LetsGoUnnamedWhatFindsNoPlaceAndTakesAPlaceThatIsFreeAgain) {
    std::vector<std::byte> bytes(2000);
    std::deque<mapped_segment> all;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        all.emplace_back(&bytes[i], 1, "/log/" + std::to_string(i));
    }
    EXPECT_EQ(name_of(&bytes.front()), "/log/0");
    EXPECT_EQ(name_of(&bytes.back()), "none");
    all.pop_front();
    all.emplace_back(&bytes.back(), 1, "/log/last");
    EXPECT_EQ(name_of(&bytes.back()), "/log/last");
    EXPECT_EQ(name_of(&bytes.front()), "none");
}

// A handler may run beside threads that open and close segments: it names one or none, never two in
// one text.
TEST(MappedSegments, NamesNoMixtureWhileAThreadOpensAndCloses) {
    std::array<std::byte, 1> bytes{};
    std::atomic<bool> is_over{false};
    std::thread opener([&] {  // again and again in the same place, as long as nobody else opens
        const std::array<std::string, 2> paths = {std::string(200, 'a'), std::string(200, 'b')};
        for (std::size_t i = 0; !is_over.load(std::memory_order_relaxed); ++i) {
            const mapped_segment one(bytes.data(), 1, paths[i % 2]);
        }
    });
    std::array<int, 2> named{};
    int mixed = 0;
    // On a busy machine the other thread may not run for a while.
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    const auto is_enough = [&](int looks) {
        return looks >= 300'000 &&
               ((named[0] > 0 && named[1] > 0) || std::chrono::steady_clock::now() > end);
    };
    for (int i = 0; !is_enough(i); ++i) {
        std::array<char, 256> text{};
        if (name_mapped_segment(bytes.data(), text)) {
            const std::string name = text.data();
            mixed += name == std::string(200, name.front()) ? 0 : 1;
            ++named[name.front() == 'a' ? 0 : 1];
        }
    }
    is_over.store(true, std::memory_order_relaxed);
    opener.join();
    EXPECT_EQ(mixed, 0);
    EXPECT_GT(named[0], 0);
    EXPECT_GT(named[1], 0);
}

}  // namespace
}  // namespace millrace::engine::test
