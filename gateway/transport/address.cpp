#include "gateway/transport/address.hpp"

#include <arpa/inet.h>
#include <netdb.h>

#include <cstring>
#include <memory>

#include "engine/core/error.hpp"

namespace millrace::gateway {

std::uint16_t socket_address::port() const {
    if (family() == AF_INET) {
        return ntohs(reinterpret_cast<const sockaddr_in*>(&storage)->sin_port);
    }
    if (family() == AF_INET6) {
        return ntohs(reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_port);
    }
    return 0;
}

std::string to_string(const socket_address& address) {
    char host[INET6_ADDRSTRLEN] = "";
    if (address.family() == AF_INET) {
        const auto* in = reinterpret_cast<const sockaddr_in*>(&address.storage);
        ::inet_ntop(AF_INET, &in->sin_addr, host, sizeof host);
        return std::string{host} + ":" + std::to_string(address.port());
    }
    if (address.family() == AF_INET6) {
        const auto* in = reinterpret_cast<const sockaddr_in6*>(&address.storage);
        ::inet_ntop(AF_INET6, &in->sin6_addr, host, sizeof host);
        return "[" + std::string{host} + "]:" + std::to_string(address.port());
    }
    return "no address";
}

std::vector<socket_address> resolve(std::string_view host, std::uint16_t port, address_use use) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;
    if (use == address_use::listen) {
        hints.ai_flags |= AI_PASSIVE;
        // One socket serves a wildcard listener; IPv4 is what every host has.
        hints.ai_family = host.empty() ? AF_INET : AF_UNSPEC;
    } else if (host.empty()) {
        throw engine::config_error{"cannot connect: the host is empty"};
    }

    const std::string name{host};
    const std::string service = std::to_string(port);
    addrinfo* found = nullptr;
    const int error =
        ::getaddrinfo(name.empty() ? nullptr : name.c_str(), service.c_str(), &hints, &found);
    if (error != 0) {
        const char* reason = error == EAI_SYSTEM ? std::strerror(errno) : ::gai_strerror(error);
        throw engine::config_error{"cannot resolve host '" + name + "': " + reason};
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> holder{found, &::freeaddrinfo};

    std::vector<socket_address> addresses;
    for (const addrinfo* next = found; next != nullptr; next = next->ai_next) {
        if (next->ai_addrlen > sizeof(sockaddr_storage)) {
            continue;
        }
        socket_address address;
        std::memcpy(&address.storage, next->ai_addr, next->ai_addrlen);
        address.size = next->ai_addrlen;
        addresses.push_back(address);
    }
    if (addresses.empty()) {
        throw engine::config_error{"host '" + name + "' has no address to use"};
    }
    return addresses;
}

}  // namespace millrace::gateway
