// Where what is installed beside the programs lies: PREFIX/share/millrace, found from this
// program's own place.
#pragma once

#include <filesystem>

namespace millrace::tools {

[[nodiscard]] std::filesystem::path shared_directory();
[[nodiscard]] std::filesystem::path dictionary_directory();

}  // namespace millrace::tools
