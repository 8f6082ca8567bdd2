// Host names and ports turned into socket addresses, once, during set-up.
//
// Errors  resolve() throws engine::config_error with the resolver's reason
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::gateway {

struct socket_address {
    sockaddr_storage storage{};
    socklen_t size = 0;

    [[nodiscard]] const sockaddr* get() const {
        return reinterpret_cast<const sockaddr*>(&storage);
    }
    [[nodiscard]] sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
    [[nodiscard]] int family() const { return storage.ss_family; }
    [[nodiscard]] std::uint16_t port() const;
};

// 127.0.0.1:9876, [::1]:9876
[[nodiscard]] std::string to_string(const socket_address& address);

enum class address_use : std::uint8_t {
    connect,
    listen  // an empty host means every address
};

// All addresses of a host, numeric or by name, in the resolver's order; never empty. May block:
// set-up only.
[[nodiscard]] std::vector<socket_address> resolve(std::string_view host, std::uint16_t port,
                                                  address_use use = address_use::connect);

}  // namespace millrace::gateway
