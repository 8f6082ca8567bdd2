// Writes the seeds of tests/fuzz/corpus: make_fuzz_corpus DIR. Each is there whole and cut in half.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "tests/fuzz/log_fuzz.hpp"

int main(int argc, char** argv) {
    using namespace millrace::engine::fuzz;
    if (argc != 2) {
        std::fprintf(stderr, "usage: make_fuzz_corpus DIR\n");
        return 64;
    }
    const std::pair<const char*, bytes> seeds[] = {
        {"segment", segment_seed()}, {"index", index_seed()}, {"seals", seal_seed()}};
    for (const auto& [name, content] : seeds) {
        const std::filesystem::path directory = std::filesystem::path(argv[1]) / name;
        std::filesystem::create_directories(directory);
        for (const std::size_t part : {std::size_t{1}, std::size_t{2}}) {
            std::ofstream out(directory / ("seed-" + std::to_string(part)), std::ios::binary);
            out.write(reinterpret_cast<const char*>(content.data()),
                      static_cast<std::streamsize>(content.size() / part));
            if (!out.good()) {
                std::fprintf(stderr, "make_fuzz_corpus: cannot write to %s\n", directory.c_str());
                return 2;
            }
        }
    }
    return 0;
}
