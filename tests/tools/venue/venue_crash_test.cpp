#include <gtest/gtest.h>

#include "tests/tools/venue/test_client.hpp"
#include "tests/tools/venue/venue_fixture.hpp"
#include "tools/venue/journal.hpp"

namespace millrace::tools {
namespace {

struct crash_plan {
    std::size_t kills = 0;
    std::size_t orders = 0;
};

crash_plan plan_from_environment() {
    const char* text = std::getenv("MILLRACE_VENUE_KILLS");
    const std::size_t kills = text != nullptr ? std::strtoull(text, nullptr, 10) : 3;
    return {kills, 300 * (kills + 1)};
}

// Everything the journal says was decided has come exactly once, and nothing else has.
void expect_each_report_once(const journal_view& journal, const test_client& client) {
    const std::map<std::string, int> received = client.reports();
    std::size_t decided = 0;
    for (const auto& [cl_ord_id, order] : journal.orders) {
        EXPECT_EQ(order.numbers.size(), 1u) << cl_ord_id;
        EXPECT_EQ(order.acknowledged + order.rejected, 1u) << cl_ord_id;
        for (const auto& [exec_id, ordinal] : order.reports) {
            ++decided;
            const auto found = received.find(exec_id);
            EXPECT_EQ(found == received.end() ? 0 : found->second, 1) << exec_id;
        }
    }
    EXPECT_EQ(decided, received.size());
}

TEST(Venue, GivesEachOrderItsReportsOnceThoughKilledAtAnyMoment) {
    const crash_plan plan = plan_from_environment();
    std::mt19937_64 random(test_seed());
    const temporary_directory directory;
    const std::string config = write_venue_config(
        directory.path(), "VenueSeed=7\nVenueRejectPerMille=50\nVenueProbeReports=20\n");
    venue_process venue(config);
    const int port = venue.start();
    ASSERT_NE(port, 0);
    std::filesystem::create_directory(directory.path() / "client");
    test_client client((directory.path() / "client").string(), MILLRACE_TEST_DICTIONARY, port);
    client.start();
    ASSERT_TRUE(wait_until([&] { return client.is_logged_on(); }));

    const std::size_t orders_between_kills = plan.orders / (plan.kills + 1);
    std::size_t sent = 0;
    const auto send_orders = [&](std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            ++sent;
            std::string cl_ord_id = std::to_string(sent);
            cl_ord_id.insert(0, 1, 'K');
            client.send(new_order(cl_ord_id, std::to_string(1 + sent % 90), "10.25"));
        }
    };
    for (std::size_t round = 0; round <= plan.kills; ++round) {
        ASSERT_TRUE(wait_until([&] { return client.is_logged_on(); }));
        const bool is_last = round == plan.kills;
        const std::size_t before_kill =
            is_last ? orders_between_kills : 1 + random() % orders_between_kills;
        send_orders(before_kill);
        if (is_last) {
            break;
        }
        std::this_thread::sleep_for(std::chrono::microseconds(random() % 3000));
        ASSERT_EQ(venue.end(SIGKILL), 128 + SIGKILL);
        const journal_view at_kill = read_journal(journal_path(directory.path() / "venue"));
        std::printf("kill %zu: %zu of %zu orders in the journal, %zu of %llu reports seen\n",
                    round + 1, at_kill.orders.size(), sent, client.message_count(),
                    static_cast<unsigned long long>(at_kill.reports));
        // Numbered while nobody listens; they arrive by resend.
        send_orders(orders_between_kills - before_kill);
        ASSERT_EQ(venue.start(), port);
    }

    const auto journal_file = journal_path(directory.path() / "venue");
    EXPECT_TRUE(wait_until([&] {
        const journal_view view = read_journal(journal_file);
        return view.orders.size() == sent && client.reports().size() == view.reports;
    })) << "orders or reports are missing";
    client.stop();
    EXPECT_EQ(venue.end(SIGTERM), 0);
    const journal_view journal = read_journal(journal_file);
    EXPECT_EQ(journal.orders.size(), sent);
    EXPECT_EQ(journal.duplicates, 0u);
    expect_each_report_once(journal, client);
}

}  // namespace
}  // namespace millrace::tools
