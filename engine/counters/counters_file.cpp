#include "engine/counters/counters_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <string>

#include "engine/core/assert.hpp"
#include "engine/core/clock.hpp"
#include "engine/core/error.hpp"

namespace millrace::engine {

namespace {

void check_capacity(const std::filesystem::path& path, const char* what, std::size_t capacity) {
    if (capacity == 0 || capacity > counters_file::capacity_max) {
        throw config_error(path.string() + ": " + what + " is " + std::to_string(capacity) +
                           "; expected 1 to " + std::to_string(counters_file::capacity_max));
    }
}

bool is_printable(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace

void status_text::set(std::string_view text) noexcept {
    if (bound_ == nullptr) {
        return;
    }
    std::array<char, size_max> padded{};
    std::copy_n(text.begin(), std::min(text.size(), size_max), padded.begin());
    const auto words = std::bit_cast<std::array<std::uint64_t, detail::status_words>>(padded);
    // relaxed: this thread is the only writer
    const std::uint64_t version = bound_->version.load(std::memory_order_relaxed);
    // relaxed: each word's release carries it
    bound_->version.store(version + 1, std::memory_order_relaxed);
    for (std::size_t index = 0; index < words.size(); ++index) {
        // pairs with counters_reader.cpp: read_status; whoever sees the word sees the odd version
        bound_->words[index].store(words[index], std::memory_order_release);
    }
    // pairs with counters_reader.cpp: read_status
    bound_->version.store(version + 2, std::memory_order_release);
}

counters_file counters_file::create(const std::filesystem::path& path,
                                    const counters_options& options) {
    check_capacity(path, "counter_capacity", options.counter_capacity);
    check_capacity(path, "status_capacity", options.status_capacity);
    counters_file file;
    file.path_ = path;
    file.lock_ = file_lock(path.string() + ".lock", "counters");
    file.geometry_ = {options.counter_capacity, options.status_capacity};

    const std::filesystem::path draft = path.string() + ".new";
    const std::size_t size = file.geometry_.file_bytes();
    const unique_fd fd = open_file(draft, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC);
    allocate_file(fd.get(), size, draft.string());
    file.mapping_ = mapping(fd.get(), size, access::read_write, draft.string());
    // Fresh blocks are zero: free descriptors, zero values.
    auto* const header = file.at<detail::counters_header>(0);
    header->version = detail::counters_version;
    header->pid = ::getpid();
    header->start_time_ns = utc_now().ns;
    header->counter_capacity = static_cast<std::uint32_t>(options.counter_capacity);
    header->status_capacity = static_cast<std::uint32_t>(options.status_capacity);
    // pairs with counters_reader.cpp: open
    header->magic.store(detail::counters_magic, std::memory_order_release);
    if (::rename(draft.c_str(), path.c_str()) != 0) {
        throw io_error("rename", path.string(), errno);
    }
    return file;
}

void counters_file::check_label(std::string_view label) const {
    if (label.empty() || label.size() > label_size_max || !is_printable(label)) {
        throw config_error(path_.string() + ": counter label '" + std::string(label) +
                           "' must have 1 to " + std::to_string(label_size_max) +
                           " printable ASCII characters");
    }
    if (labels_.contains(std::string(label))) {
        throw config_error(path_.string() + ": counter label '" + std::string(label) +
                           "' is used twice");
    }
}

void counters_file::describe(std::size_t descriptor_offset, std::string_view label,
                             counter_kind kind, counter_unit unit) {
    auto* const descriptor = at<detail::counter_descriptor>(descriptor_offset);
    descriptor->unit = static_cast<std::uint32_t>(unit);
    std::memcpy(descriptor->label, label.data(), label.size());
    // pairs with counters_reader.cpp: read_descriptor
    descriptor->kind.store(static_cast<std::uint32_t>(kind), std::memory_order_release);
    labels_.emplace(label);
}

counter counters_file::add_counter(std::string_view label, counter_kind kind, counter_unit unit) {
    MILLRACE_ASSERT(kind == counter_kind::counter || kind == counter_kind::gauge ||
                        kind == counter_kind::maximum,
                    "a counter's kind is counter, gauge or maximum");
    check_label(label);
    if (counter_count_ == geometry_.counter_capacity) {
        throw config_error(path_.string() + ": no room for counter '" + std::string(label) +
                           "'; raise counter_capacity above " + std::to_string(counter_count_));
    }
    const std::size_t index = counter_count_++;
    describe(geometry_.descriptors_offset() + index * sizeof(detail::counter_descriptor), label,
             kind, unit);
    auto* const value = at<detail::counter_value>(geometry_.values_offset() +
                                                  index * sizeof(detail::counter_value));
    return counter(value->value);
}

status_text counters_file::add_status(std::string_view label) {
    check_label(label);
    if (status_count_ == geometry_.status_capacity) {
        throw config_error(path_.string() + ": no room for status '" + std::string(label) +
                           "'; raise status_capacity above " + std::to_string(status_count_));
    }
    const std::size_t index = status_count_++;
    describe(geometry_.status_descriptors_offset() + index * sizeof(detail::counter_descriptor),
             label, counter_kind::status, counter_unit::none);
    return status_text(*at<detail::status_value>(geometry_.statuses_offset() +
                                                 index * sizeof(detail::status_value)));
}

}  // namespace millrace::engine
