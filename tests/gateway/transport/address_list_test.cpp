#include "gateway/transport/address_list.hpp"

#include <gtest/gtest.h>

#include "engine/core/error.hpp"

namespace millrace::gateway {
namespace {

bool is_in(std::initializer_list<const char*> list, const char* host) {
    address_list allowed;
    for (const char* one : list) {
        allowed.add(one);
    }
    return allowed.is_in(resolve(host, 1234).front());
}

TEST(AddressList, HoldsSingleAddressesAndPrefixesOfBothVersions) {
    EXPECT_TRUE(is_in({"192.168.1.7"}, "192.168.1.7"));
    EXPECT_FALSE(is_in({"192.168.1.7"}, "192.168.1.6"));
    EXPECT_TRUE(is_in({"10.0.0.0/8"}, "10.255.3.4"));
    EXPECT_FALSE(is_in({"10.0.0.0/8"}, "11.0.0.1"));
    EXPECT_TRUE(is_in({"10.128.0.0/9"}, "10.200.0.1"));
    EXPECT_FALSE(is_in({"10.128.0.0/9"}, "10.127.255.255"));
    EXPECT_TRUE(is_in({"0.0.0.0/0"}, "8.8.8.8"));
    EXPECT_FALSE(is_in({"0.0.0.0/0"}, "2001:db8::1"));
    EXPECT_TRUE(is_in({"::1"}, "::1"));
    EXPECT_FALSE(is_in({"::1"}, "::2"));
    EXPECT_TRUE(is_in({"2001:db8::/33"}, "2001:db8:7fff::1"));
    EXPECT_FALSE(is_in({"2001:db8::/33"}, "2001:db8:8000::1"));
    EXPECT_TRUE(is_in({"192.168.1.7", "fe80::/10"}, "febf::1"));
    EXPECT_TRUE(is_in({"::/0"}, "8.8.8.8"));
    EXPECT_FALSE(is_in({}, "127.0.0.1"));
    EXPECT_TRUE(address_list().is_empty());
}

TEST(AddressList, TakesAMappedAddressForWhatItIs) {
    EXPECT_TRUE(is_in({"10.0.0.0/8"}, "::ffff:10.1.2.3"));
    EXPECT_TRUE(is_in({"::ffff:10.1.2.3"}, "10.1.2.3"));
    EXPECT_FALSE(is_in({"10.0.0.0/8"}, "::10.1.2.3"));
    socket_address nothing;
    address_list all;
    all.add("::/0");
    EXPECT_FALSE(all.is_in(nothing));
}

TEST(AddressList, RefusesWhatIsNoAddress) {
    for (const char* wrong :
         {"", "localhost", "10.0.0", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.0/8x",
          "::1/129", "10.0.0.1/8", "2001:db8::1/64", "10.0.0.256", "127.0.0.1:80", "/8"}) {
        address_list list;
        EXPECT_THROW(list.add(wrong), engine::config_error) << wrong;
        EXPECT_TRUE(list.is_empty());
    }
}

}  // namespace
}  // namespace millrace::gateway
