// The demo's reconciliation on made-up journals and tables: each fault there can be is found and
// named.
#include "tools/millrace/demo_reconcile.hpp"

#include <gtest/gtest.h>

#include "engine/stream/table_log.hpp"
#include "tests/tools/venue/temporary_directory.hpp"
#include "tools/text/row_reader.hpp"
#include "tools/venue/decimal.hpp"
#include "tools/venue/journal.hpp"
#include "tools/venue/journal_format.hpp"

namespace millrace::tools {
namespace {

using engine::column_type;

engine::schema_column text_column(const char* name, std::size_t capacity) {
    engine::schema_column column;
    column.name = name;
    column.type = column_type::text;
    column.text_capacity = capacity;
    return column;
}

engine::schema_column column_of(const char* name, column_type type) {
    engine::schema_column column;
    column.name = name;
    column.type = type;
    return column;
}

engine::row_schema order_schema() {
    return {"ORDER_OUT", {text_column("CL_ORD_ID", 20)}};
}

void write_table(const std::filesystem::path& directory, const engine::row_schema& schema,
                 std::string csv) {
    engine::table_log_options options;
    options.segment_bytes = 64 * 1024;
    engine::table_log log(directory, schema, options);
    log.start();
    std::vector<std::byte> buffer(schema.payload_size() + 4096);
    engine::row_builder row(schema, buffer);
    const auto reader =
        make_row_reader(text_input::from_memory(std::move(csv), "made-up.csv"), schema);
    while (reader->next(row)) {
        ASSERT_EQ(log.try_append(row.payload()).status, engine::append_status::ok);
    }
    log.close();
}

// Orders A, B and C, each acknowledged and filled 10 in one trade, in order at both sides. A test
// changes one text and sees what the reconciliation says.
class Reconciliation : public ::testing::Test {
protected:
    Reconciliation() {
        for (const char* id : {"A", "B", "C"}) {
            const std::string name = id;
            fed += name + "\n";
            numbered += "application," + name + "\n";
            executed += name + ".1," + name + ",0,\n" + name + ".2," + name + ",F,10\n";
        }
    }
    static std::string entry(const std::string& id, int number,
                             std::int64_t filled_qty = 10 * decimal_scale,
                             const std::string& exec_types = "0F") {
        venue_request request;
        request.msg_seq_num = number;
        request.cl_ord_id = id;
        request.symbol = "ABC";
        request.side = "1";
        request.order_qty = "10";
        venue_report acknowledgement;
        acknowledgement.exec_id = id + ".1";
        acknowledgement.exec_type = exec_types[0];
        venue_report fill;
        fill.exec_id = id + ".2";
        fill.exec_type = exec_types[1];
        fill.last_qty = filled_qty;
        std::string text;
        append_order_line(text, "S", 1, request, arrival::first, 2);
        append_report_line(text, "S", request, "O-" + id, acknowledgement);
        append_report_line(text, "S", request, "O-" + id, fill);
        return text;
    }
    static std::string again_under(const std::string& id, int number) {
        venue_request request;
        request.msg_seq_num = number;
        request.cl_ord_id = id;
        std::string text;
        append_order_line(text, "S", 1, request, arrival::duplicate, 0);
        return text;
    }
    static void erase(std::string& text, const std::string& part) {
        const std::size_t at = text.find(part);
        ASSERT_NE(at, std::string::npos) << part;
        text.erase(at, part.size());
    }
    reconciliation reconciled(bool is_settled) {
        const demo_directory directory{home_.path()};
        write_table(directory.table("ORDER_OUT"), order_schema(), "CL_ORD_ID\n" + fed);
        write_table(directory.table("fix") / "FIX_OUT",
                    {"FIX_OUT", {text_column("KIND", 14), text_column("CL_ORD_ID", 20)}},
                    "KIND,CL_ORD_ID\nadmin,\n" + numbered);
        write_table(directory.table("EXECUTION"),
                    {"EXECUTION",
                     {text_column("EXEC_ID", 40), text_column("CL_ORD_ID", 20),
                      column_of("EXEC_TYPE", column_type::character),
                      column_of("LAST_QTY", column_type::decimal)}},
                    "EXEC_ID,CL_ORD_ID,EXEC_TYPE,LAST_QTY\n" + executed);
        std::filesystem::create_directories(directory.venue());
        write_file(journal_path(directory.venue()), journal);
        const engine::row_schema schema = order_schema();
        demo_orders orders(schema);
        orders.load_fed(directory.table("ORDER_OUT"));
        if (!unfed.empty()) {
            write_file(home_.path() / "orders.csv", "CL_ORD_ID\n" + unfed);
            orders.load_csv((home_.path() / "orders.csv").native());
        }
        return reconcile(directory, orders, is_settled);
    }
    static void expect_found(const reconciliation& books, const std::string& words) {
        EXPECT_FALSE(books.is_clean());
        ASSERT_EQ(books.findings.size(), 1U);
        EXPECT_EQ(books.findings.front(), words);
    }

