// The last messages of a session that open or change something, by MsgType and ClOrdID: so that one
// that comes with 97=Y is known when it has been here before.
//
// Threading  the session thread
// Progress   O(1), no allocation after construction
// Invariant  holds the newest `capacity` messages, and no others
// Invariant  takes two ids of up to id_bytes_max bytes for the same only where they are; longer
//            ones also where their first bytes, their sizes and their hashes are equal
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace millrace::gateway {

inline constexpr std::size_t poss_resend_window_default = 1024;

class recent_messages {
public:
    // 0: it never has any.
    explicit recent_messages(std::size_t capacity);

    [[nodiscard]] bool has(std::string_view msg_type, std::string_view cl_ord_id) const noexcept;
    void put(std::string_view msg_type, std::string_view cl_ord_id) noexcept;
    [[nodiscard]] std::size_t capacity() const noexcept { return messages_.size(); }

private:
    static constexpr std::size_t id_bytes_max = 44;
    static constexpr std::uint32_t none = UINT32_MAX;

    struct message {
        std::uint64_t hash = 0;
        std::uint32_t size = 0;  // 0: none yet
        char msg_type[8] = {};
        char id[id_bytes_max] = {};
    };
    static_assert(sizeof(message) == 64);

    [[nodiscard]] static message of(std::string_view msg_type, std::string_view cl_ord_id) noexcept;
    [[nodiscard]] static bool is_same(const message& a, const message& b) noexcept;
    [[nodiscard]] std::size_t slot_of(const message& wanted) const noexcept;
    void forget(std::uint32_t place) noexcept;

    std::vector<message> messages_;     // a ring
    std::vector<std::uint32_t> slots_;  // places in it, found by hash and then in order; none: free
    std::size_t slot_mask_ = 0;
    std::uint32_t next_ = 0;
};

}  // namespace millrace::gateway
