#include "gateway/transport/address.hpp"

#include <gtest/gtest.h>

#include "engine/core/error.hpp"

namespace millrace::gateway {
namespace {

TEST(Address, ReadsNumericHostsOfBothFamilies) {
    EXPECT_EQ(to_string(resolve("127.0.0.1", 9876).front()), "127.0.0.1:9876");
    EXPECT_EQ(to_string(resolve("::1", 1).front()), "[::1]:1");
}

TEST(Address, ResolvesNames) {
    EXPECT_FALSE(resolve("localhost", 80).empty());
    EXPECT_EQ(resolve("localhost", 80).front().port(), 80);
}

TEST(Address, TakesEveryAddressForAnEmptyListenHost) {
    EXPECT_EQ(to_string(resolve("", 7, address_use::listen).front()), "0.0.0.0:7");
}

TEST(Address, RefusesAnEmptyHostToConnectTo) {
    EXPECT_THROW(static_cast<void>(resolve("", 7)), engine::config_error);
}

TEST(Address, NamesTheHostItCannotResolve) {
    try {
        static_cast<void>(resolve("no-such-host.invalid", 7));
        FAIL() << "a name under .invalid was resolved";
    } catch (const engine::config_error& problem) {
        EXPECT_NE(std::string(problem.what()).find("no-such-host.invalid"), std::string::npos);
    }
}

}  // namespace
}  // namespace millrace::gateway
