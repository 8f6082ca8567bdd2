#include "tools/millrace/dictionary_path.hpp"

namespace millrace::tools {

std::filesystem::path shared_directory() {
    std::error_code code;
    const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", code);
    return program.parent_path().parent_path() / "share" / "millrace";
}

std::filesystem::path dictionary_directory() {
    return shared_directory() / "dictionary";
}

}  // namespace millrace::tools