    std::string fed;
    std::string numbered;
    std::string journal = entry("A", 2) + entry("B", 3) + entry("C", 4);
    std::string executed;
    std::string unfed;

private:
    temporary_directory home_;
};

TEST_F(Reconciliation, IsCleanWhereBothSidesSayTheSame) {
    const reconciliation books = reconciled(true);
    EXPECT_TRUE(books.is_clean());
    EXPECT_EQ(books.orders, 3U);
    EXPECT_EQ(books.acknowledged, 3U);
    EXPECT_EQ(books.fills, 3U);
    EXPECT_EQ(books.findings.size(), 0U);
    EXPECT_EQ(books.example, "A");
}

TEST_F(Reconciliation, FindsAnOrderThatLaterOnesHaveOvertaken) {
    journal = entry("A", 2) + entry("C", 4);
    erase(executed, "B.1,B,0,\nB.2,B,F,10\n");
    const reconciliation books = reconciled(false);
    EXPECT_EQ(books.lost, 1U);
    EXPECT_EQ(books.in_flight, 0U);
    expect_found(books, "order B was numbered and never reached the venue");
}

TEST_F(Reconciliation, CallsTheLastOrdersLostOnlyWhenNothingIsUnderWay) {
    journal = entry("A", 2) + entry("B", 3);
    erase(executed, "C.1,C,0,\nC.2,C,F,10\n");
    const reconciliation stopped = reconciled(false);
    EXPECT_EQ(stopped.lost, 0U);
    EXPECT_EQ(stopped.in_flight, 1U);
    EXPECT_TRUE(stopped.is_right());
    EXPECT_FALSE(stopped.is_finished());
    EXPECT_FALSE(stopped.is_clean());
}

TEST_F(Reconciliation, CallsTheLastOrderLostWhenEverythingHasSettled) {
    journal = entry("A", 2) + entry("B", 3);
    erase(executed, "C.1,C,0,\nC.2,C,F,10\n");
    const reconciliation books = reconciled(true);
    EXPECT_EQ(books.lost, 1U);
    expect_found(books, "order C was numbered and never reached the venue");
}

TEST_F(Reconciliation, CountsWhatWasNotFedOrNotNumberedAsThatAndNotAsLost) {
    journal = entry("A", 2) + entry("B", 3);
    erase(executed, "C.1,C,0,\nC.2,C,F,10\n");
    erase(numbered, "application,C\n");
    unfed = "D\nE\nA\n";
    const reconciliation books = reconciled(true);
    EXPECT_EQ(books.orders, 5U);
    EXPECT_EQ(books.waiting, 1U);
    EXPECT_EQ(books.unfed, 2U);
    EXPECT_EQ(books.lost, 0U);
    EXPECT_EQ(books.findings.size(), 0U);
    EXPECT_FALSE(books.is_clean());
}

TEST_F(Reconciliation, FindsAnOrderUnderTwoNumbers) {
    journal += again_under("B", 7);
    const reconciliation books = reconciled(true);
    EXPECT_EQ(books.duplicated, 1U);
    expect_found(books, "order B reached the venue under 2 message numbers");
}

TEST_F(Reconciliation, FindsAnOrderThatWasAcknowledgedTwice) {
    journal = entry("A", 2) + entry("B", 3, 0, "00") + entry("C", 4);
    erase(executed, "B.2,B,F,10\n");
    executed += "B.2,B,0,\n";
    const reconciliation books = reconciled(true);
    EXPECT_EQ(books.differing, 1U);
    EXPECT_FALSE(books.is_right());
    expect_found(books, "order B: the venue acknowledged it 2 times and rejected it 0 times");
}

TEST_F(Reconciliation, FindsAnOrderThatWasFilledAndNeverAcknowledged) {
    journal = entry("A", 2) + entry("B", 3, 5 * decimal_scale, "FF") + entry("C", 4);
    erase(executed, "B.1,B,0,\nB.2,B,F,10\n");
    executed += "B.1,B,F,0\nB.2,B,F,5\n";
    const reconciliation books = reconciled(false);
    EXPECT_EQ(books.differing, 1U);
    expect_found(books, "order B: the venue acknowledged it 0 times and rejected it 0 times");
}

TEST_F(Reconciliation, FindsADecisionThatExecutionHasOtherwise) {
    erase(executed, "B.1,B,0,\n");
    executed += "B.1,B,8,\n";
    const reconciliation books = reconciled(true);
    EXPECT_EQ(books.differing, 1U);
    expect_found(books, "order B: the venue acknowledged it, EXECUTION says otherwise");
}

TEST_F(Reconciliation, FindsAReportThatLaterOnesHaveOvertaken) {
    erase(executed, "B.2,B,F,10\n");
    const reconciliation books = reconciled(false);
    EXPECT_EQ(books.lost, 1U);
    EXPECT_EQ(books.differing, 0U) << "one fault is counted once";
    expect_found(books, "report B.2 of order B is not in EXECUTION");
}

TEST_F(Reconciliation, LeavesTheLastReportUnderWayToTheNextRun) {
    erase(executed, "C.2,C,F,10\n");
    const reconciliation books = reconciled(false);
    EXPECT_EQ(books.lost, 0U);
    EXPECT_EQ(books.in_flight, 1U);
    EXPECT_EQ(books.differing, 0U);
    EXPECT_FALSE(books.is_clean());
}

TEST_F(Reconciliation, FindsTheLastReportMissingWhenEverythingHasSettled) {
    erase(executed, "C.2,C,F,10\n");
    const reconciliation books = reconciled(true);
    EXPECT_EQ(books.lost, 1U);
    expect_found(books, "report C.2 of order C is not in EXECUTION");
}

TEST_F(Reconciliation, FindsAReportTwice) {
    executed += "B.2,B,F,10\n";
    const reconciliation books = reconciled(true);
    EXPECT_EQ(books.duplicated, 1U);
    EXPECT_EQ(books.differing, 0U);
    expect_found(books, "report B.2 is in EXECUTION twice");
}

TEST_F(Reconciliation, FindsAReportThatTheVenueNeverMade) {
    executed += "B.3,B,4,\n";
    const reconciliation books = reconciled(true);
    EXPECT_EQ(books.invented, 1U);
    expect_found(books, "report B.3 of order B is in EXECUTION, and the venue never made it");
}

TEST_F(Reconciliation, FindsReportsOfAnOrderTheVenueDoesNotKnow) {
    executed += "X.1,X,0,\nX.2,X,F,5\n";
    const reconciliation books = reconciled(true);
    EXPECT_EQ(books.invented, 2U);
    expect_found(books, "reports of order X are in EXECUTION, and the venue does not know it");
}

TEST_F(Reconciliation, FindsAnOrderThatNobodyFed) {
    journal += entry("X", 5);
    executed += "X.1,X,0,\nX.2,X,F,10\n";
    const reconciliation books = reconciled(true);
    EXPECT_EQ(books.invented, 1U);
    expect_found(books, "order X is at the venue, and nobody fed it");
}

TEST_F(Reconciliation, FindsQuantitiesThatDiffer) {
    journal = entry("A", 2) + entry("B", 3, 10 * decimal_scale + 1) + entry("C", 4);
    const reconciliation books = reconciled(true);
    EXPECT_EQ(books.differing, 1U);
    EXPECT_EQ(books.lost, 0U);
    expect_found(books, "order B: the venue filled 10.00000001 in 1 trades, EXECUTION has 10 in 1");
}

}  // namespace
}  // namespace millrace::tools
