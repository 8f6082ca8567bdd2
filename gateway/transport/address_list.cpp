#include "gateway/transport/address_list.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string>

#include "engine/core/error.hpp"

namespace millrace::gateway {

namespace {

constexpr unsigned address_bits = 128;
constexpr unsigned ipv4_bits = 32;
constexpr std::array<std::uint8_t, 12> mapped_begin = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

[[noreturn]] void refuse(std::string_view text, const char* reason) {
    throw engine::config_error("'" + std::string(text) + "' " + reason);
}

template <std::size_t Size>
bool equals_up_to(const std::array<std::uint8_t, Size>& one,
                  const std::array<std::uint8_t, Size>& other, unsigned bits) noexcept {
    const std::size_t whole = bits / 8;
    if (std::memcmp(one.data(), other.data(), whole) != 0) {
        return false;
    }
    const unsigned rest = bits % 8;
    return rest == 0 || ((one[whole] ^ other[whole]) >> (8 - rest)) == 0;
}

}  // namespace

void address_list::add(std::string_view text) {
    const std::size_t slash = text.find('/');
    const std::string host(text.substr(0, slash));
    network added;
    unsigned bits = address_bits;
    in_addr ipv4{};
    if (::inet_pton(AF_INET, host.c_str(), &ipv4) == 1) {
        std::copy(mapped_begin.begin(), mapped_begin.end(), added.address.begin());
        std::memcpy(added.address.data() + mapped_begin.size(), &ipv4, sizeof ipv4);
        bits = ipv4_bits;
    } else if (::inet_pton(AF_INET6, host.c_str(), added.address.data()) != 1) {
        refuse(text, "is no IPv4 or IPv6 address, nor a prefix such as 10.0.0.0/8");
    }
    unsigned prefix = bits;
    if (slash != std::string_view::npos) {
        const char* const end = text.data() + text.size();
        const auto read = std::from_chars(text.data() + slash + 1, end, prefix);
        if (read.ec != std::errc{} || read.ptr != end || prefix > bits) {
            refuse(text, bits == ipv4_bits ? "has a prefix that is not 0 to 32"
                                           : "has a prefix that is not 0 to 128");
        }
    }
    added.prefix_bits = address_bits - bits + prefix;
    address_bytes cut = added.address;
    for (unsigned bit = added.prefix_bits; bit < address_bits; ++bit) {
        cut[bit / 8] = static_cast<std::uint8_t>(cut[bit / 8] & ~(0x80U >> (bit % 8)));
    }
    if (cut != added.address) {
        refuse(text, "has bits behind its prefix");
    }
    networks_.push_back(added);
}

void address_list::add(const address_list& other) {
    networks_.insert(networks_.end(), other.networks_.begin(), other.networks_.end());
}

bool address_list::to_bytes(const socket_address& address, address_bytes& bytes) noexcept {
    if (address.family() == AF_INET) {
        const auto* const in = reinterpret_cast<const sockaddr_in*>(&address.storage);
        std::copy(mapped_begin.begin(), mapped_begin.end(), bytes.begin());
        std::memcpy(bytes.data() + mapped_begin.size(), &in->sin_addr, sizeof in->sin_addr);
        return true;
    }
    if (address.family() == AF_INET6) {
        const auto* const in = reinterpret_cast<const sockaddr_in6*>(&address.storage);
        std::memcpy(bytes.data(), &in->sin6_addr, bytes.size());
        return true;
    }
    return false;
}

bool address_list::is_in(const socket_address& address) const noexcept {
    address_bytes bytes{};
    return to_bytes(address, bytes) &&
           std::any_of(networks_.begin(), networks_.end(), [&](const network& one) {
               return equals_up_to(one.address, bytes, one.prefix_bits);
           });
}

}  // namespace millrace::gateway
