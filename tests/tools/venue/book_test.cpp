#include "tools/venue/book.hpp"

#include <map>
#include <set>

#include <gtest/gtest.h>

#include "engine/core/error.hpp"
#include "tests/tools/venue/temporary_directory.hpp"
#include "tools/venue/journal.hpp"

namespace millrace::tools {
namespace {

namespace fs = std::filesystem;

venue_options options_in(const fs::path& directory) {
    venue_options options;
    options.directory = directory.string();
    options.seed = 3;
    options.fill_parts = 3;
    options.reject_per_mille = 100;
    options.cancel_per_mille = 100;
    options.rest_per_mille = 400;
    return options;
}

venue_request request_of(char msg_type, int number, const std::string& cl_ord_id,
                         const std::string& orig = "") {
    venue_request request;
    request.msg_type = msg_type;
    request.msg_seq_num = number;
    request.cl_ord_id = cl_ord_id;
    request.orig_cl_ord_id = orig;
    request.symbol = "IBM";
    request.side = "1";
    request.order_qty = "100";
    if (msg_type != 'F') {
        request.ord_type = "2";
        request.price = "20.125";
    }
    request.parties = {party{"FIRM\"\\\x01\xe9", "D", "1"}};
    return request;
}

// New orders with every outcome, then changes of some, a duplicate and an announced repetition:
// numbers 2 and up.
std::vector<venue_request> scenario() {
    std::vector<venue_request> requests;
    int number = 2;
    for (int i = 0; i < 12; ++i) {
        requests.push_back(request_of('D', number++, std::to_string(i)));
    }
    for (int i = 0; i < 12; i += 3) {
        const std::string orig = std::to_string(i);
        requests.push_back(request_of('G', number++, std::to_string(100 + i), orig));
        requests.push_back(request_of('F', number++, std::to_string(200 + i), orig));
    }
    requests.push_back(request_of('D', number++, "5"));
    requests.push_back(request_of('D', number++, "6"));
    requests.back().poss_resend = true;
    requests.push_back(request_of('F', number++, "300", "no such order"));
    return requests;
}

constexpr const char* session_name = "FIX.4.4:VENUE->CLIENT";

// Does what QuickFIX's Session does with the book, and calls back after each write to a file.
class model_session {
public:
    model_session(
        const venue_options& options, std::function<void()> after_write = [] {})
        : book(options), after_write_(std::move(after_write)) {
        index = book.open_session(session_name);
    }

    void send_owed() {
        while (const std::uint64_t ordinal = book.next_owed(index)) {
            const venue_report& report = book.report(ordinal);
            const std::string text = report.exec_id + (report.generation != 0 ? "|again" : "");
            ASSERT_TRUE(book.store(index, book.numbers(index).next_sender(), text, ordinal));
            after_write_();
        }
    }

    void log_on() {
        ASSERT_TRUE(book.store(index, book.numbers(index).next_sender(), "logon", 0));
        after_write_();
        send_owed();
    }

    // As the peer resends: whatever is not used up yet comes, the first of them as PossDup.
    void receive(const std::vector<venue_request>& requests, bool is_resend) {
        for (venue_request request : requests) {
            if (request.msg_seq_num < book.numbers(index).next_target()) {
                continue;
            }
            request.poss_dup = is_resend;
            ASSERT_TRUE(book.accept(index, request));
            after_write_();
            send_owed();
            ASSERT_TRUE(book.set_next_target(index, request.msg_seq_num + 1));
            after_write_();
        }
    }

    std::vector<std::string> sent() const {
        std::vector<std::string> messages;
        EXPECT_TRUE(book.numbers(index).get(1, 1 << 30, messages));
        return messages;
    }

