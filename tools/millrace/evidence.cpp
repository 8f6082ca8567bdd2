#include "tools/millrace/evidence.hpp"

#include <fcntl.h>

#include "engine/core/error.hpp"
#include "tools/millrace/exit_code.hpp"

namespace millrace::tools {

namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

}  // namespace

evidence_file::evidence_file(const std::filesystem::path& directory, std::string name)
    : entry_{std::move(name), 0, {}}, path_(directory / entry_.name) {
    engine::ensure_directory(path_.parent_path());
    fd_ = engine::open_file(path_, O_WRONLY | O_CREAT | O_EXCL);
}

void evidence_file::write(std::string_view bytes) {
    if (const int code = engine::try_write_at(fd_.get(), bytes.data(), bytes.size(), entry_.size);
        code != 0) {
        throw engine::io_error("write", path_.native(), code);
    }
    hash_.update(bytes_of(bytes));
    entry_.size += bytes.size();
}

evidence_entry evidence_file::finish() {
    engine::sync_file(fd_.get(), path_.native());
    entry_.hash = hash_.finish();
    return entry_;
}

evidence_package::evidence_package(std::filesystem::path directory)
    : directory_(std::move(directory)) {
    std::error_code ignored;
    if (std::filesystem::exists(directory_, ignored) &&
        !std::filesystem::is_empty(directory_, ignored)) {
        throw usage_error(directory_.native() +
                          ": is not empty; evidence needs a place of its own");
    }
    engine::ensure_directory(directory_);
}

void evidence_package::add(std::string name, std::string_view bytes) {
    evidence_file file = begin(std::move(name));
    file.write(bytes);
    add(file);
}

void evidence_package::finish(std::string_view manifest) {
    engine::write_file_atomically(directory_ / "manifest.json", manifest);
}

}  // namespace millrace::tools
