#include "engine/table/record.hpp"

#include <gtest/gtest.h>

namespace millrace::engine {
namespace {

log_uuid some_log() {
    log_uuid uuid;
    EXPECT_TRUE(parse("41e2eac2-b4c8-4339-9a0b-1c2d3e4f5061", uuid));
    return uuid;
}

TEST(Correlation, BeginsAsTheUuidOfItsLogDoes) {
    const correlation value{correlation_log_id(some_log()), 17};
    EXPECT_EQ(to_string(value), "41e2eac2b4c84339:17");
    EXPECT_EQ(log_id_text(0), "0000000000000000");
}

TEST(Correlation, IsReadFromItsDigitsOrFromTheWholeUuid) {
    const correlation expected{correlation_log_id(some_log()), 17};
    for (const char* text : {"41e2eac2b4c84339:17", "41E2EAC2B4C84339:17",
                             "41e2eac2-b4c8-4339-9a0b-1c2d3e4f5061:17"}) {
        correlation value;
        EXPECT_TRUE(parse(text, value)) << text;
        EXPECT_EQ(value, expected) << text;
    }
}

TEST(Correlation, IsNotReadFromAnythingElse) {
    for (const char* text :
         {"", ":", "41e2eac2b4c84339", "41e2eac2b4c84339:", ":17", "41e2eac2b4c8433:17",
          "41e2eac2b4c843390:17", "41e2eac2b4c8433x:17", "41e2eac2b4c84339:-1",
          "41e2eac2b4c84339:1 ", "41e2eac2b4c84339:18446744073709551616", "-1e2eac2b4c84339:17",
          "0x41e2eac2b4c843:17"}) {
        correlation value{1, 2};
        EXPECT_FALSE(parse(text, value)) << text;
        EXPECT_EQ(value, (correlation{1, 2})) << text;
    }
}

TEST(Operation, IsReadBackFromItsText) {
    for (const operation one : {operation::insert, operation::modify, operation::remove}) {
        operation value{};
        EXPECT_TRUE(parse(to_string(one), value));
        EXPECT_EQ(value, one);
    }
    operation value = operation::modify;
    EXPECT_FALSE(parse("remove", value));
    EXPECT_FALSE(parse("", value));
    EXPECT_EQ(value, operation::modify);
}

}  // namespace
}  // namespace millrace::engine
