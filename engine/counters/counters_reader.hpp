// Reads the counters file of another process, or of one that is gone.
//
// Threading  one thread per reader; the file's owner goes on writing meanwhile
// Progress   a status that is being rewritten is read again a bounded number of times
// Invariant  what the file says is checked against the file's size; its texts are cut and made
//            printable
// Errors     open() throws damage_error for a file that is no counters file of this version,
//            io_error where the operating system refuses; refresh reads throw damage_error if the
//            file shrank
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/file.hpp"
#include "engine/core/types.hpp"
#include "engine/counters/counters_layout.hpp"

namespace millrace::engine {

struct counter_reading {
    std::string label;
    counter_kind kind = counter_kind::none;
    counter_unit unit = counter_unit::none;
    std::uint64_t value = 0;
};

struct status_reading {
    std::string label;
    std::string text;
    bool is_settled = true;  // false: it kept changing, or its writer died while it wrote
};

class counters_reader {
public:
    [[nodiscard]] static counters_reader open(const std::filesystem::path& path);

    [[nodiscard]] std::vector<counter_reading> list() const;
    [[nodiscard]] std::vector<status_reading> list_statuses() const;

    [[nodiscard]] int pid() const { return pid_; }
    [[nodiscard]] timestamp start_time() const { return start_time_; }
    // Whether a process with the writer's number exists; it may be another one by now.
    [[nodiscard]] bool is_writer_alive() const;

private:
    counters_reader() = default;

    template <class Type>
    [[nodiscard]] const Type* at(std::size_t offset) const {
        return reinterpret_cast<const Type*>(mapping_.data() + offset);
    }
    void check_size() const;
    [[nodiscard]] bool read_descriptor(std::size_t offset, counter_reading& reading) const;

    std::filesystem::path path_;
    unique_fd fd_;
    mapping mapping_;
    detail::counters_geometry geometry_;
    int pid_ = 0;
    timestamp start_time_;
};

[[nodiscard]] std::string_view to_string(counter_kind kind) noexcept;
[[nodiscard]] std::string_view to_string(counter_unit unit) noexcept;

}  // namespace millrace::engine
