// What every suite of explorations begins with.
#pragma once

#include <gtest/gtest.h>

#include "tests/engine/core/sanitizer_share.hpp"

namespace millrace::model {

// One thread: ThreadSanitizer sees nothing here, and keeps memory for each of millions of fibers.
class exploration : public testing::Test {
protected:
    void SetUp() override {
        if (engine::test::is_under_thread_sanitizer) {
            GTEST_SKIP() << "explored by the other builds";
        }
    }
};

}  // namespace millrace::model
