// Addresses somebody may come from: single ones and prefixes of networks.
//
// Threading  immutable once set-up has filled it
// Progress   is_in() neither allocates nor throws
// Errors     add() throws engine::config_error with what is wrong about the text
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "gateway/transport/address.hpp"

namespace millrace::gateway {

class address_list {
public:
    // 192.168.1.7, 10.0.0.0/8, ::1 or fe80::/10; no names. Behind a prefix all bits are zero.
    void add(std::string_view text);
    void add(const address_list& other);

    [[nodiscard]] bool is_empty() const noexcept { return networks_.empty(); }
    // An IPv4 address that an IPv6 socket shows as ::ffff:a.b.c.d is the IPv4 address.
    [[nodiscard]] bool is_in(const socket_address& address) const noexcept;

private:
    // IPv4 addresses are kept as they are mapped into IPv6.
    using address_bytes = std::array<std::uint8_t, 16>;
    struct network {
        address_bytes address{};
        unsigned prefix_bits = 0;
    };

    [[nodiscard]] static bool to_bytes(const socket_address& address,
                                       address_bytes& bytes) noexcept;

    std::vector<network> networks_;
};

}  // namespace millrace::gateway
