#include "gateway/session/recent_messages.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <functional>

namespace millrace::gateway {

// A quarter full at most, so that what is looked for is found at once, or not.
recent_messages::recent_messages(std::size_t capacity) : messages_(capacity) {
    constexpr std::size_t slots_per_message = 4;
    if (capacity > 0) {
        slots_.assign(std::bit_ceil(capacity * slots_per_message), none);
        slot_mask_ = slots_.size() - 1;
    }
}

recent_messages::message recent_messages::of(std::string_view msg_type,
                                             std::string_view cl_ord_id) noexcept {
    message made;
    std::memcpy(made.msg_type, msg_type.data(), std::min(msg_type.size(), sizeof made.msg_type));
    std::memcpy(made.id, cl_ord_id.data(), std::min(cl_ord_id.size(), id_bytes_max));
    made.size = static_cast<std::uint32_t>(cl_ord_id.size());
    std::uint64_t type = 0;
    static_assert(sizeof type == sizeof made.msg_type);
    std::memcpy(&type, made.msg_type, sizeof type);
    made.hash = std::hash<std::string_view>{}(cl_ord_id) ^ type * 0x9e3779b97f4a7c15U;
    return made;
}

bool recent_messages::is_same(const message& a, const message& b) noexcept {
    return std::memcmp(&a, &b, sizeof a) == 0;
}

// Where the message is found, or could be put.
std::size_t recent_messages::slot_of(const message& wanted) const noexcept {
    std::size_t slot = wanted.hash & slot_mask_;
    while (slots_[slot] != none && !is_same(messages_[slots_[slot]], wanted)) {
        slot = (slot + 1) & slot_mask_;
    }
    return slot;
}

bool recent_messages::has(std::string_view msg_type, std::string_view cl_ord_id) const noexcept {
    return !messages_.empty() && !cl_ord_id.empty() &&
           slots_[slot_of(of(msg_type, cl_ord_id))] != none;
}

void recent_messages::put(std::string_view msg_type, std::string_view cl_ord_id) noexcept {
    if (messages_.empty() || cl_ord_id.empty()) {
        return;
    }
    const std::uint32_t place = next_;
    next_ = next_ + 1 == messages_.size() ? 0 : next_ + 1;
    if (messages_[place].size != 0) {
        forget(place);
    }
    messages_[place] = of(msg_type, cl_ord_id);
    slots_[slot_of(messages_[place])] = place;  // of two that are the same the newer is found
}

// What stood behind the freed slot for want of it moves up.
void recent_messages::forget(std::uint32_t place) noexcept {
    std::size_t free = slot_of(messages_[place]);
    if (slots_[free] != place) {
        return;  // the same came again, and is found there
    }
    for (std::size_t slot = (free + 1) & slot_mask_; slots_[slot] != none;
         slot = (slot + 1) & slot_mask_) {
        const std::size_t home = messages_[slots_[slot]].hash & slot_mask_;
        if (((slot - home) & slot_mask_) >= ((slot - free) & slot_mask_)) {
            slots_[free] = slots_[slot];
            free = slot;
        }
    }
    slots_[free] = none;
}

}  // namespace millrace::gateway
