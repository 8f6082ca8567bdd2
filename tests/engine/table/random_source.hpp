// The seeded randomness of these tests: printed with every failure, replayed by MILLRACE_TEST_SEED.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>

namespace millrace::test {

class random_source {
public:
    random_source() : seed_(choose_seed()), engine_(seed_) {
        std::printf("MILLRACE_TEST_SEED=%llu\n", static_cast<unsigned long long>(seed_));
    }

    [[nodiscard]] std::uint64_t below(std::uint64_t limit) { return engine_() % limit; }
    [[nodiscard]] bool coin() { return below(2) == 0; }
    [[nodiscard]] std::uint64_t bits() { return engine_(); }
    [[nodiscard]] std::string text(std::size_t size, std::string_view alphabet) {
        std::string result;
        for (std::size_t i = 0; i < size; ++i) {
            result += alphabet[below(alphabet.size())];
        }
        return result;
    }
    [[nodiscard]] std::string bytes(std::size_t size) {
        std::string result;
        for (std::size_t i = 0; i < size; ++i) {
            result += static_cast<char>(below(256));
        }
        return result;
    }

private:
    static std::uint64_t choose_seed() {
        if (const char* given = std::getenv("MILLRACE_TEST_SEED")) {
            return std::strtoull(given, nullptr, 10);
        }
        return std::random_device{}();
    }

    std::uint64_t seed_;
    std::mt19937_64 engine_;
};

}  // namespace millrace::test
