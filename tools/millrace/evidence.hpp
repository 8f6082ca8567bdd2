// Writes the files of an evidence package, each with its size and SHA-256 in the manifest.
//
// Errors  throws io_error; config_error where the target is in use
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "engine/core/file.hpp"
#include "engine/log/sha256.hpp"

namespace millrace::tools {

struct evidence_entry {
    std::string name;  // below the package's directory
    std::uint64_t size = 0;
    engine::digest hash;
};

// One file, written front to back.
class evidence_file {
public:
    evidence_file(const std::filesystem::path& directory, std::string name);
    void write(std::string_view bytes);
    [[nodiscard]] std::uint64_t size() const { return entry_.size; }
    // Durable behind it.
    [[nodiscard]] evidence_entry finish();

private:
    evidence_entry entry_;
    std::filesystem::path path_;
    engine::unique_fd fd_;
    engine::sha256 hash_;
};

class evidence_package {
public:
    // REQUIRES nothing in `directory`, which is made.
    explicit evidence_package(std::filesystem::path directory);
    [[nodiscard]] evidence_file begin(std::string name) const {
        return {directory_, std::move(name)};
    }
    void add(evidence_file& file) { entries_.push_back(file.finish()); }
    void add(std::string name, std::string_view bytes);
    [[nodiscard]] const std::vector<evidence_entry>& entries() const { return entries_; }
    // The last file: the one that names the others.
    void finish(std::string_view manifest);

private:
    std::filesystem::path directory_;
    std::vector<evidence_entry> entries_;
};

}  // namespace millrace::tools
