// make_golden DIR: writes the golden logs and their answers as they are kept in the tree.
//
// What is kept of a version is never written anew: a test that no longer agrees with it has found
// that the format changed. A log may be added while its version is still what writers write, for
// then the bytes are that version's; this shows how each was made.
#include <cstdio>
#include <exception>

#include "tests/golden/golden_logs.hpp"
#include "tests/golden/hex_files.hpp"

namespace {

void make(const std::filesystem::path& target) {
    namespace golden = millrace::golden;
    const std::filesystem::path made = target / "made";
    golden::make_golden_logs(made);
    for (const std::string_view name : golden::golden_names) {
        golden::pack(made / name, target / name);
        golden::write_file(target / (std::string(name) + ".answers"),
                           golden::answers_of(made / name));
    }
    std::filesystem::remove_all(made);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2 || std::filesystem::exists(argv[1])) {
        std::fprintf(stderr, "usage: make_golden DIR, which must not exist yet\n");
        return 2;
    }
    try {
        make(argv[1]);
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "make_golden: %s\n", failure.what());
        return 1;
    }
    return 0;
}
