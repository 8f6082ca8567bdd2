#include "tests/integration/power_cut_books.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <set>

#include "engine/core/assert.hpp"
#include "engine/log/log_reader.hpp"
#include "engine/table/row.hpp"

namespace millrace::tests {

namespace fs = std::filesystem;
namespace kind = gateway::kind;
using millrace::test::field_of;
using millrace::test::logged_row;

namespace {

// The first column is a text in both tables.
void for_each_row(const fs::path& log, const std::function<void(const engine::row_view&)>& visit) {
    engine::log_reader reader(log, engine::read_from::first());
    const engine::row_schema schema = engine::row_schema::parse(reader.schema());
    engine::record_view record;
    // A reader at a segment's torn end looks for the next one only now and then.
    for (int idle = 0; idle < 100;) {
        const engine::read_status status = reader.poll(record);
        if (status == engine::read_status::damaged) {
            ADD_FAILURE() << reader.damage().text();
            return;
        }
        idle += status == engine::read_status::none ? 1 : 0;
        if (status == engine::read_status::record) {
            visit(engine::row_view(schema, record.bytes()));
        }
    }
}

bool is_report(const logged_row& row) {
    return row.kind == kind::application && row.msg_type == "8";
}

// What must be the same when a message is sent again.
std::string essence(const std::string& frame) {
    return field_of(frame, 35) + " " + field_of(frame, 11) + " " + field_of(frame, 38);
}

std::map<std::string, int> count_executions(const four_books& books) {
    std::map<std::string, int> rows;
    for (const written_execution& row : books.executions) {
        ++rows[row.exec_id];
    }
    return rows;
}

}  // namespace

std::unique_ptr<tools::venue> start_venue(const fs::path& directory, const std::string& name) {
    const fs::path config = directory / "venue.cfg";
    std::ofstream(config)
        << "[DEFAULT]\nConnectionType=acceptor\nSocketAcceptPort=0\nStartTime=00:00:00\n"
           "EndTime=00:00:00\nDataDictionary="
        << MILLRACE_TEST_DICTIONARIES << "/FIX44.xml\nVenueDirectory=venue\nVenueFillParts=2\n"
        << "[SESSION]\nBeginString=FIX.4.4\nSenderCompID=" << name << "\nTargetCompID=OURS\n";
    auto venue = std::make_unique<tools::venue>(tools::load_venue_options(config.native()));
    venue->start();
    return venue;
}

engine::append_status append_order(engine::table_log& orders, std::uint64_t number) {
    std::vector<std::byte> buffer(orders.schema().payload_size(0));
    engine::row_builder row(orders.schema(), buffer);
    engine::row_envelope envelope;
    static_cast<void>(envelope.user.assign("tester"));
    row.set_envelope(envelope);
    const bool is_made =
        row.set_text(0, "A" + std::to_string(number)) == engine::row_status::ok &&
        row.set_text(1, "ABC") == engine::row_status::ok &&
        row.set_character(2, '1') == engine::row_status::ok &&
        row.set_decimal(3, {static_cast<std::int64_t>(number), 0, 0}) == engine::row_status::ok;
    MILLRACE_ASSERT(is_made, "an order fits its table");
    return orders.try_append(row.payload()).status;
}

std::vector<std::string> read_texts(const fs::path& log) {
    std::vector<std::string> texts;
    for_each_row(log, [&](const engine::row_view& row) { texts.emplace_back(row.text(0)); });
    return texts;
}

std::vector<written_execution> read_executions(const fs::path& log) {
    std::vector<written_execution> rows;
    for_each_row(log, [&](const engine::row_view& row) {
        rows.push_back({std::string(row.text(0)), row.envelope().is_redelivered()});
    });
    return rows;
}

four_books read_books(const fs::path& disk, const fs::path& venue) {
    return {read_texts(disk / "ORDER_OUT"), millrace::test::read_out(disk / "gateway/FIX_OUT"),
            millrace::test::read_in(disk / "gateway/FIX_IN"), read_executions(disk / "EXECUTION"),
            tools::read_journal(tools::journal_path(venue))};
}

std::map<std::string, int> reports_of(const tools::journal_view& venue) {
    std::map<std::string, int> reports;
    for (const auto& [cl_ord_id, order] : venue.orders) {
        for (const tools::journaled_report& report : order.reports) {
            ++reports[report.exec_id];
        }
    }
    return reports;
}

std::string missing_from(const std::vector<std::string>& orders, const fs::path& disk,
                         const fs::path& venue) {
    std::string text;
    const auto journal = tools::read_journal(tools::journal_path(venue));
    for (const std::string& id : orders) {
        text += journal.orders.contains(id) ? "" : " order " + id;
    }
    std::set<std::string> written;
    for (const written_execution& row : read_executions(disk / "EXECUTION")) {
        written.insert(row.exec_id);
    }
    for (const auto& [exec_id, count] : reports_of(journal)) {
        text += written.contains(exec_id) ? "" : " report " + exec_id;
    }
    return text;
}

void expect_sent_is_kept(const std::vector<std::string>& to_venue, const fs::path& gateway) {
    std::map<std::uint32_t, std::string> kept;
    for (const logged_row& row : millrace::test::read_out(gateway / "FIX_OUT")) {
        kept[row.number] = row.cl_ord_id;
    }
    for (const std::string& frame : to_venue) {
        if (field_of(frame, 35) == "D") {
            const auto number = static_cast<std::uint32_t>(std::stoul(field_of(frame, 34)));
            EXPECT_EQ(kept[number], field_of(frame, 11)) << "left before it was durable";
        }
    }
}

void expect_rising_numbers(const std::vector<std::string>& to_venue, bool settles) {
    std::map<std::uint32_t, std::string> sent;
    std::uint32_t last = 0;
    bool is_refused = false;
    for (const std::string& frame : to_venue) {
        const auto number = static_cast<std::uint32_t>(std::stoul(field_of(frame, 34)));
        if (field_of(frame, 35) == "A" && field_of(frame, 141) == "Y") {
            sent.clear();
            last = 0;
            is_refused = false;
        }
        if (settles && field_of(frame, 35) == "A") {
            is_refused = number <= last;
            if (is_refused) {
                continue;
            }
        }
        EXPECT_FALSE(is_refused) << "goes on below the venue's numbers: " << frame;
        if (field_of(frame, 43) != "Y") {
            EXPECT_GT(number, last) << "a number was used twice: " << frame;
            last = std::max(last, number);
            sent[number] = essence(frame);
        } else if (field_of(frame, 35) != "4") {
            const auto known = sent.try_emplace(number, essence(frame));
            EXPECT_EQ(known.first->second, essence(frame)) << "sent again, and another one";
        }
    }
}

void expect_each_order_once(const four_books& books) {
    EXPECT_EQ(books.venue.duplicates, 0U);
    for (const std::string& cl_ord_id : books.orders) {
        const auto at_venue = books.venue.orders.find(cl_ord_id);
        if (at_venue == books.venue.orders.end()) {
            ADD_FAILURE() << cl_ord_id << " never reached the venue";
            continue;
        }
        EXPECT_EQ(at_venue->second.numbers.size(), 1U) << cl_ord_id;
    }
    const std::set<std::string> distinct(books.orders.begin(), books.orders.end());
    EXPECT_EQ(distinct.size(), books.orders.size());
}

void expect_equal_books(const four_books& books) {
    std::set<std::string> orders(books.orders.begin(), books.orders.end());
    for (const auto& [cl_ord_id, order] : books.venue.orders) {
        EXPECT_EQ(orders.count(cl_ord_id), 1U) << cl_ord_id << " is at the venue and in no log";
    }
    std::vector<std::string> numbered;
    for (const logged_row& row : books.fix_out) {
        EXPECT_NE(row.kind, kind::withdrawn) << row.text();
        if (row.kind == kind::application) {
            numbered.push_back(row.cl_ord_id);
            EXPECT_EQ(row.envelope.origin.sequence, numbered.size()) << row.text();
        }
    }
    EXPECT_EQ(numbered, books.orders) << "FIX_OUT against ORDER_OUT";

    const std::map<std::string, int> reports = reports_of(books.venue);
    std::map<std::string, int> received;
    std::set<std::uint32_t> numbers;
    for (const logged_row& row : books.fix_in) {
        if (is_report(row)) {
            ++received[field_of(row.wire, 17)];
            EXPECT_TRUE(numbers.insert(row.number).second) << row.text() << " was taken twice";
        }
    }
    EXPECT_EQ(received, reports) << "FIX_IN against the venue";
    EXPECT_EQ(count_executions(books), reports) << "EXECUTION against the venue";
}

void expect_marked_repeats(const four_books& books) {
    const std::map<std::string, int> reports = reports_of(books.venue);
    const std::map<std::string, int> rows = count_executions(books);
    for (const auto& [exec_id, count] : reports) {
        EXPECT_TRUE(rows.contains(exec_id)) << exec_id << " is in no row of EXECUTION";
    }
    std::set<std::string> seen;
    for (const written_execution& row : books.executions) {
        EXPECT_TRUE(reports.contains(row.exec_id)) << row.exec_id << " was never reported";
        EXPECT_TRUE(seen.insert(row.exec_id).second || row.is_redelivered)
            << row.exec_id << " stands in EXECUTION twice, and the second row does not say so";
    }
}

}  // namespace millrace::tests
