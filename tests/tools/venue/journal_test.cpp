#include "tools/venue/journal.hpp"

#include <gtest/gtest.h>

#include "engine/core/error.hpp"
#include "tests/tools/venue/temporary_directory.hpp"
#include "tools/venue/book.hpp"
#include "tools/venue/decimal.hpp"
#include "tools/venue/journal_format.hpp"

namespace millrace::tools {
namespace {

venue_request odd_request() {
    venue_request request;
    request.msg_seq_num = 77;
    request.poss_dup = true;
    for (int byte = 1; byte < 256; ++byte) {
        request.cl_ord_id += static_cast<char>(byte);
    }
    request.symbol = "BRK/A";
    request.side = "2";
    request.order_qty = "10.50";
    request.ord_type = "2";
    request.price = "-0.01";
    request.account = "\"\\\n";
    request.parties = {party{"a\xff", "", "12"}, party{"b", "D", ""}};
    return request;
}

TEST(JournalFormat, GivesBackEveryByteOfARequestInAscii) {
    const venue_request request = odd_request();
    std::string text;
    append_order_line(text, "S", 3, request, arrival::duplicate, 0);
    for (const char c : text) {
        EXPECT_TRUE((c >= 0x20 && c < 0x7f) || c == '\n');
    }
    const venue_request read = parse_order_line(journal_line::parse(text));
    EXPECT_EQ(read.cl_ord_id, request.cl_ord_id);
    EXPECT_EQ(read.account, request.account);
    EXPECT_EQ(read.order_qty, request.order_qty);
    EXPECT_EQ(read.price, request.price);
    EXPECT_EQ(read.msg_seq_num, 77);
    EXPECT_TRUE(read.poss_dup);
    EXPECT_FALSE(read.poss_resend);
    ASSERT_EQ(read.parties.size(), 2u);
    EXPECT_EQ(read.parties[0].id, "a\xff");
    EXPECT_EQ(read.parties[0].role, "12");
    EXPECT_EQ(read.parties[1].source, "D");
    EXPECT_EQ(parse_arrival(journal_line::parse(text)), arrival::duplicate);
}

class Journal : public testing::Test {
protected:
    Journal() {
        options_.directory = (directory_.path() / "v").string();
        options_.reject_per_mille = 200;
        options_.cancel_per_mille = 200;
        venue_book book(options_);
        const std::size_t session = book.open_session("S");
        EXPECT_TRUE(book.note(session, "logon"));
        for (int i = 0; i < 40; ++i) {
            venue_request request;
            request.msg_seq_num = i + 2;
            request.cl_ord_id = std::to_string(i);
            request.symbol = 'F';
            request.side = '1';
            request.order_qty = std::to_string(30);
            request.ord_type = '1';
            EXPECT_TRUE(book.accept(session, request));
        }
        EXPECT_TRUE(book.set_next_target(session, 42));
        EXPECT_TRUE(book.reset(session));
        tally_ = book.tally();
    }

    temporary_directory directory_;
    venue_options options_;
    venue_tally tally_;
};

TEST_F(Journal, AddsUpToTheVenuesTally) {
    const journal_view view = read_journal(journal_path(options_.directory));
    ASSERT_EQ(view.orders.size(), 40u);
    EXPECT_EQ(view.logons, 1u);
    EXPECT_EQ(view.resets, 1u);
    std::uint64_t acknowledged = 0;
    std::uint64_t fills = 0;
    std::uint64_t rejected = 0;
    std::uint64_t cancelled = 0;
    std::uint64_t reports = 0;
    for (const auto& [id, order] : view.orders) {
        ASSERT_EQ(order.numbers.size(), 1u);
        EXPECT_EQ(order.numbers[0].msg_seq_num, std::stoi(id) + 2);
        EXPECT_EQ(order.order_qty, 30 * decimal_scale);
        EXPECT_EQ(order.acknowledged + order.rejected, 1u);
        if (order.rejected == 0 && order.cancelled == 0) {
            EXPECT_EQ(order.filled_qty, order.order_qty);
        } else {
            EXPECT_LT(order.filled_qty, order.order_qty);
        }
        acknowledged += order.acknowledged;
        fills += order.fills;
        rejected += order.rejected;
        cancelled += order.cancelled;
        reports += order.reports.size();
        EXPECT_EQ(order.reports.front().exec_id, id + ".1");
        for (std::size_t i = 1; i < order.reports.size(); ++i) {
            EXPECT_EQ(order.reports[i].ordinal, order.reports[i - 1].ordinal + 1);
        }
    }
    EXPECT_EQ(acknowledged, tally_.acknowledged);
    EXPECT_EQ(fills, tally_.fills);
    EXPECT_EQ(rejected, tally_.rejected);
    EXPECT_EQ(cancelled, tally_.cancelled);
    EXPECT_EQ(reports, view.reports);
}

TEST_F(Journal, LeavesOutAnEntryThatIsNotWholeYet) {
    const auto path = journal_path(options_.directory);
    const std::string text = read_file(path).substr(0, 6000);
    std::size_t last_count = 0;
    std::size_t last_end = 0;
    for (std::size_t size = 0; size < text.size(); size += 1 + size % 37) {
        write_file(path, text.substr(0, size));
        const journal_view view = read_journal(path);
        EXPECT_GE(view.orders.size(), last_count);
        EXPECT_GE(view.bytes_read, last_end);
        EXPECT_LE(view.bytes_read, size);
        for (const auto& [id, order] : view.orders) {
            EXPECT_EQ(order.acknowledged + order.rejected, 1u) << id;
        }
        last_count = view.orders.size();
        last_end = view.bytes_read;
    }
    EXPECT_GE(last_count, 3u);
}

TEST_F(Journal, NamesTheLineThatIsDamaged) {
    const auto path = journal_path(options_.directory);
    std::string text = read_file(path);
    text[text.find("\"arrival\"") + 1] = '"';
    write_file(path, text);
    try {
        static_cast<void>(read_journal(path));
        FAIL() << "damage was not seen";
    } catch (const engine::damage_error& error) {
        EXPECT_NE(std::string(error.what()).find("journal.ndjson:2:"), std::string::npos)
            << error.what();
    }
    EXPECT_THROW(static_cast<void>(read_journal(directory_.path() / "none")), engine::io_error);
}

}  // namespace
}  // namespace millrace::tools
