// Conditions on what stands within a row: "k=v;" after "k=v;", read by a class of this test.
#include "engine/table/row_fields.hpp"

#include <gtest/gtest.h>

#include <array>
#include <charconv>

#include "engine/core/error.hpp"
#include "engine/table/predicate.hpp"

namespace millrace::engine {
namespace {

class letter_fields final : public row_fields {
public:
    // One letter each: i an integer, d a decimal, c a character, t a text, b a boolean, s a time.
    [[nodiscard]] std::optional<field> find(std::string_view name) const override {
        static constexpr std::string_view letters = "idctbs";
        static constexpr column_type types[] = {column_type::i64,       column_type::decimal,
                                                column_type::character, column_type::text,
                                                column_type::boolean,   column_type::timestamp};
        const std::size_t at = name.size() == 1 ? letters.find(name[0]) : std::string_view::npos;
        if (at == std::string_view::npos) {
            return std::nullopt;
        }
        field found;
        found.id = static_cast<std::uint32_t>(at);
        found.column.name = name;
        found.column.type = types[at];
        return found;
    }
    [[nodiscard]] row_field_value read(const row_view& row,
                                       std::uint32_t id) const noexcept override {
        const std::span<const std::byte> bytes = row.trailing();
        const std::string_view all(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        const std::size_t at = all.find(std::string{"idctbs"[id], '='});
        row_field_value value;
        if (at == std::string_view::npos) {
            return value;
        }
        value.text = all.substr(at + 2, all.find(';', at) - at - 2);
        value.is_empty = value.text.empty();
        std::from_chars(value.text.data(), value.text.data() + value.text.size(), value.integer);
        static_cast<void>(parse_decimal(value.text, value.number));
        if (id == 2 && !value.is_empty) {
            value.integer = value.text[0];
        }
        return value;
    }
    [[nodiscard]] std::vector<std::string_view> names() const override {
        return {"i", "d", "c", "t", "b", "s", "letter"};
    }
    [[nodiscard]] std::string describe() const override { return "the letters"; }
};

const row_schema& schema() {
    static const row_schema one("T", {{"A", column_type::i64}, {"W", column_type::bytes}});
    return one;
}

bool holds(const std::string& where, std::string_view bytes) {
    const letter_fields fields;
    const predicate condition(where, schema(), &fields);
    std::array<std::byte, 256> room{};
    row_builder row(schema(), room);
    EXPECT_EQ(row.set_integer(0, 7), row_status::ok);
    EXPECT_EQ(row.set_trailing(std::as_bytes(std::span(bytes.data(), bytes.size()))),
              row_status::ok);
    const auto finished = row.finish();
    return condition.evaluate(row_view(schema(), std::span(room).first(finished.size)), {});
}

TEST(RowFields, AreComparedLikeColumnsOfTheirType) {
    EXPECT_TRUE(holds("i = 5 and A = 7", "i=5;"));
    EXPECT_FALSE(holds("i > 5", "i=5;"));
    EXPECT_TRUE(holds("i >= 4.5", "i=5;"));
    EXPECT_TRUE(holds("d = 10.50", "d=10.5;"));
    EXPECT_TRUE(holds("d < 10.51", "d=10.5;"));
    EXPECT_TRUE(holds("c in ('x', 'y')", "c=y;"));
    EXPECT_TRUE(holds("t like 'ab%'", "t=abc;"));
    EXPECT_TRUE(holds("t like '%c' and t like '%b%' and t > 'abb'", "t=abc;"));
    EXPECT_TRUE(holds("b = true", "b=1;"));
    EXPECT_TRUE(holds("s = '1970-01-01T00:00:00.000000005Z'", "s=5;"));
}

TEST(RowFields, ThatAreAbsentAreEmptyWhateverTheirType) {
    for (const std::string name : {"i", "d", "c", "t", "b", "s"}) {
        EXPECT_TRUE(holds(name + " is empty", "")) << name;
        EXPECT_FALSE(holds(name + " is not empty", "")) << name;
        EXPECT_FALSE(holds(name + " is empty", name + "=1;")) << name;
    }
    EXPECT_FALSE(holds("i = 0", ""));
    EXPECT_TRUE(holds("i != 0", ""));
    EXPECT_FALSE(holds("i < 1", ""));
    EXPECT_FALSE(holds("b = false", ""));
    EXPECT_TRUE(holds("not b = false", ""));
    EXPECT_FALSE(holds("d < 1", ""));
    EXPECT_TRUE(holds("t = ''", ""));
}

TEST(RowFields, AreFoundAfterColumnsAndRefusedByName) {
    const auto refusal = [](const std::string& where) {
        try {
            holds(where, "");
            return std::string("taken");
        } catch (const config_error& failure) {
            return std::string(failure.what());
        }
    };
    EXPECT_NE(refusal("z = 1").find("unknown column z in table T, nor is there such a field in the "
                                    "letters"),
              std::string::npos)
        << refusal("z = 1");
    EXPECT_NE(refusal("lettre = 1").find("in the letters (did you mean letter?)"),
              std::string::npos)
        << refusal("lettre = 1");
    EXPECT_NE(refusal("AB = 1").find("in the letters (did you mean A?)"), std::string::npos)
        << "columns may be meant too: " << refusal("AB = 1");
    EXPECT_NE(refusal("c = 5").find("column c is"), std::string::npos) << refusal("c = 5");
    EXPECT_NE(refusal("i like 'x'").find("like is for texts"), std::string::npos);
}

}  // namespace
}  // namespace millrace::engine
