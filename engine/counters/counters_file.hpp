// The counters of one process, in a file that others read while it runs, and after it died.
//
// Threading  add_* on one thread at a time, at set-up; the handles then live on the threads that
//            count
// Progress   nothing here is on the message path
// Units      capacities: counters and statuses
// Errors     locked_error: another process writes this file; config_error: capacity, label,
//            duplicate label; io_error: the operating system
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_set>

#include "engine/core/file.hpp"
#include "engine/counters/counter.hpp"
#include "engine/counters/counters_layout.hpp"

namespace millrace::engine {

struct counters_options {
    std::size_t counter_capacity = 1024;
    std::size_t status_capacity = 128;
};

class counters_file {
public:
    static constexpr std::size_t capacity_max = 65'536;  // of each kind
    static constexpr std::size_t label_size_max = detail::counter_label_bytes;

    // Puts a new file in the place of the one an earlier process left; whoever still reads that one
    // keeps it. Holds `path`.lock for as long as it lives.
    [[nodiscard]] static counters_file create(const std::filesystem::path& path,
                                              const counters_options& options = {});

    // Labels are printable ASCII, not empty, unique in the file; by custom "stage.name"
    // ("streamer.out.records"). REQUIRES: the file outlives the handle; kind is counter, gauge or
    // maximum
    [[nodiscard]] counter add_counter(std::string_view label, counter_kind kind,
                                      counter_unit unit = counter_unit::items);
    [[nodiscard]] status_text add_status(std::string_view label);

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    [[nodiscard]] std::size_t counter_count() const { return counter_count_; }
    [[nodiscard]] std::size_t status_count() const { return status_count_; }

private:
    counters_file() = default;

    template <class Type>
    [[nodiscard]] Type* at(std::size_t offset) const {
        return reinterpret_cast<Type*>(mapping_.data() + offset);
    }
    void check_label(std::string_view label) const;
    void describe(std::size_t descriptor_offset, std::string_view label, counter_kind kind,
                  counter_unit unit);

    std::filesystem::path path_;
    file_lock lock_;
    mapping mapping_;
    detail::counters_geometry geometry_;
    std::size_t counter_count_ = 0;
    std::size_t status_count_ = 0;
    std::unordered_set<std::string> labels_;
};

}  // namespace millrace::engine
