#include "tests/fuzz/subjects.hpp"

#include <algorithm>
#include <filesystem>

#include "tests/fuzz/cursor_fuzz.hpp"
#include "tests/fuzz/fix_fuzz.hpp"
#include "tests/fuzz/life_fuzz.hpp"
#include "tests/fuzz/log_fuzz.hpp"
#include "tests/fuzz/row_fuzz.hpp"
#include "tests/golden/hex_files.hpp"

namespace millrace::fuzz {

namespace fs = std::filesystem;

namespace {

constexpr subject subjects[] = {
    {"segment", fuzz_segment, segment_seeds, ".alog", 1500},
    {"index", fuzz_index, index_seeds, ".idx", 400},
    {"seals", fuzz_seals, seal_seeds, ".seal", 1500},
    {"cursor", fuzz_cursor, cursor_seeds, "", 1500},
    {"checkpoint", fuzz_checkpoint, checkpoint_seeds, "", 1500},
    {"schema", fuzz_schema, schema_seeds, "", 4000},
    {"row", fuzz_row, row_seeds, "", 4000},
    {"life", fuzz_life, life_seeds, "", 1500},
    {"doubt", fuzz_doubt, doubt_seeds, "", 1500},
    {"decoder", fuzz_decoder, decoder_seeds, "", 40'000},
    {"dictionary", fuzz_dictionary, dictionary_seeds, "", 10'000},
    {"map", fuzz_map, map_seeds, "", 6000},
    {"where", fuzz_where, where_seeds, "", 30'000},
};

}  // namespace

std::span<const subject> all_subjects() {
    return subjects;
}

std::vector<seed_input> seeds_of(const subject& one) {
    std::vector<seed_input> seeds = one.seeds();
    for (const fs::directory_entry& state :
         fs::directory_iterator(fs::path(MILLRACE_SOURCE_DIR) / "tests/golden/version1")) {
        if (!state.is_directory() || one.golden_suffix.empty()) {
            continue;
        }
        for (const fs::directory_entry& file : fs::directory_iterator(state.path())) {
            fs::path name = file.path().filename();
            if (name.extension() != ".hex" ||
                name.replace_extension().extension() != one.golden_suffix) {
                continue;
            }
            std::string content = golden::from_hex(golden::read_file(file.path()));
            content.resize(content.find_last_not_of('\0') + 1);
            seeds.push_back(
                {state.path().filename().native() + "-" + name.stem().native(), bytes_of(content)});
        }
    }
    std::sort(seeds.begin(), seeds.end(),
              [](const seed_input& a, const seed_input& b) { return a.name < b.name; });
    return seeds;
}

}  // namespace millrace::fuzz
