#include "engine/log/segment_names.hpp"

#include <dirent.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <memory>
#include <string_view>

#include "engine/core/error.hpp"

namespace millrace::engine {

namespace {

constexpr std::string_view plain_suffix = ".alog";
constexpr std::string_view archived_suffix = ".alog.zst";
constexpr std::size_t index_digits = 12;

struct directory_closer {
    void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};

bool parse_name(std::string_view name, std::uint64_t& index, std::string_view& suffix) {
    if (name.size() <= index_digits) {
        return false;
    }
    suffix = name.substr(index_digits);
    const auto [end, error] = std::from_chars(name.data(), name.data() + index_digits, index);
    return error == std::errc{} && end == name.data() + index_digits;
}

}  // namespace

std::string segment_file_name(std::uint64_t index) {
    char name[32];
    std::snprintf(name, sizeof name, "%0*llu", static_cast<int>(index_digits),
                  static_cast<unsigned long long>(index));
    return std::string(name).append(plain_suffix);
}

std::string archived_file_name(std::uint64_t index) {
    return segment_file_name(index) + ".zst";
}

// A reader that opens lists a log of thousands of files, so names are not made paths of.
segment_names list_names(const std::filesystem::path& directory) {
    segment_names names;
    const std::unique_ptr<DIR, directory_closer> opened(::opendir(directory.c_str()));
    if (opened == nullptr) {
        if (errno == ENOENT) {
            return names;
        }
        throw io_error("opendir", directory.native(), errno);
    }
    while (true) {
        errno = 0;
        const dirent* const entry = ::readdir(opened.get());
        if (entry == nullptr) {
            break;
        }
        std::uint64_t index = 0;
        std::string_view suffix;
        if (!parse_name(entry->d_name, index, suffix)) {
            continue;
        }
        if (suffix == plain_suffix) {
            names.plain.push_back(index);
        } else if (suffix == archived_suffix) {
            names.archived.push_back(index);
        }
    }
    if (errno != 0) {
        throw io_error("readdir", directory.native(), errno);
    }
    std::sort(names.plain.begin(), names.plain.end());
    std::sort(names.archived.begin(), names.archived.end());
    return names;
}

std::vector<std::uint64_t> list_segment_names(const std::filesystem::path& directory) {
    return list_names(directory).plain;
}

}  // namespace millrace::engine
