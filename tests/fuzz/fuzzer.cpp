// libFuzzer's way in, once for each subject.
#include <algorithm>

#include "tests/fuzz/subjects.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const millrace::fuzz::subject& chosen = []() -> const millrace::fuzz::subject& {
        const auto all = millrace::fuzz::all_subjects();
        const auto found = std::find_if(all.begin(), all.end(), [](const auto& one) {
            return one.name == MILLRACE_FUZZ_SUBJECT;
        });
        MILLRACE_ASSERT(found != all.end(), "no such subject");
        return *found;
    }();
    chosen.run(std::as_bytes(std::span(data, size)));
    return 0;
}
