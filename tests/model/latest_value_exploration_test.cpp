// The shipped hand-over of the clock's line, in every run the memory model allows: a publisher that
// comes back to a slot while one or two readers may still be in it. Then the same with one memory
// order weakened at a time: each such mutant must be caught.
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/core/latest_value.hpp"
#include "tests/model/exploration.hpp"
#include "tests/model/explorer.hpp"
#include "tests/model/mutants.hpp"

namespace millrace::model {
namespace {

struct pair {
    std::uint64_t first = 0;
    std::uint64_t second = 0;
};
using latest_pair = engine::latest_value<pair, explored_memory>;

void publish(latest_pair& latest, std::uint64_t count) {
    for (std::uint64_t n = 1; n <= count; ++n) {
        latest.publish({n, 10 * n});
    }
}

// Whole, no older than the last one, and no older than the number that was seen before.
void read(explorer& e, const latest_pair& latest, int times) {
    std::uint64_t last = 0;
    for (int i = 0; i < times; ++i) {
        const std::uint64_t number = latest.number();
        pair seen;
        if (latest.read(seen)) {
            e.check(seen.second == 10 * seen.first, "torn");
            e.check(seen.first >= last, "older than before");
            e.check(seen.first >= number, "older than its number");
            last = seen.first;
        }
    }
}

explorer::program program(std::uint64_t published, int readers, int reads) {
    return [=](explorer& e) {
        const auto latest = std::make_shared<latest_pair>();
        e.add_thread([=] { publish(*latest, published); });
        for (int i = 0; i < readers; ++i) {
            e.add_thread([=, &e] { read(e, *latest, reads); });
        }
        e.at_end([=, &e] {
            pair seen;
            e.check(latest->read(seen), "refused when nobody publishes");
            e.check(seen.first == published, "not the newest");
        });
    };
}

std::vector<named_program> programs() {
    return {{"two values, one reader", program(2, 1, 1)},
            {"three values, one reader", program(3, 1, 1)},
            {"two values, read twice", program(2, 1, 2)},
            {"two values, two readers", program(2, 2, 1)}};
}

using LatestValueExploration = exploration;

TEST_F(LatestValueExploration, EveryRunIsRight) {
    expect_every_run_is_right(programs());
}
TEST_F(LatestValueExploration, EveryWeakenedOrderIsCaught) {
    expect_every_mutant_is_caught(programs(), {"engine/core/latest_value.hpp"}, {});
}

}  // namespace
}  // namespace millrace::model
