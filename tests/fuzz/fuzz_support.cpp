#include "tests/fuzz/fuzz_support.hpp"

#include <stdlib.h>

#include <cerrno>
#include <fstream>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"

namespace millrace::fuzz {

namespace fs = std::filesystem;

namespace {

class scratch {
public:
    scratch() {
        std::string name = "/dev/shm/millrace-fuzz-XXXXXX";
        if (::mkdtemp(name.data()) == nullptr) {
            throw engine::io_error("mkdtemp", name, errno);
        }
        path_ = name;
    }
    scratch(const scratch&) = delete;
    scratch& operator=(const scratch&) = delete;
    ~scratch() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    [[nodiscard]] const fs::path& path() const { return path_; }

private:
    fs::path path_;
};

}  // namespace

const fs::path& scratch_directory() {
    static const scratch directory;
    return directory.path();
}

void write_scratch(const fs::path& path, std::span<const std::byte> content) {
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out.write(reinterpret_cast<const char*>(content.data()),
              static_cast<std::streamsize>(content.size()));
    out.flush();
    MILLRACE_ASSERT(out.good(), "the scratch directory is full");
}

bytes read_bytes(const fs::path& path) {
    return bytes_of(engine::read_whole_file(path));
}

bytes bytes_of(std::string_view text) {
    const auto content = std::as_bytes(std::span(text));
    return {content.begin(), content.end()};
}

std::string text_of(std::span<const std::byte> content) {
    return {reinterpret_cast<const char*>(content.data()), content.size()};
}

}  // namespace millrace::fuzz
