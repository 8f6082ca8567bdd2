// How often a crash test has killed, printed when its program ends: at random moments, and at each
// crash point. A program may say how often it must.
//
// Threading  one thread
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <map>
#include <string>
#include <string_view>

#include "engine/log/crash_point.hpp"

namespace millrace::engine::test {

class kill_tally final : public ::testing::Environment {
public:
    // Of this program.
    static kill_tally& get() {
        static auto* const one = static_cast<kill_tally*>(
            ::testing::AddGlobalTestEnvironment(new kill_tally));  // GoogleTest deletes it
        return *one;
    }

    void at_random(const std::string& what) { ++random_[what]; }
    void at_point(std::string_view point) { ++points_[point]; }
    // A run of all tests fails that kills less often.
    void require(std::uint64_t least) { least_ = least; }
    [[nodiscard]] std::uint64_t hits(std::string_view point) const {
        const auto found = points_.find(point);
        return found != points_.end() ? found->second : 0;
    }

    void TearDown() override {
        std::uint64_t total = 0;
        for (const auto& [what, count] : random_) {
            std::cout << "  " << count << " kills at random moments, " << what << '\n';
            total += count;
        }
        for (const auto& [point, count] : points_) {
            std::cout << "  " << count << " x " << point << '\n';
            total += count;
        }
        std::cout << total << " kills\n";
        if (GTEST_FLAG_GET(filter) == "*") {
            EXPECT_GE(total, least_) << "too few kills to show anything";
        }
    }

private:
    std::map<std::string, std::uint64_t> random_;
    std::map<std::string_view, std::uint64_t> points_;
    std::uint64_t least_ = 0;
};

// Made before main() runs the tests, so that they end with it.
inline const kill_tally& made_kill_tally = kill_tally::get();

// From the environment, where a longer run asks for more.
inline int number_wanted(const char* variable, int otherwise) {
    const char* given = std::getenv(variable);
    return given != nullptr ? std::atoi(given) : otherwise;
}

}  // namespace millrace::engine::test
