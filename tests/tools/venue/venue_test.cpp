#include "tools/venue/venue.hpp"

#include <gtest/gtest.h>

#include "engine/core/error.hpp"
#include "tests/tools/venue/test_client.hpp"
#include "tests/tools/venue/venue_fixture.hpp"
#include "tools/venue/journal.hpp"

namespace millrace::tools {
namespace {

using fields = std::map<int, std::string>;

// One venue in this process and one stock initiator.
class Venue : public testing::Test {
protected:
    void start(const std::string& extra_default, const std::string& extra_session = "",
               bool client_resets = false) {
        config_ = write_venue_config(directory_.path(), extra_default, extra_session);
        start_venue();
        std::filesystem::create_directory(directory_.path() / "client");
        client_ =
            std::make_unique<test_client>((directory_.path() / "client").string(),
                                          MILLRACE_TEST_DICTIONARY, venue_->port(), client_resets);
        client_->start();
        ASSERT_TRUE(wait_until([&] { return client_->is_logged_on(); }));
    }
    ~Venue() override {
        client_.reset();
        venue_.reset();
    }
    void start_venue() {
        venue_ = std::make_unique<venue>(load_venue_options(config_));
        venue_->start();
    }
    // The application messages the client has, once there are so many.
    std::vector<fields> wait_for(std::size_t count) {
        EXPECT_TRUE(wait_until([&] { return client_->message_count() >= count; }))
            << client_->message_count() << " of " << count;
        return client_->messages();
    }
    std::filesystem::path venue_directory() const { return directory_.path() / "venue"; }

