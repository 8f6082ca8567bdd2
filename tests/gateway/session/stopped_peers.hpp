// Stock peers take about a second to stop; the next test need not wait for that.
#pragma once

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <utility>
#include <vector>

#include "tests/gateway/quickfix/stock_peer.hpp"

namespace millrace::test {

class stopped_peers : public testing::Environment {
public:
    static void add(std::unique_ptr<stock_peer> peer) {
        waiting().push_back(
            std::async(std::launch::async, [held = std::move(peer)]() mutable { held.reset(); }));
    }
    void TearDown() override { waiting().clear(); }

private:
    static std::vector<std::future<void>>& waiting() {
        static std::vector<std::future<void>> all;
        return all;
    }
};

}  // namespace millrace::test
