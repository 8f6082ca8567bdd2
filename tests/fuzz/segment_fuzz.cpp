// libFuzzer's way in; see log_fuzz.hpp.
#include "tests/fuzz/log_fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    millrace::engine::fuzz::fuzz_segment(std::as_bytes(std::span(data, size)));
    return 0;
}