    temporary_directory directory_;
    std::string config_;
    std::unique_ptr<venue> venue_;
    std::unique_ptr<test_client> client_;
};

constexpr const char* always_fill =
    "VenueRejectPerMille=0\nVenueCancelPerMille=0\nVenueFillParts=1\n";
constexpr const char* always_rest =
    "VenueRejectPerMille=0\nVenueCancelPerMille=0\nVenueRestPerMille=1000\n";

TEST_F(Venue, AcknowledgesFillsAndEchoesTheOrder) {
    start(always_fill);
    client_->send(new_order("A1", "150", "401.1250"));
    const std::vector<fields> reports = wait_for(2);
    ASSERT_EQ(reports.size(), 2u);
    fields ack = reports[0];
    EXPECT_EQ(ack[35], "8");
    EXPECT_EQ(ack[150], "0");
    EXPECT_EQ(ack[39], "0");
    EXPECT_EQ(ack[17], "A1.1");
    EXPECT_EQ(ack[151], "150");
    fields fill = reports[1];
    const fields expected{{11, "A1"},       {37, "O-A1"},  {17, "A1.2"}, {150, "F"}, {39, "2"},
                          {55, "MSFT"},     {54, "1"},     {38, "150"},  {40, "2"},  {59, "0"},
                          {31, "401.125"},  {32, "150"},   {14, "150"},  {151, "0"}, {6, "401.125"},
                          {44, "401.1250"}, {1, "ACC0001"}};
    for (const auto& [tag, value] : expected) {
        EXPECT_EQ(fill[tag], value) << tag;
    }
    EXPECT_EQ(fill.count(97), 0u);
}

TEST_F(Venue, CancelsReplacesAndRejectsChanges) {
    start(always_rest);
    const auto change = [](const char* type, const char* id, const char* orig) {
        test_message message = new_order(id, "1000", "9.5");
        message[0].second = type;
        if (*type == 'F') {
            std::erase_if(message, [](const auto& field) {
                return field.first == 40 || field.first == 44 || field.first == 59 ||
                       field.first == 21;
            });
        }
        message.emplace_back(41, orig);
        return message;
    };
    client_->send(new_order("A", "500", "9.25"));
    client_->send(change("G", "B", "A"));
    client_->send(change("F", "C", "B"));
    client_->send(change("F", "D", "B"));
    client_->send(change("F", "E", "nobody's"));
    ASSERT_TRUE(wait_until([&] {
        const auto messages = client_->messages();
        return !messages.empty() && messages.back().count(11) != 0 && messages.back().at(11) == "E";
    }));
    std::map<std::string, fields> last;
    std::map<std::string, fields> first;
    for (const fields& message : client_->messages()) {
        first.emplace(message.at(11), message);
        last[message.at(11)] = message;
    }
    EXPECT_EQ(first["B"][150], "5");
    EXPECT_EQ(first["B"][41], "A");
    EXPECT_EQ(first["B"][37], "O-A");
    EXPECT_EQ(first["B"][38], "1000");
    EXPECT_EQ(last["C"][150], "4");
    EXPECT_EQ(last["C"][39], "4");
    EXPECT_EQ(last["C"][151], "0");
    EXPECT_EQ(last["D"][35], "9");
    EXPECT_EQ(last["D"][102], "0");
    EXPECT_EQ(last["D"][39], "4");
    EXPECT_EQ(last["D"][434], "1");
    EXPECT_EQ(last["E"][102], "1");
    EXPECT_EQ(last["E"][37], "NONE");
}

TEST_F(Venue, RejectsADuplicateAndKeepsQuietAboutPossResend) {
    start(always_fill);
    client_->send(new_order("A", "5", "1.00"));
    test_message resent = new_order("A", "5", "1.00");
    resent.emplace_back(97, "Y");
    client_->send(resent);
    client_->send(new_order("A", "5", "1.00"));
    const std::vector<fields> messages = wait_for(3);
    ASSERT_EQ(messages.size(), 3u);
    EXPECT_EQ(messages[2].at(150), "8");
    EXPECT_EQ(messages[2].at(103), "6");
    EXPECT_EQ(messages[2].at(37), "NONE");
    const journal_view view = read_journal(journal_path(venue_directory()));
    EXPECT_EQ(view.duplicates, 1u);
    EXPECT_EQ(view.orders.at("A").numbers.size(), 2u);
    EXPECT_EQ(view.orders.at("A").fills, 1u);
}

TEST_F(Venue, AnswersWhatItCannotHandleWithABusinessReject) {
    start(always_fill);
    client_->send({{35, "9"}, {37, "O"}, {11, "A"}, {41, "B"}, {39, "0"}, {434, "1"}});
    const std::vector<fields> messages = wait_for(1);
    ASSERT_FALSE(messages.empty());
    EXPECT_EQ(messages[0].at(35), "j");
    EXPECT_EQ(messages[0].at(380), "3");
    // An answer is not answered.
    client_->send({{35, "j"}, {372, "8"}, {380, "3"}});
    client_->send(new_order("B", "5", "1.00"));
    EXPECT_EQ(wait_for(3)[1].at(17), "B.1");
}

TEST_F(Venue, GoesOnAfterARestartAndTakesWhatWasSentMeanwhile) {
    start(always_fill);
    client_->send(new_order("A", "5", "1.00"));
    wait_for(2);
    const int port = venue_->port();
    venue_->stop();
    EXPECT_EQ(venue_->tally().orders, 1u);
    EXPECT_NE(read_file(venue_directory() / "tally.json").find("\"fills\": 1,"), std::string::npos);
    EXPECT_FALSE(std::filesystem::exists(venue_directory() / "pid"));
    venue_.reset();
    client_->send(new_order("B", "5", "1.00"));
    start_venue();
    EXPECT_EQ(venue_->port(), port);
    wait_for(4);
    const std::map<std::string, int> reports = client_->reports();
    EXPECT_EQ(reports,
              (std::map<std::string, int>{{"A.1", 1}, {"A.2", 1}, {"B.1", 1}, {"B.2", 1}}));
}

// The peer resets while reports are under way: those it cannot be proven to have come again,
// marked, once.
TEST_F(Venue, SurvivesAResetByThePeerWithoutLosingReports) {
    start(always_fill, "", true);
    for (int i = 0; i < 20; ++i) {
        client_->send(new_order(std::to_string(i), "5", "1.00"));
    }
    wait_for(40);
    client_->stop();
    client_->reset_numbers();
    client_->start();
    ASSERT_TRUE(wait_until([&] { return client_->is_logged_on(); }));
    client_->send(new_order("after", "5", "1.00"));
    ASSERT_TRUE(wait_until([&] { return client_->reports().count("after.2") == 1; }));
    const std::map<std::string, int> reports = client_->reports();
    EXPECT_EQ(reports.size(), 42u);
    for (const auto& [exec_id, count] : reports) {
        EXPECT_EQ(count, 1) << exec_id;
    }
    std::size_t marked = 0;
    for (const fields& message : client_->messages()) {
        marked += message.count(97);
    }
    // Its Logout before the reset proved nothing.
    EXPECT_GT(marked, 0u);
    client_->stop();
    venue_->stop();
    EXPECT_GE(venue_->tally().resets, 1u);
    EXPECT_EQ(venue_->tally().owed, 0u);
}

TEST_F(Venue, RefusesASecondVenueInItsDirectoryAndBadSettings) {
    config_ = write_venue_config(directory_.path(), "");
    start_venue();
    EXPECT_THROW(venue{load_venue_options(config_)}, engine::locked_error);
    venue_.reset();
    config_ = write_venue_config(directory_.path(), "DataDictionary=/nonexistent.xml\n");
    EXPECT_THROW(start_venue(), engine::config_error);
    venue_.reset();
    write_file(config_, "[DEFAULT]\nConnectionType=acceptor\nVenueDirectory=" +
                            venue_directory().string() + "\n");
    EXPECT_THROW(venue{load_venue_options(config_)}, engine::config_error);
}

TEST_F(Venue, NamesTheLineOfASettingItCannotUse) {
    const struct {
        const char* extra;
        const char* expected;
    } cases[] = {
        {"SocketAcceptPort=99999\n", ":8: SocketAcceptPort=99999: expected a port from 0 to 65535"},
        {"DataDictionary=/nowhere/FIX.xml\n", ":8: DataDictionary=/nowhere/FIX.xml: no such file"},
        {"DataDictionary=/nowhere/FIX44.xml\n", ":8: DataDictionary=/nowhere/FIX44.xml: no such"},
        {"StartTime=noon\n", ":8: StartTime=noon: expected a time of day"},
    };
    for (const auto& each : cases) {
        config_ = write_venue_config(directory_.path(), each.extra);
        try {
            venue{load_venue_options(config_)};
            ADD_FAILURE() << each.extra << "was accepted";
        } catch (const engine::config_error& error) {
            EXPECT_EQ(std::string(error.what()).rfind(config_ + each.expected, 0), 0u)
                << error.what();
        }
    }
}

TEST_F(Venue, TakesAStandardDictionaryFromWhereTheProgramHasIt) {
    config_ = write_venue_config(directory_.path(), "DataDictionary=/nowhere/FIX44.xml\n");
    venue_options options = load_venue_options(config_);
    options.dictionary_directory =
        std::filesystem::path(MILLRACE_TEST_DICTIONARY).parent_path().native();
    venue exchange(options);
    exchange.start();
    EXPECT_GT(exchange.port(), 0);
    EXPECT_NE(
        exchange.notes().find("venue.cfg:8: DataDictionary=/nowhere/FIX44.xml does not exist"),
        std::string::npos)
        << exchange.notes();
}

// The peer begins at 1 without a word about it: agreed beforehand, as the venue's settings say.
TEST_F(Venue, ResetsAtEachLogonWhenToldSo) {
    start(always_fill, "ResetOnLogon=Y\n");
    client_->send(new_order("A", "5", "1.00"));
    wait_for(2);
    client_->stop();
    client_->reset_numbers();
    client_->start();
    ASSERT_TRUE(wait_until([&] { return client_->is_logged_on(); }));
    client_->send(new_order("B", "5", "1.00"));
    ASSERT_TRUE(wait_until([&] { return client_->reports().count("B.2") == 1; }));
    for (const auto& [exec_id, count] : client_->reports()) {
        EXPECT_EQ(count, 1) << exec_id;
    }
    client_->stop();
    venue_->stop();
    EXPECT_GE(venue_->tally().resets, 1u);
    EXPECT_EQ(venue_->tally().owed, 0u);
}

TEST_F(Venue, BeginsNewNumbersAtItsStartWhenToldSo) {
    start(std::string(always_fill) + "VenueResetOnStart=Y\n");
    client_->send(new_order("A", "5", "1.00"));
    wait_for(2);
    client_->stop();
    venue_.reset();
    venue_ = std::make_unique<venue>(load_venue_options(config_));
    EXPECT_EQ(venue_->tally().resets, 1u);
    EXPECT_EQ(venue_->tally().orders, 1u) << "book and journal stay";
    venue_->start();
    client_->reset_numbers();
    client_->start();
    client_->send(new_order("B", "5", "1.00"));
    ASSERT_TRUE(wait_until([&] { return client_->reports().count("B.2") == 1; }));
    for (const auto& [exec_id, count] : client_->reports()) {
        EXPECT_EQ(count, 1) << exec_id;
    }
}

TEST_F(Venue, LeavesWhenNobodyIsLoggedOnForTheIdleLimit) {
    config_ = write_venue_config(directory_.path(), "VenueIdleExitSeconds=1\n");
    venue_controls controls;
    controls.print_tally = false;
    EXPECT_EQ(run_venue(config_, controls), 0);
    EXPECT_TRUE(std::filesystem::exists(venue_directory() / "port"));
}

}  // namespace
}  // namespace millrace::tools
