// A text in a file, for what reads files.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace millrace::tests {

class fix_file {
public:
    explicit fix_file(const std::string& text) {
        path_ = (std::filesystem::temp_directory_path() / "millrace-fix-XXXXXX").native();
        ::close(::mkstemp(path_.data()));
        std::ofstream(path_, std::ios::binary) << text;
    }
    fix_file(const fix_file&) = delete;
    fix_file& operator=(const fix_file&) = delete;
    ~fix_file() { std::filesystem::remove(path_); }
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    std::string path_;
};

}  // namespace millrace::tests
