#include "gateway/session/wire_gate.hpp"

#include <cstring>

namespace millrace::gateway {

wire_gate::wire_gate(std::size_t bytes_max)
    : bytes_max_(bytes_max), bytes_(new char[bytes_max]), frames_(frames_max) {}

bool wire_gate::hold(std::string_view frame, engine::position until) noexcept {
    if (end_ - first_ == frames_max || frame.size() > bytes_max_ - held_bytes()) {
        return false;
    }
    if (frame.size() > bytes_max_ - bytes_end_) {
        std::memmove(bytes_.get(), bytes_.get() + bytes_begin_, held_bytes());
        bytes_end_ -= bytes_begin_;
        bytes_begin_ = 0;
    }
    std::memcpy(bytes_.get() + bytes_end_, frame.data(), frame.size());
    bytes_end_ += frame.size();
    frames_[end_++ % frames_max] = {static_cast<std::uint32_t>(frame.size()), until, {}, 0};
    return true;
}

void wire_gate::note(engine::sequence record, std::int64_t begin_ns) noexcept {
    if (!is_empty()) {
        held& newest = frames_[(end_ - 1) % frames_max];
        newest.record = record;
        newest.begin_ns = begin_ns;
    }
}

wire_gate::released_frame wire_gate::take(engine::position durable) noexcept {
    if (is_empty() || frames_[first_ % frames_max].until > durable) {
        return {};
    }
    const held& oldest = frames_[first_++ % frames_max];
    const released_frame released{
        {bytes_.get() + bytes_begin_, oldest.size}, oldest.record, oldest.begin_ns};
    bytes_begin_ += oldest.size;
    if (is_empty()) {
        bytes_begin_ = bytes_end_ = 0;
    }
    return released;
}

void wire_gate::clear() noexcept {
    first_ = end_;
    bytes_begin_ = bytes_end_ = 0;
}

}  // namespace millrace::gateway
