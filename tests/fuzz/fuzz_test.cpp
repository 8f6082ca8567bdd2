// The fuzzers' functions on their corpus and on a fixed number of mutations of it, with any
// compiler: others in every run, and the same again with its MILLRACE_TEST_SEED.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <random>
#include <string>

#include "tests/engine/log/log_test_support.hpp"
#include "tests/fuzz/subjects.hpp"

namespace millrace::fuzz {
namespace {

namespace fs = std::filesystem;

fs::path corpus_of(const subject& one) {
    return fs::path(MILLRACE_SOURCE_DIR) / "tests/fuzz/corpus" / one.name;
}

class Fuzzing : public ::testing::TestWithParam<subject> {
protected:
    // The corpus, and the seeds, which belong to the logs of this very process.
    void run() {
        const subject& one = GetParam();
        std::vector<bytes> corpus = {bytes()};
        for (seed_input& seed : seeds_of(one)) {
            corpus.push_back(std::move(seed.content));
        }
        std::vector<fs::path> files;
        for (const fs::directory_entry& entry : fs::directory_iterator(corpus_of(one))) {
            files.push_back(entry.path());
        }
        std::sort(files.begin(), files.end());  // so that every file system gives the same run
        std::transform(files.begin(), files.end(), std::back_inserter(corpus), read_bytes);
        for (const bytes& input : corpus) {
            one.run(input);
        }
        for (int i = 0; i < one.mutation_count; ++i) {
            bytes input = corpus[random_() % corpus.size()];
            for (std::uint64_t changes = 1 + random_() % 6; changes > 0; --changes) {
                mutate(input, corpus[random_() % corpus.size()]);
            }
            one.run(input);
        }
    }

private:
    void mutate(bytes& input, const bytes& other) {
        if (input.empty()) {
            input.resize(1 + random_() % 200);
        }
        const std::size_t at = random_() % input.size();
        switch (random_() % 7) {
            case 0:
                input[at] ^= static_cast<std::byte>(1 << (random_() % 8));
                break;
            case 1:
                input[at] = static_cast<std::byte>(random_());
                break;
            case 2:
                input.resize(at);
                break;
            case 3: {  // a number that readers may stumble over
                constexpr std::uint64_t numbers[] = {0,  1,    31,         32,         33,
                                                     64, 8192, 0x7fffffff, 0xffffffff, ~0ULL};
                const std::uint64_t number = numbers[random_() % std::size(numbers)];
                const std::size_t size =
                    std::min<std::size_t>(random_() % 2 == 0 ? 4 : 8, input.size() - at / 4 * 4);
                std::memcpy(input.data() + at / 4 * 4, &number, size);
                break;
            }
            case 4:
                input.insert(input.begin() + static_cast<std::ptrdiff_t>(at),
                             random_() % 2 == 0 ? 32 : random_() % 64, std::byte{0});
                break;
            case 5:  // a part of another, as a copy of a record in a wrong place is
                if (!other.empty()) {
                    const std::size_t from = random_() % other.size();
                    const std::size_t size =
                        std::min({std::size_t{128}, input.size() - at, other.size() - from});
                    std::copy_n(other.begin() + static_cast<std::ptrdiff_t>(from), size,
                                input.begin() + static_cast<std::ptrdiff_t>(at));
                }
                break;
            default: {
                const std::size_t from = random_() % input.size() / 32 * 32;
                const std::size_t to = at / 32 * 32;
                for (std::size_t i = 0; i < 64 && std::max(from, to) + i < input.size(); ++i) {
                    std::swap(input[from + i], input[to + i]);
                }
                break;
            }
        }
    }

    std::mt19937_64 random_{engine::test::test_seed()};
};

TEST_P(Fuzzing, BreaksNoReader) {
    run();
}

// make_fuzz_corpus writes them; a subject or a golden log that is new must not be forgotten.
TEST_P(Fuzzing, HasItsSeedsInTheCorpus) {
    const std::vector<seed_input> seeds = seeds_of(GetParam());
    EXPECT_GE(seeds.size(), 5u);
    for (const seed_input& seed : seeds) {
        EXPECT_TRUE(fs::exists(corpus_of(GetParam()) / seed.name)) << seed.name;
    }
}

INSTANTIATE_TEST_SUITE_P(Subjects, Fuzzing,
                         ::testing::ValuesIn(all_subjects().begin(), all_subjects().end()),
                         [](const auto& param) { return std::string(param.param.name); });

}  // namespace
}  // namespace millrace::fuzz
