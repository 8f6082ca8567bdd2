#include "engine/counters/counters_reader.hpp"

#include <fcntl.h>
#include <signal.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cstring>

#include "engine/core/error.hpp"
#include "engine/counters/counters_file.hpp"

namespace millrace::engine {

namespace {

// Cut at the first zero byte or at the end, whichever comes first; nothing a terminal could act on.
std::string printable(const char* text, std::size_t size_max) {
    std::string result(text, ::strnlen(text, size_max));
    for (char& c : result) {
        if (c < ' ' || c > '~') {
            c = '?';
        }
    }
    return result;
}

bool read_status(const detail::status_value& status, std::string& text) {
    constexpr int attempts_max = 1000;
    std::array<std::uint64_t, detail::status_words> words{};
    bool is_settled = false;
    for (int attempt = 0; attempt < attempts_max && !is_settled; ++attempt) {
        // pairs with counters_file.cpp: status_text::set
        const std::uint64_t before = status.version.load(std::memory_order_acquire);
        for (std::size_t index = 0; index < words.size(); ++index) {
            // pairs with counters_file.cpp: status_text::set
            words[index] = status.words[index].load(std::memory_order_acquire);
        }
        // relaxed: the words' acquires keep it behind them
        const std::uint64_t after = status.version.load(std::memory_order_relaxed);
        is_settled = before == after && before % 2 == 0;
    }
    const auto bytes = std::bit_cast<std::array<char, detail::status_text_bytes>>(words);
    text = printable(bytes.data(), bytes.size());
    return is_settled;
}

}  // namespace

counters_reader counters_reader::open(const std::filesystem::path& path) {
    counters_reader reader;
    reader.path_ = path;
    reader.fd_ = open_file(path, O_RDONLY | O_CLOEXEC);
    const std::size_t size = file_size(reader.fd_.get(), path.string());
    if (size < sizeof(detail::counters_header)) {
        throw damage_error(path.string() + ": " + std::to_string(size) +
                           " bytes are too few for a counters file");
    }
    reader.mapping_ = mapping(reader.fd_.get(), size, access::read_only, path.string());
    const auto* const header = reader.at<detail::counters_header>(0);
    // pairs with counters_file.cpp: create
    if (header->magic.load(std::memory_order_acquire) != detail::counters_magic) {
        throw damage_error(path.string() + ": this is not a counters file");
    }
    if (header->version != detail::counters_version) {
        throw damage_error(path.string() + ": counters file of version " +
                           std::to_string(header->version) + "; this program reads version " +
                           std::to_string(detail::counters_version));
    }
    reader.geometry_ = {header->counter_capacity, header->status_capacity};
    if (reader.geometry_.counter_capacity > counters_file::capacity_max ||
        reader.geometry_.status_capacity > counters_file::capacity_max ||
        reader.geometry_.file_bytes() > size) {
        throw damage_error(path.string() + ": its header promises more than its " +
                           std::to_string(size) + " bytes hold");
    }
    reader.pid_ = header->pid;
    reader.start_time_ = {header->start_time_ns};
    return reader;
}

// A mapping must not be read beyond a file that was cut short: that is a signal, not an error.
void counters_reader::check_size() const {
    if (file_size(fd_.get(), path_.string()) < geometry_.file_bytes()) {
        throw damage_error(path_.string() + ": the file was cut short while it was read");
    }
}

bool counters_reader::read_descriptor(std::size_t offset, counter_reading& reading) const {
    const auto* const descriptor = at<detail::counter_descriptor>(offset);
    // pairs with counters_file.cpp: describe
    reading.kind = static_cast<counter_kind>(descriptor->kind.load(std::memory_order_acquire));
    if (reading.kind == counter_kind::none) {
        return false;
    }
    reading.unit = static_cast<counter_unit>(descriptor->unit);
    reading.label = printable(descriptor->label, sizeof descriptor->label);
    return true;
}

std::vector<counter_reading> counters_reader::list() const {
    check_size();
    std::vector<counter_reading> readings;
    counter_reading reading;
    for (std::size_t index = 0; index < geometry_.counter_capacity; ++index) {
        if (!read_descriptor(
                geometry_.descriptors_offset() + index * sizeof(detail::counter_descriptor),
                reading)) {
            break;
        }
        const auto* const value = at<detail::counter_value>(geometry_.values_offset() +
                                                            index * sizeof(detail::counter_value));
        // pairs with counter.hpp: set
        reading.value = value->value.load(std::memory_order_acquire);
        readings.push_back(reading);
    }
    return readings;
}

std::vector<status_reading> counters_reader::list_statuses() const {
    check_size();
    std::vector<status_reading> readings;
    counter_reading descriptor;
    for (std::size_t index = 0; index < geometry_.status_capacity; ++index) {
        if (!read_descriptor(
                geometry_.status_descriptors_offset() + index * sizeof(detail::counter_descriptor),
                descriptor)) {
            break;
        }
        status_reading reading;
        reading.label = descriptor.label;
        reading.is_settled =
            read_status(*at<detail::status_value>(geometry_.statuses_offset() +
                                                  index * sizeof(detail::status_value)),
                        reading.text);
        readings.push_back(std::move(reading));
    }
    return readings;
}

bool counters_reader::is_writer_alive() const {
    return pid_ > 0 && (::kill(pid_, 0) == 0 || errno == EPERM);
}

std::string_view to_string(counter_kind kind) noexcept {
    switch (kind) {
        case counter_kind::none:
            return "none";
        case counter_kind::counter:
            return "counter";
        case counter_kind::gauge:
            return "gauge";
        case counter_kind::maximum:
            return "maximum";
        case counter_kind::status:
            return "status";
    }
    return "unknown";
}

std::string_view to_string(counter_unit unit) noexcept {
    switch (unit) {
        case counter_unit::none:
            return "none";
        case counter_unit::items:
            return "items";
        case counter_unit::bytes:
            return "bytes";
        case counter_unit::nanoseconds:
            return "nanoseconds";
        case counter_unit::position:
            return "position";
        case counter_unit::sequence:
            return "sequence";
    }
    return "unknown";
}

}  // namespace millrace::engine
