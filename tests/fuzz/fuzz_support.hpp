// What the fuzzers' functions share: a scratch directory in memory, and numbers in bytes.
//
// Threading  one thread
// Errors     aborts where the scratch directory takes nothing more
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/assert.hpp"

namespace millrace::fuzz {

using bytes = std::vector<std::byte>;

// Of the process, and gone at its end.
[[nodiscard]] const std::filesystem::path& scratch_directory();

void write_scratch(const std::filesystem::path& path, std::span<const std::byte> content);
[[nodiscard]] bytes read_bytes(const std::filesystem::path& path);

[[nodiscard]] bytes bytes_of(std::string_view text);
// A NUL ends no text of ours, so it may stand in one.
[[nodiscard]] std::string text_of(std::span<const std::byte> content);

template <class Value>
void put(bytes& target, std::size_t offset, const Value& value) {
    MILLRACE_ASSERT(offset + sizeof value <= target.size(), "a fix lies outside of the input");
    std::memcpy(target.data() + offset, &value, sizeof value);
}

template <class Value>
[[nodiscard]] Value get(std::span<const std::byte> source, std::size_t offset) {
    Value value{};
    MILLRACE_ASSERT(offset + sizeof value <= source.size(), "a look outside of the input");
    std::memcpy(&value, source.data() + offset, sizeof value);
    return value;
}

}  // namespace millrace::fuzz