    venue_book book;
    std::size_t index = 0;

private:
    std::function<void()> after_write_;
};

std::multiset<std::string> reports_in(const std::vector<std::string>& messages) {
    std::multiset<std::string> reports;
    for (const std::string& message : messages) {
        if (message != "logon") {
            reports.insert(message);
        }
    }
    return reports;
}

fs::path store_path(const fs::path& directory) {
    return directory / "FIX.4.4%3aVENUE-%3eCLIENT.store";
}

TEST(VenueBook, GivesEachReportOneNumberWhereverItIsKilled) {
    const temporary_directory directory;
    const fs::path whole = directory.path() / "whole";
    const std::vector<venue_request> requests = scenario();
    struct sizes {
        std::size_t journal;
        std::size_t store;
    };
    std::vector<sizes> states{{0, 0}};
    const auto note_sizes = [&] {
        states.push_back({fs::file_size(journal_path(whole)), fs::file_size(store_path(whole))});
    };
    std::multiset<std::string> expected;
    {
        model_session session(options_in(whole), note_sizes);
        note_sizes();
        session.log_on();
        session.receive(requests, false);
        expected = reports_in(session.sent());
    }
    ASSERT_GT(expected.size(), 30u);
    ASSERT_EQ(std::set<std::string>(expected.begin(), expected.end()).size(), expected.size());
    const std::string journal = read_file(journal_path(whole));
    const std::string store = read_file(store_path(whole));

    const fs::path killed = directory.path() / "killed";
    std::size_t kill_points = 0;
    const auto expect_recovery = [&](std::size_t journal_size, std::size_t store_size) {
        ++kill_points;
        fs::remove_all(killed);
        fs::create_directory(killed);
        write_file(journal_path(killed), journal.substr(0, journal_size));
        write_file(store_path(killed), store.substr(0, store_size));
        model_session session(options_in(killed));
        session.log_on();
        session.receive(requests, true);
        EXPECT_EQ(reports_in(session.sent()), expected) << journal_size << " " << store_size;
        EXPECT_EQ(session.book.tally().owed, 0u);
        EXPECT_EQ(session.book.tally().duplicates, 1u);
    };
    for (std::size_t i = 1; i < states.size(); ++i) {
        const sizes& from = states[i - 1];
        const sizes& to = states[i];
        expect_recovery(to.journal, to.store);
        // Torn while it was written: at every quarter, and one byte short.
        for (const std::size_t quarter : {1u, 2u, 3u}) {
            expect_recovery(from.journal + (to.journal - from.journal) * quarter / 4,
                            from.store + (to.store - from.store) * quarter / 4);
        }
        expect_recovery(std::max(from.journal + 1, to.journal) - 1,
                        std::max(from.store + 1, to.store) - 1);
    }
    std::printf("%zu kill points\n", kill_points);
}

TEST(VenueBook, DecidesTheSameInAnotherDirectoryAndOrder) {
    const temporary_directory directory;
    std::map<std::string, char> first;
    std::map<std::string, char> second;
    for (const bool is_reversed : {false, true}) {
        model_session session(options_in(directory.path() / (is_reversed ? "b" : "a")));
        for (int i = 0; i < 50; ++i) {
            const int id = is_reversed ? 49 - i : i;
            ASSERT_TRUE(
                session.book.accept(session.index, request_of('D', i + 2, std::to_string(id))));
        }
        for (std::uint64_t i = 1; i <= session.book.report_count(); ++i) {
            const venue_report& report = session.book.report(i);
            (is_reversed ? second : first)[report.exec_id] = report.exec_type;
        }
    }
    EXPECT_EQ(first, second);
}

TEST(VenueBook, KnowsTheSameMessageFromADuplicateOrder) {
    const temporary_directory directory;
    model_session session(options_in(directory.path()));
    ASSERT_TRUE(session.book.accept(session.index, request_of('D', 2, "A")));
    const std::uint64_t reports = session.book.report_count();
    venue_request again = request_of('D', 2, "A");
    again.poss_dup = true;
    ASSERT_TRUE(session.book.accept(session.index, again));
    EXPECT_EQ(session.book.report_count(), reports);
    for (const int number : {3, 4}) {
        ASSERT_TRUE(session.book.accept(session.index, request_of('D', number, "A")));
        ASSERT_TRUE(session.book.accept(session.index, request_of('D', number, "A")));  // unused
    }
    ASSERT_EQ(session.book.report_count(), reports + 2);
    for (std::uint64_t i = reports + 1; i <= reports + 2; ++i) {
        EXPECT_EQ(session.book.report(i).exec_type, '8');
        EXPECT_EQ(session.book.report(i).reason, 6);
    }
    EXPECT_NE(session.book.report(reports + 1).exec_id, session.book.report(reports + 2).exec_id);
    EXPECT_EQ(session.book.tally().duplicates, 2u);
    EXPECT_EQ(session.book.tally().again, 3u);
    const journal_view view = read_journal(journal_path(directory.path()));
    EXPECT_EQ(view.orders.at("A").numbers.size(), 3u);
    EXPECT_EQ(view.orders.at("A").arrivals, 6u);
    EXPECT_EQ(view.duplicates, 2u);
}

TEST(VenueBook, SendsUnprovenReportsAgainAfterAReset) {
    for (const bool is_resent : {true, false}) {
        const temporary_directory directory;
        venue_options options = options_in(directory.path());
        options.resend_after_reset = is_resent;
        std::vector<std::string> before;
        {
            model_session session(options);
            session.log_on();
            session.receive(scenario(), false);
            before = session.sent();
            ASSERT_TRUE(session.book.set_proven(session.index, 10));
            ASSERT_TRUE(session.book.reset(session.index));
            ASSERT_TRUE(session.book.reset(session.index));
        }
        model_session session(options);  // killed between the reset and the logon
        EXPECT_EQ(session.book.tally().resets, 1u);
        session.log_on();
        const std::vector<std::string> after = session.sent();
        if (!is_resent) {
            EXPECT_EQ(after, std::vector<std::string>{"logon"});
            continue;
        }
        ASSERT_EQ(after.size(), before.size() - 10 + 1);
        for (std::size_t i = 1; i < after.size(); ++i) {
            EXPECT_EQ(after[i], before[i + 9] + "|again");
        }
        // Numbered again, they are owed no more; the next reset finds them unproven once more.
        EXPECT_EQ(session.book.next_owed(session.index), 0u);
        ASSERT_TRUE(session.book.reset(session.index));
        session.log_on();
        EXPECT_EQ(session.sent(), after);
    }
}

TEST(VenueBook, KeepsAveragesAndLeavesExactOverReplacements) {
    const temporary_directory directory;
    venue_options options = options_in(directory.path());
    options.reject_per_mille = 0;
    options.cancel_per_mille = 0;
    options.rest_per_mille = 600;
    model_session session(options);
    int number = 2;
    for (int i = 0; i < 300; ++i) {
        const std::string id = std::to_string(i);
        ASSERT_TRUE(session.book.accept(session.index, request_of('D', number++, id)));
        venue_request replace = request_of('G', number++, std::to_string(1000 + i), id);
        replace.order_qty = "200";
        replace.price = "20.375";
        ASSERT_TRUE(session.book.accept(session.index, replace));
    }
    std::map<std::uint64_t, std::int64_t> filled;
    std::map<std::uint64_t, notional> traded;
    int replaced = 0;
    for (std::uint64_t i = 1; i <= session.book.report_count(); ++i) {
        const venue_report& report = session.book.report(i);
        if (report.msg_type != '8') {
            EXPECT_EQ(report.reason, 0);  // too late
            continue;
        }
        filled[report.order] += report.last_qty;
        traded[report.order] += static_cast<notional>(report.last_px) * report.last_qty;
        replaced += report.exec_type == '5' ? 1 : 0;
        const std::string& terms = session.book.request(report.terms).order_qty;
        std::int64_t quantity = 0;
        ASSERT_TRUE(parse_decimal(terms, quantity));
        EXPECT_EQ(report.cum_qty, filled[report.order]);
        EXPECT_EQ(report.avg_px, average_price(traded[report.order], report.cum_qty));
        EXPECT_EQ(report.leaves_qty, quantity - report.cum_qty);
    }
    EXPECT_GT(replaced, 100);
}

TEST(VenueBook, RejectsTermsItCannotWorkWith) {
    const temporary_directory directory;
    model_session session(options_in(directory.path()));
    const struct {
        const char* quantity;
        const char* ord_type;
        const char* price;
        const char* force;
        int reason;
    } cases[] = {
        {"0", "2", "1", "0", 13},   {"-5", "2", "1", "0", 13}, {"", "2", "1", "0", 13},
        {"1e3", "2", "1", "0", 13}, {"1", "3", "1", "0", 11},  {"1", "", "1", "0", 11},
        {"1", "2", "1", "2", 11},   {"1", "2", "", "0", 99},   {"1", "2", "0.000000001", "0", 99},
    };
    int number = 2;
    for (const auto& each : cases) {
        venue_request request = request_of('D', number, std::to_string(number));
        request.order_qty = each.quantity;
        request.ord_type = each.ord_type;
        request.price = each.price;
        request.time_in_force = each.force;
        ASSERT_TRUE(session.book.accept(session.index, request));
        ++number;
        const venue_report& report = session.book.report(session.book.report_count());
        EXPECT_EQ(report.exec_type, '8');
        EXPECT_EQ(report.reason, each.reason) << each.quantity << " " << each.price;
    }
    EXPECT_EQ(session.book.report_count(), std::size(cases));
}

TEST(VenueBook, StopsAtItsLimitAndSaysWhy) {
    const temporary_directory directory;
    venue_options options = options_in(directory.path());
    options.requests_max = 2;
    model_session session(options);
    EXPECT_TRUE(session.book.accept(session.index, request_of('D', 2, "A")));
    EXPECT_TRUE(session.book.accept(session.index, request_of('D', 3, "B")));
    EXPECT_FALSE(session.book.accept(session.index, request_of('D', 4, "C")));
    EXPECT_TRUE(session.book.failed());
    EXPECT_NE(session.book.failure().find("VenueRequestsMax=2"), std::string::npos);
    EXPECT_FALSE(session.book.set_next_target(session.index, 4));
    EXPECT_EQ(session.book.next_owed(session.index), 0u);
}

TEST(VenueBook, RefusesFilesThatDoNotBelongTogetherOrAreDamaged) {
    const temporary_directory directory;
    const venue_options options = options_in(directory.path());
    {
        model_session session(options);
        session.log_on();
        session.receive(scenario(), false);
    }
    const fs::path journal = journal_path(directory.path());
    const std::string text = read_file(journal);
    const auto expect_refusal = [&](const std::string& changed) {
        write_file(journal, changed);
        EXPECT_THROW(model_session session(options), engine::damage_error);
    };
    expect_refusal(text.substr(0, text.find('\n', text.size() / 2) + 1));  // lost its end
    std::string damaged = text;
    damaged[text.find("order_qty")] = '"';
    expect_refusal(damaged);
    expect_refusal(text.substr(text.find('\n') + 1));  // a report without its order
    write_file(journal, text);
    EXPECT_NO_THROW(model_session session(options));
}

}  // namespace
}  // namespace millrace::tools
