// Frames that are numbered and stored, and leave in one send().
//
// Threading  the session thread
// Progress   nothing allocates after construction
// Units      sizes in bytes; begin_ns: UTC
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "engine/core/types.hpp"

namespace millrace::gateway {

class send_batch {
public:
    static constexpr std::size_t frames_max = 64;

    explicit send_batch(std::size_t bytes) : bytes_(new char[bytes]), capacity_(bytes) {}

    // Where the next frame is made; empty: as many wait as may.
    [[nodiscard]] std::span<char> room() noexcept {
        return count_ == frames_max ? std::span<char>()
                                    : std::span<char>(bytes_.get() + size_, capacity_ - size_);
    }
    // REQUIRES: the frame stands at the beginning of room().
    void add(std::size_t size) noexcept {
        size_ += size;
        records_[count_++] = {};
    }
    // Of the newest frame: its record of FIX_OUT, and since when it is under way; 0: not measured.
    void note(engine::sequence record, std::int64_t begin_ns) noexcept {
        records_[count_ - 1] = {record, begin_ns};
    }
    void clear() noexcept { size_ = count_ = 0; }

    struct sent_record {
        engine::sequence record;
        std::int64_t begin_ns = 0;
    };
    [[nodiscard]] bool is_empty() const noexcept { return count_ == 0; }
    [[nodiscard]] std::string_view bytes() const noexcept { return {bytes_.get(), size_}; }
    [[nodiscard]] std::span<const sent_record> records() const noexcept {
        return {records_.data(), count_};
    }

private:
    std::unique_ptr<char[]> bytes_;
    std::size_t capacity_;
    std::size_t size_ = 0;
    std::size_t count_ = 0;
    std::array<sent_record, frames_max> records_;
};

}  // namespace millrace::gateway
