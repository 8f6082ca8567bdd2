// Frames that must not leave before what they say is on stable storage: they wait here, in order,
// each for its record of FIX_OUT.
//
// Threading  the session thread
// Progress   nothing waits or, after construction, allocates
// Invariant  frames leave in the order they came, each once; each not before FIX_OUT is durable up
//            to its position
// Units      sizes in bytes; times: UTC ns
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "engine/core/types.hpp"

namespace millrace::gateway {

class wire_gate {
public:
    explicit wire_gate(std::size_t bytes_max);

    // False: there is no room, and nothing was kept.
    [[nodiscard]] bool hold(std::string_view frame, engine::position until) noexcept;
    // Of the newest frame: its record of FIX_OUT, and since when it is under way; 0: not measured.
    void note(engine::sequence record, std::int64_t begin_ns) noexcept;

    struct released_frame {
        std::string_view bytes;   // valid until the next hold()
        engine::sequence record;  // none: it is not a route's
        std::int64_t begin_ns = 0;
    };
    // The oldest frame, if FIX_OUT is durable far enough; else no bytes.
    [[nodiscard]] released_frame take(engine::position durable) noexcept;
    void clear() noexcept;

    [[nodiscard]] bool is_empty() const noexcept { return first_ == end_; }
    [[nodiscard]] std::size_t held_bytes() const noexcept { return bytes_end_ - bytes_begin_; }
    [[nodiscard]] bool is_filling() const noexcept {
        return held_bytes() > bytes_max_ / 2 || end_ - first_ > frames_max / 2;
    }

    static constexpr std::size_t frames_max = 8192;  // a power of two

private:
    struct held {
        std::uint32_t size = 0;
        engine::position until;
        engine::sequence record;
        std::int64_t begin_ns = 0;
    };

    std::size_t bytes_max_;
    std::unique_ptr<char[]> bytes_;
    std::size_t bytes_begin_ = 0;
    std::size_t bytes_end_ = 0;
    std::vector<held> frames_;  // a ring
    std::size_t first_ = 0;     // counts up for ever
    std::size_t end_ = 0;
};

}  // namespace millrace::gateway
