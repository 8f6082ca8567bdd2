#include "engine/ring/ring_memory.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "engine/core/error.hpp"

namespace millrace::engine {
namespace {

TEST(RingMemory, IsZeroedAlignedAndPresent) {
    constexpr std::size_t size = 5 * 4096;
    const ring_memory memory(size);
    ASSERT_EQ(memory.size(), size);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(memory.data()) % 4096, 0U);
    EXPECT_TRUE(std::all_of(memory.data(), memory.data() + size,
                            [](std::byte b) { return b == std::byte{0}; }));
}

TEST(RingMemory, IsResidentBeforeAnyoneTouchesIt) {
    constexpr std::size_t size = std::size_t{4} << 20;
    const ring_memory memory(size);
    std::vector<unsigned char> residency(size / 4096);
    ASSERT_EQ(::mincore(memory.data(), size, residency.data()), 0);
    EXPECT_TRUE(std::all_of(residency.begin(), residency.end(),
                            [](unsigned char page) { return (page & 1U) != 0; }));
}

TEST(RingMemory, MovesItsPages) {
    ring_memory source(4096);
    std::byte* const data = source.data();
    ring_memory target(std::move(source));
    EXPECT_EQ(target.data(), data);
    ring_memory other(8192);
    other = std::move(target);
    EXPECT_EQ(other.data(), data);
    EXPECT_EQ(other.size(), 4096U);
}

TEST(RingMemory, SaysWhatCouldNotBeHad) {
    try {
        const ring_memory memory(std::size_t{1} << 62);
        FAIL() << "the address space is smaller than that";
    } catch (const io_error& failure) {
        EXPECT_NE(std::string(failure.what()).find("for a ring"), std::string::npos);
    }
}

}  // namespace
}  // namespace millrace::engine
