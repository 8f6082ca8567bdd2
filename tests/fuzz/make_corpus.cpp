// Writes the seeds of tests/fuzz/corpus: make_fuzz_corpus DIR.
#include <cstdio>
#include <exception>
#include <filesystem>

#include "tests/fuzz/subjects.hpp"

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: make_fuzz_corpus DIR\n");
        return 64;
    }
    try {
        for (const millrace::fuzz::subject& one : millrace::fuzz::all_subjects()) {
            const std::filesystem::path directory = std::filesystem::path(argv[1]) / one.name;
            std::filesystem::create_directories(directory);
            for (const millrace::fuzz::seed_input& seed : millrace::fuzz::seeds_of(one)) {
                millrace::fuzz::write_scratch(directory / seed.name, seed.content);
            }
        }
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "make_fuzz_corpus: %s\n", failure.what());
        return 2;
    }
    return 0;
}
