// Random conditions against an evaluator that walks a tree, and random texts against the parser.
#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/table/predicate.hpp"
#include "engine/table/row_text.hpp"
#include "tests/engine/table/random_source.hpp"

namespace millrace::engine {
namespace {

constexpr const char* schema_text =
    "table T\n"
    "column T text(3)\n"
    "column C character\n"
    "column D decimal\n"
    "column I i16\n"
    "column B boolean\n";

// Values are small, so that conditions hold as often as they do not.
struct values {
    std::string t;
    std::string c;
    bool has_d = false;
    int d_hundredths = 0;
    int i = 0;
    bool b = false;
};

using condition = std::function<bool(const values&)>;

struct expression {
    std::string text;
    condition holds;
};

template <class Value>
bool compared(std::string_view op, const Value& left, const Value& right) {
    if (op == "=") {
        return left == right;
    }
    if (op == "!=" || op == "<>") {
        return left != right;
    }
    if (op == "<") {
        return left < right;
    }
    if (op == "<=") {
        return left <= right;
    }
    return op == ">" ? left > right : left >= right;
}

bool is_order(std::string_view op) {
    return op != "=" && op != "!=" && op != "<>";
}

std::string pick_op(test::random_source& random) {
    static constexpr const char* ops[] = {"=", "!=", "<>", "<", "<=", ">", ">="};
    return ops[random.below(std::size(ops))];
}

std::string hundredths_text(int value) {
    const int size = value < 0 ? -value : value;
    return (value < 0 ? "-" : "") + std::to_string(size / 100) + "." +
           std::to_string(size % 100 / 10) + std::to_string(size % 10);
}

expression text_test(test::random_source& random, bool is_character) {
    const std::string op = pick_op(random);
    const std::string literal = random.text(random.below(is_character ? 2 : 3), "ab'");
    if (literal.empty() && is_order(op)) {
        return text_test(random, is_character);
    }
    std::string quoted;
    for (const char c : literal) {
        quoted += c == '\'' ? "''" : std::string(1, c);
    }
    return {(is_character ? "C " : "t ") + op + " '" + quoted + "'", [=](const values& row) {
                const std::string& value = is_character ? row.c : row.t;
                return (value.empty() && is_order(op)) ? false : compared(op, value, literal);
            }};
}

expression number_test(test::random_source& random, bool is_decimal) {
    const std::string op = pick_op(random);
    const int literal = static_cast<int>(random.below(500)) - 250;
    return {(is_decimal ? "D" : "i") + op + hundredths_text(literal), [=](const values& row) {
                if (is_decimal && !row.has_d) {
                    return op == "!=" || op == "<>";
                }
                return compared(op, is_decimal ? row.d_hundredths : row.i * 100, literal);
            }};
}

expression special_test(test::random_source& random) {
    switch (random.below(6)) {
        case 0:
            return {"B=true", [](const values& row) { return row.b; }};
        case 1:
            return {"b <> TRUE", [](const values& row) { return !row.b; }};
        case 2:
            return {"D is not empty", [](const values& row) { return row.has_d; }};
        case 3:
            return {"T is empty", [](const values& row) { return row.t.empty(); }};
        case 4:
            return {"T like 'a%'", [](const values& row) { return row.t.starts_with("a"); }};
        default:
            return {"T not in ('a', 'ab', '')", [](const values& row) {
                        return row.t != "a" && row.t != "ab" && !row.t.empty();
                    }};
    }
}

expression random_expression(test::random_source& random, int depth) {
    const std::uint64_t choice = random.below(depth > 0 ? 10 : 5);
    if (choice < 2) {
        return text_test(random, choice == 0);
    }
    if (choice < 4) {
        return number_test(random, choice == 2);
    }
    if (choice == 4) {
        return special_test(random);
    }
    if (choice == 5) {
        const expression inner = random_expression(random, depth - 1);
        return {"not (" + inner.text + ")", [=](const values& row) { return !inner.holds(row); }};
    }
    const expression left = random_expression(random, depth - 1);
    const expression right = random_expression(random, depth - 1);
    if (choice < 8) {
        return {"(" + left.text + ") and (" + right.text + ")",
                [=](const values& row) { return left.holds(row) && right.holds(row); }};
    }
    return {"(" + left.text + " or " + right.text + ")",
            [=](const values& row) { return left.holds(row) || right.holds(row); }};
}

void fill(row_builder& row, const values& from) {
    row.clear();
    ASSERT_EQ(parse_value(row, 0, from.t), "");
    ASSERT_EQ(parse_value(row, 1, from.c), "");
    ASSERT_EQ(parse_value(row, 2, from.has_d ? hundredths_text(from.d_hundredths) : ""), "");
    ASSERT_EQ(parse_value(row, 3, std::to_string(from.i)), "");
    ASSERT_EQ(parse_value(row, 4, from.b ? "true" : "false"), "");
}

TEST(PredicateAgainstATree, AgreesOnRandomConditionsAndRows) {
    test::random_source random;
    const row_schema schema = row_schema::parse(schema_text);
    std::vector<std::byte> buffer(schema.payload_size());
    row_builder row(schema, buffer);
    int held = 0;
    int count = 0;
    for (int i = 0; i < 5'000; ++i) {
        const expression subject = random_expression(random, 5);
        const predicate compiled(subject.text, schema);
        for (int j = 0; j < 10; ++j) {
            const values from{.t = random.text(random.below(4), "ab'"),
                              .c = random.text(random.below(2), "ab'"),
                              .has_d = random.below(4) != 0,
                              .d_hundredths = static_cast<int>(random.below(500)) - 250,
                              .i = static_cast<int>(random.below(5)) - 2,
                              .b = random.coin()};
            fill(row, from);
            const bool expected = subject.holds(from);
            ASSERT_EQ(compiled.evaluate(row.view(), {}), expected)
                << subject.text << "\nT='" << from.t << "' C='" << from.c
                << "' D=" << (from.has_d ? hundredths_text(from.d_hundredths) : "empty")
                << " I=" << from.i << " B=" << from.b;
            held += expected ? 1 : 0;
            ++count;
        }
    }
    EXPECT_GT(held, count / 5);
    EXPECT_LT(held, count * 4 / 5);
}

TEST(PredicateParser, SurvivesRandomTexts) {
    test::random_source random;
    const row_schema schema = row_schema::parse(schema_text);
    static constexpr const char* words[] = {"T",           "C",
                                            "D",           "I",
                                            "B",           "and",
                                            "or",          "not",
                                            "(",           ")",
                                            "in",          ",",
                                            "is",          "=",
                                            "!=",          "<",
                                            ">=",          "like",
                                            "'a'",         "'%b'",
                                            "''",          "'",
                                            "1.5",         "-3",
                                            "empty",       "true",
                                            "\"T\"",       "1e9",
                                            "record.user", "record.correlation",
                                            "\xff",        "*",
                                            "e",           "9999999999999999999999999"};
    std::vector<std::byte> buffer(schema.payload_size());
    const row_builder row(schema, buffer);
    int accepted = 0;
    for (int i = 0; i < 100'000; ++i) {
        std::string text;
        if (random.below(4) == 0) {
            text = random.bytes(random.below(40));
        } else if (random.coin()) {
            for (std::uint64_t count = random.below(16); count > 0; --count) {
                text += words[random.below(std::size(words))];
                text += ' ';
            }
        } else {
            text = random_expression(random, 2).text;
            text[random.below(text.size())] = static_cast<char>(random.below(256));
        }
        try {
            const predicate compiled(text, schema);
            static_cast<void>(compiled.evaluate(row.view(), {}));
            ++accepted;
        } catch (const config_error& failure) {
            ASSERT_TRUE(std::string_view(failure.what()).starts_with("where, character "))
                << failure.what();
        }
    }
    EXPECT_GT(accepted, 1000);
}

}  // namespace
}  // namespace millrace::engine
