#include "engine/table/latest.hpp"

#include <gtest/gtest.h>

#include <map>

#include "engine/core/error.hpp"
#include "engine/table/row_text.hpp"
#include "tests/engine/table/random_source.hpp"

namespace millrace::engine {
namespace {

struct LatestRows : ::testing::Test {
    row_schema schema = row_schema::parse(
        "table T\ncolumn ID text(4) key\ncolumn VENUE decimal key\ncolumn N i64\n");
    std::vector<std::byte> buffer = std::vector<std::byte>(schema.payload_size());
    row_builder row{schema, buffer};
    latest_rows latest{schema};
    std::uint64_t next = 1;

    row_status apply(operation what, std::string_view id, std::string_view venue, int n) {
        row.clear();
        row.set_envelope({.operation = what});
        EXPECT_EQ(parse_value(row, 0, id), "");
        EXPECT_EQ(parse_value(row, 1, venue), "");
        EXPECT_EQ(row.set_integer(2, n), row_status::ok);
        const sequence at{next++};
        return latest.apply(at, {at.value * 100}, {static_cast<std::int64_t>(at.value)},
                            row.payload());
    }
    std::vector<std::int64_t> held() const {
        std::vector<std::int64_t> result;
        for (const latest_rows::entry* entry : latest.in_order()) {
            result.push_back(row_view(schema, entry->payload).integer(2));
        }
        return result;
    }
};

TEST_F(LatestRows, HoldsTheLastVersionOfEachKeyInTheOrderTheyAppeared) {
    apply(operation::insert, "A", "1", 1);
    apply(operation::insert, "B", "1", 2);
    apply(operation::insert, "A", "2", 3);
    apply(operation::modify, "A", "1", 4);
    EXPECT_EQ(held(), (std::vector<std::int64_t>{4, 2, 3}));
    EXPECT_EQ(latest.irregular_count(), 0U);
    const latest_rows::entry* first = latest.in_order().front();
    EXPECT_EQ(first->first.value, 1U);
    EXPECT_EQ(first->last.value, 4U);
    EXPECT_EQ(first->time.ns, 4);
}

TEST_F(LatestRows, ForgetsADeletedKeyAndTakesItBackAsANewOne) {
    apply(operation::insert, "A", "1", 1);
    apply(operation::insert, "B", "1", 2);
    apply(operation::remove, "A", "1", 0);
    EXPECT_EQ(held(), (std::vector<std::int64_t>{2}));
    apply(operation::insert, "A", "1", 3);
    EXPECT_EQ(held(), (std::vector<std::int64_t>{2, 3}));
    EXPECT_EQ(latest.irregular_count(), 0U);
}

TEST_F(LatestRows, EqualDecimalsAreOneKey) {
    apply(operation::insert, "A", "1.5", 1);
    apply(operation::modify, "A", "1.50", 2);
    EXPECT_EQ(held(), (std::vector<std::int64_t>{2}));
    EXPECT_NE(latest.find(row.view()), nullptr);
}

TEST_F(LatestRows, AppliesIrregularRecordsAndCountsThem) {
    apply(operation::modify, "A", "1", 1);
    EXPECT_EQ(held(), (std::vector<std::int64_t>{1}));
    apply(operation::insert, "A", "1", 2);
    EXPECT_EQ(held(), (std::vector<std::int64_t>{2}));
    apply(operation::remove, "B", "1", 0);
    EXPECT_EQ(latest.irregular_count(), 3U);
}

TEST_F(LatestRows, APayloadThatIsNoRowChangesNothing) {
    apply(operation::insert, "A", "1", 1);
    EXPECT_EQ(latest.apply({9}, {900}, {9}, std::span(buffer).first(10)), row_status::wrong_size);
    EXPECT_EQ(held(), (std::vector<std::int64_t>{1}));
}

TEST_F(LatestRows, AgreesWithAMapOnRandomRecords) {
    test::random_source random;
    std::map<std::pair<std::string, std::string>, int> model;
    for (int i = 0; i < 20'000; ++i) {
        const std::string id = random.text(1 + random.below(2), "AB");
        const std::string venue = random.text(1, "0123");
        const auto what = static_cast<operation>(1 + random.below(3));
        ASSERT_EQ(apply(what, id, venue, i), row_status::ok);
        if (what == operation::remove) {
            model.erase({id, venue});
        } else {
            model[{id, venue}] = i;
        }
        ASSERT_EQ(latest.count(), model.size());
        const latest_rows::entry* entry = latest.find(row.view());
        ASSERT_EQ(entry != nullptr, model.contains({id, venue}));
        if (entry != nullptr) {
            ASSERT_EQ(row_view(schema, entry->payload).integer(2), i);
        }
    }
}

TEST(LatestRowsRefuses, ATableWithoutAKey) {
    const row_schema schema = row_schema::parse("table T\ncolumn N i64\n");
    EXPECT_THROW(latest_rows{schema}, config_error);
}

}  // namespace
}  // namespace millrace::engine
