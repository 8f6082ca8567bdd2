// What a line asks to read, and what is said of one that asks for nothing that can be had.
#include "gateway/intake/read_request.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace millrace::gateway {
namespace {

using engine::read_from;

class ReadRequest : public ::testing::Test {
protected:
    [[nodiscard]] std::string fill(std::string_view line) {
        row_settings settings;
        request = {};
        std::string reason = parser.fill(line, row, &settings);
        return reason.empty() ? fill_read_request(settings, request) : reason;
    }

    engine::row_schema schema =
        engine::row_schema::parse("table T\ncolumn ID text(8) key\ncolumn N i64\n");
    std::vector<std::byte> buffer = std::vector<std::byte>(schema.payload_size());
    engine::row_builder row{schema, buffer};
    row_json parser{schema};
    read_request request;
};

TEST_F(ReadRequest, KnowsEveryBeginning) {
    EXPECT_EQ(fill(R"({"@read":"first"})"), "");
    EXPECT_EQ(request.from.what, read_from::kind::first);
    EXPECT_EQ(fill(R"({"@read":"tail"})"), "");
    EXPECT_EQ(request.from.what, read_from::kind::tail);
    EXPECT_EQ(fill(R"({"@read":{"sequence":5}})"), "");
    EXPECT_EQ(request.from.what, read_from::kind::at_sequence);
    EXPECT_EQ(request.from.seq.value, 5U);
    EXPECT_EQ(fill(R"({"@read":{"offset":"4096"}})"), "") << "digits in a text are a number too";
    EXPECT_EQ(request.from.what, read_from::kind::at_position);
    EXPECT_EQ(request.from.at.value, 4096U);
    EXPECT_EQ(fill(R"({"@read":{"time":"1970-01-01T00:00:01Z"}})"), "");
    EXPECT_EQ(request.from.what, read_from::kind::at_time);
    EXPECT_EQ(request.from.time.ns, 1'000'000'000);
    EXPECT_EQ(fill(R"({"@read":{"time":7}})"), "");
    EXPECT_EQ(request.from.time.ns, 7);
}

TEST_F(ReadRequest, KnowsEveryEnd) {
    EXPECT_EQ(fill(R"({"@where":"N > 1","@until":{"sequence":9,"time":8,"offset":7},)"
                   R"("@read":"first"})"),
              "");
    EXPECT_EQ(request.until.seq->value, 9U);
    EXPECT_EQ(request.until.time->ns, 8);
    EXPECT_EQ(request.until.at->value, 7U);
    EXPECT_FALSE(request.until.is_tail);
    EXPECT_EQ(request.where, "N > 1");
    EXPECT_EQ(fill(R"({"@read":"first","@until":"tail"})"), "");
    EXPECT_TRUE(request.until.is_tail);
}

TEST_F(ReadRequest, IncludesItsEnd) {
    engine::read_until until;
    engine::record_view record;
    record.seq = {9};
    record.time = {90};
    record.at = {900};
    EXPECT_FALSE(until.is_past(record));
    until = {engine::sequence{9}, engine::timestamp{90}, engine::position{900}};
    EXPECT_FALSE(until.is_past(record));
    for (const engine::read_until& one : {engine::read_until{engine::sequence{8}, {}, {}},
                                          engine::read_until{{}, engine::timestamp{89}, {}},
                                          engine::read_until{{}, {}, engine::position{899}}}) {
        EXPECT_TRUE(one.is_past(record));
    }
}

TEST_F(ReadRequest, SaysWhatIsWrong) {
    struct wrong {
        const char* line;
        const char* part;
    };
    for (const auto& [line, part] : std::vector<wrong>{
             {R"({"@read":"begin"})", "@read: 'begin' is none of its values; expected \"first\""},
             {R"({"@read":{}})", "@read: 0 places"},
             {R"({"@read":{"sequence":1,"offset":2}})", "@read: 2 places"},
             {R"({"@read":{"seq":1}})", "@read: seq is none of its values; expected sequence"},
             {R"({"@read":{"sequence":-1}})", "'-1' is not a number"},
             {R"({"@read":{"sequence":1.5}})", "'1.5' is not a number"},
             {R"({"@read":{"sequence":"5 "}})", "'5 ' is not a number"},
             {R"({"@read":{"time":"today"}})", "'today' is not a time: expected 2026"},
             {R"({"@read":{"sequence":null}})", "@read: null is none of its values"},
             {R"({"@read":{"sequence":{}}})", "@read: an object is none"},
             {R"({"@read":[1]})", "@read: an array is none"},
             {R"({"@read":7})", "@read: a number is none"},
             {R"({"@read":"first","@until":{}})", "@until: no place"},
             {R"({"@read":"first","@until":"first"})", "@until: 'first' is none"},
             {R"({"@read":"first","@until":{"row":3}})", "@until: row is none"},
             {R"({"@read":"first","@where":3})", "@where: a number is none"},
             {R"({"@until":"tail"})", "@until is a part of a reading"},
             {R"({"@where":"N = 1"})", "@where is a part of a reading"},
             {R"({"@read":"first","ID":"A","N":1})", "stands with no column"},
             {R"({"@read":"first","@operation":"insert"})", "@operation is about rows"},
             {R"({"@read":"first","@event":"e"})", "@event is about rows"},
             {R"({"@read":{"sequence":5},"@until":{"sequence":4}})", "ends before it begins"},
             {R"({"@read":{"time":5},"@until":{"time":4}})", "ends before it begins"},
             {R"({"@read":{"offset":5},"@until":{"offset":4}})", "ends before it begins"}}) {
        EXPECT_NE(fill(line).find(part), std::string::npos) << line << ": " << fill(line);
    }
}

}  // namespace
}  // namespace millrace::gateway
