// Handles through which the message path counts and states its condition.
//
// Threading  one writing thread per handle; value() and text reading from any thread or process
// Progress   wait-free; add() and set() are one load and one store of a line nobody else writes
// Invariant  an unbound handle writes to memory of its own, so callers need no branch
// Units      the counter's unit stands in its descriptor
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/counters/counters_layout.hpp"

namespace millrace::engine {

class counter {
public:
    counter() noexcept = default;
    counter(counter&& other) noexcept : bound_(other.bound_) { adopt_own(other); }
    counter& operator=(counter&& other) noexcept {
        bound_ = other.bound_;
        adopt_own(other);
        return *this;
    }
    counter(const counter&) = delete;  // a copy would be a second writer
    counter& operator=(const counter&) = delete;
    ~counter() = default;

    void add(std::uint64_t amount) noexcept {
        // relaxed: this thread is the only writer
        set(cell().load(std::memory_order_relaxed) + amount);
    }
    void set(std::uint64_t value) noexcept {
        // pairs with counters_reader.cpp: list
        cell().store(value, std::memory_order_release);
    }
    // For kind `maximum`: keeps the larger value.
    void raise_to(std::uint64_t value) noexcept {
        // relaxed: this thread is the only writer
        if (value > cell().load(std::memory_order_relaxed)) {
            set(value);
        }
    }

    [[nodiscard]] std::uint64_t value() const noexcept {
        return (bound_ != nullptr ? *bound_ : own_).load(std::memory_order_acquire);
    }
    [[nodiscard]] bool is_bound() const noexcept { return bound_ != nullptr; }

private:
    friend class counters_file;
    explicit counter(std::atomic<std::uint64_t>& bound) noexcept : bound_(&bound) {}

    [[nodiscard]] std::atomic<std::uint64_t>& cell() noexcept {
        return bound_ != nullptr ? *bound_ : own_;
    }
    void adopt_own(const counter& other) noexcept {
        own_.store(other.own_.load(std::memory_order_relaxed), std::memory_order_relaxed);
    }

    std::atomic<std::uint64_t>* bound_ = nullptr;
    std::atomic<std::uint64_t> own_{0};  // only ever used while unbound
};

// A short text that names the condition of a stage: "running", "halted(bad checksum, 4096)".
class status_text {
public:
    static constexpr std::size_t size_max = detail::status_text_bytes;

    status_text() = default;
    status_text(status_text&&) noexcept = default;
    status_text& operator=(status_text&&) noexcept = default;
    status_text(const status_text&) = delete;  // a copy would be a second writer
    status_text& operator=(const status_text&) = delete;
    ~status_text() = default;

    // Cuts the text to size_max bytes. For changes of state, not for every record.
    void set(std::string_view text) noexcept;

    [[nodiscard]] bool is_bound() const noexcept { return bound_ != nullptr; }

private:
    friend class counters_file;
    explicit status_text(detail::status_value& bound) noexcept : bound_(&bound) {}

    detail::status_value* bound_ = nullptr;
};

}  // namespace millrace::engine
